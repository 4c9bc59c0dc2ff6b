/* SPDX-License-Identifier: Apache-2.0 */
/* Content codings: what was flushed comes out, bombs and garbage stop, members follow members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "cuts.h"
#include "http/coding.h"

#define TEXT_A "data: {\"a\":1}\n\n"
#define TEXT_B "data: {\"usage\":{\"output_tokens\":7}}\n\n"

/* TEXT_A, a flush (after BR_FLUSH bytes), TEXT_B */
#define BR_FLUSH 18
static const u8 br_stream[] = {
	0x0b, 0x07, 0x80, 0x64, 0x61, 0x74, 0x61, 0x3a, 0x20, 0x7b, 0x22, 0x61, 0x22, 0x3a,
	0x31, 0x7d, 0x0a, 0x0a, 0x20, 0x01, 0x08, 0x64, 0x61, 0x74, 0x61, 0x3a, 0x20, 0x7b,
	0x22, 0x75, 0x73, 0x61, 0x67, 0x65, 0x22, 0x3a, 0x7b, 0x22, 0x6f, 0x75, 0x74, 0x70,
	0x75, 0x74, 0x5f, 0x74, 0x6f, 0x6b, 0x65, 0x6e, 0x73, 0x22, 0x3a, 0x37, 0x7d, 0x7d,
	0x0a, 0x0a, 0x03,
};

/* 54000 bytes and a flush, no end: more than the decoder gives at once */
#define BR_LONG 54000
static const u8 br_long[] = {
	0x8b, 0x77, 0x69, 0x00, 0x44, 0x17, 0x47, 0x3e, 0xa1, 0x01, 0xf6, 0x43, 0x66, 0xbb,
	0x0b, 0xb0, 0x74, 0x80, 0x97, 0xc3, 0x8a, 0xc1, 0x7a, 0x7a, 0x2d, 0x0d, 0xc0, 0x85,
	0x54, 0xda, 0x5c, 0xa6, 0x0c, 0x50, 0x18,
};

/* 8 MiB of zeros */
static const u8 br_bomb[] = {
	0x9b, 0xff, 0xff, 0x7f, 0x00, 0x24, 0x00, 0xe2, 0xb1, 0x40, 0x72, 0xef, 0xff, 0x00,
};

struct run {
	struct coding *c;
	struct buf out;
	int err;
	const char *why;
	u64 total;
	bool quiet;
};

static void run_out(void *arg, const u8 *p, size_t n)
{
	struct run *r = arg;

	assert_true(n > 0);
	r->total += n;
	if (!r->quiet)
		buf_append(&r->out, p, n);
}

static void run_feed(void *arg, const u8 *p, size_t n)
{
	struct run *r = arg;

	if (!r->err)
		r->err = coding_feed(r->c, p, n, run_out, r, &r->why);
}

static void run_start(struct run *r, enum coding_kind kind)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->out, 64 << 20);
	r->c = coding_new(kind);
	assert_non_null(r->c);
}

static void run_stop(struct run *r)
{
	coding_free(r->c);
	buf_fini(&r->out);
}

static void check(enum coding_kind kind, const void *p, size_t n, const char *want)
{
	for (unsigned int way = 0; way < 2 + CUTS_RANDOM_MIN; way++) {
		struct run r;

		run_start(&r, kind);
		cuts_feed(way, p, n, run_feed, &r);
		assert_int_equal(r.err, 0);
		assert_true(coding_is_complete(r.c));
		assert_int_equal(r.out.n, strlen(want));
		assert_memory_equal(r.out.p, want, strlen(want));
		run_stop(&r);
	}
}

/* bits: 15 zlib, -15 raw, 31 gzip. The text in two halves with a sync flush between; *ret_flush. */
static size_t deflate_text(int bits, const char *a, size_t an, const char *b, size_t bn, u8 *out,
			   size_t room, size_t *ret_flush)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (u8 *)a;
	z.avail_in = (uInt)an;
	z.next_out = out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	*ret_flush = room - z.avail_out;
	z.next_in = (u8 *)b;
	z.avail_in = (uInt)bn;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static size_t deflate_ab(int bits, u8 *out, size_t room, size_t *ret_flush)
{
	return deflate_text(bits, TEXT_A, strlen(TEXT_A), TEXT_B, strlen(TEXT_B), out, room,
			    ret_flush);
}

/* One frame of the text in two halves with a flush between; *ret_flush. */
static size_t zstd_text(int window_log, const char *a, size_t an, const char *b, size_t bn, u8 *out,
			size_t room, size_t *ret_flush)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	ZSTD_outBuffer to = {out, room, 0};
	ZSTD_inBuffer first = {a, an, 0}, second = {b, bn, 0};

	if (window_log)
		ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window_log);
	assert_int_equal(ZSTD_compressStream2(z, &to, &first, ZSTD_e_flush), 0);
	*ret_flush = to.pos;
	assert_int_equal(ZSTD_compressStream2(z, &to, &second, ZSTD_e_end), 0);
	ZSTD_freeCCtx(z);
	return to.pos;
}

static size_t zstd_ab(u8 *out, size_t room, size_t *ret_flush)
{
	return zstd_text(0, TEXT_A, strlen(TEXT_A), TEXT_B, strlen(TEXT_B), out, room, ret_flush);
}

static void test_kinds(void **state)
{
	assert_int_equal(coding_kind_of(STR_NONE), CODING_IDENTITY);
	assert_int_equal(coding_kind_of(STR(" Identity ")), CODING_IDENTITY);
	assert_int_equal(coding_kind_of(STR("GZIP")), CODING_GZIP);
	assert_int_equal(coding_kind_of(STR("x-gzip")), CODING_GZIP);
	assert_int_equal(coding_kind_of(STR("deflate")), CODING_DEFLATE);
	assert_int_equal(coding_kind_of(STR("br")), CODING_BR);
	assert_int_equal(coding_kind_of(STR("zstd")), CODING_ZSTD);
	assert_int_equal(coding_kind_of(STR("zst")), CODING_UNKNOWN);
	assert_int_equal(coding_kind_of(STR("gzip, br")), CODING_UNKNOWN);
}

static void test_round_trips(void **state)
{
	static const struct {
		enum coding_kind kind;
		int bits;
	} rows[] = {{CODING_GZIP, 31}, {CODING_DEFLATE, 15}, {CODING_DEFLATE, -15}};
	u8 out[1024];
	size_t flush;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(rows[i].kind, out, deflate_ab(rows[i].bits, out, sizeof(out), &flush),
		      TEXT_A TEXT_B);
	check(CODING_BR, br_stream, sizeof(br_stream), TEXT_A TEXT_B);
	check(CODING_ZSTD, out, zstd_ab(out, sizeof(out), &flush), TEXT_A TEXT_B);
	check(CODING_IDENTITY, TEXT_A, strlen(TEXT_A), TEXT_A);
}

/* A provider flushes after each event: the event must not wait for the next one. */
static void test_flush_comes_out_at_once(void **state)
{
	static const struct {
		enum coding_kind kind;
		int bits;
	} rows[] = {{CODING_GZIP, 31}, {CODING_DEFLATE, 15}, {CODING_DEFLATE, -15}};
	u8 out[1024];
	size_t flush;
	struct run r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		deflate_ab(rows[i].bits, out, sizeof(out), &flush);
		run_start(&r, rows[i].kind);
		run_feed(&r, out, flush);
		assert_int_equal(r.out.n, strlen(TEXT_A));
		assert_false(coding_is_complete(r.c));
		run_stop(&r);
	}
	zstd_ab(out, sizeof(out), &flush);
	run_start(&r, CODING_ZSTD);
	run_feed(&r, out, flush);
	assert_int_equal(r.out.n, strlen(TEXT_A));
	assert_false(coding_is_complete(r.c));
	run_stop(&r);
	run_start(&r, CODING_BR);
	run_feed(&r, br_stream, BR_FLUSH);
	assert_int_equal(r.out.n, strlen(TEXT_A));
	assert_false(coding_is_complete(r.c));
	run_stop(&r);
}

static void test_members_and_padding(void **state)
{
	u8 out[2048];
	size_t flush, n = deflate_ab(31, out, 1024, &flush);

	memset(out + n, 0, 7);			/* padding */
	n += 7;
	n += deflate_ab(31, out + n, 1000, &flush);
	memcpy(out + n, "junk", 4);
	check(CODING_GZIP, out, n + 4, TEXT_A TEXT_B TEXT_A TEXT_B);
}

/* Frames, and between them one to skip. */
static void test_zstd_frames(void **state)
{
	static const u8 skip[] = {0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
	u8 out[2048];
	size_t flush, n = zstd_ab(out, 1000, &flush);

	memcpy(out + n, skip, sizeof(skip));
	n += sizeof(skip);
	n += zstd_ab(out + n, 1000, &flush);
	check(CODING_ZSTD, out, n, TEXT_A TEXT_B TEXT_A TEXT_B);
}

static void test_larger_than_the_buffer(void **state)
{
	size_t n = 300000;
	char *text = malloc(n + 1);
	u8 *out = malloc(n + 1000);
	size_t flush;

	for (size_t i = 0; i < n; i++)
		text[i] = (char)('a' + (i * i >> 7) % 26);
	text[n] = '\0';

	struct run r;

	for (unsigned int way = 0; way < 8; way++) {
		size_t coded = (way & 4 ? zstd_text(0, text, n / 2, text + n / 2, n - n / 2, out,
						    n + 1000, &flush) :
					  deflate_text(31, text, n / 2, text + n / 2, n - n / 2,
						       out, n + 1000, &flush));

		run_start(&r, way & 4 ? CODING_ZSTD : CODING_GZIP);
		cuts_feed((way & 3) == 1 ? 7 : way & 3, out, coded, run_feed, &r);
		assert_int_equal(r.out.n, n);
		assert_memory_equal(r.out.p, text, n);
		run_stop(&r);
	}
	free(text);
	free(out);
}

static void test_broken(void **state)
{
	static const enum coding_kind kinds[] = {CODING_GZIP, CODING_DEFLATE, CODING_BR,
						 CODING_ZSTD, CODING_UNKNOWN};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		for (unsigned int way = 0; way < 2 + CUTS_RANDOM_MIN; way++) {
			struct run r;

			run_start(&r, kinds[i]);
			cuts_feed(way, "{\"not\": \"compressed, and long enough to tell\"}", 46,
				  run_feed, &r);
			/* without a magic number, text may by chance be a raw block */
			assert_true(!r.err == !r.why);
			assert_true(r.err < 0 || kinds[i] == CODING_DEFLATE ||
				    kinds[i] == CODING_BR);
			run_stop(&r);
		}
}

/* Every bit flip either fails or yields something; it never runs away. */
static void test_bit_flips(void **state)
{
	u8 out[1024];
	size_t flush, n = deflate_ab(31, out, sizeof(out), &flush);
	struct run r;

	for (size_t bit = 0; bit < n * 8; bit++) {
		out[bit / 8] ^= (u8)(1 << bit % 8);
		run_start(&r, CODING_GZIP);
		cuts_feed(0, out, n, run_feed, &r);
		assert_true(r.total < 1 << 20);
		run_stop(&r);
		out[bit / 8] ^= (u8)(1 << bit % 8);
	}
}

static void test_bombs(void **state)
{
	size_t zeros = 64 << 20, n, flush;
	char *text = calloc(1, zeros);
	u8 *out = malloc(1 << 20);
	struct run r;

	/* gzip's own best is 1,032 : 1, just over the limit */
	n = deflate_text(31, text, zeros / 2, text, zeros / 2, out, 1 << 20, &flush);
	run_start(&r, CODING_GZIP);
	r.quiet = true;
	run_feed(&r, out, n);
	assert_true(r.err < 0);
	assert_true(r.total <= n * HTTP_RATIO_MAX + (2 << 20) && r.total < zeros);
	run_stop(&r);
	n = zstd_text(0, text, zeros / 2, text, zeros / 2, out, 1 << 20, &flush);
	run_start(&r, CODING_ZSTD);
	r.quiet = true;
	run_feed(&r, out, n);
	assert_true(r.err < 0);
	assert_string_equal(r.why, "decoded body out of proportion");
	run_stop(&r);
	run_start(&r, CODING_BR);
	r.quiet = true;
	run_feed(&r, br_bomb, sizeof(br_bomb));
	assert_true(r.err < 0);
	assert_string_equal(r.why, "decoded body out of proportion");
	assert_true(r.total < 2 << 20);
	run_stop(&r);
	free(text);
	free(out);
}

/* A window larger than anybody needs: refused by the memory cap, or held within it. */
static void test_large_window(void **state)
{
	static const u8 largest[] = {0x0f, 0x00, 0x00, 0x00, 0x00};	/* WBITS 24 */
	struct run r;

	run_start(&r, CODING_BR);
	run_feed(&r, largest, sizeof(largest));
	run_stop(&r);
	for (int log = HTTP_ZSTD_WINDOW_LOG_MAX; log <= HTTP_ZSTD_WINDOW_LOG_MAX + 1; log++) {
		u8 out[1024];
		size_t flush, n = zstd_text(log, TEXT_A, strlen(TEXT_A), TEXT_B, strlen(TEXT_B),
					    out, sizeof(out), &flush);

		run_start(&r, CODING_ZSTD);
		run_feed(&r, out, n);
		assert_int_equal(r.err < 0, log > HTTP_ZSTD_WINDOW_LOG_MAX);
		run_stop(&r);
	}
}

/* A client may leave before the end: what was flushed must have come out by then. */
static void test_flushed_means_out(void **state)
{
	struct run r;

	(void)state;
	run_start(&r, CODING_BR);
	r.quiet = true;
	run_feed(&r, br_long, sizeof(br_long));
	assert_int_equal(r.err, 0);
	assert_int_equal(r.total, BR_LONG);
	run_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flushed_means_out),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_flush_comes_out_at_once),
		cmocka_unit_test(test_members_and_padding),
		cmocka_unit_test(test_zstd_frames),
		cmocka_unit_test(test_larger_than_the_buffer),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_large_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
