/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of an HTTP/1 connection.
 *
 *	FIRST --method or status line--> HEAD <----------------- body over --+
 *	  |                              | ^ \----- blank line ----> BODY ---+
 *	  +--> something else:           | |                          | ^
 *	       http_become               | +--- head found ---+  gap over framing
 *	                                 +- cut by a gap -> RESYNC   or RECOVER (chunked response)
 *
 * HEAD between two messages is where a side waits for the other one: a response for its request,
 * and what follows a request that may open a tunnel for the response that decides it.
 */
#include "http/private.h"

#include "base/limits.h"
#include "base/stats.h"
#include "http/detect.h"
#include "http/h2.h"

struct side_to {
	struct http_conn *h;
	struct http_side *s;
};

void side_init(struct http_side *s)
{
	*s = (struct http_side){.state = SIDE_FIRST, .is_idle = true};
	h1_init(&s->h1);
	buf_init(&s->scan, HTTP_LINE_MAX);
}

void side_fini(struct http_side *s)
{
	h1_fini(&s->h1);
	buf_fini(&s->scan);
	content_fini(&s->content);
	hold_clear(&s->hold);
}

static enum http_dir side_dir(const struct http_conn *h, const struct http_side *s)
{
	return http_is_request_side(h, s) ? HTTP_REQUEST : HTTP_RESPONSE;
}

/* Between messages. */
static void side_idle(struct http_side *s)
{
	s->state = SIDE_HEAD;
	s->is_idle = true;
	s->is_interim = false;
	s->body_begun = false;
	s->message_bytes = 0;
	s->x = NULL;
	h1_reset(&s->h1);
}

void side_resync(struct http_conn *h, struct http_side *s)
{
	stats_add(STAT_HTTP_RESYNC, 1);
	side_idle(s);
	s->state = SIDE_RESYNC;
	s->at_line_start = false;
	s->has_candidate = false;
	buf_fini(&s->scan);
	if (!http_is_response_side(h, s))
		h->requests_missing = true;
	if (!http_is_request_side(h, s))
		h->responses_missing = true;
}

bool side_must_wait(const struct http_conn *h, const struct http_side *s)
{
	if (http_is_response_side(h, s))
		return ((s->state == SIDE_HEAD && s->is_idle) ||
			(s->state == SIDE_RESYNC && s->has_candidate)) && !pair_awaiting(h);
	return s->state == SIDE_HEAD && s->is_idle && h->last && !h->last->response_told &&
	       (h->last->is_connect || h->last->upgrade != H1_UPGRADE_NONE);
}

/* --- the end of a message --- */

void side_message_over(struct http_conn *h, struct http_side *s, bool is_complete)
{
	enum http_dir dir = side_dir(h, s);
	struct http_x *x = s->x;

	content_end(h, x, dir, &s->content, is_complete);
	if (dir == HTTP_REQUEST) {
		x->request_over = true;
		x->pub.request_end_ns = s->ts_ns;
	} else {
		x->response_over = true;
	}
	x->pub.end_ns = s->ts_ns;
	side_idle(s);
	pair_finish_if_over(h, x);
}

/* --- heads --- */

static int side_on_start(void *arg, const struct h1_start *start)
{
	struct side_to *to = arg;
	struct http_conn *h = to->h;
	struct http_side *s = to->s;

	if (start->is_request != http_is_request_side(h, s))
		return -1;
	if (start->is_request) {
		s->x = pair_new(h, s, start);
		return s->x ? 0 : -1;
	}
	s->is_interim = start->status < 200 && start->status != 101;
	if (s->is_interim)
		return 0;
	s->x = pair_pick(h, s->start_ns);
	if (!s->x)
		return -1;
	s->x->pub.status = start->status;
	s->x->pub.response_start_ns = s->start_ns;
	return 0;
}

static void side_on_header(void *arg, enum http_header id, struct str value)
{
	struct side_to *to = arg;

	if (to->s->x)			/* else of an interim response */
		exchange_keep_header(to->s->x, side_dir(to->h, to->s), id, value);
}

static const struct h1_ops side_h1_ops = {side_on_start, side_on_header};

/* A coding that is not known stands for all that cannot be undone. */
static struct str side_content_encoding(const struct http_side *s, enum http_dir dir)
{
	if (s->h1.head.has_other_coding || s->h1.head.has_two_encodings)
		return STR("several");
	return s->x->pub.header[dir][HTTP_H_CONTENT_ENCODING];
}

static void side_body_begin(struct http_conn *h, struct http_side *s, enum body_kind kind)
{
	enum http_dir dir = side_dir(h, s);

	content_begin(&s->content, s->x, dir, side_content_encoding(s, dir));
	body_init(&s->body, kind, s->h1.head.length);
	s->state = SIDE_BODY;
	if (s->body.is_done)
		side_message_over(h, s, true);
}

static void side_request_head(struct http_conn *h, struct http_side *s)
{
	const struct h1_head *head = &s->h1.head;
	struct http_x *x = s->x;

	if (head->has_other_coding && !head->is_chunked) {
		http_become(h, HTTP_PROTO_NONE, UNDECODED_OTHER, "request without an end");
		return;
	}
	x->expects_continue = head->expects_continue;
	x->upgrade = head->upgrade;
	h->had_exchange = true;
	http_report(h, HTTP_PROTO_H1);
	exchange_tell_request(h, x);
	side_body_begin(h, s, head->is_chunked ? BODY_CHUNKED :
			head->has_length ? BODY_SIZED : BODY_NONE);
}

static enum body_kind side_response_body(const struct http_side *s)
{
	const struct http_x *x = s->x;
	u16 status = x->pub.status;

	if (x->is_head || status == 204 || status == 304 || status == 101 ||
	    (x->is_connect && status / 100 == 2))
		return BODY_NONE;
	if (s->h1.head.is_chunked)
		return BODY_CHUNKED;
	return s->h1.head.has_length && !s->h1.head.has_other_coding ? BODY_SIZED : BODY_CLOSE;
}

/* The response turns the connection into something else. */
static void side_switch(struct http_conn *h, enum h1_upgrade upgrade, bool is_tunnel)
{
	if (is_tunnel)
		http_restart(h);
	else if (upgrade == H1_UPGRADE_WEBSOCKET)
		http_become(h, HTTP_PROTO_WEBSOCKET, UNDECODED_WEBSOCKET, NULL);
	else if (upgrade == H1_UPGRADE_H2C)
		http_become(h, HTTP_PROTO_H2, UNDECODED_H2, NULL);
	else
		http_become(h, HTTP_PROTO_NONE, UNDECODED_OTHER, "upgraded");
}

/* The answer to the request that asked for HTTP/2 comes there, on stream 1. */
static void side_switch_h2c(struct http_conn *h, struct http_x *x)
{
	pair_detach(h, x);
	x->pub.status = 0;
	x->pub.response_start_ns = 0;
	memset(x->pub.header[HTTP_RESPONSE], 0, sizeof(x->pub.header[HTTP_RESPONSE]));
	x->response_started = false;
	http_become(h, HTTP_PROTO_H2, UNDECODED_H2, NULL);
	h2_adopt(h, x);
}

static void side_response_head(struct http_conn *h, struct http_side *s)
{
	struct http_x *x = s->x;
	enum body_kind kind = side_response_body(s);
	enum h1_upgrade upgrade = s->h1.head.upgrade;
	bool is_tunnel = x->is_connect && x->pub.status / 100 == 2;
	bool is_switch = is_tunnel || x->pub.status == 101;

	if (x->pub.status == 101 && upgrade == H1_UPGRADE_H2C && x->upgrade == upgrade &&
	    x->request_over && !x->is_ghost) {
		side_switch_h2c(h, x);
		return;
	}
	x->is_upgraded = x->pub.status == 101 && upgrade == H1_UPGRADE_WEBSOCKET && x->is_wanted;
	exchange_tell_response(h, x, kind != BODY_NONE);
	side_body_begin(h, s, kind);
	if (is_switch)
		side_switch(h, upgrade, is_tunnel);
}

static void side_head_done(struct http_conn *h, struct http_side *s)
{
	if (s->is_interim) {
		u64 bytes = s->message_bytes;

		side_idle(s);
		s->message_bytes = bytes;
	} else if (http_is_request_side(h, s)) {
		side_request_head(h, s);
	} else {
		side_response_head(h, s);
	}
}

/* A head that cannot be read. Between messages of a good connection that is worth a search. */
static void side_head_dead(struct http_conn *h, struct http_side *s)
{
	bool is_start = !s->x && !s->is_interim;
	bool is_full = http_is_request_side(h, s) && h->count >= HTTP_PIPELINE_MAX;

	if (is_start && !is_full && (h->had_exchange || h->responses_missing)) {
		if (http_is_response_side(h, s))
			stats_add(STAT_HTTP_UNPAIRED, 1);
		side_resync(h, s);
		return;
	}
	http_become(h, HTTP_PROTO_NONE, UNDECODED_OTHER, s->h1.dead);
}

static size_t head_step(struct http_conn *h, struct http_side *s, const u8 *p, size_t n)
{
	struct side_to to = {h, s};
	struct buf scan = s->scan;		/* what was gathered to find this head */

	if (s->is_idle && scan.n == 0 && (*p == '\r' || *p == '\n'))
		return 1;
	if (s->is_idle) {
		s->is_idle = false;
		s->start_ns = scan.n ? s->scan_ns : s->ts_ns;
	}
	buf_init(&s->scan, HTTP_LINE_MAX);

	/* never a whole head, so there is a byte behind it to go on with */
	size_t taken = scan.n;

	if (scan.n)
		h1_feed(&s->h1, (const u8 *)scan.p, scan.n, &side_h1_ops, &to);
	buf_fini(&scan);
	if (taken == 0)
		taken = h1_feed(&s->h1, p, n, &side_h1_ops, &to);
	else
		n = 0;

	s->message_bytes += taken;
	if (s->x)
		s->x->pub.wire_bytes[side_dir(h, s)] = s->message_bytes;
	if (s->h1.dead)
		side_head_dead(h, s);
	else if (s->h1.is_done)
		side_head_done(h, s);
	return n ? taken : 0;
}

/* --- bodies --- */

static void side_on_data(void *arg, const u8 *p, size_t n)
{
	struct side_to *to = arg;
	struct http_x *x = to->s->x;
	enum http_dir dir = side_dir(to->h, to->s);

	if (dir == HTTP_RESPONSE && !x->pub.response_body_ns)
		x->pub.response_body_ns = to->s->ts_ns;
	if (dir == HTTP_RESPONSE)
		x->pub.end_ns = to->s->ts_ns;	/* a client may leave before the body's end */
	content_feed(to->h, x, dir, &to->s->content, p, n);
}

/*
 * A client that asked with Expect and was refused may send its next request instead of the body
 * it announced.
 */
static bool side_body_is_withheld(const struct http_conn *h, const struct http_side *s, const u8 *p,
				  size_t n)
{
	return http_is_request_side(h, s) && s->is_record_start && !s->body_begun &&
	       s->x->expects_continue && s->x->response_told && s->x->pub.status >= 300 &&
	       detect_head_line(p, n) == DETECT_REQUEST;
}

/* Where the chunks go on, the rest of this response and any other's head may have been lost. */
static void side_recover(struct http_conn *h, struct http_side *s)
{
	s->state = SIDE_RECOVER;
	h->responses_missing = true;
	content_gap(h, s->x, HTTP_RESPONSE, &s->content, false);
}

static size_t body_step(struct http_conn *h, struct http_side *s, const u8 *p, size_t n)
{
	struct side_to to = {h, s};

	if (side_body_is_withheld(h, s, p, n)) {
		side_message_over(h, s, true);
		return 0;
	}
	s->body_begun = true;

	size_t taken = body_feed(&s->body, p, n, side_on_data, &to);

	s->message_bytes += taken;
	s->x->pub.wire_bytes[side_dir(h, s)] = s->message_bytes;
	if (s->body.is_done) {
		side_message_over(h, s, true);
	} else if (s->body.dead && s->body.is_recovered) {
		side_recover(h, s);
		s->is_record_start = false;
	} else if (s->body.dead) {
		http_become(h, HTTP_PROTO_NONE, UNDECODED_OTHER, s->body.dead);
	}
	return taken;
}

/* --- bytes --- */

size_t side_feed(struct http_conn *h, struct http_side *s, u64 ts_ns, const u8 *p, size_t n)
{
	size_t at = 0;

	s->ts_ns = ts_ns;
	s->is_record_start = true;
	while (at < n && h->protocol <= HTTP_PROTO_H1 && !side_must_wait(h, s)) {
		size_t (*const steps[])(struct http_conn *, struct http_side *, const u8 *,
					size_t) = {
			[SIDE_FIRST] = first_step,	[SIDE_HEAD] = head_step,
			[SIDE_BODY] = body_step,	[SIDE_RECOVER] = recover_step,
			[SIDE_RESYNC] = resync_step,
		};
		size_t taken = steps[s->state](h, s, p + at, n - at);

		if (taken)
			s->is_record_start = false;
		at += taken;
	}
	return at;
}

/* --- gaps --- */

static void side_flag_gap(struct http_conn *h, struct http_side *s, u64 n, bool is_policy)
{
	enum http_dir dir = side_dir(h, s);

	s->x->pub.gap_bytes[dir] += n;
	if (dir == HTTP_RESPONSE)
		s->x->pub.flags |= EXCHANGE_F_RESPONSE_GAP;
	else
		s->x->pub.flags |= is_policy ? EXCHANGE_F_REQUEST_POLICY : EXCHANGE_F_REQUEST_GAP;
}

/* The head under way is cut: its exchange still has to swallow its response, unseen. */
static void side_head_cut(struct http_conn *h, struct http_side *s)
{
	struct http_x *x = s->x;

	stats_add(STAT_HTTP_HEAD_LOST, 1);
	if (!x)
		return;
	if (http_is_request_side(h, s)) {
		x->is_ghost = x->head_done = x->request_over = true;
	} else {
		x->response_over = true;
		s->x = NULL;
		pair_finish_if_over(h, x);
	}
}

static void side_body_gap(struct http_conn *h, struct http_side *s, u64 n, bool is_policy)
{
	bool is_chunked = s->body.kind == BODY_CHUNKED;

	s->body_begun = true;
	if (body_gap(&s->body, n)) {
		content_gap(h, s->x, side_dir(h, s), &s->content, is_policy);
		if (s->body.is_done)
			side_message_over(h, s, true);
		return;
	}
	if (is_chunked && http_is_response_side(h, s)) {
		side_recover(h, s);
		return;
	}
	content_gap(h, s->x, side_dir(h, s), &s->content, false);
	side_message_over(h, s, false);
	side_resync(h, s);
}

void side_gap(struct http_conn *h, struct http_side *s, u64 ts_ns, u64 n, bool is_policy)
{
	s->ts_ns = ts_ns;
	if (s->x)
		side_flag_gap(h, s, n, is_policy);
	if (s->state == SIDE_BODY) {
		side_body_gap(h, s, n, is_policy);
	} else if (s->state == SIDE_RECOVER) {
		buf_fini(&s->scan);
		content_gap(h, s->x, HTTP_RESPONSE, &s->content, false);
	} else if (s->state == SIDE_RESYNC) {
		buf_fini(&s->scan);
		s->at_line_start = false;
	} else {
		if (s->state == SIDE_HEAD && !s->is_idle)
			side_head_cut(h, s);
		side_resync(h, s);
	}
}

void side_close(struct http_conn *h, struct http_side *s, u64 ts_ns)
{
	/* a body that ends with the connection is whole, unless its coding knows better */
	bool is_complete = s->state == SIDE_BODY && s->body.kind == BODY_CLOSE &&
			   (!s->content.coding || coding_is_complete(s->content.coding));

	if (!s->x || (s->state != SIDE_BODY && s->state != SIDE_RECOVER))
		return;
	if (is_complete) {
		s->ts_ns = ts_ns;
		side_message_over(h, s, true);
	} else {
		content_end(h, s->x, side_dir(h, s), &s->content, false);
	}
}
