/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HPACK (RFC 7541). What was lost of a table are its oldest entries, and whether an entry is still
 * there depends on newer ones alone; so those that were seen stand at the same index here as at the
 * sender, and an index behind them is of one that was lost. The inflater would refuse it: behind a
 * loss the instructions are looked at one by one on their way to it, and a lost name is replaced by
 * an empty one.
 *
 *	OPCODE --> INDEX --+--lost entry, or nothing more--> OPCODE
 *	                   +--> LENGTH --> TEXT (name) --> LENGTH --> TEXT (value) --> OPCODE
 *
 * nghttp2 1.52, measured: an empty inflater takes 1.3 KiB, its table up to 4 KiB more.
 */
#include "http/hpack.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#include "base/limits.h"

#define HPACK_STATIC 61
#define HPACK_ENTRY_BYTES 32		/* what RFC 7541 4.1 adds to name and value */
#define HPACK_TABLE_DEFAULT 4096

/* Through our own allocator, so that tests can count and fail it. */
static void *hpack_malloc(size_t n, void *arg)
{
	return malloc(n);
}

static void hpack_free(void *p, void *arg)
{
	free(p);
}

static void *hpack_calloc(size_t n, size_t size, void *arg)
{
	return calloc(n, size);
}

static void *hpack_realloc(void *p, size_t n, void *arg)
{
	return realloc(p, n);
}

static nghttp2_mem hpack_mem = {NULL, hpack_malloc, hpack_free, hpack_calloc, hpack_realloc};

void hpack_fini(struct hpack *h)
{
	if (h->inflater)
		nghttp2_hd_inflate_del(h->inflater);
	h->inflater = NULL;
}

void hpack_lose(struct hpack *h)
{
	hpack_fini(h);
	h->is_lost = true;
	h->cut = (struct hpack_cut){.at = HPACK_OPCODE};
}

static int hpack_start(struct hpack *h)
{
	if (h->failed_cnt > HPACK_FAILED_MAX)
		return -EPROTO;
	if (nghttp2_hd_inflate_new2(&h->inflater, &hpack_mem))
		h->inflater = NULL;
	if (!h->inflater || nghttp2_hd_inflate_change_table_size(h->inflater, HPACK_TABLE_MAX)) {
		hpack_fini(h);
		return -ENOMEM;
	}
	return 0;
}

struct hpack_to {
	hpack_field_fn field;
	void *arg;
};

/* 0, or a negative number: the inflater is of no more use */
static int hpack_inflate(struct hpack *h, const u8 *p, size_t n, bool is_end,
			 const struct hpack_to *to)
{
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t taken = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags, p, n, is_end);

		if (taken < 0)
			return taken == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO;
		p += taken;
		n -= (size_t)taken;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			to->field(to->arg, (struct str){(const char *)nv.name, nv.namelen},
				  (struct str){(const char *)nv.value, nv.valuelen});
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			return nghttp2_hd_inflate_end_headers(h->inflater);
		if (!n && !is_end && !(flags & NGHTTP2_HD_INFLATE_EMIT))
			return 0;
	}
}

/* --- behind a loss --- */

static u8 hpack_bits(u8 opcode)
{
	return opcode & 0x80 ? 7 : opcode & 0x40 ? 6 : opcode & 0x20 ? 5 : 4;
}

/* One more byte of a number; whether it was the last. */
static bool hpack_number_add(struct hpack_cut *c, u8 byte)
{
	u8 most = (u8)((1u << c->bits) - 1);

	c->raw[c->raw_n++] = byte;
	return c->raw_n == 1 ? (byte & most) != most : !(byte & 0x80);
}

static u64 hpack_number(const struct hpack_cut *c)
{
	u64 number = c->raw[0] & ((1u << c->bits) - 1);

	for (u8 i = 1; i < c->raw_n; i++)
		number += (u64)(c->raw[i] & 0x7f) << 7 * (i - 1);
	return number;
}

/* The instruction's first number is there; texts: of name and value, how many follow. */
static int hpack_opcode(struct hpack *h, const struct hpack_to *to)
{
	struct hpack_cut *c = &h->cut;
	bool is_size = c->bits == 5, is_indexed = c->bits == 7;
	u64 index = is_size ? 0 : hpack_number(c);

	if (index > HPACK_STATIC + HPACK_TABLE_MAX / HPACK_ENTRY_BYTES)
		return -EPROTO;
	h->is_large |= index > HPACK_STATIC + HPACK_TABLE_DEFAULT / HPACK_ENTRY_BYTES;
	c->texts = is_size || is_indexed ? 0 : index ? 1 : 2;
	c->at = c->texts ? HPACK_LENGTH : HPACK_OPCODE;
	if (index <= nghttp2_hd_inflate_get_num_table_entries(h->inflater))
		return hpack_inflate(h, c->raw, c->raw_n, false, to);
	if (is_indexed) {
		to->field(to->arg, STR(""), STR(""));
		return 0;
	}
	c->raw[0] &= (u8)~((1u << c->bits) - 1);	/* a new name, of no length */
	c->raw[1] = 0;
	return hpack_inflate(h, c->raw, 2, false, to);
}

static int hpack_length(struct hpack *h, const struct hpack_to *to)
{
	struct hpack_cut *c = &h->cut;

	c->left = hpack_number(c);
	c->at = HPACK_TEXT;
	return hpack_inflate(h, c->raw, c->raw_n, false, to);
}

static void hpack_text_over(struct hpack_cut *c)
{
	if (c->at == HPACK_TEXT && !c->left)
		c->at = --c->texts ? HPACK_LENGTH : HPACK_OPCODE;
	if (c->at == HPACK_OPCODE || c->at == HPACK_LENGTH)
		c->raw_n = 0;
}

/* Takes one byte of a number, or what there is of a text. */
static int hpack_step(struct hpack *h, const u8 *p, size_t n, size_t *ret_taken,
		      const struct hpack_to *to)
{
	struct hpack_cut *c = &h->cut;
	int err = 0;

	*ret_taken = 1;
	if (c->at == HPACK_TEXT) {
		*ret_taken = n < c->left ? n : (size_t)c->left;
		c->left -= *ret_taken;
		err = hpack_inflate(h, p, *ret_taken, false, to);
	} else {
		bool is_text = c->at == HPACK_LENGTH;

		if (c->raw_n == sizeof(c->raw))
			return -EPROTO;
		if (!c->raw_n)
			c->bits = is_text ? 7 : hpack_bits(*p);
		if (!hpack_number_add(c, *p))
			return 0;
		err = is_text ? hpack_length(h, to) : hpack_opcode(h, to);
	}
	hpack_text_over(c);
	return err;
}

/* An entry was named that no table of the usual size has: room for as many from here on. */
static int hpack_enlarge(struct hpack *h, const struct hpack_to *to)
{
	static const u8 larger[] = {0x3f, 0xe1, 0xff, 0x03};	/* table size 65536 */

	_Static_assert(HPACK_TABLE_MAX == 65536, "what larger says");
	if (!h->is_large || nghttp2_hd_inflate_get_max_dynamic_table_size(h->inflater) ==
			    HPACK_TABLE_MAX)
		return 0;
	return hpack_inflate(h, larger, sizeof(larger), false, to);
}

static int hpack_feed_lost(struct hpack *h, const u8 *p, size_t n, bool is_end,
			   const struct hpack_to *to)
{
	int err = h->cut.is_begun ? 0 : hpack_enlarge(h, to);

	h->cut.is_begun = !is_end;
	while (n && !err) {
		size_t taken;

		err = hpack_step(h, p, n, &taken, to);
		p += taken;
		n -= taken;
	}
	if (err || !is_end)
		return err;
	if (h->cut.at != HPACK_OPCODE || h->cut.raw_n)
		return -EPROTO;
	return hpack_inflate(h, p, 0, true, to);
}

int hpack_feed(struct hpack *h, const u8 *p, size_t n, bool is_end, hpack_field_fn field,
	       void *arg)
{
	const struct hpack_to to = {field, arg};
	int err = h->inflater ? 0 : hpack_start(h);

	if (err) {
		h->is_lost = true;
		return err;
	}
	err = h->is_lost ? hpack_feed_lost(h, p, n, is_end, &to) :
			   hpack_inflate(h, p, n, is_end, &to);
	if (err) {
		h->failed_cnt++;
		hpack_lose(h);
	}
	return err;
}
