/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic, family by family: what a provider reports against the disjoint meters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/call.h"
#include "llm/usage.h"

struct reported {
	enum counter counter;
	u64 n;
};

struct metered {
	enum meter meter;
	u64 n;
};

struct row {
	const char *name;
	enum usage_family family;
	struct reported in[12];
	struct metered out[10];
	u32 flags;
	u64 context;
	s64 residual;
	bool is_partial;
};

/* Golden numbers are those of the published price checks; the other rows are named for their trap.
 */
static const struct row rows[] = {
	{"golden 01: gpt-4o with cache",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 2006}, {CTR_CACHE_READ, 1920}, {CTR_OUTPUT, 300}, {CTR_TOTAL, 2306}},
	 {{METER_INPUT, 86}, {METER_CACHE_READ, 1920}, {METER_OUTPUT, 300}},
	 .context = 2006},
	{"golden 04: both lifetimes",
	 FAMILY_ADDITIVE,
	 {{CTR_INPUT, 100},
	  {CTR_CACHE_5M, 1000},
	  {CTR_CACHE_1H, 2000},
	  {CTR_CACHE_READ, 10000},
	  {CTR_OUTPUT, 500}},
	 {{METER_INPUT, 100},
	  {METER_CACHE_WRITE_5M, 1000},
	  {METER_CACHE_WRITE_1H, 2000},
	  {METER_CACHE_READ, 10000},
	  {METER_OUTPUT, 500}},
	 .context = 13100},
	{"golden 02: lifetime untold",
	 FAMILY_ADDITIVE,
	 {{CTR_INPUT, 3}, {CTR_CACHE_WRITE, 12304}, {CTR_CACHE_READ, 0}, {CTR_OUTPUT, 550}},
	 {{METER_INPUT, 3}, {METER_CACHE_WRITE, 12304}, {METER_CACHE_READ, 0}, {METER_OUTPUT, 550}},
	 .context = 12307},
	{"golden 07: prompt of exactly 200,000",
	 FAMILY_ADDITIVE,
	 {{CTR_INPUT, 150000}, {CTR_CACHE_READ, 50000}, {CTR_OUTPUT, 1000}},
	 {{METER_INPUT, 150000}, {METER_CACHE_READ, 50000}, {METER_OUTPUT, 1000}},
	 .context = 200000},
	{"golden 11: cache write inside the prompt",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 2600},
	  {CTR_CACHE_READ, 2000},
	  {CTR_CACHE_WRITE, 400},
	  {CTR_OUTPUT, 100},
	  {CTR_TOTAL, 2700}},
	 {{METER_INPUT, 200},
	  {METER_CACHE_READ, 2000},
	  {METER_CACHE_WRITE, 400},
	  {METER_OUTPUT, 100}},
	 .context = 2600},
	{"golden 12: context tier counts cached tokens",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 300000}, {CTR_CACHE_READ, 200000}, {CTR_OUTPUT, 1000}},
	 {{METER_INPUT, 100000}, {METER_CACHE_READ, 200000}, {METER_OUTPUT, 1000}},
	 .context = 300000},
	{"golden 19: web search beside tokens",
	 FAMILY_ADDITIVE,
	 {{CTR_INPUT, 105},
	  {CTR_CACHE_WRITE, 7345},
	  {CTR_CACHE_READ, 7123},
	  {CTR_OUTPUT, 6039},
	  {CTR_WEB_SEARCH, 1}},
	 {{METER_INPUT, 105},
	  {METER_CACHE_WRITE, 7345},
	  {METER_CACHE_READ, 7123},
	  {METER_OUTPUT, 6039},
	  {METER_WEB_SEARCH, 1}},
	 .context = 14573},
	{"golden 23: audio on both sides",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 1000},
	  {CTR_INPUT_AUDIO, 800},
	  {CTR_OUTPUT, 500},
	  {CTR_OUTPUT_AUDIO, 400},
	  {CTR_TOTAL, 1500}},
	 {{METER_INPUT, 200},
	  {METER_INPUT_AUDIO, 800},
	  {METER_OUTPUT, 100},
	  {METER_OUTPUT_AUDIO, 400}},
	 .context = 1000},
	{"golden 27: reasoning is inside output",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 1000}, {CTR_OUTPUT, 2500}, {CTR_REASONING, 2300}, {CTR_TOTAL, 3500}},
	 {{METER_INPUT, 1000}, {METER_OUTPUT, 200}, {METER_REASONING, 2300}},
	 .context = 1000},
	{"golden 31: reasoning beside completion",
	 FAMILY_ADDED_REASONING,
	 {{CTR_INPUT, 1000}, {CTR_OUTPUT, 100}, {CTR_REASONING, 900}, {CTR_TOTAL, 2000}},
	 {{METER_INPUT, 1000}, {METER_OUTPUT, 100}, {METER_REASONING, 900}},
	 .context = 1000},
	{"golden 33: embeddings",
	 FAMILY_INPUT,
	 {{CTR_INPUT, 8191}, {CTR_TOTAL, 8191}},
	 {{METER_INPUT, 8191}},
	 .context = 8191},
	{"golden 38: hit under its older name",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 100000}, {CTR_CACHE_READ_TWIN, 60000}, {CTR_OUTPUT, 5000}},
	 {{METER_INPUT, 40000}, {METER_CACHE_READ, 60000}, {METER_OUTPUT, 5000}},
	 .context = 100000},
	{"T1: input_tokens is not the whole input",
	 FAMILY_ADDITIVE,
	 {{CTR_INPUT, 3}, {CTR_CACHE_READ, 9511}, {CTR_OUTPUT, 1}},
	 {{METER_INPUT, 3}, {METER_CACHE_READ, 9511}, {METER_OUTPUT, 1}},
	 .context = 9514},
	{"T2: a twin is the same figure again",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 100},
	  {CTR_CACHE_READ, 60},
	  {CTR_CACHE_READ_TWIN, 60},
	  {CTR_OUTPUT, 5},
	  {CTR_TOTAL, 105}},
	 {{METER_INPUT, 40}, {METER_CACHE_READ, 60}, {METER_OUTPUT, 5}},
	 .context = 100},
	{"T3: thinking is inside output",
	 FAMILY_ADDITIVE,
	 {{CTR_INPUT, 3}, {CTR_OUTPUT, 238}, {CTR_REASONING, 83}},
	 {{METER_INPUT, 3}, {METER_OUTPUT, 155}, {METER_REASONING, 83}},
	 .context = 3},
	{"T3: the total says that reasoning is added",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 10}, {CTR_OUTPUT, 5}, {CTR_REASONING, 7}, {CTR_TOTAL, 22}},
	 {{METER_INPUT, 10}, {METER_OUTPUT, 5}, {METER_REASONING, 7}},
	 .context = 10},
	{"T3: the total says that reasoning is not added",
	 FAMILY_ADDED_REASONING,
	 {{CTR_INPUT, 10}, {CTR_OUTPUT, 9}, {CTR_REASONING, 7}, {CTR_TOTAL, 19}},
	 {{METER_INPUT, 10}, {METER_OUTPUT, 2}, {METER_REASONING, 7}},
	 .context = 10},
	{"Gemini's OpenAI door hides its thinking",
	 FAMILY_HIDDEN_REASONING,
	 {{CTR_INPUT, 35}, {CTR_OUTPUT, 12}, {CTR_TOTAL, 109}},
	 {{METER_INPUT, 35}, {METER_OUTPUT, 12}, {METER_REASONING, 62}},
	 .context = 35},
	{"Mistral's audio stands beside the prompt",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 20}, {CTR_INPUT_AUDIO, 375}, {CTR_OUTPUT, 10}, {CTR_TOTAL, 405}},
	 {{METER_INPUT, 20}, {METER_INPUT_AUDIO, 375}, {METER_OUTPUT, 10}},
	 .context = 395},
	{"T37: read and written count the same tokens",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 2168},
	  {CTR_CACHE_READ, 2161},
	  {CTR_CACHE_WRITE, 2161},
	  {CTR_OUTPUT, 100},
	  {CTR_TOTAL, 2268}},
	 {{METER_INPUT, 0},
	  {METER_CACHE_READ, 2161},
	  {METER_CACHE_WRITE, 2161},
	  {METER_OUTPUT, 100}},
	 CALL_F_CLAMPED | CALL_F_RESIDUAL,
	 2168,
	 -2154},
	{"pictures that came from the cache",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 504},
	  {CTR_CACHE_READ, 370},
	  {CTR_INPUT_IMAGE, 256},
	  {CTR_OUTPUT, 91},
	  {CTR_TOTAL, 595}},
	 {{METER_INPUT, 0}, {METER_CACHE_READ, 370}, {METER_INPUT_IMAGE, 134}, {METER_OUTPUT, 91}},
	 CALL_F_CLAMPED,
	 504},
	{"no pictures, no meter",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 5}, {CTR_INPUT_IMAGE, 0}, {CTR_OUTPUT, 9}, {CTR_OUTPUT_IMAGE, 8}},
	 {{METER_INPUT, 5}, {METER_OUTPUT, 1}, {METER_OUTPUT_IMAGE, 8}},
	 .context = 5},
	{"an output of nothing is left out",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 11}, {CTR_TOTAL, 11}},
	 {{METER_INPUT, 11}},
	 .context = 11},
	{"an output that is missing",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 11}, {CTR_TOTAL, 20}},
	 {{METER_INPUT, 11}},
	 CALL_F_RESIDUAL,
	 11,
	 9,
	 true},
	{"a total that does not add up",
	 FAMILY_INCLUSIVE,
	 {{CTR_INPUT, 11}, {CTR_OUTPUT, 4}, {CTR_TOTAL, 20}},
	 {{METER_INPUT, 11}, {METER_OUTPUT, 4}},
	 CALL_F_RESIDUAL,
	 11,
	 5},
	{"thinking larger than output",
	 FAMILY_ADDITIVE,
	 {{CTR_INPUT, 1}, {CTR_OUTPUT, 4}, {CTR_REASONING, 6}},
	 {{METER_INPUT, 1}, {METER_OUTPUT, 0}, {METER_REASONING, 6}},
	 CALL_F_CLAMPED,
	 1},
	{"Voyage gives the total alone",
	 FAMILY_INPUT,
	 {{CTR_TOTAL, 77}},
	 {{METER_INPUT, 77}},
	 .context = 77},
	{"nothing at all", FAMILY_INCLUSIVE, {{0}}, {{0}}, .is_partial = true},
};

static void check_row(const struct row *row)
{
	struct usage u = {0};
	struct usage_result r;
	struct meters want = {0};

	for (size_t i = 0; i < ARRAY_LEN(row->in) && row->in[i].counter; i++)
		usage_set(&u, row->in[i].counter, row->in[i].n);
	/* METER_INPUT is 0, so a row's meters end where neither meter nor number is set */
	for (size_t i = 0; i < ARRAY_LEN(row->out); i++)
		if (row->out[i].meter || row->out[i].n || (i == 0 && row->in[0].counter))
			meters_set(&want, row->out[i].meter, row->out[i].n);

	usage_resolve(row->family, &u, &r);
	for (int m = 0; m < METER_MAX; m++) {
		if (meters_has(&want, (enum meter)m) != meters_has(&r.meters, (enum meter)m))
			fail_msg("%s: %s present", row->name, meter_name((enum meter)m));
		if (meters_has(&want, (enum meter)m) && want.count[m] != r.meters.count[m])
			fail_msg("%s: %s is %llu", row->name, meter_name((enum meter)m),
				 (unsigned long long)r.meters.count[m]);
	}
	if (r.flags != row->flags || r.context_tokens != row->context ||
	    r.residual != row->residual || r.is_whole == row->is_partial)
		fail_msg("%s: flags %x context %llu residual %lld whole %d", row->name, r.flags,
			 (unsigned long long)r.context_tokens, (long long)r.residual, r.is_whole);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

/* A count is a whole number; anything else is left out and said, never rounded. */
static void test_read(void **state)
{
	static const char *const bad[] = {
		"-1",
		"1.5",
		"1.5",
		"1e3",
		"",
		"x",
		" 1",
		"0x10",
		"9007199254740993",
		"18446744073709551616",
		"99999999999999999999999",
	};
	struct usage u = {0};
	struct usage_result r;

	usage_read(&u, CTR_INPUT, STR("12"));
	usage_read(&u, CTR_OUTPUT, STR("9007199254740992"));
	assert_int_equal(u.count[CTR_INPUT], 12);
	assert_int_equal(u.broken, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		usage_read(&u, CTR_INPUT, str_of(bad[i]));
		assert_false(usage_has(&u, CTR_INPUT));
		assert_int_equal(u.broken, 1u << CTR_INPUT);
		usage_resolve(FAMILY_INCLUSIVE, &u, &r);
		assert_int_equal(r.flags, CALL_F_ARITHMETIC);
		assert_false(r.is_whole);
		assert_false(meters_has(&r.meters, METER_INPUT));
	}
	usage_read(&u, CTR_INPUT, STR("7"));
	assert_int_equal(u.broken, 0);
}

static void test_femto(void **state)
{
	static const struct {
		const char *text;
		u64 femto;
	} good[] = {
		{"0", 0},
		{"0.0042", 4200000000000},
		{"4.25e-05", 42500000000},
		{"1E2", 100000000000000000},
		{"0.012050250000", 12050250000000},
		{"1.2e+0", 1200000000000000},
		{"0.0000000000000005", 1},
		{"0.00000000000000049", 0},
		{"0.00010500000000000001", 105000000000},
		{"12.5e-16", 1},
		{"1e-300", 0},
		{"0.000497013333333333", 497013333333},
		{"9e3", 9000000000000000000ull},
	};
	static const char *const bad[] = {"",
					  "-1",
					  "1e",
					  "1e+",
					  "1.2.3",
					  "e5",
					  ".",
					  "1e4",
					  "1e2000",
					  "1x",
					  "99999999999999999999",
					  "1e5x"};
	u64 femto;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(usage_parse_femto(str_of(good[i].text), &femto), 0);
		assert_int_equal(femto, good[i].femto);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_not_equal(usage_parse_femto(str_of(bad[i]), &femto), 0);
}

static void test_replace(void **state)
{
	struct usage u = {0}, delta = {0};

	usage_set(&u, CTR_INPUT, 3);
	usage_set(&u, CTR_OUTPUT, 7);
	usage_set(&u, CTR_CACHE_1H, 9);
	usage_set(&delta, CTR_OUTPUT, 238);
	usage_read(&delta, CTR_INPUT, STR("-5"));
	usage_replace(&u, &delta);
	assert_int_equal(u.count[CTR_OUTPUT], 238);
	assert_int_equal(u.count[CTR_CACHE_1H], 9);
	assert_false(usage_has(&u, CTR_INPUT));
	assert_int_equal(u.broken, 1u << CTR_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_femto),
		cmocka_unit_test(test_replace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
