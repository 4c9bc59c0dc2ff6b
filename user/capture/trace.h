/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which process has probes on which file.
 *
 * Knows every file once by (dev, inode), every process in scope, and gives each pair its links: one
 * per process and file, followed over fork; past TRACE_WIDE_USERS processes a file gets one link
 * for all of them, because each further link costs every call of the others. Links stay over exec:
 * they wait for the new image to map the file again. Pipeline thread only.
 */
#ifndef TOLLTAP_CAPTURE_TRACE_H
#define TOLLTAP_CAPTURE_TRACE_H

#include <sys/types.h>

#include "base/types.h"
#include "capture/attach.h"

struct trace;

/* is_wide: inode-wide links only, on files that may have them. */
struct trace *trace_new(struct attach *attach, bool is_wide);
void trace_free(struct trace *t);			/* drops all links; NULL is fine */

int trace_add_process(struct trace *t, pid_t pid);	/* with what is prepared; -ENOMEM */
bool trace_has_process(const struct trace *t, pid_t pid);
/*
 * Functions that were located, not named, are on probation. Proven: their plaintext was HTTP.
 * Doubted (TRACE_DOUBTS_MAX times, unproven): all probes of the file go, for every process, and
 * files with its build-id get none.
 */
void trace_prove(struct trace *t, pid_t pid, enum chunk_stack stack);
void trace_doubt(struct trace *t, pid_t pid, enum chunk_stack stack);

size_t trace_process_count(const struct trace *t);

void trace_on_fork(struct trace *t, pid_t parent, pid_t child);
void trace_on_exec(struct trace *t, pid_t pid);
void trace_on_exit(struct trace *t, pid_t pid);

/*
 * A file is mapped executable by a process in scope. ts_ns 0: it was there when we came. Says what
 * that makes of the process: enum dark_hint, 0 for a file of no interest.
 */
u32 trace_on_mapping(struct trace *t, pid_t pid, u64 dev, u64 ino, const char *path, u64 ts_ns);

/* Classifies a file that a command will map; it gets its probes with the next process added. */
void trace_prepare_file(struct trace *t, int fd, const char *path);

/* Attaches what had to wait for its process to have started up. True: something still waits. */
bool trace_tick(struct trace *t);

/* Whether probes wait for it to have started up, or come too late: enum dark_hint. */
u32 trace_hints(const struct trace *t, pid_t pid);

/* fn may not add or remove processes. */
void trace_walk_processes(const struct trace *t, void (*fn)(void *arg, pid_t pid), void *arg);

/* Removes processes that the kernel no longer has in scope (their exit notice was lost). */
void trace_forget_gone(struct trace *t, bool (*is_alive)(void *arg, pid_t pid), void *arg);

/* Probed files and their sites, in one line. */
void trace_describe(const struct trace *t, char *dst, size_t size);

#endif
