/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Knows two sights of one call on one host: a client's with its gateway, and the gateway's with the
 * provider. One lies within the other in time, on another connection, and has the same response
 * id; or, where the answer says that a gateway made it, which makes up ids of its own, the same
 * counts of tokens. Whichever ends last is the view. A gateway that neither keeps ids nor names
 * itself is counted twice: rather that than to drop a call. Remembers the last LLM_TWINS_MAX calls.
 */
#ifndef TOLLTAP_LLM_TWIN_H
#define TOLLTAP_LLM_TWIN_H

#include "base/limits.h"
#include "base/str.h"

struct twins;

/* One sight of a call. */
struct sight {
	const void *conn;
	u64 origin;		/* its process; 0: not known */
	bool is_taken;		/* known by its counts already */
	bool is_outer;		/* at a gateway, or on a host that is nobody's */
	bool is_rewritten;	/* the gateway says so: id and model may be its own */
	u64 start_ns;
	u64 end_ns;
	u64 id;			/* hash, 0: none */
	u64 input;
	u64 output;
};

struct twins *twins_new(void);				/* NULL when memory is out */
void twins_free(struct twins *t);			/* NULL is fine */

/* Whether the same call was seen already; if not, it is remembered. */
bool twins_is_view(struct twins *t, const struct sight *sight);

#endif
