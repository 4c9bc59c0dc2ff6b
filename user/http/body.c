/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfer framing. A chunked body:
 *
 *	SIZE --';'--> EXTENSION --LF--+            1a3;ext=1\r\n
 *	  |                           |            <0x1a3 bytes>\r\n
 *	  +------------LF-------------+            0\r\n
 *	  ^                           v            Trailer: x\r\n
 *	DATA_END <-- left == 0 -- DATA (size > 0)  \r\n
 *	                          TRAILER (size 0) --blank line--> is_done
 */
#include "http/body.h"

#include <string.h>

enum body_state {
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_DATA,
	CHUNK_DATA_END,		/* CR LF behind the data */
	CHUNK_TRAILER,		/* at the start of a trailer line */
	CHUNK_TRAILER_LINE,
};

#define CHUNK_DIGITS_MAX 15

void body_init(struct body *b, enum body_kind kind, u64 length)
{
	*b = (struct body){.kind = kind, .left = kind == BODY_SIZED ? length : 0};
	b->is_done = kind == BODY_NONE || (kind == BODY_SIZED && length == 0);
}

static size_t body_die(struct body *b, const char *why)
{
	b->dead = why;
	return 0;
}

static int body_hex(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t chunk_size_end(struct body *b)
{
	b->state = b->left ? CHUNK_DATA : CHUNK_TRAILER;
	return 1;
}

static size_t chunk_size(struct body *b, const u8 *p)
{
	int digit = body_hex(*p);

	if (digit >= 0) {
		if (++b->digits > CHUNK_DIGITS_MAX)
			return body_die(b, "chunk size too long");
		b->left = b->left << 4 | (u64)digit;
		return 1;
	}
	if (b->digits == 0)
		return body_die(b, "chunk without size");
	if (*p == '\n')
		return chunk_size_end(b);
	if (*p != ';' && *p != ' ' && *p != '\t' && *p != '\r')
		return body_die(b, "bad chunk size");
	b->state = CHUNK_EXTENSION;
	return 1;
}

static size_t chunk_extension(struct body *b, const u8 *p, size_t n)
{
	const u8 *lf = memchr(p, '\n', n);

	if (!lf)
		return n;
	chunk_size_end(b);
	return (size_t)(lf - p) + 1;
}

static size_t chunk_data_end(struct body *b, const u8 *p)
{
	if (*p == '\r' && b->digits) {
		b->digits = 0;		/* one CR only */
		return 1;
	}
	if (*p != '\n')
		return body_die(b, "chunk longer than its size");
	b->state = CHUNK_SIZE;
	b->digits = 0;
	b->left = 0;
	return 1;
}

static size_t chunk_trailer(struct body *b, const u8 *p, size_t n)
{
	if (b->state == CHUNK_TRAILER && *p == '\r')
		return 1;
	if (b->state == CHUNK_TRAILER && *p == '\n') {
		b->is_done = true;
		return 1;
	}

	const u8 *lf = memchr(p, '\n', n);

	b->state = lf ? CHUNK_TRAILER : CHUNK_TRAILER_LINE;
	return lf ? (size_t)(lf - p) + 1 : n;
}

/* Data of a sized body or of one chunk. */
static size_t body_data(struct body *b, const u8 *p, size_t n, body_data_fn on_data, void *arg)
{
	size_t take = n < b->left ? n : (size_t)b->left;

	b->left -= take;
	if (b->left == 0 && b->kind == BODY_SIZED)
		b->is_done = true;
	else if (b->left == 0)
		b->state = CHUNK_DATA_END;
	on_data(arg, p, take);
	return take;
}

static size_t chunk_step(struct body *b, const u8 *p, size_t n, body_data_fn on_data, void *arg)
{
	switch (b->state) {
	case CHUNK_SIZE:
		return chunk_size(b, p);
	case CHUNK_EXTENSION:
		return chunk_extension(b, p, n);
	case CHUNK_DATA:
		return body_data(b, p, n, on_data, arg);
	case CHUNK_DATA_END:
		return chunk_data_end(b, p);
	default:
		return chunk_trailer(b, p, n);
	}
}

size_t body_feed(struct body *b, const u8 *p, size_t n, body_data_fn on_data, void *arg)
{
	size_t at = 0;

	if (b->kind == BODY_CLOSE && n) {
		on_data(arg, p, n);
		return n;
	}
	while (at < n && !b->is_done && !b->dead)
		at += b->kind == BODY_SIZED ? body_data(b, p + at, n - at, on_data, arg) :
					      chunk_step(b, p + at, n - at, on_data, arg);
	return at;
}

bool body_gap(struct body *b, u64 n)
{
	if (b->kind == BODY_CLOSE || n == 0)
		return true;
	if (n > b->left || (b->kind == BODY_CHUNKED && b->state != CHUNK_DATA))
		return false;
	b->left -= n;
	if (b->left == 0 && b->kind == BODY_SIZED)
		b->is_done = true;
	else if (b->left == 0)
		b->state = CHUNK_DATA_END;
	return true;
}

bool body_recover(struct body *b, const u8 *p, size_t n)
{
	size_t i = 0;
	u64 size = 0;

	while (i < n && i < 8 && body_hex(p[i]) >= 0)
		size = size << 4 | (u64)body_hex(p[i++]);
	if (i == 0 || n - i < 2 || p[i] != '\r' || p[i + 1] != '\n')
		return false;
	i += 2;
	/* the last chunk must fill the record; another is confirmed by the CR LF behind it */
	if (size == 0 ? n - i != 2 || memcmp(p + i, "\r\n", 2) != 0 :
	    size + 2 <= n - i && memcmp(p + i + size, "\r\n", 2) != 0)
		return false;
	*b = (struct body){.kind = BODY_CHUNKED, .is_recovered = true};
	return true;
}
