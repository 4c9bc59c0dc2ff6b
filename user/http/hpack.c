/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HPACK (RFC 7541). Why placeholders of the smallest size line up: the sender's table of T bytes
 * holds at most T / 32 entries, ours then holds T / 32 of 32 bytes each. New entries push both from
 * the same end, and ours can only keep an old one longer than the sender, never less long; so each
 * index the sender may use stands for the same entry here, known or not. nghttp2 1.52, measured: an
 * empty inflater takes 1.3 KiB, its table up to 4 KiB more.
 */
#include "http/hpack.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#include "base/limits.h"

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
}

/* One instruction of a block of our own; 0 or a negative number. */
static int hpack_say(struct hpack *h, const u8 *p, size_t n, bool is_end)
{
	while (n || is_end) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t taken = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags, p, n, is_end);

		if (taken < 0)
			return -ENOMEM;
		p += taken;
		n -= (size_t)taken;
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			return nghttp2_hd_inflate_end_headers(h->inflater);
		if (!n && !(flags & NGHTTP2_HD_INFLATE_EMIT))
			return 0;
	}
	return 0;
}

/* Literals with incremental indexing: no name, no value; the second shares the first one's name. */
static int hpack_fill(struct hpack *h)
{
	static const u8 larger[] = {0x3f, 0xe1, 0xff, 0x03};	/* table size 65536 */
	static const u8 first[] = {0x40, 0x00, 0x00}, next[] = {0x7e, 0x00};
	size_t bytes = h->is_large ? HPACK_TABLE_MAX : HPACK_TABLE_DEFAULT;
	int err = h->is_large ? hpack_say(h, larger, sizeof(larger), false) : 0;

	_Static_assert(HPACK_TABLE_MAX == 65536, "what larger says");
	if (!err)
		err = hpack_say(h, first, sizeof(first), false);
	for (size_t i = 1; i < bytes / HPACK_ENTRY_BYTES && !err; i++)
		err = hpack_say(h, next, sizeof(next), false);
	return err ? err : hpack_say(h, next, 0, true);
}

static int hpack_start(struct hpack *h)
{
	if (h->failed_cnt > HPACK_FAILED_MAX)
		return -EPROTO;
	if (nghttp2_hd_inflate_new2(&h->inflater, &hpack_mem))
		h->inflater = NULL;
	if (!h->inflater ||
	    nghttp2_hd_inflate_change_table_size(h->inflater, HPACK_TABLE_MAX) ||
	    (h->is_lost && hpack_fill(h))) {
		hpack_fini(h);
		return -ENOMEM;
	}
	return 0;
}

/* A block that was wrong, or whose table is larger than was thought. */
static int hpack_fail(struct hpack *h, int err)
{
	h->is_large = h->is_lost;
	h->failed_cnt++;
	hpack_lose(h);
	return err;
}

int hpack_feed(struct hpack *h, const u8 *p, size_t n, bool is_end, hpack_field_fn field,
	       void *arg)
{
	int err = h->inflater ? 0 : hpack_start(h);

	if (err) {
		h->is_lost = true;
		return err;
	}
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t taken = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags, p, n, is_end);

		if (taken < 0)
			return hpack_fail(h, taken == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO);
		p += taken;
		n -= (size_t)taken;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			field(arg, (struct str){(const char *)nv.name, nv.namelen},
			      (struct str){(const char *)nv.value, nv.valuelen});
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			return nghttp2_hd_inflate_end_headers(h->inflater);
		if (!n && !is_end && !(flags & NGHTTP2_HD_INFLATE_EMIT))
			return 0;
	}
}
