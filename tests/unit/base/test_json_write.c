/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text, read back by jansson; and every byte there is, inside a string. */
#include "unit.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "base/utf8.h"

static void objects_arrays_and_commas(void **state)
{
	struct json_write w;
	struct buf b;

	buf_init(&b, 4096);
	json_write_init(&w, &b);
	json_write_open(&w, '{');
	json_write_key(&w, STR("a"));
	json_write_open(&w, '[');
	json_write_u64(&w, ~0ull);
	json_write_s64(&w, INT64_MIN);
	json_write_open(&w, '{');
	json_write_close(&w, '}');
	json_write_open(&w, '[');
	json_write_close(&w, ']');
	json_write_bool(&w, true);
	json_write_str(&w, STR_NONE);
	json_write_close(&w, ']');
	json_write_key(&w, STR("b"));
	json_write_raw(&w, STR("1.5"));
	json_write_key(&w, STR(""));
	json_write_str(&w, STR(""));
	json_write_close(&w, '}');
	assert_true(str_eq(buf_str(&b), STR("{\"a\":[18446744073709551615,-9223372036854775808,"
					    "{},[],true,null],\"b\":1.5,\"\":\"\"}")));
	buf_fini(&b);
}

static void text_is(struct str in, const char *expected)
{
	struct json_write w;
	struct buf b;

	buf_init(&b, 4096);
	json_write_init(&w, &b);
	json_write_str(&w, in);
	if (!str_eq(buf_str(&b), str_of(expected)))
		fail_msg("got " STR_FMT ", want %s", STR_ARG(buf_str(&b)), expected);
	buf_fini(&b);
}

static void text_is_escaped(void **state)
{
	text_is(STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	text_is(STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
	text_is(STR("\x01\x1b\x1f\x7f"), "\"\\u0001\\u001b\\u001f\\u007f\"");
	text_is(STR("\xc2\x9b" "31m"), "\"\\u009b31m\"");
	text_is(STR("\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u2028\\u2029\"");
	text_is(STR("\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xe2\x82\xac\xf0\x9f\x98\x80\"");
	text_is(STR("a\xff\xc3(\0b"), "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd" "b\"");
}

/* Any bytes at all give a string that is valid, on one line, and survives a reader. */
static void any_bytes_make_one_valid_string(void **state)
{
	srand(11);
	for (int round = 0; round < 3000; round++) {
		size_t n = (size_t)(rand() % 60);
		char raw[60];
		struct json_write w;
		struct buf b;

		for (size_t i = 0; i < n; i++)
			raw[i] = (char)(round < 256 ? round : rand());
		buf_init(&b, 4096);
		json_write_init(&w, &b);
		json_write_open(&w, '[');
		json_write_str(&w, (struct str){raw, n});
		json_write_close(&w, ']');
		assert_int_equal(b.failed, 0);
		assert_true(utf8_is_valid(buf_str(&b)));
		for (size_t i = 0; i < b.n; i++)
			assert_true((u8)b.p[i] >= 0x20 && b.p[i] != 0x7f);

		json_t *j = json_loadb(b.p, b.n, 0, NULL);

		assert_int_equal(json_array_size(j), 1);
		assert_true(json_is_string(json_array_get(j, 0)));
		json_decref(j);
		buf_fini(&b);
	}
}

static void a_full_buffer_is_remembered(void **state)
{
	struct json_write w;
	struct buf b;

	buf_init(&b, 8);
	json_write_init(&w, &b);
	json_write_str(&w, STR("0123456789"));
	assert_int_equal(b.failed, -ENOBUFS);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_arrays_and_commas),
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(any_bytes_make_one_valid_string),
		cmocka_unit_test(a_full_buffer_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
