/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection that has become WebSocket: both directions' messages are units of the exchange that
 * asked for the upgrade. It stays open until the connection ends.
 *
 * Joined late, the upgrade was not seen: an exchange without path stands in for it, of which only
 * what needs no context is read. Nobody may want the messages; then bytes are counted, as are those
 * of messages that cannot be read.
 */
#include "http/private.h"

#include <stdlib.h>

#include "http/ws.h"

struct websocket {
	struct http_conn *h;
	struct http_x *x;		/* NULL: nobody wants it */
	struct ws ws[HTTP_DIR_MAX];
};

struct websocket_to {
	struct websocket *w;
	enum http_dir dir;
};

static void websocket_unit(void *arg, enum unit_step step, struct str s)
{
	struct websocket_to *to = arg;
	struct websocket *w = to->w;

	w->x->pub.unit_flags[to->dir] = w->ws[to->dir].to.flags;
	w->x->pub.body_bytes[to->dir] += step == UNIT_DATA ? s.n : 0;
	w->h->ops->on_unit(w->h->arg, &w->x->pub, to->dir, step, s);
}

static enum http_dir websocket_dir(const struct websocket *w, bool is_write)
{
	return http_is_request_side(w->h, &w->h->side[is_write]) ? HTTP_REQUEST : HTTP_RESPONSE;
}

/* --- the exchange ---------------------------------------------------------------------------- */

/* What stands in for an upgrade that was not seen. */
static struct http_x *websocket_late_x(struct http_conn *h)
{
	static const struct h1_start start = {
		.is_request = true,
		.version = 11,
		.method = {"GET", 3},
		.target = {"", 0},
	};
	struct http_x *x = pair_new(h, &h->side[h->request_side], &start);

	if (!x)
		return NULL;
	x->is_upgraded = x->request_over = x->response_started = x->response_over = true;
	x->response_told = true;
	x->pub.framing = FRAMING_WEBSOCKET;
	exchange_tell_request(h, x);
	x->pub.request_framing = FRAMING_WEBSOCKET;
	return x;
}

static void *websocket_new(struct http_conn *h)
{
	struct websocket *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->h = h;
	w->x = pair_upgraded(h);
	for (int dir = 0; dir < HTTP_DIR_MAX; dir++) {
		if (!w->x) {
			ws_init_late(&w->ws[dir], dir == HTTP_REQUEST);
			continue;
		}

		const struct str *answer = w->x->pub.header[HTTP_RESPONSE];
		struct ws_options options = ws_options_of(answer[HTTP_H_SEC_WEBSOCKET_EXTENSIONS],
							  (enum http_dir)dir);

		ws_init(&w->ws[dir], &options);
	}
	if (!w->x && h->is_ws_late)
		w->x = websocket_late_x(h);
	if (w->x && !w->x->is_wanted) {
		pair_close(h, w->x);
		w->x = NULL;
	}
	return w;
}

static void websocket_free(void *state)
{
	struct websocket *w = state;

	ws_fini(&w->ws[HTTP_REQUEST]);
	ws_fini(&w->ws[HTTP_RESPONSE]);
	free(w);
}

/* --- bytes ----------------------------------------------------------------------------------- */

static void websocket_feed(void *state, bool is_write, u64 ts_ns, const u8 *p, size_t n)
{
	struct websocket *w = state;
	struct websocket_to to = {w, websocket_dir(w, is_write)};
	struct ws *ws = &w->ws[to.dir];

	if (!w->x) {
		http_count_undecoded(w->h, UNDECODED_WEBSOCKET, n);
		return;
	}
	if (to.dir == HTTP_RESPONSE && !w->x->pub.response_body_ns)
		w->x->pub.response_body_ns = ts_ns;
	w->x->pub.unit_ns[to.dir] = ts_ns;
	w->x->pub.end_ns = ts_ns;
	w->x->pub.wire_bytes[to.dir] += n;
	ws_feed(ws, p, n, websocket_unit, &to);
	http_count_undecoded(w->h, UNDECODED_WEBSOCKET, ws->undecoded);
	ws->undecoded = 0;
}

static void websocket_gap(void *state, bool is_write, u64 ts_ns, u64 n, bool is_policy)
{
	struct websocket *w = state;
	struct websocket_to to = {w, websocket_dir(w, is_write)};

	if (!w->x)
		return;
	w->x->pub.unit_ns[to.dir] = ts_ns;
	w->x->pub.gap_bytes[to.dir] += n;
	if (to.dir == HTTP_RESPONSE)
		w->x->pub.flags |= EXCHANGE_F_RESPONSE_GAP;
	else
		w->x->pub.flags |= is_policy ? EXCHANGE_F_REQUEST_POLICY : EXCHANGE_F_REQUEST_GAP;
	ws_gap(&w->ws[to.dir], n, is_policy, websocket_unit, &to);
}

static void websocket_close(void *state, u64 ts_ns)
{
	struct websocket *w = state;

	for (int dir = 0; w->x && dir < HTTP_DIR_MAX; dir++) {
		struct websocket_to to = {w, (enum http_dir)dir};

		ws_end(&w->ws[dir], websocket_unit, &to);
	}
	if (w->x)
		pair_close(w->h, w->x);
	w->x = NULL;
}

const struct http_protocol_ops websocket_reader = {
	.new = websocket_new,
	.free = websocket_free,
	.feed = websocket_feed,
	.gap = websocket_gap,
	.close = websocket_close,
};
