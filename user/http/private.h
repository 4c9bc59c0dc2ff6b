/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP/1 connection from the inside: two sides, each a state machine, and a queue of exchanges.
 *
 *	http.c		bytes in, holding back, end
 *	switch.c	what the connection turns out to be, and who reads it then
 *	side.c		the states of one direction
 *	resync.c	its search for a head: first bytes, after a gap, after a late start
 *	pair.c		which response answers which request, and the exchange's end
 *	exchange.c	the exchange's beginning
 *	websocket.c	what reads a connection after an upgrade to WebSocket
 *	content.c	body -> content coding -> units
 *	h1, body, coding, framing, detect, hold: parsers that know nothing of a connection
 */
#ifndef TOLLTAP_HTTP_PRIVATE_H
#define TOLLTAP_HTTP_PRIVATE_H

#include "http/body.h"
#include "http/coding.h"
#include "http/framing.h"
#include "http/h1.h"
#include "http/hold.h"
#include "http/http.h"

/* An exchange, from its request line until both sides are over. */
struct http_x {
	struct exchange pub;
	struct http_x *next;
	bool is_wanted;
	bool is_ghost;			/* its request head was cut: nobody was told of it */
	bool head_done;			/* of the request */
	bool request_over;
	bool response_started;		/* a response was given to it */
	bool response_told;
	bool response_over;
	bool is_upgraded;		/* to WebSocket: over when the connection is */
	bool is_head, is_connect, expects_continue;
	enum h1_upgrade upgrade;
};

struct content {
	bool is_wanted;
	bool is_failed;			/* what still comes is counted as undecoded */
	enum coding_kind kind;
	struct coding *coding;
	struct framing framing;
};

enum side_state {
	SIDE_FIRST,		/* what is this? */
	SIDE_HEAD,		/* in a head, or between messages */
	SIDE_BODY,
	SIDE_RECOVER,		/* a chunked response lost its framing; looks for a size line */
	SIDE_RESYNC,		/* looks for the next head */
};

struct http_side {
	enum side_state state;
	bool is_idle;			/* HEAD: no byte of the next message yet */
	bool is_interim;		/* HEAD: of a 1xx response */
	bool is_record_start;		/* nothing of the current record was taken yet */
	bool body_begun;
	bool at_line_start;		/* RESYNC */
	bool has_candidate;		/* RESYNC: a response head waits in hold for its request */
	u8 ws_records;			/* RESYNC: records in a row like a WebSocket client's */
	u64 ts_ns;			/* of the current record */
	u64 start_ns;			/* first byte of this message */
	u64 message_bytes;
	u64 scan_ns;			/* first byte in scan */
	struct http_x *x;		/* whose message this is */
	struct h1 h1;
	struct body body;
	struct content content;
	struct buf scan;		/* FIRST, RESYNC: the beginning of what may be a head */
	struct hold hold;
};

/*
 * What reads a connection that turned out to be something else than HTTP/1: found by its first
 * bytes, agreed on with an upgrade, or joined late. It gets every byte from there on, in order
 * within each direction; the directions may be out of step.
 */
struct http_protocol_ops {
	void *(*new)(struct http_conn *h);	/* NULL when memory is out */
	void (*free)(void *state);
	void (*feed)(void *state, bool is_write, u64 ts_ns, const u8 *p, size_t n);
	void (*gap)(void *state, bool is_write, u64 ts_ns, u64 n, bool is_policy);
	void (*close)(void *state, u64 ts_ns);	/* ends what is open */
};

struct http_conn {
	const struct http_ops *ops;
	void *arg;
	void *conn;
	struct http_side side[2];	/* [is_write] */
	int request_side;		/* index into side; -1: not known yet */
	bool is_role_sure;		/* not merely guessed from a late response line */
	enum http_protocol protocol;
	enum http_protocol reported;
	enum undecoded_kind undecoded;	/* once protocol is one that is not parsed */
	const struct http_protocol_ops *reader;	/* NULL: HTTP/1, or bytes that are only counted */
	void *reader_state;
	bool requests_missing;		/* a request may have gone by unseen */
	bool responses_missing;
	bool is_ws_late;		/* WebSocket whose upgrade was not seen */
	bool is_pipelined;		/* a request was sent before the response to the last */
	bool had_exchange;
	u64 scanned;			/* bytes searched in vain since a late start */
	u64 next_id;
	const char *dead;		/* why it stopped being HTTP/1 */
	struct http_x *first, *last;	/* in order of request */
	unsigned int count;
};

/* --- switch.c --- */

static inline bool http_is_request_side(const struct http_conn *h, const struct http_side *s)
{
	return h->request_side >= 0 && s == &h->side[h->request_side];
}

static inline bool http_is_response_side(const struct http_conn *h, const struct http_side *s)
{
	return h->request_side >= 0 && s != &h->side[h->request_side];
}

/* The connection is, from here on, something else than HTTP/1; ends all exchanges. */
void http_become(struct http_conn *h, enum http_protocol protocol, enum undecoded_kind kind,
		 const char *why);
void http_report(struct http_conn *h, enum http_protocol protocol);
/* A tunnel begins: both sides start over. */
void http_restart(struct http_conn *h);
/*
 * Behind http_become: what had come before it, and the rest p[0..n) of the record under way on s,
 * go where they belong.
 */
void http_hand_over(struct http_conn *h, struct http_side *s, u64 ts_ns, const u8 *p, size_t n);
/* The same for a record that comes later. */
void http_pass_on(struct http_conn *h, bool is_write, u64 ts_ns, const u8 *p, size_t n);
void http_count_undecoded(struct http_conn *h, enum undecoded_kind kind, u64 n);

/* --- side.c --- */

void side_init(struct http_side *s);
void side_fini(struct http_side *s);
/* Returns how many bytes were taken; fewer than n: this side must wait for the other. */
size_t side_feed(struct http_conn *h, struct http_side *s, u64 ts_ns, const u8 *p, size_t n);
void side_gap(struct http_conn *h, struct http_side *s, u64 ts_ns, u64 n, bool is_policy);
bool side_must_wait(const struct http_conn *h, const struct http_side *s);
void side_resync(struct http_conn *h, struct http_side *s);
/* The message under way is over; frees its exchange when that is. */
void side_message_over(struct http_conn *h, struct http_side *s, bool is_complete);
/* The connection ends, or is no longer parsed: so is the message under way. */
void side_close(struct http_conn *h, struct http_side *s, u64 ts_ns);

/* --- resync.c: finding the next head --- */

size_t recover_step(struct http_conn *h, struct http_side *s, const u8 *p, size_t n);
size_t resync_step(struct http_conn *h, struct http_side *s, const u8 *p, size_t n);
/* Whether p shows that the response held back on this side was none: a request follows it. */
bool resync_was_wrong(const struct http_conn *h, const struct http_side *s, const u8 *p, size_t n);
size_t first_step(struct http_conn *h, struct http_side *s, const u8 *p, size_t n);

/* --- exchange.c --- */

/* NULL when memory is out */
struct http_x *exchange_new(struct http_conn *h, u16 version, u64 ts_ns);
void exchange_free(struct http_x *x);
/* false when memory is out; target: absolute, from the root, or an authority (CONNECT) */
bool exchange_set_target(struct http_x *x, struct str method, struct str target);
/* the first value of each counts */
void exchange_keep_header(struct http_x *x, enum http_dir dir, enum http_header id,
			  struct str value);
void exchange_tell_request(struct http_conn *h, struct http_x *x);
void exchange_tell_response(struct http_conn *h, struct http_x *x, bool has_body);

/* --- pair.c --- */

/* NULL when memory is out or too many are in flight (the connection is given up). */
struct http_x *pair_new(struct http_conn *h, struct http_side *s, const struct h1_start *start);
/* The first exchange that waits for a response, its request head complete; NULL: none. */
struct http_x *pair_awaiting(const struct http_conn *h);
/* The exchange that a response head of that time answers; NULL: none that we know. */
struct http_x *pair_pick(struct http_conn *h, u64 ts_ns);
/*
 * Whether at that time the next request had been sent, by a client that waits for the whole answer
 * before it does.
 */
bool pair_is_followed(const struct http_conn *h, const struct http_x *x, u64 ts_ns);
/* It goes on elsewhere, and is the caller's. */
void pair_detach(struct http_conn *h, struct http_x *x);
void pair_finish_if_over(struct http_conn *h, struct http_x *x);
/* The exchange that made the connection WebSocket, or NULL; and its end. */
struct http_x *pair_upgraded(const struct http_conn *h);
void pair_close(struct http_conn *h, struct http_x *x);
/* Ends every exchange but one that is upgraded; is_close: that too, the connection ended. */
void pair_finish_all(struct http_conn *h, u64 ts_ns, bool is_close);

/* --- websocket.c --- */

extern const struct http_protocol_ops websocket_reader;

/* --- content.c --- */

/* content_encoding: as the head says it, or a text that is no coding where it says several */
void content_begin(struct content *c, const struct http_x *x, enum http_dir dir,
		   struct str content_encoding);
void content_feed(struct http_conn *h, struct http_x *x, enum http_dir dir, struct content *c,
		  const u8 *p, size_t n);
void content_gap(struct http_conn *h, struct http_x *x, enum http_dir dir, struct content *c,
		 bool is_policy);
void content_end(struct http_conn *h, struct http_x *x, enum http_dir dir, struct content *c,
		 bool is_complete);
void content_fini(struct content *c);

#endif
