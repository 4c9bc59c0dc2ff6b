/* SPDX-License-Identifier: Apache-2.0 */
/* The path matcher: every vector whole, byte by byte and in random cuts, ending on a guard page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/scan.h"
#include "cuts.h"
#include "guard.h"

#define WAYS 30

static const struct json_path paths[] = {
	{"model", 'm'},       {"usage", 'u'},        {"usage.in", 'i'},        {"usage.out", 'o'},
	{"items[]", 'e'},     {"items[].type", 't'}, {"grid[][].x", 'x'},      {"any.*.n", 'n'},
	{"any.named.n", 'k'}, {"list", 'l'},
	{"flow", 'f', true}, {"a.b.c.d.e.f.g.h", 'h'}, {"k\xc3\xa9y", 'y'},
};

static const char *const type_names[] = {"null", "true", "false", "#", "$",
					 "+",    "{",    "[",     "}", "]"};

static void on_event(void *arg, const struct json_event *e)
{
	struct buf *log = arg;

	assert_int_equal(buf_printf(log, "%c%s" STR_FMT "%s ", (char)e->tag, type_names[e->type],
				    STR_ARG(e->text), e->is_cut ? "..." : ""),
			 0);
}

static void feed(void *arg, const u8 *p, size_t n)
{
	json_feed(arg, (const char *)p, n);
}

/* Every event of the document, then "ok" or why it died. */
static void run(const char *text, size_t n, unsigned int way, struct buf *log)
{
	struct json_paths *set = json_paths_new(paths, ARRAY_LEN(paths));
	struct json *j = malloc(sizeof(*j));

	json_init(j, set, on_event, log);
	cuts_feed(way, text, n, feed, j);
	int err = json_finish(j);

	assert_int_equal(err, json_dead(j) ? -22 : 0);
	buf_append_str(log, str_of(json_dead(j) ? json_dead(j) : "ok"));
	free(j);
	json_paths_free(set);
}

static void expect_n(const char *text, size_t n, const char *want)
{
	for (unsigned int way = 0; way < WAYS; way++) {
		struct buf log;

		buf_init(&log, 1 << 20);
		run(text, n, way, &log);
		buf_append_char(&log, 0);
		assert_string_equal(log.p, want);
		buf_fini(&log);
	}
}

static void expect(const char *text, const char *want)
{
	expect_n(text, strlen(text), want);
}

static void test_scalars(void **state)
{
	expect("{\"model\":\"gpt\"}", "m$gpt ok");
	expect(" { \"model\" : null } \n\r\t ", "mnull ok");
	expect("{\"model\":true,\"x\":1}", "mtrue ok");
	expect("{\"x\":false,\"model\":false}", "mfalse ok");
	expect("{\"model\":\"\"}", "m$ ok");
	expect("{\"model\":-0.5e+10}", "m#-0.5e+10 ok");
	expect("{\"model\":[1]}", "m[ m] ok");
	expect("{\"model\":{\"usage\":{\"in\":3}}}", "m{ m} ok");
}

static void test_paths(void **state)
{
	expect("{\"usage\":{\"in\":1,\"x\":{\"in\":9},\"out\":2}}", "u{ i#1 o#2 u} ok");
	expect("{\"in\":1,\"usage\":null,\"x\":{\"usage\":{\"in\":7}}}", "unull ok");
	expect("{\"items\":[{\"type\":\"a\"},1,{\"q\":[{\"type\":\"z\"}],\"type\":\"b\"},[]]}",
	       "e{ t$a e} e#1 e{ t$b e} e[ e] ok");
	expect("{\"grid\":[[{\"x\":1},{\"x\":2}],[],[{\"x\":3}]],\"grid\":{\"x\":4}}",
	       "x#1 x#2 x#3 ok");
	expect("{\"any\":{\"a\":{\"n\":1},\"named\":{\"n\":2},\"b\":{\"n\":3}}}", "n#1 k#2 n#3 ok");
	expect("{\"list\":[[[[\"]\"]]]],\"model\":\"m\"}", "l[ l] m$m ok");
	expect("{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":[{}]}}}}}}}}", "h[ h] ok");
	expect("[{\"model\":1}]", "ok");
	expect("{}", "ok");
	expect("[]", "ok");
	expect("{\"items\":[],\"usage\":{}}", "u{ u} ok");
}

/* Both fire, in order: the consumer lets the last win. */
static void test_duplicate_keys(void **state)
{
	expect("{\"model\":\"a\",\"model\":\"b\"}", "m$a m$b ok");
	expect("{\"usage\":{\"in\":1},\"usage\":{\"out\":2}}", "u{ i#1 u} u{ o#2 u} ok");
}

static void test_escapes(void **state)
{
	expect("{\"model\":\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\"}", "m$a\"b\\c/d\b\f\n\r\t ok");
	expect("{\"mod\\u0065l\":\"\\u0041\\u00e9\\u20ac\"}", "m$A\xc3\xa9\xe2\x82\xac ok");
	expect("{\"k\\u00E9y\":1}", "y#1 ok");
	expect("{\"k\xc3\xa9y\":1}", "y#1 ok");
	expect("{\"model\":\"\\ud83d\\ude00!\"}", "m$\xf0\x9f\x98\x80! ok");
	expect("{\"model\":\"\\ud83d\"}", "m$\xef\xbf\xbd ok");
	expect("{\"model\":\"\\ud83dx\"}", "m$\xef\xbf\xbdx ok");
	expect("{\"model\":\"\\ud83d\\n\"}", "m$\xef\xbf\xbd\n ok");
	expect("{\"model\":\"\\ud83d\\ud83d\\ude00\"}", "m$\xef\xbf\xbd\xf0\x9f\x98\x80 ok");
	expect("{\"model\":\"\\ude00\"}", "m$\xef\xbf\xbd ok");
	expect("{\"model\\u0000\":1,\"mode\":2,\"models\":3}", "ok");
	expect("{\"x\":\"\\\\\",\"model\":\"\\\\\"}", "m$\\ ok");
	expect("{\"x\":{\"q\":\"\\\\\\\"}\",\"r\":\"{\"},\"model\":1}", "m#1 ok");
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"-",  "01",  "1.",  ".5",  "1e", "1e+",
					  "+1", "0x1", "1.e", "--1", "1-", "NaN"};

	expect("{\"usage\":{\"in\":0,\"out\":-0}}", "u{ i#0 o#-0 u} ok");
	expect("{\"usage\":{\"in\":12.50E-07 ,\"out\":1e5}}", "u{ i#12.50E-07 o#1e5 u} ok");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char text[64];
		struct buf log;

		snprintf(text, sizeof(text), "{\"q\":%s,\"model\":1}", bad[i]);
		buf_init(&log, 4096);
		run(text, strlen(text), 0, &log);
		assert_null(memchr(log.p, '#', log.n));
		assert_false(str_ends(buf_str(&log), STR("ok")));
		buf_fini(&log);
	}
}

/* A document that is a lone value ends where its bytes do. */
static void test_lone_value(void **state)
{
	static const struct json_path root[] = {{"", 'r'}};
	static const char *const texts[] = {"12", "\"a\"", "null", "[1]", "-1.5e3"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct json_paths *set = json_paths_new(root, 1);
		struct json *j = malloc(sizeof(*j));
		struct buf log;

		buf_init(&log, 4096);
		json_init(j, set, on_event, &log);
		json_feed(j, texts[i], strlen(texts[i]));
		assert_int_equal(json_finish(j), 0);
		assert_int_equal(log.p[0], 'r');
		buf_fini(&log);
		free(j);
		json_paths_free(set);
	}
}

static void test_malformed(void **state)
{
	expect("", "ends too early");
	expect("  ", "ends too early");
	expect("{", "ends too early");
	expect("{\"model\":1", "ends too early");
	expect("{\"model\":\"x", "ends too early");
	expect("{\"model\" 1}", "':' expected");
	expect("{model:1}", "key expected");
	expect("{\"model\":1,}", "m#1 key expected");
	expect("{\"items\":[1,]}", "e#1 value expected");
	expect("{\"items\":[1 2]}", "e#1 ',' or end of container expected");
	expect("{\"usage\":{\"in\":1]}", "u{ i#1 ',' or end of container expected");
	expect("{\"x\":{\"y\":[}],\"model\":1}", "brackets do not match");
	expect("{\"x\":[{]},\"model\":1}", "brackets do not match");
	expect("{\"x\":tru,\"model\":1}", "value expected");
	expect("{\"x\":nulL}", "value expected");
	expect("{\"model\":\"a\nb\"}", "control character in a string");
	expect("{\"model\":\"\\x\"}", "unknown escape");
	expect("{\"model\":\"\\u12g4\"}", "bad \\u escape");
	expect("{\"model\":1}{\"model\":2}", "m#1 more than one value");
	expect("{\"model\":1} x", "m#1 more than one value");
	expect("<html>", "value expected");
	/* what nobody watches is checked for balance only */
	expect("[DONE]", "ok");
	expect("{\"x\":[1,,2 nonsense],\"model\":1}", "m#1 ok");
}

static void test_depth(void **state)
{
	static char text[200000];
	size_t n = 0, deep = 50000;

	n += (size_t)snprintf(text, sizeof(text), "{\"x\":");
	memset(text + n, '[', deep);
	n += deep;
	n += (size_t)snprintf(text + n, sizeof(text) - n, "{\"model\":\"deep\"}");
	memset(text + n, ']', deep);
	n += deep;
	n += (size_t)snprintf(text + n, sizeof(text) - n, ",\"model\":\"top\"}");
	for (unsigned int way = 0; way < 4; way++) {
		struct buf log;

		if (way == 1)
			continue; /* 100,000 guard pages tell nothing new */
		buf_init(&log, 4096);
		run(text, n, way, &log);
		assert_true(str_eq(buf_str(&log), STR("m$top ok")));
		buf_fini(&log);
	}
}

static void test_long_values(void **state)
{
	size_t n = 3 * JSON_VALUE_MAX;
	char *text = malloc(n + 64);
	struct buf log;

	size_t at = (size_t)snprintf(text, 64, "{\"model\":\"");

	memset(text + at, 'v', n);
	snprintf(text + at + n, 32, "\",\"usage\":1}");
	buf_init(&log, 1 << 16);
	run(text, at + n + 12, 2, &log);
	assert_int_equal(log.n, 2 + JSON_VALUE_MAX + 4 + strlen("u#1 ok"));
	assert_true(str_ends(buf_str(&log), STR("vvv... u#1 ok")));
	buf_fini(&log);

	/* a key that begins like a watched one and goes on for long */
	at = (size_t)snprintf(text, 64, "{\"model");
	memset(text + at, 'l', n);
	snprintf(text + at + n, 32, "\":1}");
	expect_n(text, at + n + 4, "ok");
	free(text);
}

static void test_gap(void **state)
{
	struct json_paths *set = json_paths_new(paths, ARRAY_LEN(paths));
	struct json *j = malloc(sizeof(*j));
	struct buf log;

	buf_init(&log, 4096);
	json_init(j, set, on_event, &log);
	assert_int_equal(json_feed(j, "{\"model\":\"a\",\"x\":\"", 18), 0);
	json_gap(j);
	/* looks like the end of a string and a member: nobody can know */
	assert_int_equal(json_feed(j, "\",\"model\":\"b\"}", 14), -22);
	assert_int_equal(json_finish(j), -22);
	assert_string_equal(json_dead(j), "bytes are missing");
	assert_true(str_eq(buf_str(&log), STR("m$a ")));

	json_reset(j);
	assert_int_equal(json_feed(j, "{\"model\":\"c\"}", 13), 0);
	assert_int_equal(json_finish(j), 0);
	assert_true(str_eq(buf_str(&log), STR("m$a m$c ")));
	buf_fini(&log);
	free(j);
	json_paths_free(set);
}

/* Wherever the hole is: what was said before it stands, and nothing is said after. */
static void test_gap_everywhere(void **state)
{
	static const char text[] =
		"{\"usage\":{\"in\":12,\"out\":\"\\u00e9\"},\"items\":[{\"type\":\"a\"},[{}]],"
		"\"x\":{\"y\":[\"}\\\"\"]},\"any\":{\"q\":{\"n\":null}},\"model\":\"m\"}";
	struct json_paths *set = json_paths_new(paths, ARRAY_LEN(paths));
	struct json *j = malloc(sizeof(*j));
	struct buf whole, log;

	buf_init(&whole, 4096);
	buf_init(&log, 4096);
	run(text, sizeof(text) - 1, 0, &whole);
	for (size_t at = 0; at < sizeof(text) - 1; at++) {
		buf_clear(&log);
		json_init(j, set, on_event, &log);
		json_feed(j, text, at);

		size_t before = log.n;

		json_gap(j);
		for (size_t to = at; to < sizeof(text) - 1; to++)
			json_feed(j, text + to, 1);
		assert_int_equal(json_finish(j), -22);
		assert_int_equal(log.n, before);
		assert_true(str_starts(buf_str(&whole), buf_str(&log)));
	}
	buf_fini(&log);
	buf_fini(&whole);
	free(j);
	json_paths_free(set);
}

/* The vector scan against the obvious one, at every offset and length. */
static void test_scan(void **state)
{
	static const char alphabet[] = "ab\"\\{}[]:, \x7b\x5c\xdb\xfb\xa2;|Z";
	struct cuts_rng rng = cuts_start(7);

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

static int sprintf_at(char *at, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int sprintf_at(char *at, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(at, 64, format, args);
	va_end(args);
	return n;
}

/* A streamed string loses nothing, however long it is, and its pieces do not depend on the cuts. */
static void test_streamed(void **state)
{
	static char text[4 * JSON_VALUE_MAX], want[8 * JSON_VALUE_MAX];
	size_t n = 2 * JSON_VALUE_MAX + 10;
	char *at = text, *w = want;

	at += sprintf_at(at, "{\"flow\":\"");
	for (size_t i = 0; i < n; i++) {
		if (i % JSON_VALUE_MAX == 0)
			w += sprintf_at(w, "%sf%s", i ? " " : "", i + 10 == n ? "$" : "+");
		at += sprintf_at(at, i % 64 == 63 ? "\\u003d" : "%c", 'a' + (int)(i % 23));
		w += sprintf_at(w, "%c", i % 64 == 63 ? '=' : 'a' + (int)(i % 23));
	}
	sprintf_at(at, "\",\"model\":\"m\"}");
	sprintf_at(w, " m$m ok");
	expect(text, want);
	expect("{\"flow\":\"short\"}", "f$short ok");
	expect("{\"flow\":\"\"}", "f$ ok");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streamed),
		cmocka_unit_test(test_scalars),        cmocka_unit_test(test_paths),
		cmocka_unit_test(test_duplicate_keys), cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_numbers),        cmocka_unit_test(test_lone_value),
		cmocka_unit_test(test_malformed),      cmocka_unit_test(test_depth),
		cmocka_unit_test(test_long_values),    cmocka_unit_test(test_gap),
		cmocka_unit_test(test_gap_everywhere), cmocka_unit_test(test_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
