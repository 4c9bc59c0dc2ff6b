/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything downstream of the capture, as the options ask for it: price book, sinks, pipeline.
 *
 * run, watch and replay differ in where events come from; from there on they share this. One outlet
 * per process; pipeline thread only.
 */
#ifndef TOLLTAP_OUTLET_H
#define TOLLTAP_OUTLET_H

#include "options.h"
#include "pipeline.h"

struct outlet;

struct outlet_context {
	bool is_command;		/* run: the table goes to standard error by default */
	const char *title;		/* for the receipt's head; may be NULL */
	const char *proc_root;		/* NULL: /proc is never read (replay) */
	bool is_replay;			/* no default ledger, no OTLP, wall_offset_ns as recorded */
	s64 wall_offset_ns;
	void (*on_verdict)(void *arg, const struct chunk *conn, enum verdict_state verdict);
	void *arg;
};

/* 0, or -errno after one line that says what failed and what to do. */
int outlet_open(const struct options *o, const struct outlet_context *context, struct outlet **ret);

struct pipeline *outlet_pipeline(struct outlet *u);

/*
 * Ends open calls, drains the sinks (bounded wait) and prints the receipt. facts: what capture
 * knows (capture_line, dark); the rest is filled in here.
 */
void outlet_close(struct outlet *u, struct receipt_facts *facts);

/* Tracing could not begin, which has been said: no receipt. */
void outlet_cancel(struct outlet *u);

#endif
