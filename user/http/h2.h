/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP/2 connection from the inside.
 *
 *	h2.c		bytes in, what waits for the other direction, losses, frames
 *	h2_block.c	header blocks: whose they are, what their fields mean
 *	h2_stream.c	streams: one exchange each
 *	h2_frame, hpack: parsers that know nothing of a connection
 *
 * Stream ids pair requests and responses exactly, in whatever order they are delivered: a response
 * whose request has not come yet waits, raw, with all that follows it (HTTP_HOLD_MAX).
 */
#ifndef TOLLTAP_HTTP_H2_H
#define TOLLTAP_HTTP_H2_H

#include "base/limits.h"
#include "http/h2_frame.h"
#include "http/hpack.h"
#include "http/private.h"

struct h2_stream {
	struct h2_stream *next;		/* in its bucket */
	struct http_x *x;
	u32 id;
	bool is_tunnel;			/* CONNECT: what it carries is no body */
	bool is_lossy;			/* its end may have gone by unseen */
	bool is_begun[HTTP_DIR_MAX];	/* its body */
	bool is_unknown[HTTP_DIR_MAX];	/* a header of that head could not be known */
	u64 seen_ns;
	struct content content[HTTP_DIR_MAX];
};

enum h2_block_kind {
	H2_BLOCK_NONE,
	H2_BLOCK_UNTOLD,	/* its direction is not known before its first field */
	H2_BLOCK_REQUEST,
	H2_BLOCK_RESPONSE,
	H2_BLOCK_TRAILERS,
	H2_BLOCK_IGNORED,	/* read for the table's sake */
};

/* The header block under way in one direction: HEADERS or PUSH_PROMISE, and CONTINUATIONs. */
struct h2_block {
	enum h2_block_kind kind;
	u32 stream;
	u32 bytes;		/* as sent */
	u32 list_bytes;		/* as decoded */
	u16 continuations;
	u16 status;
	bool ends_stream;
	bool is_new;		/* of a request not seen before */
	bool is_broken;		/* the rest of it cannot be read */
	bool has_unknown;
	struct str method, path;	/* in the exchange's arena */
	struct h2_stream *opened;	/* REQUEST: not yet in the table */
};

struct h2_side {
	u8 preface_left;	/* of the client's 24 bytes */
	bool is_lost;		/* looks for the next frame in scan */
	u8 word_n;
	u8 word[8];		/* of RST_STREAM and GOAWAY */
	u64 ts_ns;
	struct h2_frame frame;
	struct h2_block block;
	struct hpack hpack;
	struct buf scan;
	struct hold hold;
};

#define H2_BUCKETS 16

struct h2 {
	struct http_conn *h;
	struct h2_side side[2];		/* [is_write] */
	bool is_late;			/* streams may be open of which nothing was seen */
	bool is_dead;			/* given up: bytes are counted */
	bool has_loss;
	u32 request_max;		/* the highest stream a request was seen on */
	u32 given_up;			/* no response up to this one waits for its request */
	unsigned int count;
	struct h2_stream *bucket[H2_BUCKETS];
};

struct h2_to {
	struct h2 *h2;
	struct h2_side *s;
};

extern const struct http_protocol_ops h2_protocol;

/* The HTTP/1 request that asked for the switch is stream 1 of what h has become. */
void h2_adopt(struct http_conn *h, struct http_x *x);
/* The connection is not worth reading any more. */
void h2_give_up(struct h2 *h2, const char *why);
enum http_dir h2_dir(const struct h2 *h2, const struct h2_side *s);

/* --- h2_block.c --- */

void h2_block_begin(struct h2 *h2, struct h2_side *s, const struct h2_head *head);
void h2_block_feed(struct h2 *h2, struct h2_side *s, const u8 *p, size_t n, bool is_end);
void h2_block_end(struct h2 *h2, struct h2_side *s);
/* Its rest was not seen: what was read of it stands. */
void h2_block_break(struct h2 *h2, struct h2_side *s);

/* --- h2_stream.c --- */

struct h2_stream *h2_stream_find(const struct h2 *h2, u32 id);
/* NULL when memory is out or too many are open (counted); not in the table yet */
struct h2_stream *h2_stream_new(struct h2 *h2, u32 id, u64 ts_ns);
void h2_stream_free(struct h2_stream *st);
void h2_stream_add(struct h2 *h2, struct h2_stream *st);
void h2_stream_data(struct h2 *h2, struct h2_side *s, struct h2_stream *st, const u8 *p, size_t n);
void h2_stream_gap(struct h2 *h2, struct h2_side *s, struct h2_stream *st, u64 n, bool is_policy);
/* All that are open in this direction may have lost something. */
void h2_stream_gap_all(struct h2 *h2, struct h2_side *s, u64 n, bool is_policy);
/* END_STREAM; finishes the exchange when both directions have it. */
void h2_stream_over(struct h2 *h2, struct h2_side *s, struct h2_stream *st);
/* RST_STREAM, or GOAWAY in front of it. */
void h2_stream_reset(struct h2 *h2, struct h2_side *s, struct h2_stream *st);
void h2_stream_refuse_above(struct h2 *h2, struct h2_side *s, u32 id);
void h2_stream_finish_all(struct h2 *h2, u64 ts_ns, bool is_close);

#endif
