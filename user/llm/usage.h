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
 *   FAMILY_INPUT       input only (embeddings), or units (rerank, pages)
 *   FAMILY_GEMINI      cached is in prompt; thoughts stand beside candidates, a server tool's
 *                      results beside prompt
 *   FAMILY_BESIDE_REASONING  as FAMILY_ADDED_REASONING, though the total leaves reasoning out
 *                      (Vercel in front of Gemini)
 *   FAMILY_CITATIONS   reasoning and citations stand beside completion and outside the total
 *   FAMILY_IMAGES      the output is pictures unless its details say otherwise
 *   FAMILY_SPEECH      the output is sound unless its details say otherwise
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
	FAMILY_GEMINI,
	FAMILY_BESIDE_REASONING,
	FAMILY_CITATIONS,
	FAMILY_IMAGES,
	FAMILY_SPEECH,
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
	CTR_CACHE_WRITE_TWIN,
	CTR_CACHE_5M,
	CTR_CACHE_1H,
	CTR_REASONING,
	/* audio, image, video: in this order, see usage_modality */
	CTR_INPUT_AUDIO,
	CTR_INPUT_IMAGE,
	CTR_INPUT_VIDEO,
	CTR_CACHE_AUDIO,
	CTR_CACHE_IMAGE,
	CTR_CACHE_VIDEO,
	CTR_OUTPUT_AUDIO,
	CTR_OUTPUT_IMAGE,
	CTR_OUTPUT_VIDEO,
	CTR_OUTPUT_TEXT,	/* of pictures or sound: what is text in it */
	CTR_PROMPT,		/* with its cached part, where CTR_INPUT is without */
	CTR_INPUT_TOOL,
	CTR_CITATION,
	CTR_WEB_SEARCH,
	CTR_WEB_FETCH,
	CTR_FILE_SEARCH,
	CTR_CODE_SESSION,
	CTR_RERANK,
	CTR_IMAGE,
	CTR_PAGE,
	CTR_CHAR_IN,
	CTR_AUDIO_S_IN,
	CTR_AUDIO_S_OUT,
	CTR_VIDEO_S,
	CTR_GPU_S,
	CTR_CONTEXT,		/* tokens of the prompt, where others are billed */
	CTR_COST,		/* femto-USD */
	CTR_COST_UPSTREAM,	/* femto-USD, what the customer's own key paid */
	CTR_COST_TICKS,		/* 1e-10 USD */
	CTR_MAX,
};

/* One usage object as reported. */
struct usage {
	u64 present;		/* bit per enum counter */
	u64 broken;		/* given, but not a count: negative, fractional, too large */
	bool is_byok;
	u64 count[CTR_MAX];
};

static inline bool usage_has(const struct usage *u, enum counter c)
{
	return u->present >> c & 1;
}

static inline void usage_set(struct usage *u, enum counter c, u64 count)
{
	u->present |= 1ull << c;
	u->count[c] = count;
}

static inline u64 usage_get(const struct usage *u, enum counter c)
{
	return usage_has(u, c) ? u->count[c] : 0;
}

/* A value from the wire, a number or a string that holds one; what is no count sets broken. */
void usage_read(struct usage *u, enum counter c, struct str text);

/* Adds what `one` has to u; an overflow sets broken. */
void usage_add(struct usage *u, const struct usage *one);

/*
 * Where a modality (or a cache's lifetime) is counted, `first` being the first counter of its
 * group: Google's names in any case, or its numbers. CTR_NONE: text, or unknown.
 */
enum counter usage_modality(enum counter first, struct str name);

/*
 * Whether it tells anything. No prompt has no tokens: a usage object of zeros, which OpenAI sends
 * with some responses that were cut short, is no report.
 */
bool usage_is_told(const struct usage *u);

/* Every counter that `from` has (or broke) replaces the one of u. */
void usage_replace(struct usage *u, const struct usage *from);

/* Decimal with exponent to 1e-15, rounded half up: 0, -EINVAL, -ERANGE. Not negative. */
int usage_parse_femto(struct str text, u64 *ret_femto);

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
