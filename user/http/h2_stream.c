/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of an HTTP/2 connection. Each is one exchange:
 *
 *	HEADERS --> told --DATA--> body --END_STREAM--> over      in each direction; the exchange is
 *	                             |                            finished when both are over, by
 *	                             +--RST_STREAM, GOAWAY------> RST_STREAM, or with the connection
 */
#include <stdlib.h>

#include "base/stats.h"
#include "http/h2.h"

static struct h2_stream **h2_bucket(const struct h2 *h2, u32 id)
{
	return (struct h2_stream **)&h2->bucket[(id >> 1) % H2_BUCKETS];
}

struct h2_stream *h2_stream_find(const struct h2 *h2, u32 id)
{
	struct h2_stream *st = *h2_bucket(h2, id);

	while (st && st->id != id)
		st = st->next;
	return st;
}

void h2_stream_free(struct h2_stream *st)
{
	for (int d = 0; d < HTTP_DIR_MAX; d++)
		content_fini(&st->content[d]);
	if (st->x)
		exchange_free(st->x);
	free(st);
}

void h2_stream_add(struct h2 *h2, struct h2_stream *st)
{
	struct h2_stream **at = h2_bucket(h2, st->id);

	st->next = *at;
	*at = st;
	h2->count++;
}

/* --- the end --- */

static void h2_stream_end_bodies(struct h2 *h2, struct h2_stream *st)
{
	for (int d = 0; d < HTTP_DIR_MAX; d++)
		if (st->is_begun[d])
			content_end(h2->h, st->x, (enum http_dir)d, &st->content[d], false);
}

static void h2_stream_finish(struct h2 *h2, struct h2_stream *st)
{
	struct h2_stream **at = h2_bucket(h2, st->id);

	h2_stream_end_bodies(h2, st);
	while (*at != st)
		at = &(*at)->next;
	*at = st->next;
	h2->count--;
	h2->h->ops->on_done(h2->h->arg, &st->x->pub);
	h2_stream_free(st);
}

/* It ends before both directions are over. */
static void h2_stream_cut(struct h2 *h2, struct h2_stream *st, u64 ts_ns, u32 extra)
{
	struct http_x *x = st->x;
	bool is_answered = x->response_over;

	if (!x->request_over)
		x->pub.flags |= EXCHANGE_F_REQUEST_CUT;
	if (!x->response_told)
		x->pub.flags |= EXCHANGE_F_NO_RESPONSE;
	else if (!is_answered)
		x->pub.flags |= EXCHANGE_F_RESPONSE_CUT;
	if (!is_answered)
		x->pub.flags |= extra;
	if (!x->pub.end_ns)
		x->pub.end_ns = ts_ns;
	h2_stream_finish(h2, st);
}

void h2_stream_over(struct h2 *h2, struct h2_side *s, struct h2_stream *st)
{
	enum http_dir dir = h2_dir(h2, s);
	struct http_x *x = st->x;

	if (st->is_begun[dir])
		content_end(h2->h, x, dir, &st->content[dir], true);
	st->is_begun[dir] = false;
	if (dir == HTTP_REQUEST) {
		x->request_over = true;
		x->pub.request_end_ns = s->ts_ns;
	} else {
		x->response_over = true;
	}
	x->pub.end_ns = s->ts_ns;
	if (x->request_over && x->response_over)
		h2_stream_finish(h2, st);
}

void h2_stream_reset(struct h2 *h2, struct h2_side *s, struct h2_stream *st)
{
	h2_stream_cut(h2, st, s->ts_ns,
		      h2_dir(h2, s) == HTTP_REQUEST ? EXCHANGE_F_CLIENT_CLOSED : 0);
}

/* The first in order of id, of those above id. */
static struct h2_stream *h2_stream_above(const struct h2 *h2, u64 id)
{
	struct h2_stream *first = NULL;

	for (size_t b = 0; b < H2_BUCKETS; b++)
		for (struct h2_stream *st = h2->bucket[b]; st; st = st->next)
			if (st->id > id && (!first || st->id < first->id))
				first = st;
	return first;
}

void h2_stream_refuse_above(struct h2 *h2, struct h2_side *s, u32 id)
{
	struct h2_stream *st;

	if (h2_dir(h2, s) != HTTP_RESPONSE)
		return;
	while ((st = h2_stream_above(h2, id)) != NULL)
		h2_stream_cut(h2, st, s->ts_ns, 0);
}

void h2_stream_finish_all(struct h2 *h2, u64 ts_ns, bool is_close)
{
	struct h2_stream *st;

	while ((st = h2_stream_above(h2, 0)) != NULL) {
		u32 flags = 0;

		/* as in HTTP/1: a traced client that closes early is taken for the one who did */
		if (is_close && !(st->x->pub.flags & EXCHANGE_F_SERVER_SIDE))
			flags = EXCHANGE_F_CLIENT_CLOSED;
		if (st->is_lossy)
			flags = EXCHANGE_F_RESPONSE_GAP;	/* its end may have been lost */
		h2_stream_cut(h2, st, ts_ns, flags);
	}
}

/* --- the beginning --- */

/* Streams whose end was lost would stay for as long as the connection. */
static void h2_stream_sweep(struct h2 *h2, u64 ts_ns)
{
	struct h2_stream *st = h2_stream_above(h2, 0), *next;

	for (; st; st = next) {
		next = h2_stream_above(h2, st->id);
		if (st->is_lossy && (st->seen_ns + H2_LOSSY_WAIT_NS < ts_ns ||
				     h2->count >= H2_STREAMS_MAX))
			h2_stream_cut(h2, st, st->seen_ns, EXCHANGE_F_RESPONSE_GAP);
	}
}

struct h2_stream *h2_stream_new(struct h2 *h2, u32 id, u64 ts_ns)
{
	if (h2->has_loss)
		h2_stream_sweep(h2, ts_ns);
	if (h2->count >= H2_STREAMS_MAX) {
		stats_add(STAT_HTTP_STREAMS_FULL, 1);
		return NULL;
	}

	struct h2_stream *st = calloc(1, sizeof(*st));

	if (st)
		st->x = exchange_new(h2->h, 20, ts_ns);
	if (!st || !st->x) {
		stats_add(STAT_HTTP_NO_MEMORY, 1);
		free(st);
		return NULL;
	}
	st->id = id;
	st->seen_ns = ts_ns;
	return st;
}

/* --- bodies --- */

/*
 * The content coding of a head that is not wholly known, by the body's first byte: JSON and events
 * start with text. Brotli has no mark; what is nothing else is tried as such, and fails if it is
 * not.
 */
static struct str h2_sniff(u8 first)
{
	if (first == 0x1f)
		return STR("gzip");
	if (first == 0x28)
		return STR("zstd");
	if (first == 0x78)
		return STR("deflate");
	return first && strchr("{[deri: \r\n\t\xef", first) ? STR_NONE : STR("br");
}

static void h2_stream_begin(struct h2_stream *st, enum http_dir dir, u8 first)
{
	struct str coding = st->x->pub.header[dir][HTTP_H_CONTENT_ENCODING];

	if (!coding.p && st->is_unknown[dir])
		coding = h2_sniff(first);
	content_begin(&st->content[dir], st->x, dir, coding);
	st->is_begun[dir] = true;
}

/* Nobody can be asked whether they want a body whose path is not known. */
static bool h2_stream_is_undecoded(const struct h2_stream *st)
{
	return st->is_tunnel || (st->is_unknown[HTTP_REQUEST] && !st->x->pub.path.n &&
				 !st->x->is_wanted);
}

/* The response's head was lost; its body may yet tell what it is. */
static void h2_stream_headless(struct h2 *h2, struct h2_side *s, struct h2_stream *st)
{
	st->is_unknown[HTTP_RESPONSE] = true;
	st->x->pub.flags |= EXCHANGE_F_HEAD_UNKNOWN;
	st->x->pub.response_start_ns = s->ts_ns;
	st->x->response_started = true;
	exchange_tell_response(h2->h, st->x, true);
}

void h2_stream_data(struct h2 *h2, struct h2_side *s, struct h2_stream *st, const u8 *p, size_t n)
{
	enum http_dir dir = h2_dir(h2, s);
	struct http_x *x = st->x;

	st->seen_ns = s->ts_ns;
	x->pub.wire_bytes[dir] += n;
	if (h2_stream_is_undecoded(st))
		http_count_undecoded(h2->h, UNDECODED_H2, n);
	if (dir == HTTP_RESPONSE) {
		if (!x->response_told)
			h2_stream_headless(h2, s, st);
		if (!x->pub.response_body_ns)
			x->pub.response_body_ns = s->ts_ns;
		x->pub.end_ns = s->ts_ns;
	}
	if (!st->is_begun[dir])
		h2_stream_begin(st, dir, *p);
	content_feed(h2->h, x, dir, &st->content[dir], p, n);
}

void h2_stream_gap(struct h2 *h2, struct h2_side *s, struct h2_stream *st, u64 n, bool is_policy)
{
	enum http_dir dir = h2_dir(h2, s);
	struct exchange *x = &st->x->pub;

	x->gap_bytes[dir] += n;
	if (dir == HTTP_RESPONSE)
		x->flags |= EXCHANGE_F_RESPONSE_GAP;
	else
		x->flags |= is_policy ? EXCHANGE_F_REQUEST_POLICY : EXCHANGE_F_REQUEST_GAP;
	if (!st->is_begun[dir] && (dir == HTTP_REQUEST || st->x->response_told))
		h2_stream_begin(st, dir, '{');
	if (st->is_begun[dir])
		content_gap(h2->h, st->x, dir, &st->content[dir], is_policy);
}

void h2_stream_gap_all(struct h2 *h2, struct h2_side *s, u64 n, bool is_policy)
{
	enum http_dir dir = h2_dir(h2, s);

	h2->has_loss = true;
	for (size_t b = 0; b < H2_BUCKETS; b++)
		for (struct h2_stream *st = h2->bucket[b]; st; st = st->next) {
			bool is_over = dir == HTTP_REQUEST ? st->x->request_over :
							     st->x->response_over;

			if (is_over)
				continue;
			st->is_lossy = true;
			h2_stream_gap(h2, s, st, n, is_policy);
		}
}
