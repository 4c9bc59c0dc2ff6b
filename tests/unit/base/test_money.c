/* SPDX-License-Identifier: Apache-2.0 */
/* Femto-dollars to text and back, exactly, and to what people and doubles can hold. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/money.h"
#include "guard.h"

#define FEMTO ((s128)1000000000000000ll)
#define S128_MAX ((s128)(~(unsigned __int128)0 >> 1))

static void text_is_exact_both_ways(void **state)
{
	static const struct {
		s128 femto;
		const char *text;
	} rows[] = {
		{0, "0"}, {1, "0.000000000000001"}, {-1, "-0.000000000000001"}, {FEMTO, "1"},
		{5615000000000ll, "0.005615"}, {-FEMTO * 3 / 2, "-1.5"}, {FEMTO * 1000, "1000"},
		{FEMTO * 9223372036854775807ll, "9223372036854775807"},
		{FEMTO * 9223 + 372036854775808ll, "9223.372036854775808"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[MONEY_TEXT_LEN];
		s128 back;

		money_format(rows[i].femto, text);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(money_parse(str_of(text), &back), 0);
		assert_true(back == rows[i].femto);
	}
}

static void random_amounts_survive_the_way_back(void **state)
{
	srand(7);
	for (int i = 0; i < 100000; i++) {
		s128 femto = (s128)rand() * rand() * rand() * (rand() % 2 ? 1 : -1);
		char text[MONEY_TEXT_LEN];
		s128 back;

		femto >>= rand() % 90;
		money_format(femto, text);
		assert_int_equal(money_parse(str_of(text), &back), 0);
		assert_true(back == femto);
	}
}

static void parse_takes_decimals_only(void **state)
{
	static const struct {
		const char *text;
		int err;
		s128 femto;
	} rows[] = {
		{"1.50", 0, FEMTO * 3 / 2}, {"00.1", 0, FEMTO / 10}, {"-0", 0, 0},
		{"0.000000000000000", 0, 0}, {"", -EINVAL, 0}, {"-", -EINVAL, 0},
		{".5", -EINVAL, 0}, {"5.", -EINVAL, 0}, {"1e3", -EINVAL, 0}, {"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0}, {"1,5", -EINVAL, 0}, {"1.2.3", -EINVAL, 0},
		{"--1", -EINVAL, 0}, {"0.0000000000000001", -EINVAL, 0},
		{"170141183460469231731687", 0, FEMTO * 170141183460ll * 1000000000000ll +
		 FEMTO * 469231731687ll},
		{"170141183460469231731688", -ERANGE, 0},
		{"999999999999999999999999999999999999999999", -ERANGE, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = strlen(rows[i].text);
		u8 *p = guard_dup(rows[i].text, n);
		s128 femto = -99;
		int err = money_parse((struct str){(char *)p, n}, &femto);

		if (err != rows[i].err || femto != (err ? -99 : rows[i].femto))
			fail_msg("'%s': %d", rows[i].text, err);
		guard_free(p, n);
	}
}

static void the_largest_amounts_fit_the_text(void **state)
{
	char text[MONEY_TEXT_LEN];
	s128 back;

	money_format(S128_MAX, text);
	assert_string_equal(text, "170141183460469231731687.303715884105727");
	assert_int_equal(money_parse(str_of(text), &back), 0);
	assert_true(back == S128_MAX);
	money_format(-S128_MAX - 1, text);
	assert_string_equal(text, "-170141183460469231731687.303715884105728");
	money_format_short(-S128_MAX - 1, text);
	assert_string_equal(text, "-$170141183460469231731687.303716");
}

static void short_text_is_rounded_half_even(void **state)
{
	static const struct {
		s128 femto;
		const char *text;
	} rows[] = {
		{0, "$0.000000"}, {5615000000000ll, "$0.005615"}, {500000000, "$0.000000"},
		{500000001, "$0.000001"}, {1500000000, "$0.000002"}, {2500000000, "$0.000002"},
		{-1500000000, "-$0.000002"}, {FEMTO * 1234567, "$1234567.000000"},
		{FEMTO - 1, "$1.000000"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[MONEY_TEXT_LEN];

		money_format_short(rows[i].femto, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void doubles_are_the_nearest(void **state)
{
	assert_true(money_to_double(5615000000000ll) == 0.005615);
	assert_true(money_to_double(FEMTO / 10) == 0.1);
	assert_true(money_to_double(-FEMTO * 3) == -3.0);
	assert_true(money_to_double(1) == 1e-15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_exact_both_ways),
		cmocka_unit_test(random_amounts_survive_the_way_back),
		cmocka_unit_test(parse_takes_decimals_only),
		cmocka_unit_test(the_largest_amounts_fit_the_text),
		cmocka_unit_test(short_text_is_rounded_half_even),
		cmocka_unit_test(doubles_are_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
