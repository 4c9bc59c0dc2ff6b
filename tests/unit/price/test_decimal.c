/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "guard.h"
#include "price/decimal.h"

static int parse(const char *text, s64 *ret)
{
	u8 *p = guard_dup(text, strlen(text));
	int err = decimal_parse((struct str){(const char *)p, strlen(text)}, ret);

	guard_free(p, strlen(text));
	return err;
}

static void test_decimals(void **state)
{
	static const struct {
		const char *text;
		s64 nano;
	} good[] = {
		{"0", 0}, {"0.0", 0}, {"1", 1000000000}, {"0.5", 500000000}, {"12.50", 12500000000},
		{"0.000000001", 1}, {"0.000000010", 10}, {"3.75", 3750000000},
		{"600", 600000000000},
		{"9223372036.854775807", INT64_MAX}, {"0.138", 138000000},
	};
	s64 v;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(parse(good[i].text, &v), 0);
		assert_int_equal(v, good[i].nano);
	}
}

static void test_refused_decimals(void **state)
{
	static const char *const bad[] = {
		"", ".", ".5", "5.", "-1", "+1", "1e3", "1E3", "0x10", "1,5", " 1", "1 ", "1.2.3",
		"00", "01", "00.5", "1.0000000001", "0.0000000000", "nan", "inf", "1_000", "1..2",
		"\xd9\xa3",
	};
	static const char *const large[] = {"9223372036.854775808", "9223372037", "99999999999",
					    "18446744073709551616", "100000000000000000000000"};
	s64 v = 77;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(parse(bad[i], &v), -EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(large); i++)
		assert_int_equal(parse(large[i], &v), -ERANGE);
	assert_int_equal(v, 77);
}

static void test_money_is_exact(void **state)
{
	s128 f;

	/* 2006 tokens at 2.5 USD per million */
	assert_int_equal(money_of(2006, 2500000000, 1000000, RATIO_ONE, &f), 0);
	assert_true(f == (s128)2006 * 2500000000);
	/* one token at a nano-USD per million is one femto-USD */
	assert_int_equal(money_of(1, 1, 1000000, RATIO_ONE, &f), 0);
	assert_true(f == 1);
	/* one web search at 0.01 USD */
	assert_int_equal(money_of(1, 10000000, 1, RATIO_ONE, &f), 0);
	assert_true(f == (s128)10000000000000);
}

static void test_rounding_is_half_to_even(void **state)
{
	static const struct {
		u64 count;
		s64 x_nano;
		s64 femto;
	} rows[] = {
		{1, 500000000, 0},	/* 0.5 -> 0 */
		{3, 500000000, 2},	/* 1.5 -> 2 */
		{5, 500000000, 2},	/* 2.5 -> 2 */
		{7, 500000000, 4},	/* 3.5 -> 4 */
		{1, 500000001, 1},
		{1, 499999999, 0},
		{1, 1100000000, 1},
		{10, 1100000000, 11},
		{0, 1100000000, 0},
	};
	s128 f;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ratio x = ratio_of_nano(rows[i].x_nano);

		assert_int_equal(money_of(rows[i].count, 1, 1000000, x, &f), 0);
		assert_true(f == rows[i].femto);
	}
	/* a second of an hour: 1/3600, repeating */
	assert_int_equal(money_of(1, 1000000000, 3600, RATIO_ONE, &f), 0);
	assert_true(f == 277777777778);
	assert_int_equal(money_of(2, 1000000000, 3600, RATIO_ONE, &f), 0);
	assert_true(f == 555555555556);
}

static void test_overflow_is_refused(void **state)
{
	struct ratio big = {(s128)1 << 100, 1}, r;
	s128 f = 5;

	assert_int_equal(money_of(UINT64_MAX, INT64_MAX, 1000000, RATIO_ONE, &f), 0);
	assert_true(f == (s128)UINT64_MAX * INT64_MAX);
	f = 5;
	assert_int_equal(money_of(UINT64_MAX, INT64_MAX, 1, RATIO_ONE, &f), -ERANGE);
	assert_int_equal(money_of(UINT64_MAX, 3, 1000000, big, &f), -ERANGE);
	assert_true(f == 5);
	assert_int_equal(ratio_mul(big, big, &r), -ERANGE);
	/* what cancels does not overflow */
	assert_int_equal(ratio_mul(big, (struct ratio){1, (s128)1 << 100}, &r), 0);
	assert_true(r.num == 1 && r.den == 1);
	assert_int_equal(ratio_mul(ratio_of_nano(0), big, &r), 0);
	assert_true(r.num == 0 && r.den == 1);
}

static void test_ratios_are_in_lowest_terms(void **state)
{
	struct ratio r = ratio_of_nano(1100000000);

	assert_true(r.num == 11 && r.den == 10);
	assert_int_equal(ratio_mul(r, (struct ratio){10, 11}, &r), 0);
	assert_true(r.num == 1 && r.den == 1);
}

static void test_instants(void **state)
{
	static const struct {
		const char *text;
		u64 seconds;
	} good[] = {
		{"1970-01-01", 0}, {"1970-01-01T00:00:01Z", 1}, {"1972-03-01", 68256000},
		{"2000-02-29", 951782400}, {"2026-03-13", 1773360000},
		{"2026-03-12T23:59:59Z", 1773359999}, {"2100-03-01", 4107542400},
	};
	static const char *const bad[] = {
		"", "2026", "2026-3-13", "2026-13-01", "2026-00-01", "2026-02-30", "2025-02-29",
		"2100-02-29", "1969-12-31", "2201-01-01", "2026-03-13T", "2026-03-13T00:00:00",
		"2026-03-13T24:00:00Z", "2026-03-13T00:60:00Z", "2026-03-13T00:00:60Z",
		"2026-03-13 00:00:00Z", "2026-03-13T00:00:00Zx", "2026-03-13x", "2026/03/13",
		"2026-03-13T00:00:00+01:00", "-026-03-13",
	};
	u64 ns = 0;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(instant_parse(str_of(good[i].text), &ns), 0);
		assert_int_equal(ns, good[i].seconds * 1000000000ull);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		size_t n = strlen(bad[i]);
		u8 *p = guard_dup(bad[i], n);

		assert_int_equal(instant_parse((struct str){(const char *)p, n}, &ns), -EINVAL);
		guard_free(p, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_refused_decimals),
		cmocka_unit_test(test_money_is_exact),
		cmocka_unit_test(test_rounding_is_half_to_even),
		cmocka_unit_test(test_overflow_is_refused),
		cmocka_unit_test(test_ratios_are_in_lowest_terms),
		cmocka_unit_test(test_instants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
