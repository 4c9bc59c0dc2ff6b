/* SPDX-License-Identifier: Apache-2.0 */
/* The connection: two sides, and what is held back between them. */
#include "http/private.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/stats.h"

_Static_assert(sizeof(struct http_conn) < 1024, "CONN_MAX of these are kept");

struct http_conn *http_conn_new(const struct http_ops *ops, void *arg, void *conn)
{
	struct http_conn *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->ops = ops;
	h->arg = arg;
	h->conn = conn;
	h->request_side = -1;
	side_init(&h->side[0]);
	side_init(&h->side[1]);
	return h;
}

void http_conn_free(struct http_conn *h)
{
	if (!h)
		return;
	pair_finish_all(h, 0, true);
	if (h->reader)
		h->reader->free(h->reader_state);
	side_fini(&h->side[0]);
	side_fini(&h->side[1]);
	free(h);
}

/* --- holding back --- */

/* The other side did not come in time. */
static void http_hold_overflow(struct http_conn *h, struct http_side *s)
{
	if (!http_is_response_side(h, s)) {
		http_become(h, HTTP_PROTO_NONE, UNDECODED_OTHER, "no answer to an upgrade");
		return;
	}
	stats_add(STAT_HTTP_UNPAIRED, 1);
	stats_add(STAT_HTTP_RESYNC_BYTES, hold_clear(&s->hold));
	side_resync(h, s);
	h->requests_missing = true;
}

/* Feeds what no longer has to wait; true when something moved. */
static bool http_drain_side(struct http_conn *h, struct http_side *s)
{
	if (!s->hold.first || h->protocol > HTTP_PROTO_H1 || side_must_wait(h, s))
		return false;

	/* out of the queue first: the side may clear it */
	struct hold_part *part = hold_take(&s->hold);

	if (part->gap)
		side_gap(h, s, part->ts_ns, part->gap, part->is_policy);
	else
		part->at += side_feed(h, s, part->ts_ns, part->data + part->at,
				      part->n - part->at);
	if (h->protocol > HTTP_PROTO_H1) {
		http_hand_over(h, s, part->ts_ns, part->data + part->at, part->n - part->at);
	} else if (part->at < part->n) {
		hold_untake(&s->hold, part);
		return true;
	}
	free(part);
	return true;
}

static void http_drain(struct http_conn *h)
{
	bool moved = true;

	while (moved) {
		moved = http_drain_side(h, &h->side[0]);
		moved |= http_drain_side(h, &h->side[1]);
	}
}

/* --- public --- */

void http_conn_feed(struct http_conn *h, bool is_write, u64 ts_ns, const u8 *p, size_t n)
{
	struct http_side *s = &h->side[is_write];
	size_t taken = 0;

	if (h->protocol > HTTP_PROTO_H1) {
		http_pass_on(h, is_write, ts_ns, p, n);
		return;
	}
	if (resync_was_wrong(h, s, p, n))
		http_hold_overflow(h, s);
	if (h->protocol <= HTTP_PROTO_H1 && !s->hold.first)
		taken = side_feed(h, s, ts_ns, p, n);
	if (h->protocol > HTTP_PROTO_H1) {
		http_hand_over(h, s, ts_ns, p + taken, n - taken);
		return;
	}
	if (taken < n && hold_push(&s->hold, ts_ns, p + taken, n - taken)) {
		/* with what is held goes the rest of this record: a search starts at the next */
		http_hold_overflow(h, s);
		if (h->protocol > HTTP_PROTO_H1)
			http_hand_over(h, s, ts_ns, p + taken, n - taken);
		else
			stats_add(STAT_HTTP_RESYNC_BYTES, n - taken);
		return;
	}
	http_drain(h);
}

void http_conn_gap(struct http_conn *h, bool is_write, u64 ts_ns, u64 n, bool is_policy)
{
	struct http_side *s = &h->side[is_write];

	if (h->reader && n)
		h->reader->gap(h->reader_state, is_write, ts_ns, n, is_policy);
	if (n == 0 || h->protocol > HTTP_PROTO_H1)
		return;
	if (!s->hold.first)
		side_gap(h, s, ts_ns, n, is_policy);
	else if (hold_push_gap(&s->hold, ts_ns, n, is_policy))
		http_hold_overflow(h, s);
	if (h->protocol > HTTP_PROTO_H1)
		http_hand_over(h, s, ts_ns, NULL, 0);
	http_drain(h);
}

void http_conn_late(struct http_conn *h)
{
	for (int i = 0; i < 2; i++)
		if (h->side[i].state == SIDE_FIRST)
			side_resync(h, &h->side[i]);
}

void http_conn_close(struct http_conn *h, u64 ts_ns)
{
	if (h->reader)
		h->reader->close(h->reader_state, ts_ns);
	for (int i = 0; i < 2; i++) {
		struct http_side *s = &h->side[i];
		u64 dropped = hold_clear(&s->hold);

		if (dropped && http_is_response_side(h, s)) {
			stats_add(STAT_HTTP_UNPAIRED, 1);
			stats_add(STAT_HTTP_RESYNC_BYTES, dropped);
		}
		if (h->protocol == HTTP_PROTO_UNKNOWN && s->state == SIDE_FIRST)
			http_count_undecoded(h, UNDECODED_OTHER, s->scan.n);
		side_close(h, s, ts_ns);
	}
	pair_finish_all(h, ts_ns, true);
}

bool http_conn_is_idle(const struct http_conn *h)
{
	const struct http_side *s;

	if (!h || h->reader || h->first || h->request_side < 0)
		return false;
	s = &h->side[h->request_side];
	return s->state == SIDE_HEAD && s->is_idle && !s->hold.first;
}
