/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw bytes and gaps of one direction that must wait for the other direction.
 *
 * Records of one connection may come through two rings, so a response can be delivered before its
 * request. At most HTTP_HOLD_MAX bytes; past that hold_push says no and the caller gives up.
 */
#ifndef TOLLTAP_HTTP_HOLD_H
#define TOLLTAP_HTTP_HOLD_H

#include "base/types.h"

struct hold_part {
	struct hold_part *next;
	u64 ts_ns;
	u64 gap;		/* missing bytes; then n is 0 */
	size_t n;
	size_t at;		/* taken already */
	bool is_policy;
	u8 data[];
};

struct hold {
	struct hold_part *first, *last;
	size_t bytes;
};

/* -ENOBUFS, -ENOMEM */
int hold_push(struct hold *h, u64 ts_ns, const u8 *p, size_t n);
int hold_push_gap(struct hold *h, u64 ts_ns, u64 gap, bool is_policy);
struct hold_part *hold_take(struct hold *h);	/* the first part, now the caller's to free */
void hold_untake(struct hold *h, struct hold_part *part);
u64 hold_clear(struct hold *h);			/* returns how many bytes it dropped */

#endif
