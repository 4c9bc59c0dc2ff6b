/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes HTTP/2: frames by hand, header blocks through nghttp2's deflater, one per direction, so
 * that its dynamic table is used as a real sender uses it.
 */
#ifndef TESTS_H2_WIRE_H
#define TESTS_H2_WIRE_H

#include "base/buf.h"
#include "http/h2_frame.h"

struct nghttp2_hd_deflater;

struct h2_wire {
	struct buf out;
	struct nghttp2_hd_deflater *deflater;
	bool is_plain;		/* literals only: the table is not touched */
};

void h2_wire_init(struct h2_wire *w);
void h2_wire_fini(struct h2_wire *w);
/* what was written since the last time; the caller frees nothing, w keeps it until its end */
struct str h2_wire_take(struct h2_wire *w);

void h2_wire_preface(struct h2_wire *w);		/* and SETTINGS */
void h2_wire_frame(struct h2_wire *w, u8 type, u8 flags, u32 stream, const void *p, size_t n);
void h2_wire_data(struct h2_wire *w, u32 stream, bool is_end, const char *text);
/* pairs: name, value, ..., NULL. cut: bytes per frame, 0 all in one */
void h2_wire_headers(struct h2_wire *w, u32 stream, u8 flags, size_t cut, const char *const *pairs);
#define HEADERS(w, stream, flags, ...) \
	h2_wire_headers(w, stream, flags, 0, (const char *const[]){__VA_ARGS__, NULL})
/* POST with JSON's content type and the usual headers, and a response */
void h2_wire_post(struct h2_wire *w, u32 stream, bool is_end, const char *path);
void h2_wire_answer(struct h2_wire *w, u32 stream, bool is_end, const char *status,
		    const char *type);

#endif
