/* SPDX-License-Identifier: Apache-2.0 */
/* Counters: each with a name of its own, a meaning and a remedy. */
#include "unit.h"

#include <pthread.h>

#include "base/stats.h"

static void every_counter_says_what_to_do(void **state)
{
	for (int i = 0; i < STAT_MAX; i++) {
		const struct stat_info *info = stats_info((enum stat_id)i);

		assert_true(strlen(info->name) > 3 && strlen(info->meaning) > 8);
		assert_true(strlen(info->remedy) > 8);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(info->name, stats_info((enum stat_id)k)->name);
	}
}

static void add_set_reset(void **state)
{
	stats_reset();
	stats_add(STAT_RING_LOST_BYTES, 5);
	stats_add(STAT_RING_LOST_BYTES, 7);
	assert_int_equal(stats_get(STAT_RING_LOST_BYTES), 12);
	assert_int_equal(stats_get(STAT_RING_LOST_EVENTS), 0);
	stats_set(STAT_RING_LOST_BYTES, 3);
	assert_int_equal(stats_get(STAT_RING_LOST_BYTES), 3);
	stats_reset();
	assert_int_equal(stats_get(STAT_RING_LOST_BYTES), 0);
}

static void *add_many(void *arg)
{
	for (int i = 0; i < 10000; i++)
		stats_add(STAT_CALLS_WRITTEN, 1);
	return NULL;
}

static void threads_lose_no_count(void **state)
{
	pthread_t t[4];

	stats_reset();
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		assert_int_equal(pthread_create(&t[i], NULL, add_many, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		pthread_join(t[i], NULL);
	assert_int_equal(stats_get(STAT_CALLS_WRITTEN), 40000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_says_what_to_do),
		cmocka_unit_test(add_set_reset),
		cmocka_unit_test(threads_lose_no_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
