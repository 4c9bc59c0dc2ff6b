/* SPDX-License-Identifier: Apache-2.0 */
/* What was asked before: found again, replaced, forgotten oldest first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/asked.h"

static struct map_key key(u64 n)
{
	return (struct map_key){.a = n, .b = n * 7};
}

static void test_outcome(void **state)
{
	struct asked *a = asked_new();
	struct asked_outcome o = {.is_failed = true, .seq = 2, .end_ns = 9, .request_id = STR("r")};
	struct asked_outcome ret;

	assert_false(asked_get(a, key(1), &ret));
	asked_note(a, key(1), &o);
	assert_true(asked_get(a, key(1), &ret));
	assert_int_equal(ret.seq, 2);
	assert_true(ret.is_failed && str_eq(ret.request_id, STR("r")));
	o = (struct asked_outcome){.seq = 3};
	asked_note(a, key(1), &o);
	asked_get(a, key(1), &ret);
	assert_int_equal(ret.seq, 3);
	assert_false(ret.is_failed || ret.request_id.n);
	asked_free(a);
}

static void test_oldest_goes(void **state)
{
	struct asked *a = asked_new();
	struct asked_outcome o = {.seq = 1}, ret;

	for (u64 i = 0; i <= LLM_ASKED_MAX; i++)
		asked_note(a, key(i), &o);
	assert_false(asked_get(a, key(0), &ret));
	assert_true(asked_get(a, key(1), &ret));
	assert_true(asked_get(a, key(LLM_ASKED_MAX), &ret));
	asked_free(a);
}

/* An id longer than there is room for is cut: it is shown, never compared. */
static void test_long_id(void **state)
{
	struct asked *a = asked_new();
	char id[2 * LLM_ASKED_ID_MAX];
	struct asked_outcome o = {.request_id = {id, sizeof(id)}}, ret;

	memset(id, 'x', sizeof(id));
	asked_note(a, key(1), &o);
	asked_get(a, key(1), &ret);
	assert_int_equal(ret.request_id.n, LLM_ASKED_ID_MAX - 1);
	asked_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcome),
		cmocka_unit_test(test_oldest_goes),
		cmocka_unit_test(test_long_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
