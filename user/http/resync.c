/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding a head: in the first bytes of a connection, and in the middle of a stream whose framing
 * was lost. There a head is looked for at the start of records and lines only, and only a whole,
 * strict start line counts; pair.c's times turn down what a body merely imitates.
 */
#include "http/private.h"

#include "base/limits.h"
#include "base/stats.h"
#include "http/detect.h"
#include "http/h2_frame.h"
#include "http/ws.h"

static bool scan_add(struct http_side *s, const u8 *p, size_t n)
{
	if (s->scan.n == 0)
		s->scan_ns = s->ts_ns;
	return buf_append(&s->scan, p, n) == 0;
}

/* --- the first bytes --- */

static void first_decide(struct http_conn *h, struct http_side *s, enum detect d)
{
	bool is_request = d == DETECT_REQUEST;

	if (d == DETECT_H2_CLIENT || d == DETECT_H2_SERVER) {
		int side = (int)(d == DETECT_H2_CLIENT ? s - h->side : 1 - (s - h->side));

		/* the roles of an exchange that is open may not change under it */
		if (h->request_side >= 0 && h->request_side != side) {
			http_become(h, HTTP_PROTO_NONE, UNDECODED_OTHER, "two sides of one kind");
			return;
		}
		h->request_side = side;
		http_become(h, HTTP_PROTO_H2, UNDECODED_H2, NULL);
	} else if (d != DETECT_REQUEST && d != DETECT_RESPONSE) {
		http_become(h, HTTP_PROTO_NONE, UNDECODED_OTHER, "not HTTP");
	} else if (h->request_side >= 0 && is_request != http_is_request_side(h, s)) {
		http_become(h, HTTP_PROTO_NONE, UNDECODED_OTHER, "two sides of one kind");
	} else {
		h->request_side = (int)(is_request ? s - h->side : 1 - (s - h->side));
		h->is_role_sure = true;
		s->state = SIDE_HEAD;
		s->is_idle = true;
	}
}

size_t first_step(struct http_conn *h, struct http_side *s, const u8 *p, size_t n)
{
	enum detect d;

	if (s->scan.n == 0) {
		if (*p == '\r' || *p == '\n')
			return 1;
		d = detect_first(p, n);
		if (d == DETECT_MORE && scan_add(s, p, n))
			return n;
		first_decide(h, s, d);
		return 0;
	}
	/* byte by byte, so that scan never holds more than the head's first word */
	d = DETECT_NO;
	if (s->scan.n < DETECT_FIRST_MAX && scan_add(s, p, 1))
		d = detect_first((const u8 *)s->scan.p, s->scan.n);
	if (d != DETECT_MORE)
		first_decide(h, s, d);
	return 1;
}

/* --- in the middle --- */

enum candidate {
	CANDIDATE_NO,
	CANDIDATE_WAIT,		/* a response whose request may yet be delivered */
	CANDIDATE_YES,
};

static void resync_skip(struct http_conn *h, u64 n)
{
	stats_add(STAT_HTTP_RESYNC_BYTES, n);
	h->scanned += n;
	if (h->protocol == HTTP_PROTO_UNKNOWN && h->scanned > HTTP_LATE_SCAN_MAX)
		http_become(h, HTTP_PROTO_NONE, UNDECODED_OTHER, "no head found");
}

static bool resync_set_roles(struct http_conn *h, struct http_side *s, bool is_request)
{
	/* a request line outweighs a guess made from a response line */
	if (h->request_side >= 0 && (h->is_role_sure || !is_request))
		return is_request == http_is_request_side(h, s);
	h->is_role_sure = is_request;
	h->request_side = (int)(is_request ? s - h->side : 1 - (s - h->side));
	return true;
}

bool resync_was_wrong(const struct http_conn *h, const struct http_side *s, const u8 *p, size_t n)
{
	return s->has_candidate && !h->is_role_sure && detect_head_line(p, n) == DETECT_REQUEST;
}

static enum candidate resync_candidate(struct http_conn *h, struct http_side *s, enum detect d,
				       u64 ts_ns)
{
	if ((d != DETECT_REQUEST && d != DETECT_RESPONSE) ||
	    !resync_set_roles(h, s, d == DETECT_REQUEST))
		return CANDIDATE_NO;
	if (d == DETECT_REQUEST)
		return CANDIDATE_YES;

	const struct http_x *x = pair_awaiting(h);

	if (!x)
		return CANDIDATE_WAIT;
	if (x->pub.request_start_ns <= ts_ns)
		return CANDIDATE_YES;
	stats_add(STAT_HTTP_UNPAIRED, 1);	/* older than every request we know */
	return CANDIDATE_NO;
}

/* A line that lies whole in p. */
static size_t resync_line(struct http_conn *h, struct http_side *s, const u8 *p, size_t n)
{
	switch (resync_candidate(h, s, detect_head_line(p, n), s->ts_ns)) {
	case CANDIDATE_YES:
		s->state = SIDE_HEAD;
		s->is_idle = true;
		return 0;
	case CANDIDATE_WAIT:
		s->has_candidate = true;
		return 0;
	default:
		resync_skip(h, n);
		return n;
	}
}

/* scan holds a whole line. */
static void resync_scanned(struct http_conn *h, struct http_side *s, enum candidate c)
{
	if (c == CANDIDATE_YES) {
		s->state = SIDE_HEAD;		/* which takes scan first */
		s->is_idle = true;
	} else if (c == CANDIDATE_WAIT) {
		s->has_candidate = true;
	}
}

/* A piece of a line of which scan holds the beginning. */
static size_t resync_scan(struct http_conn *h, struct http_side *s, const u8 *p, size_t n)
{
	size_t before = s->scan.n;
	enum detect d = detect_head_line((const u8 *)s->scan.p, before);
	bool waited = d != DETECT_MORE;

	if (!waited)
		d = scan_add(s, p, n) ? detect_head_line((const u8 *)s->scan.p, s->scan.n) :
					DETECT_NO;
	if (d == DETECT_MORE)
		return n;

	enum candidate c = resync_candidate(h, s, d, s->scan_ns);

	if (c != CANDIDATE_NO) {
		resync_scanned(h, s, c);
		return waited ? 0 : n;
	}

	/* not a head after all; what this record starts with may be one of its own */
	bool again = waited || s->is_record_start;

	buf_fini(&s->scan);
	s->at_line_start = again || p[n - 1] == '\n';
	resync_skip(h, again ? before : before + n);
	return again ? 0 : n;
}

/* The response under way is over, broken; its side goes on searching, with what scan holds. */
static void recover_over(struct http_conn *h, struct http_side *s)
{
	struct buf scan = s->scan;

	side_message_over(h, s, false);
	buf_init(&s->scan, HTTP_LINE_MAX);
	side_resync(h, s);
	s->scan = scan;
}

/*
 * Behind a gap in a chunked response, a record's start may be a chunk's, or the next head's. What
 * stands within a record is not looked at: a body may say anything.
 */
size_t recover_step(struct http_conn *h, struct http_side *s, const u8 *p, size_t n)
{
	size_t before = s->scan.n;
	enum detect d = DETECT_NO;

	if (before == 0 && pair_is_followed(h, s->x, s->ts_ns)) {
		recover_over(h, s);
		return 0;
	}
	if (before == 0) {
		if (s->is_record_start && body_recover(&s->body, p, n)) {
			s->state = SIDE_BODY;
			return 0;
		}
		if (s->is_record_start)
			d = detect_head_line(p, n);
	} else {
		const u8 *lf = memchr(p, '\n', n);

		n = lf ? (size_t)(lf - p) + 1 : n;
		if (scan_add(s, p, n))
			d = detect_head_line((const u8 *)s->scan.p, s->scan.n);
	}
	if (d == DETECT_RESPONSE) {
		recover_over(h, s);
		return before ? n : 0;
	}
	if (d == DETECT_MORE && (before || scan_add(s, p, n)))
		return n;
	buf_fini(&s->scan);
	stats_add(STAT_HTTP_RESYNC_BYTES, before);
	if (before && s->is_record_start)
		return 0;		/* this record may start with a chunk or a head itself */
	stats_add(STAT_HTTP_RESYNC_BYTES, n);
	return n;
}

/*
 * A WebSocket client's frames are masked, which little else imitates: one record that is nothing
 * but such frames and starts with JSON, or two in a row.
 */
static bool resync_is_websocket(struct http_conn *h, struct http_side *s, const u8 *p, size_t n)
{
	static const struct ws_options client = {.is_masked = true, .is_deflate = true};
	enum ws_guess guess = h->protocol == HTTP_PROTO_UNKNOWN ? ws_guess(p, n, &client) : WS_NO;

	s->ws_records = guess == WS_NO ? 0 : s->ws_records + 1;
	return guess == WS_JSON || s->ws_records == 2;
}

static void resync_become_websocket(struct http_conn *h, struct http_side *s)
{
	s->start_ns = s->ts_ns;
	h->request_side = (int)(s - h->side);
	h->is_ws_late = true;
	http_become(h, HTTP_PROTO_WEBSOCKET, UNDECODED_WEBSOCKET, NULL);
}

size_t resync_step(struct http_conn *h, struct http_side *s, const u8 *p, size_t n)
{
	s->has_candidate = false;
	if (s->is_record_start && s->scan.n == 0) {
		s->at_line_start = true;
		if (h->protocol == HTTP_PROTO_UNKNOWN && h2_frame_is_row(p, n)) {
			h->request_side = -1;	/* at best guessed, from what was no head */
			http_become(h, HTTP_PROTO_H2, UNDECODED_H2, NULL);
			return 0;
		}
		if (resync_is_websocket(h, s, p, n)) {
			resync_become_websocket(h, s);
			return 0;
		}
		if (s->ws_records) {
			resync_skip(h, n);
			return n;
		}
	}

	const u8 *lf = memchr(p, '\n', n);
	size_t len = lf ? (size_t)(lf - p) + 1 : n;

	if (s->scan.n)
		return resync_scan(h, s, p, len);
	if (!s->at_line_start) {
		s->at_line_start = lf != NULL;
		resync_skip(h, len);
		return len;
	}
	if (lf)
		return resync_line(h, s, p, len);
	if (detect_head_line(p, n) == DETECT_MORE && scan_add(s, p, n))
		return n;
	buf_fini(&s->scan);
	s->at_line_start = false;
	resync_skip(h, n);
	return n;
}
