/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header blocks of one direction of an HTTP/2 connection, through libnghttp2's inflater.
 *
 * The inflater's table is shared with the sender: a block that was not seen leaves it unknown.
 * hpack_lose says so; what a later index stands for is then an entry that was sent since, or it
 * comes out as unknown (an empty name), never as a wrong header. Nothing is held for what was lost.
 *
 * The encoder announces a table's size in a block before it uses it, so SETTINGS of the other
 * direction need not be waited for: any size up to HPACK_TABLE_MAX is taken.
 */
#ifndef TOLLTAP_HTTP_HPACK_H
#define TOLLTAP_HTTP_HPACK_H

#include "base/str.h"

struct nghttp2_hd_inflater;

/* Behind a loss: where in which instruction the block stands. */
struct hpack_cut {
	enum {
		HPACK_OPCODE,
		HPACK_LENGTH,
		HPACK_TEXT,
	} at;
	bool is_begun;		/* the block */
	u8 texts;		/* still to come */
	u8 bits;		/* of the number's first byte */
	u8 raw_n;
	u8 raw[8];		/* the number, as sent */
	u64 left;		/* of the text */
};

struct hpack {
	struct nghttp2_hd_inflater *inflater;	/* NULL: none yet, or lost */
	bool is_lost;		/* the sender's table may hold more than ours */
	bool is_large;		/* it is larger than the usual one */
	u8 failed_cnt;
	struct hpack_cut cut;
};

/* name is empty for a header that cannot be known; both are borrowed */
typedef void (*hpack_field_fn)(void *arg, struct str name, struct str value);

void hpack_fini(struct hpack *h);		/* a zeroed one is fine */
void hpack_lose(struct hpack *h);
/*
 * The next bytes of a block, is_end with its last. 0; or -EPROTO, -ENOMEM: the rest of the block
 * cannot be read and the table is lost.
 */
int hpack_feed(struct hpack *h, const u8 *p, size_t n, bool is_end, hpack_field_fn field,
	       void *arg);

#endif
