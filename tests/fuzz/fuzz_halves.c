/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pairing of halves. Input: steps of five bytes that become records, tellings, ends and exits
 * of a few halves, sockets and processes. What comes out belongs to a socket that its half was told
 * of, in order, each connection ended once; every byte comes out or is counted.
 *
 * covers: user/capture/halves.c
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/stats.h"
#include "capture/halves.h"

#define NAMES 128	/* of halves: key (8), generation (8), process (2) */
#define SOCKETS 4
#define CONNS 512	/* generations that are followed */

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct state {
	struct halves *halves;
	u64 position[NAMES];		/* of the half's next byte */
	u8 told[NAMES];			/* bits: sockets */
	u64 end[CONNS][CHUNK_DIR_MAX];	/* by the connection's generation */
	u8 begun[CONNS], ended[CONNS];
	u64 fed, passed;
	struct chunk last;
};

static void must(bool is)
{
	if (!is)
		abort();
}

static void on_chunk(struct state *s, const struct chunk *c)
{
	u64 name = c->ev.ts_ns, socket = c->conn & ~(1ull << 63);

	must(c->conn >> 63 && name < NAMES && c->generation < CONNS);
	must(socket < SOCKETS && s->told[name] & 1 << socket);
	must(c->dir == (name & 1) && !s->ended[c->generation]);
	must(c->position >= s->end[c->generation][c->dir]);
	must(!(c->ev.flags & CHUNK_F_FIRST) == !!s->begun[c->generation]);
	s->begun[c->generation] = 1;
	s->end[c->generation][c->dir] = c->position + c->true_len;
	s->passed += c->true_len;
	s->last = *c;
}

static void on_event(void *arg, const struct event *ev)
{
	const struct chunk *c = (const void *)ev;
	struct state *s = arg;

	if (ev->kind == EVENT_CHUNK) {
		on_chunk(s, c);
	} else if (ev->kind == EVENT_CLOSE) {
		must(c->generation < CONNS && s->begun[c->generation]);
		must(!s->ended[c->generation]++);
	} else {
		must(ev->kind == EVENT_EXIT);
	}
}

static void on_verdict(void *arg, const struct conn_key *half, u32 generation,
		       enum verdict_state verdict)
{
	(void)arg;
	must(half->conn < 8 && half->tgid < 2 && generation < 8);
	must(verdict == VERDICT_IGNORED);
}

static void feed_chunk(struct state *s, u16 kind, u64 name, const u8 *d)
{
	bool is_hole = d[0] & 0x10;
	size_t n = kind == EVENT_CLOSE ? 0 : (size_t)d[4] << (d[0] & 0x20 ? 7 : 0);
	size_t held = is_hole ? 0 : n;
	struct chunk *c = calloc(1, sizeof(*c) + held);

	c->ev = (struct event){.size = (u32)(sizeof(*c) + held), .kind = kind, .ts_ns = name,
			       .tgid = name >> 6, .flags = CHUNK_F_FIRST};
	c->conn = name & 7;
	c->generation = name >> 3 & 7;
	c->dir = name & 1;
	c->stack = STACK_AEAD;
	c->position = s->position[name];
	c->true_len = (u32)n;
	c->data_len = (u32)held;
	s->position[name] += n;
	s->fed += n;
	halves_feed(s->halves, &c->ev);
	free(c);
}

/* kind and flags; half; generation and process; socket; length */
static void step(struct state *s, const u8 *d)
{
	u64 name = (d[1] & 7) | (u64)(d[2] & 15) << 3;
	u32 tgid = (u32)(name >> 6);
	struct pair_event pair = {.ev = {.size = sizeof(pair), .kind = EVENT_PAIR, .tgid = tgid},
				  .socket = d[3] % SOCKETS};
	struct event exit = {.size = sizeof(exit), .kind = EVENT_EXIT, .tgid = tgid};

	pair.ev.flags = d[0] & 0x10 ? CHUNK_F_BORN : 0;
	switch (d[0] & 7) {
	case 0:
		pair.conn = name & 7;
		pair.generation = name >> 3 & 7;
		if (pair.conn)
			s->told[name] |= 1 << pair.socket;
		halves_feed(s->halves, &pair.ev);
		break;
	case 1:
		halves_feed(s->halves, &pair.ev); /* the socket is closed */
		break;
	case 2:
		feed_chunk(s, EVENT_CLOSE, name, d);
		break;
	case 3:
		halves_feed(s->halves, &exit);
		break;
	case 4:
		halves_set_verdict(s->halves, &s->last, VERDICT_IGNORED);
		break;
	default:
		feed_chunk(s, EVENT_CHUNK, name, d);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct halves_ops ops = {.on_event = on_event, .set_verdict = on_verdict};
	struct state *s = calloc(1, sizeof(*s));

	stats_reset();
	s->halves = halves_new(&ops, s);
	for (size_t at = 0; at + 5 <= size && at < 5 * 400; at += 5)
		step(s, data + at);
	halves_free(s->halves);
	must(s->fed == s->passed + stats_get(STAT_UNPAIRED_BYTES));
	free(s);
	return 0;
}
