/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded queue: order, refusal when full, draining after the close, two threads. */
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/queue.h"

#define ITEMS 20000

static void first_in_first_out_and_bounded(void **state)
{
	struct queue *q = queue_new(3);
	int x[4];

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++)
			assert_true(queue_push(q, &x[i]));
		assert_false(queue_push(q, &x[3]));
		for (int i = 0; i < 3; i++)
			assert_ptr_equal(queue_pop(q, 0), &x[i]);
		assert_null(queue_pop(q, 0));
	}
	queue_free(q);
}

static void a_pop_waits_as_long_as_asked(void **state)
{
	struct queue *q = queue_new(1);
	u64 before = clock_boot_ns();

	assert_null(queue_pop(q, 50 * NS_PER_MS));
	assert_true(clock_boot_ns() - before >= 50 * NS_PER_MS);
	assert_true(clock_boot_ns() - before < 5 * NS_PER_S);
	queue_free(q);
}

static void closed_takes_nothing_and_drains(void **state)
{
	struct queue *q = queue_new(2);
	int x;

	queue_push(q, &x);
	queue_close(q);
	assert_false(queue_push(q, &x));
	assert_false(queue_is_drained(q));
	assert_ptr_equal(queue_pop(q, NS_PER_S * 100), &x);
	assert_true(queue_is_drained(q));
	assert_null(queue_pop(q, NS_PER_S * 100));
	queue_free(q);
}

static void what_is_left_is_freed(void **state)
{
	struct queue *q = queue_new(4);

	for (int i = 0; i < 4; i++)
		assert_true(queue_push(q, malloc(10)));
	queue_free(q);
	queue_free(NULL);
}

static void *push_all(void *arg)
{
	struct queue *q = arg;

	for (uintptr_t i = 1; i <= ITEMS; i++)
		while (!queue_push(q, (void *)i))
			;
	queue_close(q);
	return NULL;
}

static void two_threads_lose_nothing(void **state)
{
	struct queue *q = queue_new(16);
	pthread_t pusher;
	uintptr_t next = 1;

	assert_int_equal(pthread_create(&pusher, NULL, push_all, q), 0);
	while (!queue_is_drained(q)) {
		void *item = queue_pop(q, NS_PER_S);

		if (item)
			assert_int_equal((uintptr_t)item, next++);
	}
	assert_int_equal(next, ITEMS + 1);
	pthread_join(pusher, NULL);
	queue_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_in_first_out_and_bounded),
		cmocka_unit_test(a_pop_waits_as_long_as_asked),
		cmocka_unit_test(closed_takes_nothing_and_drains),
		cmocka_unit_test(what_is_left_is_freed),
		cmocka_unit_test(two_threads_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
