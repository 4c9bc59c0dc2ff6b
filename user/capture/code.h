/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which function of a stripped file an anchor stands in.
 *
 * Where the file has frames, they say where a function begins. Else the nearest place before the
 * anchor counts that is called from afar, looks like a beginning, and from which the anchor can be
 * reached by following branches. What is decoded for one file has a limit. Private to capture/.
 */
#ifndef TOLLTAP_CAPTURE_CODE_H
#define TOLLTAP_CAPTURE_CODE_H

#include "capture/anchors.h"
#include "capture/x86_walk.h"

struct code {
	struct elf_file *elf;
	struct anchors *anchors;
	u32 left;			/* of CODE_INSNS_MAX */
	u64 pointers_left;		/* of CODE_POINTERS_MAX */
	struct x86_walk walk;		/* the last one */
};

void code_init(struct code *c, struct elf_file *e, struct anchors *a);

/* Reads code around a place, which may stand ANCHOR_BACK or more after its start. -ENOENT. */
int code_load(struct code *c, u64 vaddr);
/* Follows code that was loaded. -E2BIG. */
int code_walk(struct code *c, u64 start);
/* Of code that was loaded: something calls it, and it looks like a beginning. */
bool code_may_begin(const struct code *c, u64 vaddr);

/*
 * The nearest beginning before a place from which code reaches it and which is what the caller
 * asks for, after the walk over it; is_it NULL: the first one. *ret 0: there is none.
 */
int code_find_start(struct code *c, u64 at, bool (*is_it)(void *arg), void *arg, u64 *ret);

/* The same, by the file's frames if they cover the place. *ret may be a part moved out of one. */
int code_function_of(struct code *c, u64 at, u64 *ret);

/*
 * 0: it is called, or a word of data points to it. -ENOENT: neither, as is so for a part that the
 * compiler has moved out of its function. -E2BIG: there is too much data to look through.
 */
int code_is_entry(struct code *c, u64 start);

#endif
