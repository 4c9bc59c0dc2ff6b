/* SPDX-License-Identifier: Apache-2.0 */
/* AWS event stream: a real frame's prefix, names, every header type, damage, losses. */
#include "unit.h"

#include <zlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/stats.h"
#include "http/units_text.h"

static void put_u32(struct buf *b, u32 v)
{
	const u8 be[] = {(u8)(v >> 24), (u8)(v >> 16), (u8)(v >> 8), (u8)v};

	buf_append(b, be, 4);
}

static void put_header(struct buf *b, const char *name, const char *value)
{
	size_t n = strlen(value);

	buf_append_char(b, (char)strlen(name));
	buf_append(b, name, strlen(name));
	buf_append_char(b, 7);
	buf_append_char(b, (char)(n >> 8));
	buf_append_char(b, (char)n);
	buf_append(b, value, n);
}

static void put_frame(struct buf *b, struct str headers, struct str payload)
{
	size_t from = b->n;

	put_u32(b, (u32)(16 + headers.n + payload.n));
	put_u32(b, (u32)headers.n);
	put_u32(b, (u32)crc32(0, (u8 *)b->p + from, 8));
	buf_append(b, headers.p, headers.n);
	buf_append(b, payload.p, payload.n);
	put_u32(b, (u32)crc32(0, (u8 *)b->p + from, (uInt)(b->n - from)));
}

static void put_event(struct buf *b, const char *type, const char *payload)
{
	struct buf headers;

	buf_init(&headers, 1 << 17);
	put_header(&headers, ":event-type", type);
	put_header(&headers, ":content-type", "application/json");
	put_header(&headers, ":message-type", "event");
	put_frame(b, buf_str(&headers), str_of(payload));
	buf_fini(&headers);
}

static void check_gap(struct str before, char gap, struct str after, const char *want)
{
	const struct units_body body = {
		.framing = FRAMING_EVENTSTREAM,
		.label = {.is_response = true},
		.before = before,
		.gap = gap,
		.after = after,
	};

	units_check(&body, want);
}

static void check(struct buf *b, const char *want)
{
	assert_int_equal(b->failed, 0);
	check_gap(STR(""), 0, buf_str(b), want);
	buf_fini(b);
}

/* The first bytes of a frame that Bedrock sent. */
static void test_real_prefix(void **state)
{
	static const char real[] =
		"\x00\x00\x01\xdd\x00\x00\x00\x4b\x3e\x15\x2f\x3c"
		"\x0b:event-type\x07\x00\x05"
		"chunk\x0d:content-type\x07\x00\x10"
		"application/json\x0d:message-type\x07\x00\x05"
		"event{\"bytes\":";

	check_gap(STR(""), 0, (struct str){real, sizeof(real) - 1}, "[chunk|{\"bytes\":}");
}

static void test_events(void **state)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	put_event(&b, "messageStart", "{\"role\":\"assistant\"}");
	put_event(&b, "empty", "");
	put_event(&b, "metadata", "{\"usage\":{}}");
	check(&b, "[messageStart|{\"role\":\"assistant\"}][empty|][metadata|{\"usage\":{}}]");
}

static void test_exceptions(void **state)
{
	struct buf headers, b;

	buf_init(&headers, 1 << 16);
	buf_init(&b, 1 << 16);
	put_header(&headers, ":exception-type", "throttlingException");
	put_header(&headers, ":message-type", "exception");
	put_frame(&b, buf_str(&headers), STR("{\"message\":\"slow\"}"));
	buf_clear(&headers);
	put_header(&headers, ":message-type", "error");
	put_header(&headers, ":error-code", "InternalError");
	put_header(&headers, ":error-message", "no");
	put_frame(&b, buf_str(&headers), STR(""));
	buf_fini(&headers);
	check(&b, "[!throttlingException|{\"message\":\"slow\"}][!InternalError|]");
}

static void test_header_types(void **state)
{
	static const char odd[] = "\x01t\x00"
				  "\x01"
				  "f\x01"
				  "\x01"
				  "b\x02"
				  "1"
				  "\x01s\x03"
				  "12"
				  "\x01i\x04"
				  "1234"
				  "\x01l\x05"
				  "12345678"
				  "\x0b:event-type\x06\x00\x03"
				  "raw"
				  "\x01w\x08"
				  "12345678"
				  "\x01u\x09"
				  "1234567812345678"
				  "\x01"
				  "e\x07\x00\x00"
				  "\x0b:event-type\x07\x00\x04"
				  "kept";
	struct buf b;

	buf_init(&b, 1 << 16);
	put_frame(&b, (struct str){odd, sizeof(odd) - 1}, STR("1"));
	put_frame(&b, STR(""), STR("2"));
	check(&b, "[kept|1][ 2]");
}

/* Headers that do not fit their own length: the frame's end is known all the same. */
static void test_bad_headers(void **state)
{
	static const struct str bad[] = {
		{"\x05name", 5}, {"\x00\x07", 2}, {"\x01n\x0f", 3}, {"\x01n\x07\x00\x09v", 6},
		{"\x01n\x09zzz", 6}, {"\xff", 1}, {"\x01n", 2}, {"\x01n\x07\x00", 4},
	};
	struct buf b;

	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		put_frame(&b, bad[i], STR("x"));
	put_event(&b, "good", "y");
	check(&b, "[ x][ x][ x][ x][ x][ x][ x][ x][good|y]");
}

static void test_long_name(void **state)
{
	char name[201], want[300];
	struct buf b;

	memset(name, 'n', 200);
	name[200] = '\0';
	buf_init(&b, 1 << 16);
	put_event(&b, name, "{}");
	snprintf(want, sizeof(want), "[%.*s|{}]", HTTP_UNIT_NAME_MAX, name);
	check(&b, want);
}

/* A payload byte is wrong: that unit is broken, the next frame is found. */
static void test_damage(void **state)
{
	struct buf b;
	u64 bad = stats_get(STAT_HTTP_EVENTSTREAM_BAD);

	buf_init(&b, 1 << 16);
	put_event(&b, "a", "{1}");
	size_t at = b.n;
	put_event(&b, "b", "{2}");
	put_event(&b, "c", "{3}");
	b.p[at - 6] ^= 1;
	check(&b, "[a|{0}}[b|{2}][c|{3}]");
	assert_true(stats_get(STAT_HTTP_EVENTSTREAM_BAD) > bad);

	buf_init(&b, 1 << 16);
	put_event(&b, "a", "{1}");
	at = b.n;
	put_event(&b, "b", "{2}");
	put_event(&b, "c", "{3}");
	b.p[at + 9] ^= 1;
	check(&b, "[a|{1}][c|{3}]");
}

static void test_nonsense(void **state)
{
	u64 lost = stats_get(STAT_HTTP_UNIT_LOST_BYTES);

	check_gap(STR(""), 0, STR("{\"message\":\"this is no event stream at all\"}"), "");
	assert_true(stats_get(STAT_HTTP_UNIT_LOST_BYTES) > lost);
	check_gap(STR(""), 0, STR(""), "");
}

static void test_gap(void **state)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	put_event(&b, "a", "{1}");
	put_event(&b, "b", "{22222222}");
	size_t cut = b.n - 8;
	put_event(&b, "c", "{3}");
	check_gap(str_cut(buf_str(&b), 0, cut - 4), 'l', str_cut(buf_str(&b), cut, b.n),
		  "[a|{1}][b|{2}[c|{3}]");
	check_gap(str_cut(buf_str(&b), 0, 5), 'p', str_cut(buf_str(&b), cut, b.n), "[c|{3}]");
	check_gap(buf_str(&b), 'l', STR(""), "[a|{1}][b|{22222222}][c|{3}]");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_prefix), cmocka_unit_test(test_events),
		cmocka_unit_test(test_exceptions),  cmocka_unit_test(test_header_types),
		cmocka_unit_test(test_bad_headers), cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_damage),	    cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
