/* SPDX-License-Identifier: Apache-2.0 */
/* Time as text, and the two clocks against each other. */
#include "unit.h"

#include "base/clock.h"

static void text_is_rfc_3339_with_nanoseconds(void **state)
{
	static const struct {
		u64 ns;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000000000Z"},
		{1795309323123456789ull, "2026-11-22T01:02:03.123456789Z"},
		{1709164800000000001ull, "2024-02-29T00:00:00.000000001Z"},
		{4102444799999999999ull, "2099-12-31T23:59:59.999999999Z"},
		/* the last that 64 bits hold */
		{~0ull, "2554-07-21T23:34:33.709551615Z"},
	};
	char text[CLOCK_TEXT_LEN];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		clock_format(rows[i].ns, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void boot_time_only_grows(void **state)
{
	u64 last = clock_boot_ns();

	for (int i = 0; i < 1000; i++) {
		u64 now = clock_boot_ns();

		assert_true(now >= last);
		last = now;
	}
}

static void the_offset_joins_the_clocks(void **state)
{
	s64 offset = clock_offset_now();
	s64 error = (s64)(clock_wall_ns() - clock_boot_ns()) - offset;

	assert_true(error > -(s64)NS_PER_S && error < (s64)NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_rfc_3339_with_nanoseconds),
		cmocka_unit_test(boot_time_only_grows),
		cmocka_unit_test(the_offset_joins_the_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
