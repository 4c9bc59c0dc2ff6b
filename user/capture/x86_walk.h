/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instructions of a function can run, found by following its branches.
 *
 * Tells whether a place in the code really belongs to a function that begins at another place,
 * and how large the function is, without symbols and without frame tables. A path ends at a
 * return, at an indirect jump, at an instruction that the decoder does not know and at the edge
 * of the bytes given; calls return. Errs to one side: what it reaches is reachable, what it does
 * not reach may be. Pure function of bytes.
 */
#ifndef TOLLTAP_CAPTURE_X86_WALK_H
#define TOLLTAP_CAPTURE_X86_WALK_H

#include "base/types.h"

#define X86_WALK_BYTES 16384
#define X86_WALK_STORES 64

struct x86_walk {
	u64 vaddr;			/* of code[0] */
	size_t n;
	u8 code[X86_WALK_BYTES];
	u64 is_seen[X86_WALK_BYTES / 64];	/* an instruction begins here */
	u32 bytes;			/* of all instructions seen */
	u32 insns;
	/* (base << 32 | disp) of 64-bit stores to objects, the stack left out */
	u64 store[X86_WALK_STORES];
	size_t store_cnt;
	bool has_wide_store;		/* 16 bytes at once */
};

/* code and n are set; the rest is filled. At most max instructions: false when there were more. */
bool x86_walk(struct x86_walk *w, u64 start, u32 max);

bool x86_walk_has(const struct x86_walk *w, u64 vaddr);

/* Two neighbouring words of one object are written: a span is moved on. */
bool x86_walk_moves_span(const struct x86_walk *w);

/* A direct call of target is among the instructions seen. */
bool x86_walk_calls(const struct x86_walk *w, u64 target);

#endif
