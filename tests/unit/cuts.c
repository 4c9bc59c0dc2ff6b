/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which bytes arrive. */
#include "cuts.h"

#include "guard.h"

u64 cuts_random(struct cuts_rng *rng)
{
	rng->state ^= rng->state << 13;
	rng->state ^= rng->state >> 7;
	rng->state ^= rng->state << 17;
	return rng->state;
}

struct cuts_rng cuts_start(unsigned int way)
{
	return (struct cuts_rng){0x9e3779b97f4a7c15ull * (way + 1)};
}

size_t cuts_next(unsigned int way, struct cuts_rng *rng, size_t left)
{
	if (way == 0)
		return left;
	if (way == 1)
		return left ? 1 : 0;

	/* Mostly short pieces, sometimes long ones: cuts fall inside lines and across many. */
	size_t most = cuts_random(rng) % 4 ? 24 : 1500;
	size_t n = 1 + cuts_random(rng) % most;

	return n < left ? n : left;
}

void cuts_feed(unsigned int way, const void *p, size_t n,
	       void (*feed)(void *arg, const u8 *p, size_t n), void *arg)
{
	struct cuts_rng rng = cuts_start(way);
	const u8 *at = p;

	while (n) {
		size_t piece = cuts_next(way, &rng, n);
		u8 *copy = guard_dup(at, piece);

		feed(arg, copy, piece);
		guard_free(copy, piece);
		at += piece;
		n -= piece;
	}
}
