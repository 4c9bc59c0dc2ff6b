/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content codings through zlib, brotli and zstd, one decoder per body, made when its first byte
 * comes.
 *
 * Measured on real traffic: a compressed event stream is one gzip member with a sync flush per
 * event, so output must leave with the bytes that complete it.
 */
#include "http/coding.h"

#include <brotli/decode.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/limits.h"

#define CODING_OUT_BYTES 16384

struct coding {
	enum coding_kind kind;
	bool is_inflating;		/* z is set up */
	bool is_complete;		/* between members, or over */
	bool has_first;			/* of a deflate body, before it is known which */
	u8 first;
	u64 in, out;
	size_t brotli_bytes;		/* memory the decoder holds */
	z_stream z;
	BrotliDecoderState *br;
	ZSTD_DCtx *zstd;
};

enum coding_kind coding_kind_of(struct str value)
{
	value = str_trim(value);
	if (str_is_empty(value) || str_eq_nocase(value, STR("identity")))
		return CODING_IDENTITY;
	if (str_eq_nocase(value, STR("gzip")) || str_eq_nocase(value, STR("x-gzip")))
		return CODING_GZIP;
	if (str_eq_nocase(value, STR("deflate")))
		return CODING_DEFLATE;
	if (str_eq_nocase(value, STR("br")))
		return CODING_BR;
	if (str_eq_nocase(value, STR("zstd")))
		return CODING_ZSTD;
	return CODING_UNKNOWN;
}

/* Brotli's window is the sender's choice: each block carries its size, the sum is bounded. */
static void *coding_brotli_alloc(void *opaque, size_t size)
{
	struct coding *c = opaque;
	size_t *block;

	if (size > HTTP_BROTLI_MEMORY_MAX - c->brotli_bytes)
		return NULL;
	block = malloc(size + 16);
	if (!block)
		return NULL;
	c->brotli_bytes += size;
	*block = size;
	return (char *)block + 16;
}

static void coding_brotli_free(void *opaque, void *p)
{
	struct coding *c = opaque;

	if (!p)
		return;

	size_t *block = (void *)((char *)p - 16);

	c->brotli_bytes -= *block;
	free(block);
}

/* A window is the sender's choice too, within what the coding's own rules let it ask for. */
static ZSTD_DCtx *coding_zstd_new(void)
{
	ZSTD_DCtx *zstd = ZSTD_createDCtx();

	if (zstd && ZSTD_isError(ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax,
							HTTP_ZSTD_WINDOW_LOG_MAX))) {
		ZSTD_freeDCtx(zstd);
		return NULL;
	}
	return zstd;
}

struct coding *coding_new(enum coding_kind kind)
{
	struct coding *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->kind = kind;
	if (kind == CODING_BR)
		c->br = BrotliDecoderCreateInstance(coding_brotli_alloc, coding_brotli_free, c);
	if (kind == CODING_ZSTD)
		c->zstd = coding_zstd_new();
	/* 16 + : gzip only; deflate waits for its first two bytes */
	if (kind == CODING_GZIP)
		c->is_inflating = inflateInit2(&c->z, 16 + MAX_WBITS) == Z_OK;
	if ((kind == CODING_BR && !c->br) || (kind == CODING_ZSTD && !c->zstd) ||
	    (kind == CODING_GZIP && !c->is_inflating)) {
		coding_free(c);
		return NULL;
	}
	return c;
}

void coding_free(struct coding *c)
{
	if (!c)
		return;
	if (c->is_inflating)
		inflateEnd(&c->z);
	if (c->br)
		BrotliDecoderDestroyInstance(c->br);
	ZSTD_freeDCtx(c->zstd);
	free(c);
}

bool coding_is_complete(const struct coding *c)
{
	return c->is_complete;
}

static int coding_fail(int err, const char *why, const char **ret_why)
{
	*ret_why = why;
	return err;
}

static int coding_emit(struct coding *c, const u8 *p, size_t n, coding_out_fn out, void *arg,
		       const char **ret_why)
{
	c->out += n;
	if (c->out > HTTP_DECODED_MAX)
		return coding_fail(-EFBIG, "decoded body too large", ret_why);
	if (c->out > HTTP_RATIO_FREE && c->out / HTTP_RATIO_MAX > c->in)
		return coding_fail(-EFBIG, "decoded body out of proportion", ret_why);
	if (n)
		out(arg, p, n);
	return 0;
}

/* Behind a gzip member: another one, or padding that means nothing. */
static bool coding_next_member(struct coding *c)
{
	while (c->z.avail_in && *c->z.next_in == 0) {
		c->z.next_in++;
		c->z.avail_in--;
	}
	if (!c->z.avail_in || c->kind != CODING_GZIP || *c->z.next_in != 0x1f)
		return false;
	c->is_complete = false;
	return inflateReset(&c->z) == Z_OK;
}

static int coding_inflate(struct coding *c, const u8 *p, size_t n, coding_out_fn out, void *arg,
			  const char **ret_why)
{
	u8 buf[CODING_OUT_BYTES];

	c->z.next_in = (u8 *)p;
	c->z.avail_in = (uInt)n;
	for (;;) {
		if (c->is_complete && !coding_next_member(c))
			return 0;
		c->z.next_out = buf;
		c->z.avail_out = sizeof(buf);

		int z = inflate(&c->z, Z_SYNC_FLUSH);
		int err = coding_emit(c, buf, sizeof(buf) - c->z.avail_out, out, arg, ret_why);

		if (err)
			return err;
		c->is_complete = z == Z_STREAM_END;
		if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR)
			return coding_fail(-EPROTO, "bad compressed data", ret_why);
		if (z == Z_BUF_ERROR ||
		    (z == Z_OK && c->z.avail_in == 0 && c->z.avail_out != 0))
			return 0;
	}
}

/* "deflate" is zlib by the book and raw in some servers: the first two bytes tell. */
static int coding_deflate(struct coding *c, const u8 *p, size_t n, coding_out_fn out, void *arg,
			  const char **ret_why)
{
	if (c->is_inflating)
		return coding_inflate(c, p, n, out, arg, ret_why);
	if (!c->has_first) {
		c->has_first = true;
		c->first = *p++;
		n--;
	}
	if (n == 0)
		return 0;

	bool is_zlib = (c->first & 0x0f) == 8 && (c->first << 8 | *p) % 31 == 0;

	c->is_inflating = inflateInit2(&c->z, is_zlib ? MAX_WBITS : -MAX_WBITS) == Z_OK;
	if (!c->is_inflating)
		return coding_fail(-ENOMEM, "memory is out", ret_why);

	int err = coding_inflate(c, &c->first, 1, out, arg, ret_why);

	return err ? err : coding_inflate(c, p, n, out, arg, ret_why);
}

static int coding_brotli(struct coding *c, const u8 *p, size_t n, coding_out_fn out, void *arg,
			 const char **ret_why)
{
	BrotliDecoderResult r = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;

	/* It may ask for input while output waits that did not fit; a client may leave by then. */
	while (!c->is_complete && (r == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT ||
				   BrotliDecoderHasMoreOutput(c->br))) {
		u8 buf[CODING_OUT_BYTES], *next = buf;
		size_t room = sizeof(buf);

		r = BrotliDecoderDecompressStream(c->br, &n, &p, &room, &next, NULL);
		c->is_complete = r == BROTLI_DECODER_RESULT_SUCCESS;

		int err = coding_emit(c, buf, sizeof(buf) - room, out, arg, ret_why);

		if (err)
			return err;
		if (r == BROTLI_DECODER_RESULT_ERROR)
			return coding_fail(-EPROTO, "bad compressed data", ret_why);
	}
	return 0;
}

/* Frames follow frames; a flushed block comes out while its frame goes on. */
static int coding_zstd(struct coding *c, const u8 *p, size_t n, coding_out_fn out, void *arg,
		       const char **ret_why)
{
	ZSTD_inBuffer in = {p, n, 0};
	ZSTD_outBuffer room;
	u8 buf[CODING_OUT_BYTES];

	do {
		room = (ZSTD_outBuffer){buf, sizeof(buf), 0};

		size_t left = ZSTD_decompressStream(c->zstd, &room, &in);
		int err = coding_emit(c, buf, room.pos, out, arg, ret_why);

		if (err)
			return err;
		if (ZSTD_isError(left))
			return coding_fail(-EPROTO, "bad compressed data", ret_why);
		c->is_complete = left == 0;
	} while (in.pos < in.size || room.pos == room.size);
	return 0;
}

int coding_feed(struct coding *c, const u8 *p, size_t n, coding_out_fn out, void *arg,
		const char **ret_why)
{
	if (n == 0)
		return 0;
	c->in += n;
	switch (c->kind) {
	case CODING_GZIP:
		return coding_inflate(c, p, n, out, arg, ret_why);
	case CODING_DEFLATE:
		return coding_deflate(c, p, n, out, arg, ret_why);
	case CODING_BR:
		return coding_brotli(c, p, n, out, arg, ret_why);
	case CODING_ZSTD:
		return coding_zstd(c, p, n, out, arg, ret_why);
	case CODING_IDENTITY:
		c->is_complete = true;
		return coding_emit(c, p, n, out, arg, ret_why);
	default:
		return coding_fail(-EPROTO, "unknown content coding", ret_why);
	}
}
