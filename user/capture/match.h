/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for places in code and constants where three bytes are as they should be: what tells one
 * instruction, or one family of names, from nearly all others. 16 places are compared at once, for
 * files have hundreds of megabytes. Private to capture/.
 */
#ifndef TOLLTAP_CAPTURE_MATCH_H
#define TOLLTAP_CAPTURE_MATCH_H

#include <stddef.h>

#include "base/types.h"

#define MATCH_BYTES 3

/* (p[at[k]] & mask[k]) == value[k]; at[] ascends from 0. */
struct match {
	u8 at[MATCH_BYTES];
	u8 mask[MATCH_BYTES];
	u8 value[MATCH_BYTES];
};

/* The first match in [from, end), or end. p[0..end + at[2]) is readable. */
size_t match_next(const struct match *m, const u8 *p, size_t from, size_t end);

#endif
