/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells which files the processes in scope map executable: what is there already, and, within
 * microseconds, what comes.
 *
 * Sources: /proc/PID/maps once per process, and PERF_RECORD_MMAP2 of one software event per CPU,
 * which sees every exec, dlopen and mprotect. A record of a process out of scope is dropped at the
 * first comparison. Bad at: CPUs that come online later, and processes outside our pid namespace.
 * Pipeline thread only; callbacks come from discover_poll and discover_scan_pid and may not free
 * the discover.
 */
#ifndef TOLLTAP_CAPTURE_DISCOVER_H
#define TOLLTAP_CAPTURE_DISCOVER_H

#include <sys/types.h>

#include "base/types.h"

struct discover;

struct discover_ops {
	bool (*in_scope)(void *arg, pid_t pid);
	/*
	 * dev as makedev() of what the kernel says (on overlay file systems not always st_dev).
	 * ts_ns: CLOCK_BOOTTIME of the mapping; 0: it was there when we looked. path is borrowed.
	 */
	void (*on_mapping)(void *arg, pid_t pid, u64 dev, u64 ino, const char *path, u64 ts_ns);
	/* notices were lost: scan every process in scope again; may be NULL */
	void (*on_lost)(void *arg);
};

/* -EACCES, -EPERM, -errno: perf events are refused; one line with the remedy has been logged. */
int discover_new(const struct discover_ops *ops, void *arg, struct discover **ret);
void discover_free(struct discover *d);			/* NULL is fine */

int discover_fd(const struct discover *d);		/* to poll for input; stays ours */
int discover_poll(struct discover *d);			/* never waits; number of mappings told */

/* Tells what the process has mapped. Number of mappings, -ESRCH, -EACCES. */
int discover_scan_pid(struct discover *d, pid_t pid);

/*
 * Opens the file behind a mapping, never another one that a container put under its name: through
 * /proc/PID/map_files, else below the process's root without following links out of it, and only
 * if it is a regular file with that inode. Deleted files work as long as they are mapped and
 * map_files may be read, and are -EPERM or -EACCES else. A descriptor, -ESTALE: something else
 * stands there, -ESRCH, -ENOENT: not mapped any more, and no such file; -errno.
 */
int discover_open_file(pid_t pid, u64 dev, u64 ino, const char *path);

#endif
