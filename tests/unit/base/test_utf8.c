/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 from outside: what is valid, what is not, and that reading always moves on. */
#include "unit.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "guard.h"

static void code_points_are_read(void **state)
{
	static const struct {
		const char *text;
		u32 value;
	} rows[] = {
		{"a", 'a'}, {"\x7f", 0x7f}, {"\xc2\x80", 0x80}, {"\xdf\xbf", 0x7ff},
		{"\xe0\xa0\x80", 0x800}, {"\xe2\x82\xac", 0x20ac}, {"\xed\x9f\xbf", 0xd7ff},
		{"\xee\x80\x80", 0xe000}, {"\xef\xbf\xbf", 0xffff}, {"\xf0\x90\x80\x80", 0x10000},
		{"\xf0\x9f\x98\x80", 0x1f600}, {"\xf4\x8f\xbf\xbf", 0x10ffff},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str rest = str_of(rows[i].text), bytes;

		assert_int_equal(utf8_next(&rest, &bytes), rows[i].value);
		assert_int_equal(bytes.n, strlen(rows[i].text));
		assert_int_equal(rest.n, 0);
		assert_true(utf8_is_valid(str_of(rows[i].text)));
	}
}

static void invalid_bytes_are_one_step_each(void **state)
{
	static const char *const rows[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
		"\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xff", "\xfe", "\xc2", "\xe2\x82", "\xf0\x9f\x98", "\xc2(",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = strlen(rows[i]);
		u8 *p = guard_dup(rows[i], n);
		struct str rest = {(char *)p, n}, bytes;

		assert_false(utf8_is_valid(rest));
		assert_int_equal(utf8_next(&rest, &bytes), UTF8_INVALID);
		assert_int_equal(bytes.n, 1);
		assert_int_equal(rest.n, n - 1);
		guard_free(p, n);
	}
}

static void random_bytes_end(void **state)
{
	srand(3);
	for (int round = 0; round < 2000; round++) {
		u8 raw[32];
		size_t n = (size_t)(rand() % 32), sum = 0;

		for (size_t i = 0; i < n; i++)
			raw[i] = (u8)(rand() % 4 ? 0x80 | rand() : rand());

		u8 *p = guard_dup(raw, n);
		struct str rest = {(char *)p, n}, bytes;

		while (rest.n) {
			utf8_next(&rest, &bytes);
			assert_true(bytes.n >= 1 && bytes.n <= 4);
			sum += bytes.n;
		}
		assert_int_equal(sum, n);
		guard_free(p, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_points_are_read),
		cmocka_unit_test(invalid_bytes_are_one_step_each),
		cmocka_unit_test(random_bytes_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
