/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds one input to a push parser in every way it may arrive: whole, byte by byte, cut at random.
 *
 * Each piece is a copy of its own that ends on a guard page (guard.h) and is freed after the call,
 * so a parser that keeps a pointer into its input or reads past it is caught.
 */
#ifndef TESTS_CUTS_H
#define TESTS_CUTS_H

#include "base/types.h"

#define CUTS_RANDOM_MIN 50

/* Small, seeded, the same everywhere: a failing cut can be named by its seed. */
struct cuts_rng {
	u64 state;
};

u64 cuts_random(struct cuts_rng *rng);

/* way: 0 whole, 1 byte by byte, 2 and on: random cuts seeded with way */
void cuts_feed(unsigned int way, const void *p, size_t n,
	       void (*feed)(void *arg, const u8 *p, size_t n), void *arg);

/* How long the next piece is when `left` bytes are left; the rng is started by cuts_start. */
struct cuts_rng cuts_start(unsigned int way);
size_t cuts_next(unsigned int way, struct cuts_rng *rng, size_t left);

#endif
