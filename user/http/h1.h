/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the head of one HTTP/1 message: start line and header lines, up to the blank line.
 *
 * Push parser; keeps only an unfinished line. A line that came whole is never copied. Ambiguous
 * framing (two lengths, a bad number, a blank before the colon of a framing header) is dead, not
 * guessed: other parsers disagree about it, and a wrong guess would invent messages.
 */
#ifndef TOLLTAP_HTTP_H1_H
#define TOLLTAP_HTTP_H1_H

#include "base/buf.h"
#include "http/exchange.h"

enum h1_upgrade {
	H1_UPGRADE_NONE,
	H1_UPGRADE_WEBSOCKET,
	H1_UPGRADE_H2C,
	H1_UPGRADE_OTHER,
};

struct h1_start {
	bool is_request;
	u16 version;		/* 10 or 11 */
	u16 status;		/* of a response */
	struct str method;	/* of a request */
	struct str target;
};

/* What the head says about the bytes behind it. */
struct h1_head {
	u64 length;
	bool has_length;
	bool is_chunked;
	/* a transfer coding other than chunked: its bytes are not the body's */
	bool has_other_coding;
	bool expects_continue;
	bool has_two_encodings;		/* Content-Encoding came twice */
	enum h1_upgrade upgrade;
};

struct h1_ops {
	/* start is borrowed; not 0: the message cannot be taken */
	int (*on_start)(void *arg, const struct h1_start *start);
	/* one of HTTP_HEADERS, trimmed, borrowed */
	void (*on_header)(void *arg, enum http_header id, struct str value);
};

struct h1 {
	struct buf line;	/* what has come of an unfinished line */
	u16 lines;		/* 0: the start line is next */
	bool is_skipping;	/* the rest of an over-long line */
	bool has_framing;	/* the line before was a framing header */
	bool has_encoding;
	bool is_done;		/* the blank line was read */
	struct h1_head head;
	const char *dead;	/* why, or NULL */
};

void h1_init(struct h1 *h);
void h1_fini(struct h1 *h);
void h1_reset(struct h1 *h);		/* for the next head; frees the line */
/* Returns how many bytes it took; all, unless the head is_done or the parser is dead. */
size_t h1_feed(struct h1 *h, const u8 *p, size_t n, const struct h1_ops *ops, void *arg);

/* The id of a header name in any case, or HTTP_H_MAX. */
enum http_header h1_header_id(struct str name);

#endif
