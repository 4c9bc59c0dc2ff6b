/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which trace a call belongs to.
 *
 * With a valid W3C traceparent the call's span is a child of that span; otherwise it is the root of
 * a trace of its own. Ids are deterministic: the same call, sent twice or seen again after a
 * restart, gets the same ids, so that a resend is idempotent at the backend.
 */
#ifndef TOLLTAP_TRACE_H
#define TOLLTAP_TRACE_H

#include "base/str.h"

struct trace_link {
	char trace_id[33];		/* lower-case hex, NUL-terminated */
	char span_id[17];
	char parent_span_id[17];	/* "" : root */
	struct str state;		/* tracestate as sent; borrowed */
	u8 flags;			/* W3C trace flags */
};

/* What makes a call itself; all of it enters the hash. */
struct trace_seed {
	const char *boot_id;
	u32 pid;
	u64 process_start_ns;
	u64 conn;
	u32 generation;
	u64 request_start_ns;
	struct str provider;
	struct str response_id;
};

void trace_link_make(struct str traceparent, struct str tracestate, const struct trace_seed *seed,
		     struct trace_link *ret);

#endif
