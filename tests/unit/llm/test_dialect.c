/* SPDX-License-Identifier: Apache-2.0 */
/* Every list of JSON names compiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/dialect.h"

static void test_paths_compile(void **state)
{
	for (int i = 0; i < PATH_SET_MAX; i++) {
		struct json_paths *set = dialect_paths((enum path_set)i);

		assert_non_null(set);
		json_paths_free(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_compile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
