/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One body through a framing: whole, byte by byte, in pieces; the same must come out, and units
 * must be in step. Input: options, where to cut, where the hole is, then the body.
 */
#ifndef TESTS_UNITS_RUN_H
#define TESTS_UNITS_RUN_H

#include <stdlib.h>
#include <string.h>

#include "http/framing.h"

#define UNITS_RUN_POLICY 4	/* options: the hole was left on purpose */
#define UNITS_RUN_COMPLETE 8	/* the message ends as it should */

struct units_run {
	struct framing f;
	bool in_unit;
	u64 hash;
};

static inline void units_run_mix(struct units_run *r, u8 byte)
{
	r->hash = (r->hash ^ byte) * 0x100000001b3ull;
}

static inline void units_run_on_unit(void *arg, enum unit_step step, struct str s)
{
	struct units_run *r = arg;

	if (r->in_unit != (step != UNIT_BEGIN) || (step == UNIT_DATA && s.n == 0))
		abort();
	r->in_unit = step != UNIT_END && step != UNIT_BROKEN;
	if (step != UNIT_DATA)
		units_run_mix(r, (u8)(0xf0 + step));	/* a byte that UTF-8 does not have */
	for (size_t i = 0; i < s.n; i++)
		units_run_mix(r, (u8)s.p[i]);
}

static inline void units_run_feed(struct units_run *r, const u8 *p, size_t n, size_t cut)
{
	while (n) {
		size_t piece = cut && cut < n ? cut : n;
		u8 *copy = malloc(piece);

		memcpy(copy, p, piece);
		framing_feed(&r->f, copy, piece, units_run_on_unit, r);
		free(copy);
		p += piece;
		n -= piece;
	}
}

static inline u64 units_run(enum http_framing kind, const struct framing_label *label,
			    const u8 *data, size_t size, size_t cut)
{
	struct units_run r = {.hash = 0xcbf29ce484222325ull};
	size_t hole = data[2] < size - 3 ? data[2] : size - 3;

	framing_init(&r.f, kind, label);
	units_run_feed(&r, data + 3, hole, cut);
	if (data[2])
		framing_gap(&r.f, data[0] & UNITS_RUN_POLICY, units_run_on_unit, &r);
	units_run_feed(&r, data + 3 + hole, size - 3 - hole, cut);
	framing_end(&r.f, data[0] & UNITS_RUN_COMPLETE, units_run_on_unit, &r);
	if (r.in_unit)
		abort();
	framing_fini(&r.f);
	return r.hash;
}

/* size is 3 or more */
static inline void units_run_check(enum http_framing kind, const struct framing_label *label,
				   const u8 *data, size_t size)
{
	u64 whole = units_run(kind, label, data, size, 0);

	if (whole != units_run(kind, label, data, size, 1) ||
	    whole != units_run(kind, label, data, size, data[1]))
		abort();
}

#endif
