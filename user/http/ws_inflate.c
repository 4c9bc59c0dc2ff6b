/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permessage-deflate (RFC 7692) through zlib.
 *
 * A sender flushes with an empty stored block and leaves out its last four bytes, 00 00 ff ff. They
 * are fed here at each message's end. It may also end its stream in a message: then the next block
 * starts a new stream whose window goes on, which zlib calls inflateResetKeep.
 */
#include "http/ws_inflate.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/limits.h"

#define WS_INFLATE_OUT 4096

struct ws_inflate {
	z_stream z;
	u64 in, out;		/* of this message */
};

struct ws_inflate *ws_inflate_new(void)
{
	struct ws_inflate *i = calloc(1, sizeof(*i));

	/* the largest window reads every smaller one too */
	if (i && inflateInit2(&i->z, -MAX_WBITS) != Z_OK) {
		free(i);
		i = NULL;
	}
	return i;
}

void ws_inflate_free(struct ws_inflate *i)
{
	if (!i)
		return;
	inflateEnd(&i->z);
	free(i);
}

void ws_inflate_reset(struct ws_inflate *i)
{
	inflateReset(&i->z);
}

void ws_inflate_begin(struct ws_inflate *i)
{
	i->in = i->out = 0;
}

static bool ws_inflate_is_too_much(const struct ws_inflate *i)
{
	return i->out > HTTP_DECODED_MAX ||
	       (i->out > HTTP_RATIO_FREE && i->out / HTTP_RATIO_MAX > i->in);
}

int ws_inflate_feed(struct ws_inflate *i, const u8 *p, size_t n, struct units *to)
{
	u8 out[WS_INFLATE_OUT];
	int z = Z_OK;

	i->in += n;
	i->z.next_in = (u8 *)p;
	i->z.avail_in = (uInt)n;
	do {
		i->z.next_out = out;
		i->z.avail_out = sizeof(out);
		z = inflate(&i->z, Z_SYNC_FLUSH);
		i->out += sizeof(out) - i->z.avail_out;
		if (ws_inflate_is_too_much(i))
			return -EFBIG;
		units_data(to, out, sizeof(out) - i->z.avail_out);
		if (z == Z_STREAM_END)
			z = inflateResetKeep(&i->z);
		if (z != Z_OK && z != Z_BUF_ERROR)
			return -EPROTO;
	} while (z == Z_OK && (i->z.avail_in || i->z.avail_out == 0));
	return 0;
}

int ws_inflate_end(struct ws_inflate *i, struct units *to)
{
	static const u8 tail[] = {0, 0, 0xff, 0xff};

	return ws_inflate_feed(i, tail, sizeof(tail), to);
}
