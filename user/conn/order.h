/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of one connection: positions in, ordered bytes and gaps out.
 *
 * In order, a chunk goes straight through and nothing is allocated. A chunk ahead of its turn is
 * copied and held, at most CONN_HELD_MAX bytes per direction and CONN_HELD_TOTAL_MAX over all;
 * past that the oldest hole is given up as lost. What was delivered before is trimmed and counted.
 */
#ifndef TOLLTAP_CONN_ORDER_H
#define TOLLTAP_CONN_ORDER_H

#include "conn/conn.h"

struct order_held;

struct order {
	u64 next;			/* position of the next byte to deliver */
	struct order_held *first;	/* sorted by position, all behind a hole */
	struct order_held *last;
	size_t held_bytes;		/* their cost in memory */
	u64 since_ns;			/* first tick that saw this hole; 0: none yet */
	bool is_started;
};

/* What all directions hold together. */
struct order_pool {
	size_t held_bytes;
};

struct order_ops {
	void (*on_bytes)(void *arg, u64 ts_ns, const u8 *p, size_t n);
	void (*on_gap)(void *arg, u64 ts_ns, u64 n, enum gap_kind kind);
};

void order_feed(struct order *o, struct order_pool *pool, const struct chunk *c,
		const struct order_ops *ops, void *arg);
/* the first hole is lost: reports it and delivers up to the next one */
void order_give_up(struct order *o, struct order_pool *pool, const struct order_ops *ops,
		   void *arg);
/* all holes are lost; frees everything */
void order_flush(struct order *o, struct order_pool *pool, const struct order_ops *ops, void *arg);

static inline bool order_is_waiting(const struct order *o)
{
	return o->first != NULL;
}

#endif
