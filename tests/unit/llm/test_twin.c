/* SPDX-License-Identifier: Apache-2.0 */
/* Two sights of one call, and what only looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/twin.h"

/* the provider's side, from 20 to 80 */
#define INNER {.conn = "a", .origin = 5, .start_ns = 20, .end_ns = 80, .id = 1, .input = 11, \
	       .output = 22}
/* around it */
#define OUTER .conn = "b", .is_outer = true, .start_ns = 10, .end_ns = 90
#define OTHER .origin = 6
#define COUNTED .input = 11, .output = 22

static void test_pairs(void **state)
{
	static const struct {
		const char *what;
		struct sight outer;
		bool is_view;
	} rows[] = {
		{"same id", {OUTER, OTHER, .id = 1}, true},
		{"same id, one process", {OUTER, .origin = 5, .id = 1}, true},
		{"same counts alone: who asks the same twice pays twice",
		 {OUTER, OTHER, COUNTED}, false},
		{"same counts, and a gateway says that it renames",
		 {OUTER, OTHER, COUNTED, .is_rewritten = true, .id = 2}, true},
		{"of one process, though",
		 {OUTER, COUNTED, .is_rewritten = true, .origin = 5}, false},
		{"other counts",
		 {OUTER, OTHER, .is_rewritten = true, .input = 11, .output = 23}, false},
		{"nothing counted", {OUTER, OTHER, .is_rewritten = true}, false},
		{"not around it",
		 {.conn = "b", .is_outer = true, .start_ns = 30, .end_ns = 90, .id = 1}, false},
		{"the same connection",
		 {.conn = "a", .is_outer = true, .start_ns = 10, .end_ns = 90, .id = 1}, false},
		{"no gateway", {.conn = "b", .start_ns = 10, .end_ns = 90, .id = 1}, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int order = 0; order < 2; order++) {
			struct sight inner = INNER, outer = rows[i].outer;
			struct twins *t = twins_new();

			assert_false(twins_is_view(t, order ? &outer : &inner));
			if (twins_is_view(t, order ? &inner : &outer) != rows[i].is_view)
				fail_msg("%s", rows[i].what);
			twins_free(t);
		}
	}
}

/* Two clients ask a gateway the same and it asks the provider once: the other is its own answer. */
static void test_each_once(void **state)
{
	struct sight inner = INNER, one = {OUTER, OTHER, COUNTED, .is_rewritten = true};
	struct sight two = one;
	struct twins *t = twins_new();

	two.conn = "c";
	assert_false(twins_is_view(t, &inner));
	assert_true(twins_is_view(t, &one));
	assert_false(twins_is_view(t, &two));
	twins_free(t);
}

static void test_forgets(void **state)
{
	struct twins *t = twins_new();
	struct sight inner = INNER, other = {.conn = "c", .start_ns = 1, .end_ns = 2};
	struct sight outer = {OUTER, .id = 1};

	twins_is_view(t, &inner);
	for (int i = 0; i < LLM_TWINS_MAX; i++)
		twins_is_view(t, &other);
	assert_false(twins_is_view(t, &outer));
	twins_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
