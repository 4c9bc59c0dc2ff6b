/* SPDX-License-Identifier: Apache-2.0 */
/* The hash map against a plain array that does the same. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/map.h"

#define KEYS 500

static void put_get_remove(void **state)
{
	struct map *m = map_new(10);
	int a, b;

	assert_null(map_get(m, (struct map_key){1, 2}));
	assert_int_equal(map_put(m, (struct map_key){1, 2}, &a), 0);
	assert_int_equal(map_put(m, (struct map_key){2, 1}, &b), 0);
	assert_ptr_equal(map_get(m, (struct map_key){1, 2}), &a);
	assert_ptr_equal(map_get(m, (struct map_key){2, 1}), &b);
	assert_int_equal(map_put(m, (struct map_key){1, 2}, &b), 0);
	assert_int_equal(map_count(m), 2);
	assert_ptr_equal(map_remove(m, (struct map_key){1, 2}), &b);
	assert_null(map_remove(m, (struct map_key){1, 2}));
	assert_int_equal(map_count(m), 1);
	map_free(m);
	map_free(NULL);
}

static void it_is_bounded(void **state)
{
	struct map *m = map_new(100);
	int x;

	for (u64 i = 0; i < 100; i++)
		assert_int_equal(map_put(m, (struct map_key){i, 0}, &x), 0);
	assert_int_equal(map_put(m, (struct map_key){100, 0}, &x), -ENOSPC);
	assert_int_equal(map_put(m, (struct map_key){5, 0}, &x), 0);
	assert_int_equal(map_count(m), 100);
	map_free(m);
}

/* Backward-shift deletion is where such maps go wrong. */
static void it_agrees_with_an_array(void **state)
{
	struct map *m = map_new(KEYS);
	void *model[KEYS] = {};
	size_t count = 0;
	int x[2];

	srand(1);
	for (int step = 0; step < 100000; step++) {
		u64 k = (u64)rand() % KEYS;
		struct map_key key = {k * 4096, k % 7};

		if (rand() % 2) {
			void *value = &x[rand() % 2];

			count += !model[k];
			assert_int_equal(map_put(m, key, value), 0);
			model[k] = value;
		} else {
			count -= !!model[k];
			assert_ptr_equal(map_remove(m, key), model[k]);
			model[k] = NULL;
		}
		k = (u64)rand() % KEYS;
		assert_ptr_equal(map_get(m, (struct map_key){k * 4096, k % 7}), model[k]);
		assert_int_equal(map_count(m), count);
	}
	map_free(m);
}

struct walk {
	int seen[KEYS];
	u64 remove_every;
};

static bool visit(void *arg, struct map_key key, void *value)
{
	struct walk *w = arg;

	w->seen[key.a]++;
	return w->remove_every && key.a % w->remove_every == 0;
}

static void a_walk_sees_each_once_and_removes(void **state)
{
	struct map *m = map_new(KEYS);
	struct walk w = {.remove_every = 3};
	int x;

	for (u64 i = 0; i < KEYS; i++)
		map_put(m, (struct map_key){i, 0}, &x);
	map_walk(m, visit, &w);
	for (int i = 0; i < KEYS; i++)
		assert_int_equal(w.seen[i], 1);
	assert_int_equal(map_count(m), KEYS - 167);
	w = (struct walk){};
	map_walk(m, visit, &w);
	for (int i = 0; i < KEYS; i++)
		assert_int_equal(w.seen[i], i % 3 ? 1 : 0);
	map_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_get_remove),
		cmocka_unit_test(it_is_bounded),
		cmocka_unit_test(it_agrees_with_an_array),
		cmocka_unit_test(a_walk_sees_each_once_and_removes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
