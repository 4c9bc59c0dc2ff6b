/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a provider reported to disjoint, additive meters.
 *
 * Providers count in four ways; which one applies is a property of (provider, endpoint):
 *
 *   FAMILY_INCLUSIVE   prompt contains cached, cache writes, audio, images; completion contains
 *                      reasoning, audio (OpenAI and most that speak its dialect)
 *   FAMILY_ADDED_REASONING  the same, but reasoning stands beside completion (xAI chat)
 *   FAMILY_HIDDEN_REASONING the same, but reasoning shows in the total alone (Gemini's OpenAI door)
 *   FAMILY_ADDITIVE    input is the uncached part; cache reads and writes stand beside it; output
 *                      contains thinking (Anthropic)
 *   FAMILY_INPUT       input only (embeddings)
 */
#ifndef TOLLTAP_LLM_USAGE_H
#define TOLLTAP_LLM_USAGE_H

#include "base/meter.h"
#include "base/str.h"

enum usage_family {
	FAMILY_INCLUSIVE,
	FAMILY_ADDED_REASONING,
	FAMILY_HIDDEN_REASONING,
	FAMILY_ADDITIVE,
	FAMILY_INPUT,
};

/* What may stand in a usage object, under whatever name. */
enum counter {
	CTR_NONE,
	CTR_INPUT,
	CTR_OUTPUT,
	CTR_TOTAL,
	CTR_CACHE_READ,
	CTR_CACHE_READ_TWIN,	/* the same figure under a vendor's older name */
	CTR_CACHE_WRITE,
	CTR_CACHE_5M,
	CTR_CACHE_1H,
	CTR_REASONING,
	CTR_INPUT_AUDIO,
	CTR_INPUT_IMAGE,
	CTR_INPUT_VIDEO,
	CTR_OUTPUT_AUDIO,
	CTR_OUTPUT_IMAGE,
	CTR_WEB_SEARCH,
	CTR_WEB_FETCH,
	CTR_COST,		/* pico-USD */
	CTR_COST_UPSTREAM,	/* pico-USD, what the customer's own key paid */
	CTR_COST_TICKS,		/* 1e-10 USD */
	CTR_MAX,
};

/* One usage object as reported. */
struct usage {
	u32 present;		/* bit per enum counter */
	u32 broken;		/* given, but not a count: negative, fractional, too large */
	bool is_byok;
	u64 count[CTR_MAX];
};

static inline bool usage_has(const struct usage *u, enum counter c)
{
	return u->present >> c & 1;
}

static inline void usage_set(struct usage *u, enum counter c, u64 count)
{
	u->present |= 1u << c;
	u->count[c] = count;
}

static inline u64 usage_get(const struct usage *u, enum counter c)
{
	return usage_has(u, c) ? u->count[c] : 0;
}

/* A value from the wire, a number or a string that holds one; what is no count sets broken. */
void usage_read(struct usage *u, enum counter c, struct str text);

/*
 * Whether it tells anything. No prompt has no tokens: a usage object of zeros, which OpenAI sends
 * with some responses that were cut short, is no report.
 */
bool usage_is_told(const struct usage *u);

/* Every counter that `from` has (or broke) replaces the one of u. */
void usage_replace(struct usage *u, const struct usage *from);

/* Decimal with exponent to 1e-12, rounded half up: 0, -EINVAL, -ERANGE. Not negative. */
int usage_parse_pico(struct str text, u64 *ret_pico);

struct usage_result {
	struct meters meters;
	u32 flags;		/* CALL_F_CLAMPED | RESIDUAL | ARITHMETIC */
	bool is_whole;		/* the family's base counts were all there */
	u64 context_tokens;
	bool has_total;
	u64 total;
	s64 residual;
};

void usage_resolve(enum usage_family family, const struct usage *u, struct usage_result *ret);

#endif
