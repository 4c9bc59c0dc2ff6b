/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc adds to the kernel's word about a process, while the process is still there.
 *
 * A pid may have been taken over: the folder is opened once, its start time is compared with the
 * one that is asked for, and everything else is read through that descriptor, which goes dead with
 * the process.
 */
#ifndef TOLLTAP_PROC_H
#define TOLLTAP_PROC_H

#include "base/buf.h"

/* An open /proc/PID of exactly that process, or -ESRCH / -errno. start_ns: boot time. */
int proc_open(const char *proc_root, u32 pid, u64 start_ns);

/* A whole small file below fd, cut at b->max. */
int proc_read(int fd, const char *name, struct buf *b);

/* A link's text without " (deleted)"; STR_NONE when unreadable. Stands in dst. */
struct str proc_link(int fd, const char *name, char *dst, size_t size);

struct proc_stat {
	u32 ppid;
	u64 start_ticks;
};

/* /proc/PID/stat. The name in it may hold spaces and parentheses. */
bool proc_parse_stat(struct str text, struct proc_stat *ret);

#endif
