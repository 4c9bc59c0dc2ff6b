/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a process in scope is dark: keeps what is known of processes beyond their end, and makes rows
 * of what the kernel counted.
 *
 * Pipeline thread only.
 */
#ifndef TOLLTAP_CAPTURE_COVERAGE_H
#define TOLLTAP_CAPTURE_COVERAGE_H

#include <sys/types.h>

#include "base/types.h"
#include "bpf/event.h"
#include "capture/capture.h"

struct coverage_notes;

struct coverage_notes *coverage_notes_new(void);		/* NULL when memory is out */
void coverage_notes_free(struct coverage_notes *n);		/* NULL is fine */

/*
 * hints: enum dark_hint, as of ts_ns; 0: older than all else. A note of a process that had ended is
 * of another one of that number. Notes of one process may come out of order with its fork and exec.
 */
void coverage_note(struct coverage_notes *n, pid_t pid, u32 hints, u64 ts_ns);
void coverage_note_fork(struct coverage_notes *n, pid_t parent, pid_t child);
void coverage_note_exec(struct coverage_notes *n, pid_t pid, u64 ts_ns);
void coverage_note_exit(struct coverage_notes *n, pid_t pid);
/* What holds of the image that it runs, or ran last. */
u32 coverage_hints(const struct coverage_notes *n, pid_t pid);

/* What is known besides of the process of a row. */
struct coverage_process {
	u32 hints;		/* enum dark_hint */
	bool is_readable;	/* some plaintext of it was seen */
	bool is_matched;	/* and sends of it were matched with it */
};

/* False: nothing of it is dark. Strings in *ret are lent by key. */
bool coverage_row(const struct coverage_key *key, const struct coverage *c,
		  const struct coverage_process *p, struct dark_row *ret);

#endif
