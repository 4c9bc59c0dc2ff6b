/* SPDX-License-Identifier: Apache-2.0 */
/* Every value of the call's enums has a word of its own: they stand in records for good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "llm/call.h"

#define ALL_NAMED(type, fn, max) \
	for (int i = 0; i < (max); i++) { \
		assert_non_null(fn((enum type)i)); \
		for (int k = 0; k < i; k++) \
			assert_string_not_equal(fn((enum type)i), fn((enum type)k)); \
	}

static void test_names(void **state)
{
	ALL_NAMED(usage_source, usage_source_name, USAGE_SOURCE_MAX)
	ALL_NAMED(completeness, completeness_name, COMPLETENESS_MAX)
	ALL_NAMED(billing, billing_name, BILLING_MAX)
	ALL_NAMED(cache_status, cache_status_name, CACHE_STATUS_MAX)
	assert_string_equal(usage_source_name(USAGE_SSE_FINAL), "sse_final");
	assert_string_equal(completeness_name(COMPLETE_LOWER_BOUND), "lower_bound");
	assert_string_equal(billing_name(BILLING_SUBSCRIPTION), "subscription");
	assert_string_equal(cache_status_name(CACHE_WRITTEN), "write");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
