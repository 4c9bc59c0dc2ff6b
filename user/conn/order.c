/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting the chunks of one direction, and giving up what does not come. */
#include "conn/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/stats.h"

/* A stretch of the stream: data_len bytes of data, then true_len - data_len missing ones. */
struct order_held {
	struct order_held *next;
	u64 position;
	u64 ts_ns;
	u32 true_len;
	u32 data_len;
	enum gap_kind kind;
	u8 data[];
};

struct order_piece {
	u64 position;
	u64 ts_ns;
	u32 true_len;
	u32 data_len;
	enum gap_kind kind;
	const u8 *data;
};

static size_t order_cost(const struct order_piece *piece)
{
	return sizeof(struct order_held) + piece->data_len;
}

/* Delivers a piece that starts at or before o->next. */
static void order_deliver(struct order *o, struct order_piece piece, const struct order_ops *ops,
			  void *arg)
{
	u64 skip = o->next - piece.position;

	if (skip) {
		u64 seen = skip < piece.true_len ? skip : piece.true_len;

		stats_add(STAT_CONN_OVERLAP_BYTES, seen);
		if (seen == piece.true_len)
			return;
	}
	o->next = piece.position + piece.true_len;
	if (skip < piece.data_len)
		ops->on_bytes(arg, piece.ts_ns, piece.data + skip, piece.data_len - skip);

	u64 missing = piece.true_len - (skip > piece.data_len ? skip : piece.data_len);

	if (missing)
		ops->on_gap(arg, piece.ts_ns, missing, piece.kind);
}

static bool order_hold(struct order *o, struct order_pool *pool, const struct order_piece *piece)
{
	size_t cost = order_cost(piece);

	if (cost > CONN_HELD_MAX - o->held_bytes || cost > CONN_HELD_TOTAL_MAX - pool->held_bytes)
		return false;

	struct order_held *h = malloc(sizeof(*h) + piece->data_len);

	if (!h)
		return false;
	*h = (struct order_held){NULL, piece->position, piece->ts_ns, piece->true_len,
				 piece->data_len, piece->kind};
	if (piece->data_len)
		memcpy(h->data, piece->data, piece->data_len);
	o->held_bytes += cost;
	pool->held_bytes += cost;

	struct order_held **at = &o->first;

	if (o->last && o->last->position <= h->position)
		at = &o->last->next;
	while (*at && (*at)->position <= h->position)
		at = &(*at)->next;
	h->next = *at;
	*at = h;
	if (!h->next)
		o->last = h;
	return true;
}

/* Delivers what no longer waits. */
static void order_drain(struct order *o, struct order_pool *pool, const struct order_ops *ops,
			void *arg)
{
	while (o->first && o->first->position <= o->next) {
		struct order_held *h = o->first;
		struct order_piece piece = {h->position, h->ts_ns, h->true_len, h->data_len,
					    h->kind, h->data};

		o->first = h->next;
		if (!o->first)
			o->last = NULL;
		o->held_bytes -= order_cost(&piece);
		pool->held_bytes -= order_cost(&piece);
		o->since_ns = 0;
		order_deliver(o, piece, ops, arg);
		free(h);
	}
}

void order_give_up(struct order *o, struct order_pool *pool, const struct order_ops *ops, void *arg)
{
	if (!o->first)
		return;

	u64 from = o->next;

	o->next = o->first->position;
	o->since_ns = 0;
	ops->on_gap(arg, o->first->ts_ns, o->next - from, GAP_LOST);
	order_drain(o, pool, ops, arg);
}

void order_flush(struct order *o, struct order_pool *pool, const struct order_ops *ops, void *arg)
{
	while (o->first)
		order_give_up(o, pool, ops, arg);
}

static enum gap_kind order_gap_kind(const struct chunk *c)
{
	return c->ev.flags & CHUNK_F_HOLE_FAULT ? GAP_FAULT : GAP_POLICY;
}

void order_feed(struct order *o, struct order_pool *pool, const struct chunk *c,
		const struct order_ops *ops, void *arg)
{
	struct order_piece piece = {c->position, c->ev.ts_ns, c->true_len, c->data_len,
				    order_gap_kind(c), c->data};

	/* No room to wait for the hole before it: the oldest holes are lost, one by one. */
	while (piece.position > o->next && !order_hold(o, pool, &piece)) {
		if (!o->first || o->first->position > piece.position) {
			u64 lost = piece.position - o->next;

			o->next = piece.position;
			ops->on_gap(arg, piece.ts_ns, lost, GAP_LOST);
			break;
		}
		order_give_up(o, pool, ops, arg);
	}
	if (piece.position > o->next)
		return;
	order_deliver(o, piece, ops, arg);
	order_drain(o, pool, ops, arg);
}
