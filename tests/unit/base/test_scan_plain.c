/* SPDX-License-Identifier: Apache-2.0 */
/* The scan without vector instructions, which other machines use, against the obvious one. */
#define TOLLTAP_SCAN_PLAIN
#include "base/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cuts.h"
#include "guard.h"

static void test_plain(void **state)
{
	static const char alphabet[] = "ab\"\\{}[]:, \x7b\x5c\xdb\xfb\xa2;|Z\x01\x80!#";
	struct cuts_rng rng = cuts_start(9);

	for (int round = 0; round < 20000; round++) {
		size_t n = cuts_random(&rng) % 70;
		char text[70];

		for (size_t i = 0; i < n; i++)
			text[i] = cuts_random(&rng) % 6
					  ? 'x'
					  : alphabet[cuts_random(&rng) % (sizeof(alphabet) - 1)];

		u8 *copy = guard_dup(text, n);
		const char *p = (const char *)copy, *end = p + n;
		const char *string = p, *skip = p;

		while (string < end && !strchr("\"\\", *string))
			string++;
		while (skip < end && !strchr("\"{}[]", *skip))
			skip++;
		assert_ptr_equal(scan_string(p, end), string);
		assert_ptr_equal(scan_skip(p, end), skip);
		guard_free(copy, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
