/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of a WebSocket connection: one unit per text or binary message (RFC 6455, 7692).
 *
 * Push parser: frames may be cut anywhere, messages may be in fragments with control frames in
 * between; masks and permessage-deflate are undone as the bytes come. Holds no message: one frame
 * head, and once a compressed message came, zlib's 40 KiB.
 *
 * After lost bytes it goes on at a record that is nothing but plausible frames, or starts with one
 * of JSON. Where the sender keeps its compression context from message to message, a loss makes
 * every later compressed message unreadable: each is a broken unit without bytes, and counted.
 * Extensions other than permessage-deflate are not known here: their bits are an error.
 */
#ifndef TOLLTAP_HTTP_WS_H
#define TOLLTAP_HTTP_WS_H

#include "http/units.h"

struct ws_options {
	bool is_masked;			/* by a client */
	bool is_deflate;		/* permessage-deflate may be used */
	bool keeps_context;		/* from one compressed message to the next */
};

#define WS_HEAD_MAX 14

/* The head of one frame. */
struct ws_frame {
	u8 opcode;
	bool is_final;
	bool is_compressed;
	u8 mask[4];			/* zero: none */
	u64 length;
};

struct ws_inflate;

struct ws {
	struct ws_options options;
	struct units to;
	u8 state;
	bool in_message;
	bool is_compressed;		/* this message */
	bool is_skipped;		/* its unit was ended broken: its rest is counted */
	bool is_context_lost;
	u8 head_n;
	u8 head[WS_HEAD_MAX];
	struct ws_frame frame;		/* under way */
	u64 left;			/* of its payload */
	u8 mask_at;
	u64 undecoded;			/* bytes that nobody could read; the user may clear it */
	struct ws_inflate *inflate;	/* made with the first compressed message */
};

void ws_init(struct ws *w, const struct ws_options *options);
/* Not seen from its first byte: is_deflate and keeps_context are not known, so the worst holds. */
void ws_init_late(struct ws *w, bool is_masked);
void ws_fini(struct ws *w);
/* p starts a record, which matters after a loss. Takes all. */
void ws_feed(struct ws *w, const u8 *p, size_t n, unit_fn unit, void *arg);
void ws_gap(struct ws *w, u64 n, bool is_policy, unit_fn unit, void *arg);
void ws_end(struct ws *w, unit_fn unit, void *arg);	/* the connection is over */

/* What a 101 response's Sec-WebSocket-Extensions agrees on, for one direction. */
struct ws_options ws_options_of(struct str extensions, enum http_dir dir);

enum ws_guess {
	WS_NO,
	WS_FRAMES,		/* p[0..n) is exactly a row of plausible frames */
	WS_JSON,		/* and the first is plain and starts like JSON */
};

/* What a record looks like; with is_deflate, compressed frames are plausible too. */
enum ws_guess ws_guess(const u8 *p, size_t n, const struct ws_options *options);

#endif
