/* SPDX-License-Identifier: Apache-2.0 */
/* Meters: a name each, a block each, and which of them the two totals hold. */
#include "unit.h"

#include <errno.h>

#include "base/meter.h"

static void names_are_found_and_unique(void **state)
{
	enum meter id;

	for (int i = 0; i < METER_MAX; i++) {
		assert_int_equal(meter_find(str_of(meter_name((enum meter)i)), &id), 0);
		assert_int_equal(id, i);
		assert_true(meter_block((enum meter)i) > 0);
	}
	assert_int_equal(meter_find(STR("cache"), &id), -ENOENT);
	assert_int_equal(meter_find(STR(""), &id), -ENOENT);
}

/* Every token meter is in exactly one total; a counted one is in none. */
static void totals_hold_each_token_once(void **state)
{
	for (int i = 0; i < METER_MAX; i++) {
		struct meters m = {};
		u64 expected = i < METER_TOKENS_MAX ? 7 : 0;

		meters_set(&m, (enum meter)i, 7);
		assert_int_equal(meters_input_total(&m) + meters_output_total(&m), expected);
	}
}

static void absent_is_not_counted(void **state)
{
	struct meters m = {};

	meters_set(&m, METER_INPUT, 86);
	meters_set(&m, METER_CACHE_READ, 1920);
	meters_set(&m, METER_OUTPUT, 300);
	m.count[METER_REASONING] = 1000;	/* without its bit */
	assert_int_equal(meters_input_total(&m), 2006);
	assert_int_equal(meters_output_total(&m), 300);
	assert_false(meters_has(&m, METER_REASONING));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_and_unique),
		cmocka_unit_test(totals_hold_each_token_once),
		cmocka_unit_test(absent_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
