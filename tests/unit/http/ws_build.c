/* SPDX-License-Identifier: Apache-2.0 */
/* Frames as a client or a server would write them. */
#include "http/ws_build.h"

#include "unit.h"

void ws_build_init(struct ws_build *b, bool is_masked)
{
	*b = (struct ws_build){.is_masked = is_masked};
	buf_init(&b->out, 4 << 20);
	assert_int_equal(deflateInit2(&b->z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
}

void ws_build_fini(struct ws_build *b)
{
	assert_int_equal(b->out.failed, 0);
	deflateEnd(&b->z);
	buf_fini(&b->out);
}

void ws_put_frame(struct ws_build *b, u8 first, struct str payload)
{
	static const u8 mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	u8 bit = b->is_masked ? 0x80 : 0;

	buf_append_char(&b->out, (char)first);
	if (payload.n < 126) {
		buf_append_char(&b->out, (char)(bit | payload.n));
	} else if (payload.n < 65536) {
		buf_append_char(&b->out, (char)(bit | 126));
		buf_append_char(&b->out, (char)(payload.n >> 8));
		buf_append_char(&b->out, (char)payload.n);
	} else {
		buf_append_char(&b->out, (char)(bit | 127));
		for (int shift = 56; shift >= 0; shift -= 8)
			buf_append_char(&b->out, (char)(payload.n >> shift));
	}
	if (b->is_masked)
		buf_append(&b->out, mask, 4);
	for (size_t i = 0; i < payload.n; i++)
		buf_append_char(&b->out,
				(char)((u8)payload.p[i] ^ (b->is_masked ? mask[i & 3] : 0)));
}

void ws_put_text(struct ws_build *b, const char *text)
{
	ws_put_frame(b, WS_FIN | 1, str_of(text));
}

struct buf ws_deflate(struct ws_build *b, const char *text, int flush)
{
	struct buf out;
	u8 piece[4096];

	buf_init(&out, 1 << 20);
	b->z.next_in = (u8 *)text;
	b->z.avail_in = (uInt)strlen(text);
	do {
		b->z.next_out = piece;
		b->z.avail_out = sizeof(piece);
		deflate(&b->z, flush);
		buf_append(&out, piece, sizeof(piece) - b->z.avail_out);
	} while (b->z.avail_out == 0);
	if (flush == Z_FINISH) {
		deflateReset(&b->z);
		buf_append_char(&out, '\0');	/* RFC 7692 7.2.3.4: an empty block behind it */
	} else if (out.n >= 4) {
		out.n -= 4;
	} else {
		buf_append_char(&out, '\0');	/* nothing to flush: an empty block */
	}
	return out;
}

void ws_put_deflated(struct ws_build *b, const char *text, int flush)
{
	struct buf message = ws_deflate(b, text, flush);

	ws_put_frame(b, WS_FIN | WS_RSV1 | 1, buf_str(&message));
	buf_fini(&message);
}
