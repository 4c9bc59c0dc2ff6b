/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts one direction of an HTTP/2 connection into frames.
 *
 * Push parser that holds a frame's nine bytes of head and nothing of its payload. Padding, priority
 * and the promised stream's id are taken off; unknown frame types pass like known ones. What a
 * frame means is not looked at.
 */
#ifndef TOLLTAP_HTTP_H2_FRAME_H
#define TOLLTAP_HTTP_H2_FRAME_H

#include "base/types.h"

enum h2_type {
	H2_DATA = 0,
	H2_HEADERS = 1,
	H2_PRIORITY = 2,
	H2_RST_STREAM = 3,
	H2_SETTINGS = 4,
	H2_PUSH_PROMISE = 5,
	H2_PING = 6,
	H2_GOAWAY = 7,
	H2_WINDOW_UPDATE = 8,
	H2_CONTINUATION = 9,
};

enum h2_flag {
	H2_F_END_STREAM = 0x1,		/* DATA, HEADERS */
	H2_F_ACK = 0x1,			/* SETTINGS, PING */
	H2_F_END_HEADERS = 0x4,
	H2_F_PADDED = 0x8,
	H2_F_PRIORITY = 0x20,
};

#define H2_HEAD_BYTES 9

struct h2_head {
	u32 length;
	u32 stream;
	u8 type;
	u8 flags;
};

struct h2_frame {
	struct h2_head head;
	u32 left;		/* of the payload, padding included */
	u32 pad;		/* bytes of padding at its end */
	u8 raw[H2_HEAD_BYTES];
	u8 raw_n;
	u8 fields;		/* bytes in front of the payload proper still to take */
	bool has_pad_length;	/* the first of them says how much padding there is */
	bool is_told;
};

struct h2_frame_ops {
	/* false: not now; nothing is taken and the question comes again with the next bytes */
	bool (*on_head)(void *arg, const struct h2_head *head);
	void (*on_payload)(void *arg, const u8 *p, size_t n);
	void (*on_end)(void *arg);
};

/* Returns how many bytes it took: fewer than n when on_head says not now. */
size_t h2_frame_feed(struct h2_frame *f, const u8 *p, size_t n, const struct h2_frame_ops *ops,
		     void *arg);
/* Whether n missing bytes lie within the frame under way; else the framing is lost. */
bool h2_frame_has(const struct h2_frame *f, u64 n);
void h2_frame_skip(struct h2_frame *f, u64 n, const struct h2_frame_ops *ops, void *arg);

/* Strict: what a sender that is neither broken nor hostile would write. */
bool h2_head_is_plausible(const struct h2_head *head);
/*
 * Looks for two frames in a row, or one that ends with the record, in p[0..n). True: *ret_at is
 * where they begin; else no frame begins before *ret_at. The middle of a head may look like one of
 * a long frame, so behind what needs more bytes to be told it looks on, from `from`: what stands
 * before that was looked at when it came.
 */
bool h2_frame_find(const u8 *p, size_t n, size_t from, bool is_record_end, size_t *ret_at);
/* Whether p[0..n), a record from its start, looks like frames: whole ones, or two and more. */
bool h2_frame_is_row(const u8 *p, size_t n);

#endif
