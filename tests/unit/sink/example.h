/* SPDX-License-Identifier: Apache-2.0 */
/* The record of design.md 12, and variations of it, for the tests of this room. */
#ifndef TESTS_SINK_EXAMPLE_H
#define TESTS_SINK_EXAMPLE_H

#include "base/record.h"

#define EXAMPLE_TS_NS 1795309323123456789ull	/* 2026-11-22T01:02:03.123456789Z */

/* Everything the example names, on a builder that may be changed before record_take. */
struct record_builder *example_builder(void);
struct record *example_record(void);

/* What the totals read: process, model, tokens and cost; `id` makes it a call of its own. */
struct example_call {
	u64 id;
	u64 ts_ns;
	u64 pid;
	const char *comm;
	const char *provider;
	const char *model;
	u64 input;
	u64 cached;
	u64 output;
	const char *status;		/* cost.status */
	const char *reason;
	s128 femto;			/* < 0: no amount */
	const char *completeness;
	u64 http_status;
	const char *flags[4];
	const char *team;		/* tag */
};

struct record *example_call(const struct example_call *c);

#endif
