/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole lines to a descriptor that may be a file, a pipe or a terminal. Private to the room.
 *
 * The worker must not hang on a reader that has stopped: a pipe or terminal that takes nothing for
 * OUT_STALL_NS loses the line (counted), and the lines after it are lost at once until it takes
 * something again. A file that took half a line (full disk) is cut back to the whole lines before
 * it. Trouble is logged once, with its remedy. A reader that is gone is never tried again.
 */
#ifndef TOLLTAP_OUT_H
#define TOLLTAP_OUT_H

#include "base/stats.h"
#include "base/str.h"

struct out {
	const char *what;	/* for the log: "the NDJSON output" */
	const char *remedy;
	enum stat_id lost;
	int fd;			/* borrowed */
	bool is_file;
	bool is_gone;
	bool is_stalled;
	bool has_logged;
};

void out_init(struct out *o, int fd, const char *what, const char *remedy, enum stat_id lost);

/* text ends in a newline. 0, or -errno after counting the loss. */
int out_write(struct out *o, struct str text);

#endif
