/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler makes of these vectors what the machine has; see the header. */
#include "capture/match.h"

#include <string.h>

#define LANES 16

typedef u8 lanes __attribute__((vector_size(LANES)));
typedef u64 halves __attribute__((vector_size(LANES)));

static bool is_match(const struct match *m, const u8 *p)
{
	for (size_t k = 0; k < MATCH_BYTES; k++) {
		if ((p[m->at[k]] & m->mask[k]) != m->value[k])
			return false;
	}
	return true;
}

/* A byte is zero where the k-th byte of a place is right. */
static lanes differences(const struct match *m, const u8 *p, size_t k)
{
	lanes v;

	memcpy(&v, p + m->at[k], sizeof(v));
	return (v & m->mask[k]) ^ m->value[k];
}

size_t match_next(const struct match *m, const u8 *p, size_t from, size_t end)
{
	for (; from < end && end - from >= LANES; from += LANES) {
		const u8 *at = p + from;
		halves hit = (halves)((differences(m, at, 0) | differences(m, at, 1) |
				       differences(m, at, 2)) == 0);

		if (hit[0] | hit[1])
			break;
	}
	while (from < end && !is_match(m, p + from))
		from++;
	return from < end ? from : end;
}
