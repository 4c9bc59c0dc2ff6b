/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rebuilds HTTP exchanges from the two byte streams of one connection.
 *
 * Push parser: bytes may be cut anywhere; gaps are events. HTTP/1.x whole: keep-alive, pipelining,
 * chunked bodies with trailers, 1xx, HEAD, 204, Expect, bodies to close; content codings gzip,
 * deflate, br, zstd (streamed, capped); bodies cut into units (enum http_framing).
 * WebSocket: an upgrade's exchange stays open, its messages are units; joined late, an exchange
 * without path and status stands in for it, of that framing from on_request on. HTTP/2: any number
 * of streams, one exchange each; by prior knowledge, ALPN or h2c upgrade; resets, trailers; joined
 * late, headers that cannot be known are unknown (EXCHANGE_F_HEAD_UNKNOWN), never wrong. Anything
 * else is reported by on_undecoded with its bytes, never ignored in silence. Knows neither
 * processes nor providers. Pipeline thread only.
 *
 * Either side may be traced: which direction carries the request is found from the bytes. The two
 * directions may be delivered out of step: what comes before its time is held (HTTP_HOLD_MAX).
 * HTTP/1 pairs by order; once a head may have gone by unseen (gap, late start), by time, and what
 * stays ambiguous is not paired.
 *
 * Calls for one exchange: on_request, its units, on_response, its units, on_done; request units may
 * go on behind on_response (early answer). A body without bytes has no unit. An NDJSON line keeps
 * the CR before its line feed.
 */
#ifndef TOLLTAP_HTTP_H
#define TOLLTAP_HTTP_H

#include "http/exchange.h"

/*
 * A unit is one document: a whole body, one SSE event's data, one NDJSON line, one message
 * (enum http_framing). All are JSON but those of gRPC (protobuf) and multipart (any text or file).
 */
enum unit_step {
	/*
	 * s: the unit's name, or empty: of an SSE event, of an event stream's frame (:event-type,
	 * or :exception-type of UNIT_F_EXCEPTION), of a form's part
	 */
	UNIT_BEGIN,
	UNIT_DATA,		/* s: the next bytes, decoded; borrowed */
	UNIT_END,		/* s: empty */
	UNIT_BROKEN,		/* the unit ends here unfinished: gap, cut or coding error */
	UNIT_POLICY,		/* bytes left out on purpose: the unit goes on behind them */
};

/* What a connection carries that is not understood here. */
enum undecoded_kind {
	UNDECODED_H2,		/* streams with an unknown head, tunnels, pushes, floods */
	UNDECODED_WEBSOCKET,
	UNDECODED_CODING,	/* unknown content coding (compress, dcz ...) */
	UNDECODED_OTHER,	/* not HTTP */
	UNDECODED_MAX,
};

/* What the connection has turned out to be; drives the verdict (bpf/event.h). */
enum http_protocol {
	HTTP_PROTO_UNKNOWN,
	HTTP_PROTO_H1,
	HTTP_PROTO_H2,
	HTTP_PROTO_WEBSOCKET,
	HTTP_PROTO_NONE,	/* not HTTP, for good */
	HTTP_PROTO_MAX,
};

struct http_ops {
	/*
	 * Request head complete. Returns whether anybody wants the bodies: false skips them
	 * cheaply.
	 */
	bool (*on_request)(void *arg, struct exchange *x);
	/*
	 * Final (not 1xx) response head complete; x->framing is set and may be overridden by the
	 * callee.
	 */
	void (*on_response)(void *arg, struct exchange *x);
	void (*on_unit)(void *arg, struct exchange *x, enum http_dir dir, enum unit_step step,
			struct str s);
	/* The exchange is over, well or not (x->flags); it and its arena are freed on return. */
	void (*on_done)(void *arg, struct exchange *x);
	void (*on_protocol)(void *arg, void *conn, enum http_protocol protocol);
	void (*on_undecoded)(void *arg, const void *conn, enum undecoded_kind kind, u64 bytes);
};

struct http_conn;

/* conn is handed through to exchange.conn. NULL when memory is out. */
struct http_conn *http_conn_new(const struct http_ops *ops, void *arg, void *conn);
void http_conn_free(struct http_conn *h);		/* after http_conn_close; NULL is fine */

/* is_write: the traced process sent these bytes. */
void http_conn_feed(struct http_conn *h, bool is_write, u64 ts_ns, const u8 *p, size_t n);
void http_conn_gap(struct http_conn *h, bool is_write, u64 ts_ns, u64 n, bool is_policy);
/* not seen from its first byte: resync at the next head */
void http_conn_late(struct http_conn *h);
void http_conn_close(struct http_conn *h, u64 ts_ns);	/* ends what is open */
/* HTTP/1 between exchanges: none is open, no byte of a next one has come; NULL is not */
bool http_conn_is_idle(const struct http_conn *h);

const char *http_undecoded_name(enum undecoded_kind kind);	/* "h2", "websocket", ... */

#endif
