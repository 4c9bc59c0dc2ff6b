/* SPDX-License-Identifier: Apache-2.0 */
/* Frames and header blocks for tests. */
#include "http/h2_wire.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#define WIRE_PAIRS_MAX 64

static void must(bool is)
{
	if (!is)
		abort();
}

void h2_wire_init(struct h2_wire *w)
{
	buf_init(&w->out, 64 << 20);
	w->is_plain = false;
	must(nghttp2_hd_deflate_new(&w->deflater, 4096) == 0);
}

void h2_wire_fini(struct h2_wire *w)
{
	buf_fini(&w->out);
	nghttp2_hd_deflate_del(w->deflater);
}

struct str h2_wire_take(struct h2_wire *w)
{
	struct str s = buf_str(&w->out);

	return s;
}

void h2_wire_frame(struct h2_wire *w, u8 type, u8 flags, u32 stream, const void *p, size_t n)
{
	u8 head[H2_HEAD_BYTES] = {
		(u8)(n >> 16), (u8)(n >> 8), (u8)n, type, flags,
		(u8)(stream >> 24), (u8)(stream >> 16), (u8)(stream >> 8), (u8)stream,
	};

	buf_append(&w->out, head, sizeof(head));
	buf_append(&w->out, p, n);
}

void h2_wire_preface(struct h2_wire *w)
{
	buf_append_str(&w->out, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
	h2_wire_frame(w, H2_SETTINGS, 0, 0, "\0\3\0\0\0\x64", 6);
}

void h2_wire_data(struct h2_wire *w, u32 stream, bool is_end, const char *text)
{
	h2_wire_frame(w, H2_DATA, is_end ? H2_F_END_STREAM : 0, stream, text, strlen(text));
}

static size_t wire_block(struct h2_wire *w, const char *const *pairs, u8 *out, size_t room)
{
	nghttp2_nv nv[WIRE_PAIRS_MAX];
	size_t n = 0;

	for (; pairs[2 * n]; n++) {
		must(n < WIRE_PAIRS_MAX);
		nv[n] = (nghttp2_nv){(u8 *)pairs[2 * n], (u8 *)pairs[2 * n + 1],
				     strlen(pairs[2 * n]), strlen(pairs[2 * n + 1]),
				     w->is_plain ? NGHTTP2_NV_FLAG_NO_INDEX : 0};
	}

	ssize_t len = nghttp2_hd_deflate_hd(w->deflater, out, room, nv, n);

	must(len >= 0);
	return (size_t)len;
}

void h2_wire_headers(struct h2_wire *w, u32 stream, u8 flags, size_t cut, const char *const *pairs)
{
	static u8 block[1 << 20];
	size_t n = wire_block(w, pairs, block, sizeof(block)), at = 0;

	cut = cut ? cut : n;
	do {
		size_t take = cut < n - at ? cut : n - at;
		u8 end = at + take == n ? H2_F_END_HEADERS : 0;

		if (at == 0)
			h2_wire_frame(w, H2_HEADERS, (u8)(flags | end), stream, block, take);
		else
			h2_wire_frame(w, H2_CONTINUATION, end, stream, block + at, take);
		at += take;
	} while (at < n);
}

void h2_wire_post(struct h2_wire *w, u32 stream, bool is_end, const char *path)
{
	HEADERS(w, stream, is_end ? H2_F_END_STREAM : 0, ":method", "POST", ":scheme", "https",
		":authority", "api.x", ":path", path, "content-type", "application/json",
		"user-agent", "test/1.0", "x-trace", path);
}

void h2_wire_answer(struct h2_wire *w, u32 stream, bool is_end, const char *status,
		    const char *type)
{
	HEADERS(w, stream, is_end ? H2_F_END_STREAM : 0, ":status", status, "content-type", type,
		"server", "test", "x-request-id", "req_1");
}
