/* SPDX-License-Identifier: Apache-2.0 */
/* Header blocks: as nghttp2's session reads them; unknown, never wrong, where some were missed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "cuts.h"
#include "hpack_session.h"

/* Names and values from small sets, so that the table is used; some new ones each time. */
static size_t random_block(struct cuts_rng *rng, nghttp2_hd_deflater *d, u8 *out, size_t room)
{
	static char texts[16][2][64];
	nghttp2_nv nv[16];
	size_t n = cuts_random(rng) % 16;

	for (size_t i = 0; i < n; i++) {
		unsigned int name = cuts_random(rng) % 12, value = cuts_random(rng) % 40;

		snprintf(texts[i][0], 64, "x-name-%u", name);
		snprintf(texts[i][1], 64, "value %u of %u", value, name * name);
		nv[i] = (nghttp2_nv){(u8 *)texts[i][0], (u8 *)texts[i][1], strlen(texts[i][0]),
				     strlen(texts[i][1]),
				     (u8)(cuts_random(rng) % 8 ? 0 : NGHTTP2_NV_FLAG_NO_INDEX)};
	}

	ssize_t len = nghttp2_hd_deflate_hd(d, out, room, nv, n);

	assert_true(len >= 0);
	return (size_t)len;
}

/* table: what the encoder may use; sizes change on the way, up and down. */
static void play(u64 seed, size_t table, bool changes, u64 *ret_unknown, u64 *ret_known)
{
	struct cuts_rng rng = cuts_start((unsigned int)seed + 2);
	struct hpack_session both;
	nghttp2_hd_deflater *d;
	u8 block[4096];

	assert_int_equal(nghttp2_hd_deflate_new(&d, table), 0);
	if (table != 4096)
		nghttp2_hd_deflate_change_table_size(d, table);
	hpack_session_init(&both);
	for (int i = 0; i < 200; i++) {
		size_t n = random_block(&rng, d, block, sizeof(block));

		assert_true(hpack_session_block(&both, block, n));
		if (changes && i % 20 == 19)
			nghttp2_hd_deflate_change_table_size(d, cuts_random(&rng) % (table + 1));
	}
	*ret_unknown += both.unknown_cnt;
	*ret_known += both.known_cnt;
	nghttp2_hd_deflate_del(d);
	hpack_session_fini(&both);
}

static void test_as_the_session_reads(void **state)
{
	static const size_t tables[] = {0, 256, 4096, 65536};
	u64 unknown = 0, known = 0;

	for (u64 seed = 0; seed < 40; seed++)
		play(seed, tables[seed % 4], seed & 4, &unknown, &known);
	print_message("%llu fields known, %llu unknown\n", (unsigned long long)known,
		      (unsigned long long)unknown);
	assert_true(unknown > 0 && known > unknown);
}

static void keep(void *arg, struct str name, struct str value)
{
	buf_append_str(arg, name);
	buf_append_char(arg, ':');
	buf_append_str(arg, value);
	buf_append_char(arg, '\n');
}

struct run {
	struct hpack h;
	struct buf text;
	size_t left;
	int err;
};

static void run_feed(void *arg, const u8 *p, size_t n)
{
	struct run *r = arg;

	r->left -= n;
	if (!r->err)
		r->err = hpack_feed(&r->h, p, n, r->left == 0, keep, &r->text);
}

/* RFC 7541 C.4.1 and C.4.2: Huffman, static and dynamic entries; cut anywhere. */
static void test_cut_anywhere(void **state)
{
	static const u8 first[] = {0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5,
				   0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff};
	static const u8 second[] = {0x82, 0x86, 0x84, 0xbe, 0x58, 0x86,
				    0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf};

	for (unsigned int way = 0; way < 2 + CUTS_RANDOM_MIN; way++) {
		struct run r = {.left = sizeof(first)};

		buf_init(&r.text, 4096);
		cuts_feed(way, first, sizeof(first), run_feed, &r);
		r.left = sizeof(second);
		cuts_feed(way, second, sizeof(second), run_feed, &r);
		buf_append_char(&r.text, '\0');
		assert_int_equal(r.err, 0);
		assert_string_equal(r.text.p,
			":method:GET\n:scheme:http\n:path:/\n:authority:www.example.com\n"
			":method:GET\n:scheme:http\n:path:/\n:authority:www.example.com\n"
			"cache-control:no-cache\n");
		hpack_fini(&r.h);
		buf_fini(&r.text);
	}
}

/* After too many failures none is tried any more; nothing leaks, nothing crashes. */
static void test_broken(void **state)
{
	struct buf text;
	struct hpack h = {.is_lost = false};

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 50; i++)
		assert_true(hpack_feed(&h, (const u8 *)"\xff\xff\xff\xff\xff\x7f", 6, true, keep,
				       &text) < 0);
	assert_true(h.failed_cnt == HPACK_FAILED_MAX + 1 && !h.inflater);
	assert_true(hpack_feed(&h, (const u8 *)"\x82", 1, true, keep, &text) < 0);
	assert_int_equal(text.n, 0);
	hpack_fini(&h);
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_the_session_reads),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
