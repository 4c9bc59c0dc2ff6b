/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two tables: halves by (key, tgid), connections by (socket, tgid).
 *
 *	half:   held ------ told ------> passes on under its connection's name
 *	          |                          |
 *	          +---- closed, exit --------+----> forgotten
 */
#include "capture/halves.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/stats.h"

/* no address of a process has this bit */
#define PAIR_NAME (1ull << 63)

struct held {
	struct held *next;
	struct chunk chunk;		/* last: ends in a flexible array */
};

struct connection;

struct half {
	struct conn_key key;
	u32 generation;
	struct connection *conn;	/* NULL: not told yet */
	struct held *first, **last;
	size_t held_bytes;
	u64 base;			/* of its positions within the connection */
};

struct connection {
	u64 socket;
	u32 tgid;
	u32 generation;
	struct half *half[CHUNK_DIR_MAX];
	u64 next[CHUNK_DIR_MAX];	/* positions */
	enum verdict_state verdict;
	bool has_verdict;
	bool is_born;
	bool is_used;
};

struct halves {
	struct halves_ops ops;
	void *arg;
	struct map *halves;
	struct map *conns;
	size_t held_bytes;
	u32 generation;
	union {
		struct chunk chunk;
		u8 bytes[sizeof(struct chunk) + PAIR_CHUNK_MAX];
	} out;
};

static struct map_key half_key(const struct conn_key *key)
{
	return (struct map_key){ .a = key->conn, .b = key->tgid };
}

static struct map_key conn_key(u64 socket, u32 tgid)
{
	return (struct map_key){ .a = socket, .b = tgid };
}

/* --- what is held --------------------------------------------------------------------------- */

static void hold(struct halves *p, struct half *h, const struct chunk *c)
{
	size_t n = c->ev.size;
	struct held *one = NULL;

	if (h->held_bytes + n <= PAIR_HELD_MAX && p->held_bytes + n <= PAIR_HELD_TOTAL_MAX)
		one = malloc(offsetof(struct held, chunk) + n);
	if (!one) {
		stats_add(STAT_UNPAIRED_BYTES, c->true_len);
		return;
	}
	memcpy(&one->chunk, c, n);
	one->next = NULL;
	*h->last = one;
	h->last = &one->next;
	h->held_bytes += n;
	p->held_bytes += n;
}

/* The oldest, taken out; NULL: none. */
static struct held *take_held(struct halves *p, struct half *h)
{
	struct held *one = h->first;

	if (!one)
		return NULL;
	h->first = one->next;
	if (!h->first)
		h->last = &h->first;
	h->held_bytes -= one->chunk.ev.size;
	p->held_bytes -= one->chunk.ev.size;
	return one;
}

/* --- halves --------------------------------------------------------------------------------- */

static void free_half(struct halves *p, struct half *h)
{
	for (struct held *one; (one = take_held(p, h)); free(one))
		stats_add(STAT_UNPAIRED_BYTES, one->chunk.true_len);
	if (h->conn && h->conn->half[h->key.conn & 1] == h)
		h->conn->half[h->key.conn & 1] = NULL;
	free(h);
}

static void drop_half(struct halves *p, struct half *h)
{
	map_remove(p->halves, half_key(&h->key));
	free_half(p, h);
}

static struct half *half_get(struct halves *p, u64 conn, u32 tgid, u32 generation)
{
	struct conn_key key = { .conn = conn, .tgid = tgid };
	struct half *h = map_get(p->halves, half_key(&key));

	if (h && h->generation == generation)
		return h;
	if (h)
		drop_half(p, h);
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->key = key;
	h->generation = generation;
	h->last = &h->first;
	if (map_put(p->halves, half_key(&key), h)) {
		free(h);
		return NULL;
	}
	return h;
}

/* --- connections ---------------------------------------------------------------------------- */

static void pass_on(struct halves *p, struct half *h, const struct chunk *c)
{
	struct connection *conn = h->conn;
	struct chunk *out = &p->out.chunk;
	u16 of_half = CHUNK_F_BORN | CHUNK_F_FIRST | CHUNK_F_INHERITED;

	if (c->ev.size > sizeof(p->out)) {
		stats_add(STAT_UNPAIRED_BYTES, c->true_len);
		return;
	}
	memcpy(out, c, c->ev.size);
	out->conn = PAIR_NAME | conn->socket;
	out->generation = conn->generation;
	out->position += h->base;
	out->ev.flags &= ~of_half;
	if (conn->is_born)
		out->ev.flags |= CHUNK_F_BORN;
	if (!conn->is_used)
		out->ev.flags |= CHUNK_F_FIRST;
	conn->is_used = true;
	conn->next[c->dir & 1] = out->position + c->true_len;
	p->ops.on_event(p->arg, &out->ev);
}

static struct connection *connection_get(struct halves *p, u64 socket, u32 tgid)
{
	struct connection *c = map_get(p->conns, conn_key(socket, tgid));

	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->socket = socket;
	c->tgid = tgid;
	c->generation = ++p->generation;
	if (map_put(p->conns, conn_key(socket, tgid), c)) {
		free(c);
		return NULL;
	}
	return c;
}

static void apply_verdict(struct halves *p, const struct connection *c, const struct half *h)
{
	if (c->has_verdict && h)
		p->ops.set_verdict(p->arg, &h->key, h->generation, c->verdict);
}

/* Tells of the end, with the event that says so; the halves go too. */
static void close_connection(struct halves *p, struct connection *c, const struct event *why)
{
	struct chunk end = {
		.ev = *why,
		.conn = PAIR_NAME | c->socket,
		.generation = c->generation,
		.stack = STACK_AEAD,
		.position = c->next[CHUNK_READ],
	};

	map_remove(p->conns, conn_key(c->socket, c->tgid));
	for (size_t i = 0; i < CHUNK_DIR_MAX; i++) {
		if (c->half[i])
			drop_half(p, c->half[i]);
	}
	end.ev.kind = EVENT_CLOSE;
	end.ev.size = sizeof(end);
	end.ev.flags = 0;
	if (c->is_used)
		p->ops.on_event(p->arg, &end.ev);
	free(c);
}

/* --- events --------------------------------------------------------------------------------- */

static void on_chunk(struct halves *p, const struct chunk *c)
{
	struct half *h = half_get(p, c->conn, c->ev.tgid, c->generation);

	if (!h)
		stats_add(STAT_UNPAIRED_BYTES, c->true_len);
	else if (h->conn)
		pass_on(p, h, c);
	else
		hold(p, h, c);
}

static void on_close(struct halves *p, const struct chunk *c)
{
	struct conn_key key = { .conn = c->conn, .tgid = c->ev.tgid };
	struct half *h = map_get(p->halves, half_key(&key));

	if (!h || h->generation != c->generation)
		return;
	if (h->conn)
		close_connection(p, h->conn, &c->ev);
	else
		drop_half(p, h);
}

/* A second half of a direction is the same connection under a new key. */
static void on_told(struct halves *p, const struct pair_event *e)
{
	struct half *h = half_get(p, e->conn, e->ev.tgid, e->generation);
	struct connection *c = h ? connection_get(p, e->socket, e->ev.tgid) : NULL;
	size_t dir = e->conn & 1;

	if (!c || h->conn)
		return;
	struct half *old = c->half[dir];

	c->half[dir] = h;
	h->conn = c;
	h->base = c->next[dir];
	if (!c->is_used)
		c->is_born = e->ev.flags & CHUNK_F_BORN;
	if (old)
		drop_half(p, old);
	apply_verdict(p, c, h);
	for (struct held *one; (one = take_held(p, h)); free(one))
		pass_on(p, h, &one->chunk);
}

static void on_pair(struct halves *p, const struct pair_event *e)
{
	struct connection *c;

	if (e->conn) {
		on_told(p, e);
		return;
	}
	c = map_get(p->conns, conn_key(e->socket, e->ev.tgid));
	if (c)
		close_connection(p, c, &e->ev);
}

struct exit_walk {
	struct halves *set;
	u32 tgid;		/* 0: all */
};

static bool half_is_gone(void *arg, struct map_key key, void *value)
{
	const struct exit_walk *w = arg;
	struct half *h = value;

	if (w->tgid && h->key.tgid != w->tgid)
		return false;
	free_half(w->set, h);
	return true;
}

/* The pipeline ends them itself, with their process. */
static bool connection_is_gone(void *arg, struct map_key key, void *value)
{
	const struct exit_walk *w = arg;
	struct connection *c = value;

	if (w->tgid && c->tgid != w->tgid)
		return false;
	free(c);
	return true;
}

static void forget(struct halves *p, u32 tgid)
{
	struct exit_walk w = { .set = p, .tgid = tgid };

	map_walk(p->halves, half_is_gone, &w);
	map_walk(p->conns, connection_is_gone, &w);
}

void halves_feed(struct halves *p, const struct event *ev)
{
	const struct chunk *c = (const void *)ev;
	bool is_half = (ev->kind == EVENT_CHUNK || ev->kind == EVENT_CLOSE) &&
		       c->stack == STACK_AEAD;

	if (ev->kind == EVENT_PAIR)
		on_pair(p, (const void *)ev);
	else if (is_half && ev->kind == EVENT_CHUNK)
		on_chunk(p, c);
	else if (is_half)
		on_close(p, c);
	else
		p->ops.on_event(p->arg, ev);
	if (ev->kind == EVENT_EXIT && map_count(p->halves))
		forget(p, ev->tgid);
}

bool halves_set_verdict(struct halves *p, const struct chunk *chunk, enum verdict_state verdict)
{
	struct connection *c;

	if (!(chunk->conn & PAIR_NAME))
		return false;
	c = map_get(p->conns, conn_key(chunk->conn & ~PAIR_NAME, chunk->ev.tgid));
	if (!c || c->generation != chunk->generation)
		return true;
	/* the half that is read would not see the POST that ends a suspension */
	if (verdict == VERDICT_SUSPENDED)
		return true;
	c->verdict = verdict;
	c->has_verdict = true;
	for (size_t i = 0; i < CHUNK_DIR_MAX; i++)
		apply_verdict(p, c, c->half[i]);
	return true;
}

/* --- the set -------------------------------------------------------------------------------- */

struct halves *halves_new(const struct halves_ops *ops, void *arg)
{
	struct halves *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->ops = *ops;
	p->arg = arg;
	p->halves = map_new(2 * CONN_MAX);
	p->conns = map_new(CONN_MAX);
	if (!p->halves || !p->conns) {
		halves_free(p);
		return NULL;
	}
	return p;
}

void halves_free(struct halves *p)
{
	if (!p)
		return;
	if (p->halves && p->conns)
		forget(p, 0);
	map_free(p->halves);
	map_free(p->conns);
	free(p);
}
