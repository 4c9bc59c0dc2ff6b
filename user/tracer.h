/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live loop that run, watch and record share: capture opened, processes added, events handed on
 * until the command ends, the last process is gone, or a signal asks to stop.
 */
#ifndef TOLLTAP_TRACER_H
#define TOLLTAP_TRACER_H

#include "capture/capture.h"
#include "options.h"

struct tracer;

struct tracer_ops {
	void (*on_event)(void *arg, const struct event *ev);
	void (*on_tick)(void *arg, u64 now_ns);		/* after each poll; may be NULL */
};

/* Loads the probes, so that what is missing is known before anything is started. -errno, logged. */
int tracer_open(const struct options *o, const struct tracer_ops *ops, void *arg,
		struct tracer **ret);

/* Runs o->rest as a command. Returns the exit status that the program should have. */
int tracer_run_command(struct tracer *t);

/* Follows o->pid until all are gone or a signal came. Exit status. */
int tracer_watch_pids(struct tracer *t);

/* Whether anything was let go or watched: else there is nothing to report. */
bool tracer_has_begun(const struct tracer *t);

struct capture *tracer_capture(struct tracer *t);

/* Delivers what is left, brings the counters up to date and detaches. */
void tracer_finish(struct tracer *t);
void tracer_free(struct tracer *t);		/* NULL is fine */

#endif
