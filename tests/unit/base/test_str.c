/* SPDX-License-Identifier: Apache-2.0 */
/* String views: compared, cut, split and read as numbers, never past their end. */
#include "unit.h"

#include <errno.h>

#include "base/str.h"
#include "guard.h"

static void equal_means_same_bytes(void **state)
{
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_true(str_eq(STR(""), STR_NONE));
	assert_true(str_eq_nocase(STR("Content-Type"), STR("cONTENT-tYPE")));
	assert_false(str_eq_nocase(STR("a["), STR("a{")));
	assert_false(str_eq_nocase(STR("ab"), STR("abc")));
}

static void starts_ends_contains(void **state)
{
	assert_true(str_starts(STR("gpt-4o"), STR("gpt-")));
	assert_false(str_starts(STR("gp"), STR("gpt-")));
	assert_true(str_starts_nocase(STR("Bearer x"), STR("bearer ")));
	assert_true(str_ends(STR("a.json"), STR(".json")));
	assert_false(str_ends(STR("son"), STR(".json")));
	assert_true(str_ends_nocase(STR("a.JSON"), STR(".json")));
	assert_true(str_contains(STR("abcabd"), STR("abd")));
	assert_true(str_contains(STR_NONE, STR("")));
	assert_false(str_contains(STR_NONE, STR("a")));
}

static void cut_is_clamped(void **state)
{
	struct str s = STR("hello");

	assert_true(str_eq(str_cut(s, 1, 3), STR("ell")));
	assert_true(str_eq(str_cut(s, 3, 100), STR("lo")));
	assert_int_equal(str_cut(s, 5, 1).n, 0);
	assert_int_equal(str_cut(s, 100, 1).n, 0);
	assert_null(str_cut(STR_NONE, 1, 1).p);
	assert_true(str_eq(str_cut(s, 2, SIZE_MAX), STR("llo")));
}

static void trim_and_find(void **state)
{
	assert_true(str_eq(str_trim(STR(" \t a b\t ")), STR("a b")));
	assert_int_equal(str_trim(STR(" \t ")).n, 0);
	assert_int_equal(str_find_char(STR("a:b"), ':'), 1);
	assert_int_equal(str_find_char(STR("ab"), ':'), 2);
	assert_int_equal(str_find_char(STR_NONE, ':'), 0);
}

static void next_splits_and_keeps_empty_parts(void **state)
{
	struct str rest = STR("a,,b,"), part;
	const char *const expected[] = {"a", "", "b", ""};

	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		assert_true(str_next(&rest, ',', &part));
		assert_true(str_eq(part, str_of(expected[i])));
	}
	assert_false(str_next(&rest, ',', &part));
	rest = STR("");
	assert_true(str_next(&rest, ',', &part));
	assert_false(str_next(&rest, ',', &part));
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		int err;
		u64 value;
	} rows[] = {
		{"0", 0, 0}, {"007", 0, 7}, {"18446744073709551615", 0, ~0ull},
		{"18446744073709551616", -ERANGE, 0}, {"99999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0}, {"-1", -EINVAL, 0}, {"1 ", -EINVAL, 0}, {"0x1", -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = strlen(rows[i].text);
		u8 *p = guard_dup(rows[i].text, n);
		u64 value = 42;

		assert_int_equal(str_to_u64((struct str){(char *)p, n}, &value), rows[i].err);
		assert_int_equal(value, rows[i].err ? 42 : rows[i].value);
		guard_free(p, n);
	}
}

static void unescape_undoes_what_is_an_escape(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{"", ""}, {"a%20b", "a b"}, {"%3A%3a", "::"}, {"%", "%"}, {"%4", "%4"},
		{"%4x%x4%%41", "%4x%x4%A"}, {"100%", "100%"},
	};
	char room[9];
	struct str plain;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = strlen(rows[i].in);
		u8 *p = guard_dup(rows[i].in, n);

		assert_true(str_unescape((struct str){(char *)p, n}, room, sizeof(room), &plain));
		assert_true(str_eq(plain, str_of(rows[i].out)));
		guard_free(p, n);
	}
	assert_true(str_unescape(STR("12345678%39"), room, sizeof(room), &plain));
	assert_false(str_unescape(STR("123456789%30"), room, sizeof(room), &plain));
}

static void to_c_is_cut_and_terminated(void **state)
{
	char small[4];

	str_to_c(STR("abcdef"), small, sizeof(small));
	assert_string_equal(small, "abc");
	str_to_c(STR_NONE, small, sizeof(small));
	assert_string_equal(small, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_means_same_bytes),
		cmocka_unit_test(starts_ends_contains),
		cmocka_unit_test(cut_is_clamped),
		cmocka_unit_test(trim_and_find),
		cmocka_unit_test(next_splits_and_keeps_empty_parts),
		cmocka_unit_test(numbers),
		cmocka_unit_test(unescape_undoes_what_is_an_escape),
		cmocka_unit_test(to_c_is_cut_and_terminated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
