/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC messages: plain, compressed, trailers, nonsense, losses. */
#include "unit.h"

#include <zlib.h>

#include "base/buf.h"
#include "base/stats.h"
#include "http/units_text.h"

#define MESSAGE(flag, n) flag "\0\0\0" n

static void check_as(const char *encoding, struct str before, char gap, struct str after,
		     const char *want)
{
	const struct units_body body = {
		.framing = FRAMING_GRPC,
		.label = {.is_response = true, .grpc_encoding = str_of(encoding)},
		.before = before,
		.gap = gap,
		.after = after,
	};

	units_check(&body, want);
}

static void test_plain(void **state)
{
	check_as(NULL, STR(""), 0, STR(MESSAGE("\0", "\3") "abc" MESSAGE("\0", "\1") "d"),
		 "[ abc][ d]");
	check_as(NULL, STR(""), 0, STR(MESSAGE("\0", "\0") MESSAGE("\0", "\1") "d"), "[ ][ d]");
	check_as("identity", STR(""), 0, STR(MESSAGE("\0", "\3") "ab"), "[ ab}");
	check_as(NULL, STR(""), 0, STR("\0\0"), "");
	check_as(NULL, STR(""), 0, STR(""), "");
}

/* 31: gzip; 15: zlib */
static void put_compressed(struct buf *b, int window, const char *text)
{
	u8 out[256];
	z_stream z = {.next_in = (u8 *)text, .avail_in = (uInt)strlen(text), .next_out = out,
		      .avail_out = sizeof(out)};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);

	const u8 prefix[5] = {1, 0, 0, 0, (u8)z.total_out};

	buf_append(b, prefix, 5);
	buf_append(b, out, z.total_out);
}

static void test_compressed(void **state)
{
	struct buf b;

	buf_init(&b, 4096);
	put_compressed(&b, 31, "hello");
	put_compressed(&b, 31, "world");
	buf_append(&b, MESSAGE("\0", "\1") "x", 6);
	put_compressed(&b, 31, "");
	put_compressed(&b, 31, "again");
	check_as("gzip", STR(""), 0, buf_str(&b), "[ hello][ world][ x][ ][ again]");
	buf_clear(&b);
	put_compressed(&b, 15, "hello");
	put_compressed(&b, 15, "world");
	check_as("deflate", STR(""), 0, buf_str(&b), "[ hello][ world]");
	buf_fini(&b);
}

static void test_undecoded(void **state)
{
	struct buf b;
	u64 before = stats_get(STAT_HTTP_GRPC_UNDECODED);

	check_as("snappy", STR(""), 0, STR(MESSAGE("\1", "\3") "abc" MESSAGE("\0", "\1") "d"),
		 "[ }[ d]");
	check_as(NULL, STR(""), 0, STR(MESSAGE("\1", "\3") "abc" MESSAGE("\0", "\1") "d"),
		 "[ }[ d]");
	/* broken, and one that stops short of its end; the next starts anew */
	buf_init(&b, 4096);
	buf_append(&b, MESSAGE("\1", "\3") "abc", 8);
	put_compressed(&b, 31, "hello");
	buf_append(&b, MESSAGE("\1", "\3") "\x1f\x8b\x08", 8);
	put_compressed(&b, 31, "world");
	check_as("gzip", STR(""), 0, buf_str(&b), "[ }[ hello][ }[ world]");
	buf_fini(&b);
	assert_true(stats_get(STAT_HTTP_GRPC_UNDECODED) > before);
}

static void test_trailers(void **state)
{
	check_as(NULL, STR(""), 0,
		 STR(MESSAGE("\0", "\1") "a" MESSAGE("\x80", "\x0d") "grpc-status:0"), "[ a]");
	check_as("gzip", STR(""), 0, STR(MESSAGE("\x81", "\2") "zz" MESSAGE("\0", "\1") "a"),
		 "[ a]");
}

static void test_nonsense(void **state)
{
	u64 before = stats_get(STAT_HTTP_GRPC_BAD);

	check_as(NULL, STR(""), 0, STR("{\"error\":1}"), "");
	check_as(NULL, STR(""), 0, STR("\0\xff\0\0\0abc"), "");
	assert_true(stats_get(STAT_HTTP_GRPC_BAD) > before);
}

static void test_gap(void **state)
{
	check_as(NULL, STR(MESSAGE("\0", "\3") "a"), 'l', STR("c" MESSAGE("\0", "\1") "d"), "[ a}");
	check_as(NULL, STR(MESSAGE("\0", "\1") "a"), 'p', STR(MESSAGE("\0", "\1") "d"), "[ a]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	  cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_undecoded), cmocka_unit_test(test_trailers),
		cmocka_unit_test(test_nonsense),  cmocka_unit_test(test_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
