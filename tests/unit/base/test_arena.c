/* SPDX-License-Identifier: Apache-2.0 */
/* The arena: zeroed, aligned, bounded, freed at once. */
#include "unit.h"

#include "base/arena.h"

static void objects_are_zeroed_aligned_and_apart(void **state)
{
	struct arena *a = arena_new(1 << 20);
	char *last = NULL;

	for (size_t n = 1; n < 300; n++) {
		char *p = arena_alloc(a, n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
		assert_ptr_not_equal(p, last);
		last = p;
	}
	arena_free(a);
}

static void it_stops_at_its_maximum(void **state)
{
	struct arena *a = arena_new(1024);
	size_t n = 0;

	assert_null(arena_alloc(a, 1025));
	assert_null(arena_alloc(a, SIZE_MAX));
	while (arena_alloc(a, 16))
		n++;
	assert_int_equal(n, 64);
	assert_int_equal(arena_used(a), 1024);
	assert_null(arena_alloc(a, 1));
	arena_free(a);
}

static void strings_are_copied(void **state)
{
	struct arena *a = arena_new(64);
	char text[] = "gpt-4o";
	struct str s = arena_dup(a, str_of(text));

	text[0] = 'X';
	assert_true(str_eq(s, STR("gpt-4o")));
	assert_null(arena_dup(a, STR_NONE).p);
	assert_non_null(arena_dup(a, STR("")).p);
	assert_null(arena_dup(a, (struct str){text, 1000}).p);
	arena_free(a);
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_zeroed_aligned_and_apart),
		cmocka_unit_test(it_stops_at_its_maximum),
		cmocka_unit_test(strings_are_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
