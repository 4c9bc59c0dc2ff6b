/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 in pieces: every length, every cut, padding, foreign bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/base64.h"

static void expect(const char *text, const char *want, size_t cut)
{
	char out[BASE64_OUT_MAX + 3], all[64];
	struct str s = str_of(text);
	struct base64 b;
	size_t n = 0;

	base64_init(&b);
	for (size_t at = 0; at < s.n; at += cut) {
		size_t made = base64_feed(&b, str_cut(s, at, cut), out);

		memcpy(all + n, out, made);
		n += made;
	}
	assert_true(str_eq((struct str){all, n}, str_of(want)));
}

static void test_vectors(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"Zg==", "f"},
		{"Zm8=", "fo"},
		{"Zm9v", "foo"},
		{"Zm9vYg==", "foob"},
		{"Zm9vYmE=", "fooba"},
		{"Zm9vYmFy", "foobar"},
		{"Zm9vYmFy\n", "foobar"},
		{"Zm 9v\r\nYmFy", "foobar"},
		{"Zm8=Zm8=", "fo"}, /* nothing behind the end */
		{"eyJ0IjoiP34+In0=", "{\"t\":\"?~>\"}"},
		{"eyJ0IjoiP34-In0", "{\"t\":\"?~>\"}"}, /* the alphabet of URLs, no padding */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t cut = 1; cut < 9; cut++)
			expect(rows[i][0], rows[i][1], cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
