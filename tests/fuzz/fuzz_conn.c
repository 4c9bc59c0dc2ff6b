/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection table. Input: steps of six bytes that become chunks, closes, exits and ticks of a
 * few connections. What comes out of a direction never overlaps and never runs backward.
 *
 * covers: user/conn/conn.c user/conn/order.c
 */
#include <stdlib.h>
#include <string.h>

#include "conn/conn.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct state {
	u64 open;
	u64 fed, delivered;
};

struct end {
	u64 bytes[CHUNK_DIR_MAX];
};

static void *on_open(void *arg, struct conn *conn)
{
	struct state *s = arg;

	s->open++;
	return calloc(1, sizeof(struct end));
}

static void on_bytes(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, const u8 *p,
		     size_t n)
{
	struct state *s = arg;
	struct end *end = conn->user;

	/* each byte says where it belongs: its position, modulo 251 */
	for (size_t i = 1; i < n; i++)
		if (p[i] != (p[i - 1] + 1) % 251)
			abort();
	end->bytes[dir] += n;
	s->delivered += n;
	if (n == 0 || end->bytes[dir] != conn->bytes[dir] || s->delivered > s->fed)
		abort();
}

static void on_gap(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, u64 n,
		   enum gap_kind kind)
{
	if ((n == 0) != (kind == GAP_LATE))
		abort();
}

static void on_close(void *arg, struct conn *conn, u64 ts_ns)
{
	struct state *s = arg;

	s->open--;
	free(conn->user);
}

static const struct conn_ops ops = {on_open, on_bytes, on_gap, on_close};

/* kind and flags, key and generation, position (2), data, hole */
static void step(struct conn_table *t, struct state *s, const u8 *d, u64 *now_ns)
{
	u64 position = (u64)(d[2] | d[3] << 8) << (d[0] & 0x80 ? 11 : 0);
	size_t n = (size_t)d[4] << ((d[1] & 0xc0) == 0xc0 ? 11 : 0);
	struct chunk *c = calloc(1, sizeof(*c) + n);

	c->ev = (struct event){.size = (u32)(sizeof(*c) + n), .tgid = d[1] & 1,
			       .kind = (d[0] & 7) == 1 ? EVENT_CLOSE : EVENT_CHUNK,
			       .start_ns = d[1] >> 1 & 1,
			       .flags = d[0] & 0x08 ? 0 : CHUNK_F_BORN};
	c->ev.flags |= d[0] & 0x20 ? CHUNK_F_HOLE_FAULT : CHUNK_F_HOLE_POLICY;
	c->conn = d[1] >> 2 & 3;
	c->generation = d[1] >> 4 & 7;
	c->dir = d[0] >> 4 & 1;
	c->position = d[0] == 0xff ? UINT64_MAX : position;
	c->data_len = (u32)n + ((d[0] & 0x47) == 0x47);		/* more than it holds */
	c->true_len = (u32)n + d[5];
	for (size_t i = 0; i < n; i++)
		c->data[i] = (u8)((position + i) % 251);
	s->fed += n;
	if ((d[0] & 7) == 2) {
		*now_ns += d[4] * 10000000ull;
		conn_table_tick(t, *now_ns);
	} else if ((d[0] & 7) == 3) {
		conn_table_exit(t, d[1] & 1, d[1] >> 1 & 1, *now_ns);
	} else {
		conn_table_feed(t, c);
	}
	free(c);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct state s = {0};
	struct conn_table *t = conn_table_new(&ops, &s);
	u64 now_ns = 0;

	for (size_t at = 0; at + 6 <= size && at < 6 * 300; at += 6)
		step(t, &s, data + at, &now_ns);
	if (conn_table_count(t) != s.open)
		abort();
	conn_table_free(t);
	if (s.open)
		abort();
	return 0;
}
