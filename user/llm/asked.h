/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remembers the last LLM_ASKED_MAX requests by what they asked and by whom, so that
 *   - one that is asked again soon after it failed is known for a retry, and of which attempt;
 *   - one that is asked again and counts fewer tokens is known to have come out of a cache.
 * Holds hashes, counts and the provider's id of the attempt; never a text that was asked. Past its
 * size the oldest is forgotten. Pipeline thread only.
 */
#ifndef TOLLTAP_LLM_ASKED_H
#define TOLLTAP_LLM_ASKED_H

#include "base/limits.h"
#include "base/map.h"
#include "base/str.h"

struct asked;

struct asked *asked_new(void);				/* NULL when memory is out */
void asked_free(struct asked *a);			/* NULL is fine */

/* What became of a request. */
struct asked_outcome {
	bool is_failed;		/* in a way that clients try again after */
	u32 seq;		/* which attempt it was */
	u64 end_ns;
	u64 input;		/* tokens; 0: not told */
	struct str request_id;	/* borrowed: of the table, or of the caller */
};

/* The outcome of the same request before, if it is remembered. */
bool asked_get(const struct asked *a, struct map_key key, struct asked_outcome *ret);
void asked_note(struct asked *a, struct map_key key, const struct asked_outcome *outcome);

#endif
