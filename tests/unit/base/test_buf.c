/* SPDX-License-Identifier: Apache-2.0 */
/* The growable buffer: never past its maximum, and a failed append changes nothing. */
#include "unit.h"

#include <errno.h>

#include "base/buf.h"

static void it_grows_to_its_maximum(void **state)
{
	struct buf b;

	buf_init(&b, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buf_append_char(&b, (char)('a' + i % 26)), 0);
	assert_int_equal(b.n, 1000);
	assert_true(b.cap <= 1000);
	assert_int_equal(buf_append_char(&b, 'x'), -ENOBUFS);
	assert_int_equal(b.n, 1000);
	assert_int_equal(b.failed, -ENOBUFS);
	assert_int_equal(b.p[999], 'a' + 999 % 26);
	buf_fini(&b);
}

static void a_failed_append_changes_nothing(void **state)
{
	struct buf b;

	buf_init(&b, 4);
	assert_int_equal(buf_append_str(&b, STR("abc")), 0);
	assert_int_equal(buf_append_str(&b, STR("de")), -ENOBUFS);
	assert_true(str_eq(buf_str(&b), STR("abc")));
	assert_int_equal(buf_append(&b, "x", SIZE_MAX), -ENOBUFS);
	/* what fits still goes in, and the first error stays */
	assert_int_equal(buf_append_char(&b, 'd'), 0);
	assert_int_equal(b.failed, -ENOBUFS);
	buf_clear(&b);
	assert_int_equal(b.failed, 0);
	assert_int_equal(b.n, 0);
	buf_fini(&b);
}

static void nothing_is_an_empty_string(void **state)
{
	struct buf b;

	buf_init(&b, 10);
	assert_non_null(buf_str(&b).p);
	assert_int_equal(buf_append_str(&b, STR_NONE), 0);
	assert_int_equal(buf_str(&b).n, 0);
	buf_fini(&b);
}

static void printf_short_and_long(void **state)
{
	char big[600];
	struct buf b;

	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	buf_init(&b, 1000);
	assert_int_equal(buf_printf(&b, "%d-%s", 42, "x"), 0);
	assert_true(str_eq(buf_str(&b), STR("42-x")));
	assert_int_equal(buf_printf(&b, "%s", big), 0);
	assert_int_equal(b.n, 4 + 599);
	assert_int_equal(buf_printf(&b, "%s", big), -ENOBUFS);
	assert_int_equal(b.n, 4 + 599);
	buf_fini(&b);
}

static void drop_front_keeps_the_rest(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	buf_append_str(&b, STR("hello world"));
	buf_drop_front(&b, 6);
	assert_true(str_eq(buf_str(&b), STR("world")));
	buf_drop_front(&b, 0);
	buf_drop_front(&b, 5);
	assert_int_equal(b.n, 0);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_to_its_maximum),
		cmocka_unit_test(a_failed_append_changes_nothing),
		cmocka_unit_test(nothing_is_an_empty_string),
		cmocka_unit_test(printf_short_and_long),
		cmocka_unit_test(drop_front_keeps_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
