/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a model's rates taken together: two prices for one call, and figures that are
 * far more often a slip of unit than a price (half of the edits in a public price file were).
 */
#include "price/card.h"

#define TOKEN_NANO_MAX (1000ll * DECIMAL_ONE)	/* USD per million tokens */
#define JUMP 5					/* as a factor, between one row and the next */

static bool is_covered(const struct model *m, const struct when *both, struct span span,
		       int meter, const struct rate *a)
{
	for (size_t i = 0; i < m->rate_cnt; i++) {
		const struct rate *c = &m->rates[i];

		if (!c->is_pending && c->listed >> meter & 1
		    && c->span.from_ns <= span.from_ns && c->span.to_ns >= span.to_ns
		    && when_implies(both, &c->when)
		    && __builtin_popcount(c->when.keys) > __builtin_popcount(a->when.keys))
			return true;
	}
	return false;
}

/* Whether some call would find two equally specific prices for one meter. */
static bool is_ambiguous(const struct model *m, const struct rate *a, const struct rate *b,
			 struct arena *scratch)
{
	struct span span = {
		a->span.from_ns > b->span.from_ns ? a->span.from_ns : b->span.from_ns,
		a->span.to_ns < b->span.to_ns ? a->span.to_ns : b->span.to_ns,
	};
	struct when both;

	if (a->is_pending || b->is_pending || !(a->listed & b->listed)
	    || span.from_ns >= span.to_ns || when_rank(&a->when, &b->when) != 0
	    || !when_meet(&a->when, &b->when, &both, scratch))
		return false;
	for (int i = 0; i < METER_MAX; i++)
		if ((a->listed & b->listed) >> i & 1 && !is_covered(m, &both, span, i, a))
			return true;
	return false;
}

static bool is_too_dear(const struct rate *r)
{
	for (int i = 0; i < METER_TOKENS_MAX; i++)
		if (r->priced >> i & 1 && r->nano[i] > TOKEN_NANO_MAX)
			return true;
	return false;
}

static bool reads_cost_more(const struct rate *r)
{
	u64 both = 1ull << METER_INPUT | 1ull << METER_CACHE_READ;

	return (r->priced & both) == both && r->nano[METER_CACHE_READ] > r->nano[METER_INPUT];
}

static bool is_jump(s64 a, s64 b)
{
	s64 low = a < b ? a : b, high = a < b ? b : a;

	return low == 0 ? high != 0 : high / JUMP >= low;
}

/* The row that was valid just before r under the same conditions. */
static const struct rate *row_before(const struct model *m, const struct rate *r)
{
	const struct rate *best = NULL;

	for (size_t i = 0; i < m->rate_cnt; i++) {
		const struct rate *c = &m->rates[i];

		if (c != r && c->span.to_ns <= r->span.from_ns && when_equal(&c->when, &r->when)
		    && (!best || c->span.to_ns > best->span.to_ns))
			best = c;
	}
	return best;
}

static bool has_jumped(const struct model *m, const struct rate *r)
{
	const struct rate *before = row_before(m, r);

	if (!before || r->is_acked)
		return false;
	for (int i = 0; i < METER_MAX; i++)
		if ((before->priced & r->priced) >> i & 1 && is_jump(before->nano[i], r->nano[i]))
			return true;
	return false;
}

const char *model_lint(const struct model *m, struct arena *scratch, size_t *ret_rate)
{
	for (size_t i = 0; i < m->rate_cnt; i++) {
		const struct rate *r = &m->rates[i];

		*ret_rate = i;
		if (is_too_dear(r))
			return "more than 1000 USD per million tokens: a slip of the unit";
		if (reads_cost_more(r))
			return "reading the cache costs more than input";
		if (has_jumped(m, r))
			return "a price is 5 times that of the row before, or a fifth; "
			       "\"ack\":true confirms it";
		for (size_t k = 0; k < i; k++)
			if (is_ambiguous(m, &m->rates[k], r, scratch))
				return "a call can match this rate and an earlier one equally well";
	}
	return NULL;
}
