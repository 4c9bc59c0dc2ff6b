/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a source of events has to offer behind capture.h: live (capture.c) or recorded (replay.c).
 *
 * A source embeds struct capture as its first member. A function that means nothing to it is NULL.
 */
#ifndef TOLLTAP_CAPTURE_SOURCE_H
#define TOLLTAP_CAPTURE_SOURCE_H

#include "capture/capture.h"

struct capture_source {
	int (*add_pid)(struct capture *c, pid_t pid);
	void (*prepare_command)(struct capture *c, const char *const argv[], const char *path_env);
	int (*poll)(struct capture *c, int timeout_ms);
	void (*drain)(struct capture *c);
	void (*set_verdict)(struct capture *c, const struct chunk *chunk,
			    enum verdict_state verdict);
	size_t (*scope_count)(const struct capture *c);
	void (*update_stats)(struct capture *c);
	const char *(*describe)(struct capture *c);
	void (*walk_dark)(struct capture *c, dark_row_fn fn, void *arg);
	void (*close)(struct capture *c);		/* frees c */
};

struct capture {
	const struct capture_source *source;
	struct capture_ops ops;
	void *arg;
};

#endif
