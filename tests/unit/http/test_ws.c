/* SPDX-License-Identifier: Apache-2.0 */
/* One direction of WebSocket: frames, fragments, compression with and without context, losses. */
#include "unit.h"

#include <stdlib.h>

#include "base/stats.h"
#include "cuts.h"
#include "guard.h"
#include "http/ws.h"
#include "http/ws_build.h"

struct run {
	struct ws w;
	struct buf text;
	u64 undecoded;
};

static const struct ws_options plain = {.is_masked = false};
static const struct ws_options masked = {.is_masked = true};
static const struct ws_options deflate_each = {.is_deflate = true};
static const struct ws_options deflate_all = {.is_deflate = true, .keeps_context = true};

static void say(void *arg, enum unit_step step, struct str s)
{
	struct run *r = arg;

	switch (step) {
	case UNIT_BEGIN:
		buf_append_str(&r->text, r->w.to.flags & UNIT_F_BINARY ? STR("[#") : STR("["));
		break;
	case UNIT_DATA:
		assert_true(s.n > 0);
		buf_append_str(&r->text, s);
		break;
	default:
		buf_append_char(&r->text, step == UNIT_END ? ']' : step == UNIT_BROKEN ? '}' : '~');
	}
}

static void feed(void *arg, const u8 *p, size_t n)
{
	struct run *r = arg;

	ws_feed(&r->w, p, n, say, r);
}

#define ANY UINT64_MAX		/* undecoded bytes: as many as come behind the fault in its piece */

struct gap {
	u64 n;
	bool is_policy;
};

/* before, then a hole where gap is given, then after as one record */
static void check_way(const struct ws_options *options, unsigned int way, struct str before,
		      const struct gap *gap, struct str after, const char *want, u64 undecoded)
{
	struct run r = {.undecoded = 0};
	u8 *record = guard_dup(after.p, after.n);

	buf_init(&r.text, 4 << 20);
	ws_init(&r.w, options);
	cuts_feed(way, before.p, before.n, feed, &r);
	if (gap)
		ws_gap(&r.w, gap->n, gap->is_policy, say, &r);
	if (after.n)
		ws_feed(&r.w, record, after.n, say, &r);
	ws_end(&r.w, say, &r);
	buf_append_char(&r.text, '\0');
	assert_string_equal(r.text.p, want);
	if (undecoded != ANY)
		assert_int_equal(r.w.undecoded, undecoded);
	buf_fini(&r.text);
	ws_fini(&r.w);
	guard_free(record, after.n);
}

static void check(const struct ws_options *options, struct ws_build *b, const char *want,
		  u64 undecoded)
{
	for (unsigned int way = 0; way < 2 + CUTS_RANDOM_MIN; way++)
		check_way(options, way, buf_str(&b->out), NULL, STR(""), want, undecoded);
	ws_build_fini(b);
}

static void check_gap(const struct ws_options *options, struct str before, struct gap gap,
		      struct str after, const char *want, u64 undecoded)
{
	for (unsigned int way = 0; way < 2 + CUTS_RANDOM_MIN; way++)
		check_way(options, way, before, &gap, after, want, undecoded);
}

static void put_many(struct ws_build *b)
{
	ws_build_init(b, b->is_masked);
	ws_put_text(b, "{\"a\":1}");
	ws_put_frame(b, WS_FIN | 9, STR("ping"));
	ws_put_frame(b, 1, STR("{\"b\""));
	ws_put_frame(b, WS_FIN | 10, STR(""));
	ws_put_frame(b, 0, STR(""));
	ws_put_frame(b, 0, STR(":2"));
	ws_put_frame(b, WS_FIN, STR("}"));
	ws_put_frame(b, WS_FIN | 2, STR("bin"));
	ws_put_text(b, "");
	ws_put_frame(b, WS_FIN | 8, STR("\x03\xe8"));
	ws_put_text(b, "late");
}

static void test_frames(void **state)
{
	struct ws_build b = {.is_masked = false};

	put_many(&b);
	check(&plain, &b, "[{\"a\":1}][{\"b\":2}][#bin][]", 0);
	b.is_masked = true;
	put_many(&b);
	check(&masked, &b, "[{\"a\":1}][{\"b\":2}][#bin][]", 0);
}

static void test_lengths(void **state)
{
	static const size_t lengths[] = {125, 126, 65535, 65536, 70000};
	char *text = malloc(70001);

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct ws_build b;
		struct buf want;

		memset(text, 'x', lengths[i]);
		text[lengths[i]] = '\0';
		buf_init(&want, 1 << 20);
		buf_printf(&want, "[%s]", text);
		buf_append_char(&want, '\0');
		ws_build_init(&b, true);
		ws_put_text(&b, text);
		check_way(&masked, 0, buf_str(&b.out), NULL, STR(""), want.p, 0);
		check_way(&masked, 5, buf_str(&b.out), NULL, STR(""), want.p, 0);
		ws_build_fini(&b);
		buf_fini(&want);
	}
	free(text);
}

static void test_deflate(void **state)
{
	struct ws_build b;
	struct buf parts;

	ws_build_init(&b, false);
	ws_put_deflated(&b, "{\"type\":\"response.create\"}", Z_SYNC_FLUSH);
	ws_put_deflated(&b, "{\"type\":\"response.create\"}", Z_SYNC_FLUSH);
	ws_put_text(&b, "{}");
	parts = ws_deflate(&b, "{\"type\":\"response.cancel\"}", Z_SYNC_FLUSH);
	ws_put_frame(&b, WS_RSV1 | 1, str_cut(buf_str(&parts), 0, 3));
	ws_put_frame(&b, WS_FIN | 9, STR(""));
	ws_put_frame(&b, WS_FIN, str_cut(buf_str(&parts), 3, parts.n));
	buf_fini(&parts);
	ws_put_deflated(&b, "", Z_SYNC_FLUSH);
	check(&deflate_all, &b,
	      "[{\"type\":\"response.create\"}][{\"type\":\"response.create\"}][{}]"
	      "[{\"type\":\"response.cancel\"}][]", 0);
}

/* A sender may end its stream with a message and start over, its window kept or not. */
static void test_stream_end(void **state)
{
	struct ws_build b;

	ws_build_init(&b, false);
	ws_put_deflated(&b, "{\"type\":\"a\"}", Z_FINISH);
	ws_put_deflated(&b, "{\"type\":\"b\"}", Z_SYNC_FLUSH);
	ws_put_deflated(&b, "{\"type\":\"c\"}", Z_FINISH);
	check(&deflate_all, &b, "[{\"type\":\"a\"}][{\"type\":\"b\"}][{\"type\":\"c\"}]", 0);
}

static void test_no_context(void **state)
{
	struct ws_build b;

	ws_build_init(&b, false);
	ws_put_deflated(&b, "{\"type\":\"a\"}", Z_SYNC_FLUSH);
	deflateReset(&b.z);
	ws_put_deflated(&b, "{\"type\":\"a\"}", Z_SYNC_FLUSH);
	check(&deflate_each, &b, "[{\"type\":\"a\"}][{\"type\":\"a\"}]", 0);
}

static void test_inflate_fails(void **state)
{
	u64 before = stats_get(STAT_HTTP_WS_UNDECODED);
	struct ws_build b;

	/* the third is plain, so it is read; the fourth needs a context that is gone */
	ws_build_init(&b, false);
	ws_put_deflated(&b, "{\"a\":1}", Z_SYNC_FLUSH);
	ws_put_frame(&b, WS_FIN | WS_RSV1 | 1, STR("\xff\xff"));
	ws_put_text(&b, "{}");
	ws_put_deflated(&b, "{\"a\":1}", Z_SYNC_FLUSH);
	check(&deflate_all, &b, "[{\"a\":1}][}[{}][}", ANY);
	assert_true(stats_get(STAT_HTTP_WS_UNDECODED) > before);

	/* without a context to keep, the next is read */
	ws_build_init(&b, false);
	ws_put_frame(&b, WS_FIN | WS_RSV1 | 1, STR("\xff\xff"));
	ws_put_deflated(&b, "{\"a\":1}", Z_SYNC_FLUSH);
	check(&deflate_each, &b, "[}[{\"a\":1}]", ANY);
}

static void test_bomb(void **state)
{
	size_t n = 8 << 20;
	char *zeros = malloc(n + 1);
	struct ws_build b;
	struct run r = {.undecoded = 0};
	struct buf message;

	memset(zeros, ' ', n);
	zeros[n] = '\0';
	ws_build_init(&b, false);
	message = ws_deflate(&b, zeros, Z_SYNC_FLUSH);
	ws_put_frame(&b, WS_FIN | WS_RSV1 | 1, buf_str(&message));
	buf_init(&r.text, 64 << 20);
	ws_init(&r.w, &deflate_all);
	feed(&r, (u8 *)b.out.p, b.out.n);
	assert_true(r.text.n > 1 << 20 && r.text.n < n);
	assert_int_equal(r.text.p[r.text.n - 1], '}');
	buf_fini(&r.text);
	ws_fini(&r.w);
	buf_fini(&message);
	ws_build_fini(&b);
	free(zeros);
}

/* Heads that cannot be: counted, and everything behind them in that record. */
static void test_bad_heads(void **state)
{
	static const struct str bad[] = {
		{"\xc1\x01x", 3},     {"\x91\x01x", 3}, {"\xa1\x01x", 3}, {"\x83\x01x", 3},
		{"\x8b\x01x", 3},     {"\x08\x01x", 3}, {"\x89\x7e\x00\x7exx", 6},
		{"\x81\x7e\x00\x01x", 5}, {"\x81\x81xxxxx", 7},
		{"\x81\x7f\x80\0\0\0\0\0\0\0x", 11}, {"\x81\x7f\0\0\0\0\0\0\0\1x", 11},
	};
	u64 before = stats_get(STAT_HTTP_WS_BAD);

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		check_way(&plain, 0, bad[i], NULL, STR("\x81\x02{}"), "[{}]", bad[i].n);
	assert_int_equal(stats_get(STAT_HTTP_WS_BAD) - before, ARRAY_LEN(bad));
	check_way(&masked, 0, STR("\x81\x02{}"), NULL, STR(""), "", 4);
}

static void test_odd_messages(void **state)
{
	struct ws_build b;

	/* a continuation of nothing; a message begun within another */
	ws_build_init(&b, false);
	ws_put_frame(&b, WS_FIN, STR("tail"));
	ws_put_frame(&b, 1, STR("first"));
	ws_put_text(&b, "{}");
	ws_put_frame(&b, 1, STR("cut"));
	check(&plain, &b, "[first}[{}][cut}", 4);
	ws_build_init(&b, false);
	ws_put_frame(&b, 1, STR("open"));
	ws_put_frame(&b, WS_FIN | 8, STR(""));
	check(&plain, &b, "[open}", 0);
}

static void test_gap_in_payload(void **state)
{
	check_gap(&plain, STR("\x81\x08{\"a"), (struct gap){2}, STR("1}}\x81\x02{}"),
		  "[{\"a}[{}]", 3);
	check_gap(&plain, STR("\x81\x08{\"a"), (struct gap){2, true}, STR(":1}\x81\x02{}"),
		  "[{\"a~:1}][{}]", 0);
	check_gap(&plain, STR("\x81\x08{\"a"), (struct gap){5}, STR("\x81\x02{}"), "[{\"a}[{}]", 0);
	check_gap(&plain, STR("\x89\x04pi"), (struct gap){2}, STR("\x81\x02{}"), "[{}]", 0);

	struct ws_build b;

	ws_build_init(&b, true);
	ws_put_text(&b, "{\"abc\":1}");
	check_gap(&masked, str_cut(buf_str(&b.out), 0, 9), (struct gap){3, true},
		  str_cut(buf_str(&b.out), 12, 99), "[{\"a~:1}]", 0);
	ws_build_fini(&b);
}

static void test_gap_over_frames(void **state)
{
	/* a record that is frames, or starts with one of JSON */
	check_gap(&plain, STR("\x81\x08{\"a"), (struct gap){6}, STR("\x81\x02{}\x89\x00"),
		  "[{\"a}[{}]", 0);
	check_gap(&plain, STR("\x81"), (struct gap){1}, STR("\x81\x05{\"b"), "[{\"b}", 0);
	check_gap(&plain, STR(""), (struct gap){9}, STR("\x81\x05xy"), "", 4);
	check_gap(&plain, STR(""), (struct gap){9}, STR("middle of a message"), "", 19);
	check_gap(&plain, STR(""), (struct gap){9}, STR("\0\0"), "", 2);
	check_gap(&plain, STR(""), (struct gap){9}, STR("\x80\x03xyz\x81\x02{}"), "[{}]", 3);
	check_gap(&plain, STR("\x88\x00"), (struct gap){9}, STR("\x81\x02{}"), "", 0);
}

/* With a context to keep, what is compressed behind a loss is marked, never guessed. */
static void test_gap_and_context(void **state)
{
	struct ws_build b;
	size_t first, second;
	struct str all;

	ws_build_init(&b, false);
	ws_put_deflated(&b, "{\"a\":1}", Z_SYNC_FLUSH);
	first = b.out.n;
	ws_put_deflated(&b, "{\"a\":1}", Z_SYNC_FLUSH);
	second = b.out.n;
	ws_put_deflated(&b, "{\"a\":1}", Z_SYNC_FLUSH);
	ws_put_text(&b, "{}");
	all = buf_str(&b.out);
	check_gap(&deflate_all, str_cut(all, 0, first), (struct gap){second - first},
		  str_cut(all, second, all.n), "[{\"a\":1}][}[{}]", all.n - second - 4 - 2);
	/* the hole in a compressed message's own payload does the same */
	check_gap(&deflate_all, str_cut(all, 0, first - 1), (struct gap){1},
		  str_cut(all, first, second - first), "[{\"a\":1}}[}", second - first - 2);
	ws_build_fini(&b);

	ws_build_init(&b, false);
	ws_put_deflated(&b, "{\"a\":1}", Z_SYNC_FLUSH);
	check_gap(&deflate_each, STR(""), (struct gap){9}, buf_str(&b.out), "[{\"a\":1}]", 0);
	ws_build_fini(&b);
}

static void test_late(void **state)
{
	struct ws_build b;
	struct run r = {.undecoded = 0};

	ws_build_init(&b, true);
	buf_init(&r.text, 4096);
	ws_init_late(&r.w, true);
	feed(&r, (const u8 *)"half a frame", 12);
	ws_put_text(&b, "{\"type\":1}");
	ws_put_deflated(&b, "{\"type\":2}", Z_SYNC_FLUSH);
	feed(&r, (u8 *)b.out.p, b.out.n);
	ws_end(&r.w, say, &r);
	buf_append_char(&r.text, '\0');
	assert_string_equal(r.text.p, "[{\"type\":1}][}");
	assert_true(r.w.undecoded > 12);
	buf_fini(&r.text);
	ws_fini(&r.w);
	ws_build_fini(&b);
}

static void check_options(const char *value, enum http_dir dir, bool is_deflate, bool keeps)
{
	struct ws_options o = ws_options_of(str_of(value), dir);

	assert_int_equal(o.is_masked, dir == HTTP_REQUEST);
	assert_int_equal(o.is_deflate, is_deflate);
	assert_int_equal(o.keeps_context, keeps);
}

static void test_options(void **state)
{
	check_options(NULL, HTTP_REQUEST, false, false);
	check_options("permessage-deflate", HTTP_REQUEST, true, true);
	check_options("x-other; a, Permessage-Deflate; client_max_window_bits=12", HTTP_RESPONSE,
		      true, true);
	check_options("permessage-deflate; server_no_context_takeover", HTTP_RESPONSE, true, false);
	check_options("permessage-deflate; server_no_context_takeover", HTTP_REQUEST, true, true);
	check_options("permessage-deflate;client_no_context_takeover ; server_max_window_bits=9",
		      HTTP_REQUEST, true, false);
	check_options("x-webkit-deflate-frame", HTTP_REQUEST, false, false);
}

static void test_guess(void **state)
{
	static const struct ws_options client = {.is_masked = true, .is_deflate = true};

	assert_int_equal(ws_guess((const u8 *)"", 0, &client), WS_NO);
	assert_int_equal(ws_guess((const u8 *)"\x81", 1, &client), WS_NO);
	assert_int_equal(ws_guess((const u8 *)"\x81\x81\0\0\0\0{", 7, &client), WS_JSON);
	assert_int_equal(ws_guess((const u8 *)"\x81\x81\0\0\0\0x", 7, &client), WS_FRAMES);
	assert_int_equal(ws_guess((const u8 *)"\xc1\x81\0\0\0\0{", 7, &client), WS_FRAMES);
	assert_int_equal(ws_guess((const u8 *)"\x89\x80\0\0\0\0\x81\x81\0\0\0\0{", 13, &client),
			 WS_FRAMES);
	assert_int_equal(ws_guess((const u8 *)"\x81\x82\0\0\0\0x", 7, &client), WS_NO);
	assert_int_equal(ws_guess((const u8 *)"GET / HTTP/1.1\r\n", 16, &client), WS_NO);
	assert_int_equal(ws_guess((const u8 *)"\0\0\x12\x04\0\0\0\0\0", 9, &client), WS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_deflate),
		cmocka_unit_test(test_stream_end),
		cmocka_unit_test(test_no_context),
		cmocka_unit_test(test_inflate_fails),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_bad_heads),
		cmocka_unit_test(test_odd_messages),
		cmocka_unit_test(test_gap_in_payload),
		cmocka_unit_test(test_gap_over_frames),
		cmocka_unit_test(test_gap_and_context),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
