/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection turns out to be, and who reads it from then on.
 *
 *	UNKNOWN --first head--> H1 --101--> WEBSOCKET, H2, NONE     without a reader of its own,
 *	   |                    | \--unreadable--> NONE             bytes are counted
 *	   +--preface--> H2     +--2xx to CONNECT--> UNKNOWN
 *	   +--else--> NONE
 */
#include <stdlib.h>

#include "base/stats.h"
#include "http/h2.h"

const char *http_undecoded_name(enum undecoded_kind kind)
{
	static const char *const names[UNDECODED_MAX] = {
		[UNDECODED_H2] = "h2",
		[UNDECODED_WEBSOCKET] = "websocket",
		[UNDECODED_CODING] = "coding",
		[UNDECODED_OTHER] = "other",
	};

	return kind < UNDECODED_MAX ? names[kind] : "other";
}

void http_count_undecoded(struct http_conn *h, enum undecoded_kind kind, u64 n)
{
	if (n == 0)
		return;
	stats_add(STAT_HTTP_UNDECODED_BYTES, n);
	h->ops->on_undecoded(h->arg, h->conn, kind, n);
}

void http_report(struct http_conn *h, enum http_protocol protocol)
{
	h->protocol = protocol;
	if (h->reported == protocol)
		return;
	h->reported = protocol;
	h->ops->on_protocol(h->arg, h->conn, protocol);
}

/* Without one, or without memory for one, bytes are counted. */
static void http_set_reader(struct http_conn *h, enum http_protocol protocol)
{
	static const struct http_protocol_ops *const readers[HTTP_PROTO_MAX] = {
		[HTTP_PROTO_H2] = &h2_protocol,
		[HTTP_PROTO_WEBSOCKET] = &websocket_reader,
	};

	if (!readers[protocol])
		return;
	h->reader_state = readers[protocol]->new(h);
	if (h->reader_state)
		h->reader = readers[protocol];
	else
		stats_add(STAT_HTTP_NO_MEMORY, 1);
}

void http_become(struct http_conn *h, enum http_protocol protocol, enum undecoded_kind kind,
		 const char *why)
{
	u64 ts_ns = h->side[0].ts_ns > h->side[1].ts_ns ? h->side[0].ts_ns : h->side[1].ts_ns;

	for (int i = 0; i < 2; i++)
		if (h->side[i].x)
			content_end(h, h->side[i].x,
				    http_is_request_side(h, &h->side[i]) ? HTTP_REQUEST :
									   HTTP_RESPONSE,
				    &h->side[i].content, false);
	pair_finish_all(h, ts_ns, false);
	if (h->protocol == HTTP_PROTO_H1 && protocol == HTTP_PROTO_NONE)
		stats_add(STAT_HTTP_DEAD, 1);
	h->dead = why;
	h->undecoded = kind;
	http_report(h, protocol);
	http_set_reader(h, protocol);
}

void http_restart(struct http_conn *h)
{
	h->protocol = HTTP_PROTO_UNKNOWN;
	h->request_side = -1;
	h->is_role_sure = false;
	for (int i = 0; i < 2; i++) {
		struct http_side *s = &h->side[i];

		h1_reset(&s->h1);
		buf_fini(&s->scan);
		s->state = SIDE_FIRST;
		s->is_idle = true;
	}
}

/* --- bytes for whoever reads them now --- */

void http_pass_on(struct http_conn *h, bool is_write, u64 ts_ns, const u8 *p, size_t n)
{
	if (h->reader && n)
		h->reader->feed(h->reader_state, is_write, ts_ns, p, n);
	else
		http_count_undecoded(h, h->undecoded, n);
}

static void http_pass_scanned(struct http_conn *h, struct http_side *s)
{
	struct buf scan = s->scan;

	buf_init(&s->scan, HTTP_LINE_MAX);
	http_pass_on(h, s == &h->side[1], s->scan_ns, (const u8 *)scan.p, scan.n);
	buf_fini(&scan);
}

static void http_pass_held(struct http_conn *h, struct http_side *s)
{
	bool is_write = s == &h->side[1];

	while (s->hold.first) {
		struct hold_part *part = hold_take(&s->hold);

		if (part->gap && h->reader)
			h->reader->gap(h->reader_state, is_write, part->ts_ns, part->gap,
				       part->is_policy);
		http_pass_on(h, is_write, part->ts_ns, part->data + part->at, part->n - part->at);
		free(part);
	}
}

void http_hand_over(struct http_conn *h, struct http_side *s, u64 ts_ns, const u8 *p, size_t n)
{
	struct http_side *other = &h->side[s == &h->side[0]];

	http_pass_scanned(h, s);
	http_pass_on(h, s == &h->side[1], ts_ns, p, n);
	http_pass_held(h, s);
	http_pass_scanned(h, other);
	http_pass_held(h, other);
	side_fini(s);
	side_fini(other);
	side_init(s);
	side_init(other);
}
