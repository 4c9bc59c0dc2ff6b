/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remembers the last LLM_RECENT_MAX responses by provider and id, so that a response that is
 * fetched again is not billed again. Past that the oldest is forgotten. Bad at: telling apart two
 * ids of equal hash (2^-128).
 */
#ifndef TOLLTAP_LLM_RECENT_H
#define TOLLTAP_LLM_RECENT_H

#include "base/str.h"

struct recent;

struct recent *recent_new(void);			/* NULL when memory is out */
void recent_free(struct recent *r);			/* NULL is fine */

enum recent_seen {
	RECENT_UNKNOWN,
	RECENT_WITHOUT_USAGE,
	RECENT_WITH_USAGE,
};

enum recent_seen recent_get(const struct recent *r, struct str provider, struct str id);

/* Seen with usage stays so. */
void recent_note(struct recent *r, struct str provider, struct str id, bool has_usage);

#endif
