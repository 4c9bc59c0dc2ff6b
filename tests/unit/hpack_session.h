/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads header blocks twice: through user/http/hpack.c and through an nghttp2 server session. A
 * third reader misses the first block. Aborts where they differ.
 */
#ifndef TESTS_HPACK_SESSION_H
#define TESTS_HPACK_SESSION_H

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/hpack.h"

struct hpack_session {
	nghttp2_session *session;
	struct hpack hpack, late;
	struct buf ours, theirs, lates;	/* fields of one block */
	u32 stream;
	u64 unknown_cnt, known_cnt;	/* of the late reader */
};

static void hpack_session_must(bool is)
{
	if (!is)
		abort();
}

/* Lengths in front, so that no text can imitate another. */
static void hpack_session_note(struct buf *b, const void *name, size_t name_n, const void *value,
			       size_t value_n)
{
	buf_append(b, &name_n, sizeof(name_n));
	buf_append(b, name, name_n);
	buf_append(b, &value_n, sizeof(value_n));
	buf_append(b, value, value_n);
}

static void hpack_session_field(void *arg, struct str name, struct str value)
{
	hpack_session_note(arg, name.p, name.n, value.p, value.n);
}

static int hpack_session_header(nghttp2_session *session, const nghttp2_frame *frame,
				const u8 *name, size_t name_n, const u8 *value, size_t value_n,
				u8 flags, void *arg)
{
	struct hpack_session *b = arg;

	hpack_session_note(&b->theirs, name, name_n, value, value_n);
	return 0;
}

static void hpack_session_frame(struct hpack_session *b, u8 type, u8 flags, u32 stream,
				const void *p, size_t n, ssize_t *ret)
{
	u8 wire[9 + 4096] = {(u8)(n >> 16), (u8)(n >> 8), (u8)n, type, flags, (u8)(stream >> 24),
			     (u8)(stream >> 16), (u8)(stream >> 8), (u8)stream};
	const u8 *out;

	memcpy(wire + 9, p, n);
	*ret = nghttp2_session_mem_recv(b->session, wire, 9 + n);
	while (nghttp2_session_mem_send(b->session, &out) > 0)
		continue;
}

static void hpack_session_init(struct hpack_session *b)
{
	static const nghttp2_settings_entry table = {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 65536};
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	const u8 *out;
	ssize_t taken;

	memset(b, 0, sizeof(*b));
	buf_init(&b->ours, 16 << 20);
	buf_init(&b->theirs, 16 << 20);
	buf_init(&b->lates, 16 << 20);
	b->stream = 1;
	hpack_lose(&b->late);
	hpack_session_must(!nghttp2_session_callbacks_new(&callbacks) &&
			   !nghttp2_option_new(&option));
	nghttp2_session_callbacks_set_on_header_callback(callbacks, hpack_session_header);
	nghttp2_option_set_no_http_messaging(option, 1);
	nghttp2_option_set_no_recv_client_magic(option, 1);
	hpack_session_must(!nghttp2_session_server_new2(&b->session, callbacks, b, option));
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	nghttp2_submit_settings(b->session, 0, &table, 1);
	while (nghttp2_session_mem_send(b->session, &out) > 0)
		continue;
	hpack_session_frame(b, 4, 0, 0, "", 0, &taken);
	hpack_session_frame(b, 4, 1, 0, "", 0, &taken);
}

static void hpack_session_fini(struct hpack_session *b)
{
	nghttp2_session_del(b->session);
	hpack_fini(&b->hpack);
	hpack_fini(&b->late);
	buf_fini(&b->ours);
	buf_fini(&b->theirs);
	buf_fini(&b->lates);
}

static struct str hpack_session_text(struct str *rest)
{
	size_t n;

	memcpy(&n, rest->p, sizeof(n));

	struct str s = {rest->p + sizeof(n), n};

	*rest = str_cut(*rest, sizeof(n) + n, rest->n);
	return s;
}

/* Each of the late reader's fields is the one in its place, or has no name. */
static void hpack_session_check_late(struct hpack_session *b)
{
	struct str have = buf_str(&b->lates), want = buf_str(&b->theirs);

	while (have.n) {
		hpack_session_must(want.n > 0);

		struct str name = hpack_session_text(&have), value = hpack_session_text(&have);
		struct str true_name = hpack_session_text(&want);
		struct str true_value = hpack_session_text(&want);

		if (name.n)
			hpack_session_must(str_eq(name, true_name) && str_eq(value, true_value));
		else
			hpack_session_must(!value.n || str_eq(value, true_value));
		b->unknown_cnt += !name.n;
		b->known_cnt += name.n > 0;
	}
}

/* false: refused, by both */
static bool hpack_session_block(struct hpack_session *b, const u8 *p, size_t n)
{
	bool is_first = b->stream == 1;
	ssize_t taken;

	buf_clear(&b->ours);
	buf_clear(&b->theirs);
	buf_clear(&b->lates);
	hpack_session_frame(b, 1, 0x05, b->stream, p, n, &taken);
	b->stream += 2;

	int err = hpack_feed(&b->hpack, p, n, true, hpack_session_field, &b->ours);
	bool is_refused = !nghttp2_session_want_read(b->session) || taken < 0;

	hpack_session_must(!err == !is_refused);
	hpack_session_must(err || (b->ours.n == b->theirs.n &&
				   (!b->ours.n || !memcmp(b->ours.p, b->theirs.p, b->ours.n))));
	if (err || is_first)
		return !err;
	if (!hpack_feed(&b->late, p, n, true, hpack_session_field, &b->lates))
		hpack_session_check_late(b);
	return true;
}

#endif
