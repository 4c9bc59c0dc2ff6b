/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions of a rate: whether they hold, and how two of them relate. The second half lets the
 * loader prove that no call ever has two prices.
 */
#include "price/card.h"

static bool set_has(const struct str_set *set, struct str s)
{
	for (size_t i = 0; i < set->n; i++)
		if (str_eq(set->v[i], s))
			return true;
	return false;
}

static bool set_within(const struct str_set *a, const struct str_set *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!set_has(b, a->v[i]))
			return false;
	return true;
}

static bool has(const struct when *w, int key)
{
	return w->keys >> key & 1;
}

bool span_has(struct span s, u64 wall_ns)
{
	return s.from_ns <= wall_ns && wall_ns < s.to_ns;
}

bool span_overlap(struct span a, struct span b)
{
	return a.from_ns < b.to_ns && b.from_ns < a.to_ns;
}

static bool week_has(const struct week *w, u64 wall_ns)
{
	/* 1970-01-01 was a Thursday */
	u64 minute = (wall_ns / 60000000000ull + 3 * 24 * 60) % WEEK_MINUTES;

	return w->minute[minute / 64] >> (minute % 64) & 1;
}

void week_open(struct week *w, int day, int from, int to, int offset_min)
{
	for (int at = from; at < to; at++) {
		int utc = (day * 24 * 60 + at - offset_min) % WEEK_MINUTES;

		if (utc < 0)
			utc += WEEK_MINUTES;
		w->minute[utc / 64] |= 1ull << (utc % 64);
	}
}

static bool week_within(const struct week *a, const struct week *b)
{
	for (size_t i = 0; i < ARRAY_LEN(a->minute); i++)
		if (a->minute[i] & ~b->minute[i])
			return false;
	return true;
}

bool when_holds(const struct when *w, const struct situation *s)
{
	for (int k = 0; k < WHEN_STRINGS; k++)
		if (has(w, k) && (!s->strings[k].p || !set_has(&w->strings[k], s->strings[k])))
			return false;
	if (has(w, WHEN_CTX) && s->ctx < w->ctx_min)
		return false;
	return !has(w, WHEN_WINDOW) || week_has(w->window, s->wall_ns);
}

/* Only b's keys are looked at: a may say more. */
bool when_implies(const struct when *a, const struct when *b)
{
	if (b->keys & ~a->keys)
		return false;
	for (int k = 0; k < WHEN_STRINGS; k++)
		if (has(b, k) && !set_within(&a->strings[k], &b->strings[k]))
			return false;
	if (has(b, WHEN_CTX) && a->ctx_min < b->ctx_min)
		return false;
	return !has(b, WHEN_WINDOW) || week_within(a->window, b->window);
}

bool when_equal(const struct when *a, const struct when *b)
{
	return when_implies(a, b) && when_implies(b, a);
}

/* What stands in both lists; false when nothing does, or memory is out. */
static bool set_meet(const struct str_set *a, const struct str_set *b, struct str_set *ret,
		     struct arena *arena)
{
	struct str_set s = {arena_alloc(arena, a->n * sizeof(*s.v)), 0};

	for (size_t i = 0; s.v && i < a->n; i++)
		if (set_has(b, a->v[i]))
			s.v[s.n++] = a->v[i];
	*ret = s;
	return s.n > 0;
}

static bool week_meet(const struct week *a, const struct week *b, struct when *ret,
		      struct arena *arena)
{
	struct week *w = arena_alloc(arena, sizeof(*w));
	u64 any = 0;

	for (size_t i = 0; w && i < ARRAY_LEN(w->minute); i++)
		any |= w->minute[i] = a->minute[i] & b->minute[i];
	ret->window = w;
	return any != 0;
}

bool when_meet(const struct when *a, const struct when *b, struct when *ret, struct arena *arena)
{
	struct when w = {.keys = a->keys | b->keys};

	for (int k = 0; k < WHEN_STRINGS; k++) {
		if (!has(a, k) || !has(b, k))
			w.strings[k] = has(a, k) ? a->strings[k] : b->strings[k];
		else if (!set_meet(&a->strings[k], &b->strings[k], &w.strings[k], arena))
			return false;
	}
	w.ctx_min = a->ctx_min > b->ctx_min ? a->ctx_min : b->ctx_min;
	w.window = has(a, WHEN_WINDOW) ? a->window : b->window;
	if (has(a, WHEN_WINDOW) && has(b, WHEN_WINDOW)
	    && !week_meet(a->window, b->window, &w, arena))
		return false;
	*ret = w;
	return true;
}

int when_rank(const struct when *a, const struct when *b)
{
	int keys = __builtin_popcount(a->keys) - __builtin_popcount(b->keys);

	if (keys)
		return keys;
	if (a->keys == b->keys && a->ctx_min != b->ctx_min)
		return a->ctx_min > b->ctx_min ? 1 : -1;
	return 0;
}
