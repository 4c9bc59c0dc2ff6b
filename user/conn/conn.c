/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of connections: who is open, which generation, when one is over.
 *
 * Records of one connection may come through two rings, so nothing here relies on arrival order: an
 * end notice (EVENT_CLOSE, exit, a newer generation) only marks the connection, which really closes
 * CONN_CLOSE_WAIT_NS later, when the other rings have been drained too. Until then its late chunks
 * still find it.
 *
 *	open --- end notice ---> closing --- CONN_CLOSE_WAIT_NS of ticks ---> on_close, freed
 *	  \______________ evicted (table full), pid reused, table freed ________/
 *
 * Time is the caller's ticks, never the chunks' stamps: a consumer that lags behind must not take
 * its own delay for a hole that was waited for.
 */
#include "conn/conn.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/stats.h"
#include "conn/order.h"

struct conn_entry {
	struct conn pub;
	struct order dir[CHUNK_DIR_MAX];
	struct conn_entry *older;		/* previous generation, closing */
	struct conn_entry *lru_prev, *lru_next;
	struct conn_entry *wait_prev, *wait_next;
	bool is_waiting;			/* in the list the tick looks at */
	bool is_closing;
	u64 last_ts_ns;				/* of the newest chunk */
	u64 close_ts_ns;			/* of the end notice */
	u64 close_since_ns;			/* first tick after it */
};

struct conn_table {
	const struct conn_ops *ops;
	void *arg;
	struct map *map;			/* (SSL*, tgid) -> newest generation */
	struct conn_entry *lru_first, *lru_last;
	struct conn_entry *wait_first;
	size_t count;
	struct order_pool pool;
};

/* What the ordering of one direction calls back into. */
struct conn_sink {
	struct conn_table *t;
	struct conn_entry *e;
	enum chunk_dir dir;
};

static struct map_key conn_key(u64 key, u32 tgid)
{
	return (struct map_key){key, tgid};
}

/* --- lists --- */

static void conn_lru_remove(struct conn_table *t, struct conn_entry *e)
{
	*(e->lru_prev ? &e->lru_prev->lru_next : &t->lru_first) = e->lru_next;
	*(e->lru_next ? &e->lru_next->lru_prev : &t->lru_last) = e->lru_prev;
}

static void conn_lru_append(struct conn_table *t, struct conn_entry *e)
{
	e->lru_prev = t->lru_last;
	e->lru_next = NULL;
	*(t->lru_last ? &t->lru_last->lru_next : &t->lru_first) = e;
	t->lru_last = e;
}

static void conn_wait_remove(struct conn_table *t, struct conn_entry *e)
{
	if (!e->is_waiting)
		return;
	*(e->wait_prev ? &e->wait_prev->wait_next : &t->wait_first) = e->wait_next;
	if (e->wait_next)
		e->wait_next->wait_prev = e->wait_prev;
	e->is_waiting = false;
}

/* The tick looks only at connections that wait for something. */
static void conn_wait_update(struct conn_table *t, struct conn_entry *e)
{
	bool waits = e->is_closing || order_is_waiting(&e->dir[0]) || order_is_waiting(&e->dir[1]);

	if (!waits)
		conn_wait_remove(t, e);
	if (!waits || e->is_waiting)
		return;
	e->wait_prev = NULL;
	e->wait_next = t->wait_first;
	if (t->wait_first)
		t->wait_first->wait_prev = e;
	t->wait_first = e;
	e->is_waiting = true;
}

/* --- ordered output --- */

static void conn_out_bytes(void *arg, u64 ts_ns, const u8 *p, size_t n)
{
	struct conn_sink *s = arg;

	s->e->pub.bytes[s->dir] += n;
	s->e->pub.position[s->dir] = s->e->dir[s->dir].next;
	s->t->ops->on_bytes(s->t->arg, &s->e->pub, s->dir, ts_ns, p, n);
}

static void conn_out_gap(void *arg, u64 ts_ns, u64 n, enum gap_kind kind)
{
	struct conn_sink *s = arg;

	s->e->pub.gap_bytes[s->dir] += n;
	s->e->pub.position[s->dir] = s->e->dir[s->dir].next;
	if (kind == GAP_LOST || kind == GAP_FAULT)
		stats_add(STAT_CONN_GAP_BYTES, n);
	s->t->ops->on_gap(s->t->arg, &s->e->pub, s->dir, ts_ns, n, kind);
}

static const struct order_ops conn_order_ops = {conn_out_bytes, conn_out_gap};

/* --- opening and closing --- */

/* Unlinks e from its chain of generations. */
static void conn_unchain(struct conn_table *t, struct conn_entry *e)
{
	struct map_key key = conn_key(e->pub.key, e->pub.tgid);
	struct conn_entry *newest = map_get(t->map, key);

	if (newest != e) {
		while (newest && newest->older != e)
			newest = newest->older;
		if (newest)
			newest->older = e->older;
	} else if (e->older) {
		map_put(t->map, key, e->older);		/* replaces: cannot fail */
	} else {
		map_remove(t->map, key);
	}
}

static void conn_finish(struct conn_table *t, struct conn_entry *e, u64 ts_ns)
{
	for (int d = 0; d < CHUNK_DIR_MAX; d++) {
		struct conn_sink s = {t, e, (enum chunk_dir)d};

		order_flush(&e->dir[d], &t->pool, &conn_order_ops, &s);
	}
	t->ops->on_close(t->arg, &e->pub, e->is_closing ? e->close_ts_ns : ts_ns);
	conn_unchain(t, e);
	conn_wait_remove(t, e);
	conn_lru_remove(t, e);
	t->count--;
	free(e);
}

static void conn_mark_closing(struct conn_table *t, struct conn_entry *e, u64 ts_ns)
{
	if (e->is_closing)
		return;
	e->is_closing = true;
	e->close_ts_ns = ts_ns;
	e->close_since_ns = 0;
	conn_wait_update(t, e);
}

static void conn_evict(struct conn_table *t, u64 ts_ns)
{
	stats_add(STAT_CONN_EVICTED, 1);
	conn_finish(t, t->lru_first, ts_ns);
}

/*
 * A first position this far in cannot be waiting for its predecessors: the connection was evicted
 * here, or the recording starts in its middle. It is late, whatever the flag says.
 */
static bool conn_chunk_is_late(const struct chunk *c)
{
	return !(c->ev.flags & CHUNK_F_BORN) || c->position > CONN_HELD_MAX;
}

static struct conn_entry *conn_open(struct conn_table *t, const struct chunk *c,
				    struct conn_entry *older)
{
	if (t->count >= CONN_MAX && t->lru_first != older)
		conn_evict(t, c->ev.ts_ns);

	struct conn_entry *e = t->count < CONN_MAX ? calloc(1, sizeof(*e)) : NULL;

	if (!e || map_put(t->map, conn_key(c->conn, c->ev.tgid), e)) {
		free(e);
		return NULL;
	}
	e->older = older;
	e->pub = (struct conn){.tgid = c->ev.tgid, .tid = c->ev.tid, .start_ns = c->ev.start_ns,
			       .key = c->conn, .generation = c->generation, .stack = c->stack,
			       .form = c->form, .is_born = !conn_chunk_is_late(c),
			       .opened_ns = c->ev.ts_ns};
	conn_lru_append(t, e);
	t->count++;
	stats_add(STAT_CONN_OPENED, 1);
	e->pub.user = t->ops->on_open(t->arg, &e->pub);
	for (int d = 0; !e->pub.is_born && d < CHUNK_DIR_MAX; d++)
		t->ops->on_gap(t->arg, &e->pub, (enum chunk_dir)d, c->ev.ts_ns, 0, GAP_LATE);
	return e;
}

/* --- finding the connection of a chunk --- */

static void conn_finish_chain(struct conn_table *t, struct conn_entry *e, u64 ts_ns)
{
	while (e) {
		struct conn_entry *older = e->older;

		conn_finish(t, e, ts_ns);
		e = older;
	}
}

/* The same generation starts over: an exec gave the address to another image. */
static bool conn_is_reborn(const struct conn_entry *e, const struct chunk *c)
{
	return e->is_closing && c->ev.kind == EVENT_CHUNK && (c->ev.flags & CHUNK_F_BORN) &&
	       c->position == 0 && c->dir < CHUNK_DIR_MAX && e->dir[c->dir].next > 0;
}

/* The entry that stands for the chunk's generation, or NULL; newer generations end older ones. */
static struct conn_entry *conn_find(struct conn_table *t, const struct chunk *c, bool *ret_is_old)
{
	struct conn_entry *e = map_get(t->map, conn_key(c->conn, c->ev.tgid));

	*ret_is_old = false;
	if (e && e->pub.start_ns != c->ev.start_ns) {
		conn_finish_chain(t, e, c->ev.ts_ns);		/* the pid was reused */
		return NULL;
	}
	for (struct conn_entry *g = e; g; g = g->older)
		if (g->pub.generation == c->generation) {
			if (!conn_is_reborn(g, c))
				return g;
			conn_finish(t, g, c->ev.ts_ns);
			return NULL;
		}
	if (!e)
		return NULL;
	*ret_is_old = (s32)(c->generation - e->pub.generation) < 0;
	if (!*ret_is_old) {
		conn_finish_chain(t, e->older, c->ev.ts_ns);	/* at most two are kept */
		conn_mark_closing(t, e, c->ev.ts_ns);
	}
	return NULL;
}

static struct conn_entry *conn_find_or_open(struct conn_table *t, const struct chunk *c)
{
	bool is_old;
	struct conn_entry *e = conn_find(t, c, &is_old);

	if (e)
		return e;
	if (is_old) {
		stats_add(STAT_CONN_HELD_LOST, 1);
		return NULL;
	}
	e = conn_open(t, c, map_get(t->map, conn_key(c->conn, c->ev.tgid)));
	if (!e)
		stats_add(STAT_CONN_TABLE_FULL, 1);
	return e;
}

/* --- public --- */

struct conn_table *conn_table_new(const struct conn_ops *ops, void *arg)
{
	struct conn_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->ops = ops;
	t->arg = arg;
	t->map = map_new(CONN_MAX);
	if (!t->map) {
		free(t);
		return NULL;
	}
	return t;
}

void conn_table_free(struct conn_table *t)
{
	if (!t)
		return;
	while (t->lru_first)
		conn_finish(t, t->lru_first, t->lru_first->last_ts_ns);
	map_free(t->map);
	free(t);
}

/* Recorded files are hostile input too. */
static bool conn_chunk_is_valid(const struct chunk *c)
{
	return c->dir < CHUNK_DIR_MAX && c->ev.size >= sizeof(*c) &&
	       c->data_len <= c->ev.size - sizeof(*c) && c->data_len <= c->true_len &&
	       c->position <= UINT64_MAX - c->true_len;
}

static void conn_feed_chunk(struct conn_table *t, const struct chunk *c)
{
	struct conn_entry *e = conn_find_or_open(t, c);

	if (!e)
		return;

	struct conn_sink s = {t, e, (enum chunk_dir)c->dir};
	struct order *o = &e->dir[c->dir];

	if (!e->pub.is_born && !o->is_started && c->position > CONN_HELD_MAX)
		o->next = c->position;
	o->is_started = true;
	e->pub.tid = c->ev.tid;
	e->last_ts_ns = c->ev.ts_ns;
	conn_lru_remove(t, e);
	conn_lru_append(t, e);
	order_feed(o, &t->pool, c, &conn_order_ops, &s);
	conn_wait_update(t, e);
}

void conn_table_feed(struct conn_table *t, const struct chunk *chunk)
{
	bool is_old;

	if (!conn_chunk_is_valid(chunk)) {
		stats_add(STAT_CONN_BAD_CHUNK, 1);
	} else if (chunk->ev.kind == EVENT_CHUNK) {
		conn_feed_chunk(t, chunk);
	} else if (chunk->ev.kind == EVENT_CLOSE) {
		struct conn_entry *e = conn_find(t, chunk, &is_old);

		if (e)
			conn_mark_closing(t, e, chunk->ev.ts_ns);
	}
}

void conn_table_exit(struct conn_table *t, u32 tgid, u64 start_ns, u64 ts_ns)
{
	for (struct conn_entry *e = t->lru_first; e; e = e->lru_next)
		if (e->pub.tgid == tgid && e->pub.start_ns == start_ns)
			conn_mark_closing(t, e, ts_ns);
}

/* *since is 0 until the first tick that sees the wait. */
static bool conn_wait_is_over(u64 *since, u64 now_ns, u64 wait_ns)
{
	if (*since == 0)
		*since = now_ns ? now_ns : 1;
	return now_ns >= *since && now_ns - *since >= wait_ns;
}

static void conn_tick_entry(struct conn_table *t, struct conn_entry *e, u64 now_ns)
{
	for (int d = 0; d < CHUNK_DIR_MAX; d++) {
		struct conn_sink s = {t, e, (enum chunk_dir)d};
		struct order *o = &e->dir[d];

		if (order_is_waiting(o) && conn_wait_is_over(&o->since_ns, now_ns,
							     CONN_HOLE_WAIT_NS))
			order_give_up(o, &t->pool, &conn_order_ops, &s);
	}
	if (e->is_closing && !order_is_waiting(&e->dir[0]) && !order_is_waiting(&e->dir[1]) &&
	    conn_wait_is_over(&e->close_since_ns, now_ns, CONN_CLOSE_WAIT_NS))
		conn_finish(t, e, now_ns);
	else
		conn_wait_update(t, e);
}

void conn_table_tick(struct conn_table *t, u64 now_ns)
{
	struct conn_entry *next;

	for (struct conn_entry *e = t->wait_first; e; e = next) {
		next = e->wait_next;
		conn_tick_entry(t, e, now_ns);
	}
}

size_t conn_table_count(const struct conn_table *t)
{
	return t->count;
}
