/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loader concludes about two conditions, held against what they do: thousands of seeded
 * random conditions and situations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "cuts.h"
#include "price/cards.h"

#define ROUNDS 20000
#define RATES_PER_MODEL 4
#define HOUR_NS (3600ull * 1000000000)

static const char *const words[] = {"flex", "batch", "scale"};

/* Owns what a random condition points to. */
struct random_when {
	struct when when;
	struct str strings[WHEN_STRINGS][ARRAY_LEN(words)];
	struct week week;
};

static u64 below(struct cuts_rng *rng, u64 n)
{
	return cuts_random(rng) % n;
}

static void random_set(struct cuts_rng *rng, struct random_when *r, int key)
{
	struct str_set set = {r->strings[key], 0};
	u64 mask = 1 + below(rng, (1u << ARRAY_LEN(words)) - 1);

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (mask >> i & 1)
			set.v[set.n++] = str_of(words[i]);
	r->when.strings[key] = set;
	r->when.keys |= 1u << key;
}

static void random_condition(struct cuts_rng *rng, struct random_when *r)
{
	*r = (struct random_when){.when = {0}};
	if (below(rng, 2))
		random_set(rng, r, WHEN_TIER);
	if (below(rng, 2))
		random_set(rng, r, WHEN_GEO);
	if (below(rng, 2)) {
		r->when.keys |= 1u << WHEN_CTX;
		r->when.ctx_min = 1 + below(rng, 3);
	}
	if (below(rng, 3) == 0) {
		int from = (int)below(rng, 4) * 60;

		for (int day = 0; day < 7; day++)
			week_open(&r->week, day, from, from + 60 + (int)below(rng, 3) * 60, 0);
		r->when.window = &r->week;
		r->when.keys |= 1u << WHEN_WINDOW;
	}
}

/* Small worlds: every combination comes up. */
static struct situation random_situation(struct cuts_rng *rng)
{
	struct situation s = {.ctx = below(rng, 5), .wall_ns = below(rng, 24 * 7) * HOUR_NS};

	s.strings[WHEN_TIER] = str_of(words[below(rng, ARRAY_LEN(words))]);
	if (below(rng, 4))
		s.strings[WHEN_GEO] = str_of(words[below(rng, ARRAY_LEN(words))]);
	return s;
}

static void test_meet_is_both(void **state)
{
	struct cuts_rng rng = cuts_start(11);
	size_t met = 0, held = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct random_when a, b;
		struct arena *arena = arena_new(1 << 20);
		struct when both;

		random_condition(&rng, &a);
		random_condition(&rng, &b);

		bool can = when_meet(&a.when, &b.when, &both, arena);

		met += can;
		for (int k = 0; k < 8; k++) {
			struct situation s = random_situation(&rng);
			bool is_so = when_holds(&a.when, &s) && when_holds(&b.when, &s);

			assert_int_equal(can && when_holds(&both, &s), is_so);
			held += is_so;
		}
		arena_free(arena);
	}
	assert_true(met > ROUNDS / 10 && met < ROUNDS && held > ROUNDS / 10);
}

static void test_implication_is_true(void **state)
{
	struct cuts_rng rng = cuts_start(12);
	size_t implied = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct random_when a, b;

		random_condition(&rng, &a);
		random_condition(&rng, &b);
		assert_true(when_implies(&a.when, &a.when) && when_equal(&b.when, &b.when));
		assert_int_equal(when_rank(&a.when, &b.when) > 0, when_rank(&b.when, &a.when) < 0);
		if (!when_implies(&a.when, &b.when))
			continue;
		implied++;
		for (int k = 0; k < 8; k++) {
			struct situation s = random_situation(&rng);

			assert_true(!when_holds(&a.when, &s) || when_holds(&b.when, &s));
		}
	}
	assert_true(implied > ROUNDS / 20);
}

/* How many rates hold that no other one outranks: more than one is two prices for one call. */
static size_t best_cnt(const struct rate *rates, const struct situation *s)
{
	size_t n = 0;

	for (size_t i = 0; i < RATES_PER_MODEL; i++) {
		bool is_best = when_holds(&rates[i].when, s);

		for (size_t k = 0; k < RATES_PER_MODEL && is_best; k++)
			if (k != i && when_holds(&rates[k].when, s)
			    && when_rank(&rates[k].when, &rates[i].when) > 0)
				is_best = false;
		n += is_best;
	}
	return n;
}

/* No set of rates that the loader takes gives a call two prices. */
static void test_accepted_rates_are_unambiguous(void **state)
{
	struct cuts_rng rng = cuts_start(13);
	size_t accepted = 0, refused = 0, proven = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct random_when whens[RATES_PER_MODEL];
		struct rate rates[RATES_PER_MODEL] = {{.nano = {0}}};
		struct model m = {.rates = rates, .rate_cnt = RATES_PER_MODEL};
		struct arena *arena = arena_new(1 << 20);
		bool is_clear = true;
		size_t at;

		for (int k = 0; k < RATES_PER_MODEL; k++) {
			random_condition(&rng, &whens[k]);
			rates[k] = (struct rate){.when = whens[k].when, .span = SPAN_ALWAYS,
						 .listed = 1, .priced = 1, .is_acked = true};
		}
		for (int k = 0; k < 64; k++) {
			struct situation s = random_situation(&rng);

			is_clear &= best_cnt(rates, &s) <= 1;
		}
		bool is_taken = model_lint(&m, arena, &at) == NULL;

		assert_true(is_clear || !is_taken);
		accepted += is_taken;
		refused += !is_taken;
		proven += !is_clear;
		arena_free(arena);
	}
	/* the test saw both, and the loader does not simply refuse all */
	assert_true(accepted > ROUNDS / 50 && proven > ROUNDS / 10 && refused >= proven);
}

static void test_week_wraps(void **state)
{
	struct week w = {.minute = {0}};
	struct when when = {.keys = 1u << WHEN_WINDOW, .window = &w};
	struct situation s = {.wall_ns = cards_time("2026-11-22T23:59:00Z")};	/* a Sunday */

	/* Monday 00:00 to 01:00 at UTC+1 is Sunday 23:00 to 24:00 */
	week_open(&w, 0, 0, 60, 60);
	assert_true(when_holds(&when, &s));
	s.wall_ns = cards_time("2026-11-23T00:00:00Z");
	assert_false(when_holds(&when, &s));
	/* Sunday 23:00 to Monday 01:00 */
	week_open(&w, 6, 23 * 60, 25 * 60, 0);
	assert_true(when_holds(&when, &s));
	s.wall_ns = cards_time("2026-11-23T01:00:00Z");
	assert_false(when_holds(&when, &s));
	/* 1970-01-01 was a Thursday */
	s.wall_ns = 0;
	week_open(&w, 3, 0, 1, 0);
	assert_true(when_holds(&when, &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meet_is_both),
		cmocka_unit_test(test_implication_is_true),
		cmocka_unit_test(test_accepted_rates_are_unambiguous),
		cmocka_unit_test(test_week_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
