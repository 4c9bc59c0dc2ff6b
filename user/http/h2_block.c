/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header blocks. Each is read to its end, wanted or not: the table it changes is the connection's.
 * Only what HTTP_HEADERS names is kept, so a block that expands without measure costs no memory.
 */
#include "base/stats.h"
#include "http/h2.h"

/* --- whose it is --- */

static enum h2_block_kind h2_block_request(struct h2 *h2, struct h2_side *s, u32 id)
{
	if (h2_stream_find(h2, id))
		return H2_BLOCK_TRAILERS;
	if (id <= h2->request_max || !(id & 1))
		return H2_BLOCK_IGNORED;
	s->block.is_new = true;
	s->block.opened = h2_stream_new(h2, id, s->ts_ns);
	return s->block.opened ? H2_BLOCK_REQUEST : H2_BLOCK_IGNORED;
}

static enum h2_block_kind h2_block_response(struct h2 *h2, u32 id)
{
	const struct h2_stream *st = h2_stream_find(h2, id);

	if (st)
		return st->x->response_told ? H2_BLOCK_TRAILERS : H2_BLOCK_RESPONSE;
	if (id & 1 && id > h2->request_max)
		stats_add(STAT_HTTP_UNPAIRED, 1);
	return H2_BLOCK_IGNORED;
}

static enum h2_block_kind h2_block_kind(struct h2 *h2, struct h2_side *s, u32 id)
{
	if (h2->h->request_side < 0)
		return H2_BLOCK_UNTOLD;
	return h2_dir(h2, s) == HTTP_REQUEST ? h2_block_request(h2, s, id) :
					       h2_block_response(h2, id);
}

void h2_block_begin(struct h2 *h2, struct h2_side *s, const struct h2_head *head)
{
	s->block = (struct h2_block){
		.stream = head->stream,
		.ends_stream = head->type == H2_HEADERS && head->flags & H2_F_END_STREAM,
	};
	s->block.kind = head->type == H2_HEADERS ? h2_block_kind(h2, s, head->stream) :
						   H2_BLOCK_IGNORED;
}

/* Joined late: the first field tells who sends. */
static void h2_block_tell_role(struct h2 *h2, struct h2_side *s, struct str name)
{
	bool is_response = str_eq(name, STR(":status"));

	if (!name.n || name.p[0] != ':')
		return;
	h2->h->request_side = (int)(is_response ? s == &h2->side[0] : s == &h2->side[1]);
	s->block.kind = h2_block_kind(h2, s, s->block.stream);
}

/* --- fields --- */

static struct http_x *h2_block_x(struct h2 *h2, struct h2_side *s)
{
	if (s->block.opened)
		return s->block.opened->x;

	struct h2_stream *st = h2_stream_find(h2, s->block.stream);

	return st ? st->x : NULL;
}

static struct str h2_block_keep(struct http_x *x, struct str had, struct str value)
{
	return had.p ? had : arena_dup(x->pub.arena, value);
}

/* ":protocol" (RFC 8441) only comes with CONNECT, which is enough to know. */
static void h2_request_pseudo(struct h2_side *s, struct http_x *x, struct str name,
			      struct str value)
{
	if (str_eq(name, STR(":method")))
		s->block.method = h2_block_keep(x, s->block.method, value);
	else if (str_eq(name, STR(":path")))
		s->block.path = h2_block_keep(x, s->block.path, value);
	else if (str_eq(name, STR(":authority")))
		x->pub.authority = h2_block_keep(x, x->pub.authority, value);
}

static void h2_response_pseudo(struct h2_side *s, struct str name, struct str value)
{
	u64 status;

	if (str_eq(name, STR(":status")) && !str_to_u64(value, &status) && status < 1000)
		s->block.status = (u16)status;
}

static void h2_block_header(struct h2_side *s, struct http_x *x, struct str name, struct str value)
{
	enum http_header id = h1_header_id(name);
	bool is_interim = s->block.kind == H2_BLOCK_RESPONSE && s->block.status / 100 == 1;

	if (id == HTTP_H_MAX || is_interim)
		return;
	if (s->block.kind == H2_BLOCK_TRAILERS && id != HTTP_H_GRPC_STATUS)
		return;
	exchange_keep_header(x, s->block.kind == H2_BLOCK_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE,
			     id, value);
}

static void h2_on_field(void *arg, struct str name, struct str value)
{
	struct h2_to *to = arg;
	struct h2_block *block = &to->s->block;

	if (block->kind == H2_BLOCK_UNTOLD)
		h2_block_tell_role(to->h2, to->s, name);
	block->has_unknown |= !name.n;
	block->list_bytes += (u32)(name.n + value.n) + 32;
	if (block->kind < H2_BLOCK_REQUEST || block->kind == H2_BLOCK_IGNORED || !name.n)
		return;
	if (block->list_bytes > H2_LIST_BYTES_MAX) {
		block->has_unknown = true;
		return;
	}

	struct http_x *x = h2_block_x(to->h2, to->s);

	if (!x)
		return;
	if (name.p[0] != ':')
		h2_block_header(to->s, x, name, value);
	else if (block->kind == H2_BLOCK_REQUEST)
		h2_request_pseudo(to->s, x, name, value);
	else if (block->kind == H2_BLOCK_RESPONSE)
		h2_response_pseudo(to->s, name, value);
}

void h2_block_feed(struct h2 *h2, struct h2_side *s, const u8 *p, size_t n, bool is_end)
{
	struct h2_to to = {h2, s};

	s->block.bytes += (u32)n;
	if (!s->block.is_broken && hpack_feed(&s->hpack, p, n, is_end, h2_on_field, &to))
		s->block.is_broken = s->block.has_unknown = true;
}

/* --- its end --- */

static void h2_block_flag(struct h2_block *block, struct h2_stream *st, enum http_dir dir)
{
	if (!block->has_unknown)
		return;
	stats_add(STAT_HTTP_HEAD_UNKNOWN, 1);
	st->is_unknown[dir] = true;
	st->x->pub.flags |= EXCHANGE_F_HEAD_UNKNOWN;
}

static void h2_request_end(struct h2 *h2, struct h2_block *block)
{
	struct h2_stream *st = block->opened;
	struct http_x *x = st->x;
	struct str authority = x->pub.authority;

	block->opened = NULL;
	h2_block_flag(block, st, HTTP_REQUEST);
	if (!exchange_set_target(x, block->method.p ? block->method : STR(""),
				 block->path.p ? block->path : STR(""))) {
		stats_add(STAT_HTTP_NO_MEMORY, 1);
		h2_stream_free(st);
		return;
	}
	if (x->is_connect)			/* a path is its target only in HTTP/1 */
		x->pub.authority = authority;
	st->is_tunnel = x->is_connect;
	h2_stream_add(h2, st);
	exchange_tell_request(h2->h, x);
}

static void h2_response_end(struct h2 *h2, struct h2_side *s, struct h2_stream *st)
{
	struct http_x *x = st->x;

	h2_block_flag(&s->block, st, HTTP_RESPONSE);
	x->pub.status = s->block.status;
	x->response_started = true;
	x->pub.response_start_ns = s->ts_ns;
	exchange_tell_response(h2->h, x, !x->is_head && !s->block.ends_stream);
}

static void h2_block_done(struct h2 *h2, struct h2_side *s)
{
	struct h2_block *block = &s->block;

	if (block->kind == H2_BLOCK_REQUEST)
		h2_request_end(h2, block);
	if (block->is_new)
		h2->request_max = block->stream;	/* its response need wait no more */

	struct h2_stream *st = h2_stream_find(h2, block->stream);

	if (!st || block->kind < H2_BLOCK_REQUEST || block->kind == H2_BLOCK_IGNORED)
		return;
	if (block->kind == H2_BLOCK_RESPONSE && block->status / 100 == 1)
		return;
	st->seen_ns = s->ts_ns;
	st->x->pub.wire_bytes[h2_dir(h2, s)] += block->bytes;
	if (block->kind == H2_BLOCK_RESPONSE)
		h2_response_end(h2, s, st);
	if (block->ends_stream)
		h2_stream_over(h2, s, st);
}

void h2_block_end(struct h2 *h2, struct h2_side *s)
{
	h2_block_feed(h2, s, (const u8 *)"", 0, true);
	h2_block_done(h2, s);
	s->block = (struct h2_block){.kind = H2_BLOCK_NONE};
}

void h2_block_break(struct h2 *h2, struct h2_side *s)
{
	hpack_lose(&s->hpack);
	if (s->block.kind == H2_BLOCK_NONE)
		return;
	s->block.is_broken = s->block.has_unknown = true;
	stats_add(STAT_HTTP_HEAD_LOST, 1);
	h2_block_done(h2, s);
	s->block = (struct h2_block){.kind = H2_BLOCK_NONE};
}
