/* SPDX-License-Identifier: Apache-2.0 */
/* Responses seen before: found, told apart by provider, forgotten oldest first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/limits.h"
#include "llm/recent.h"

static void test_seen(void **state)
{
	struct recent *r = recent_new();

	assert_int_equal(recent_get(r, STR("a"), STR("1")), RECENT_UNKNOWN);
	recent_note(r, STR("a"), STR("1"), false);
	assert_int_equal(recent_get(r, STR("a"), STR("1")), RECENT_WITHOUT_USAGE);
	assert_int_equal(recent_get(r, STR("b"), STR("1")), RECENT_UNKNOWN);
	assert_int_equal(recent_get(r, STR("a1"), STR("")), RECENT_UNKNOWN);
	recent_note(r, STR("a"), STR("1"), true);
	recent_note(r, STR("a"), STR("1"), false);
	assert_int_equal(recent_get(r, STR("a"), STR("1")), RECENT_WITH_USAGE);
	recent_note(r, STR("a"), STR_NONE, true);
	assert_int_equal(recent_get(r, STR("a"), STR_NONE), RECENT_UNKNOWN);
	recent_free(r);
	recent_free(NULL);
}

static void test_oldest_goes_first(void **state)
{
	struct recent *r = recent_new();
	char id[24];

	for (int i = 0; i < 3 * LLM_RECENT_MAX; i++) {
		snprintf(id, sizeof(id), "resp_%d", i);
		recent_note(r, STR("openai"), str_of(id), true);
	}
	for (int i = 0; i < 3 * LLM_RECENT_MAX; i++) {
		bool is_old = i < 2 * LLM_RECENT_MAX;

		snprintf(id, sizeof(id), "resp_%d", i);
		assert_int_equal(recent_get(r, STR("openai"), str_of(id)),
				 is_old ? RECENT_UNKNOWN : RECENT_WITH_USAGE);
	}
	recent_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_oldest_goes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
