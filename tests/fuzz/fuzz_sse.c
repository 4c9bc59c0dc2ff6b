/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units of a body. Input: framing, where to cut, where the hole is, then the body. However it is
 * cut, the same must come out.
 *
 * covers: user/http/framing.c
 */
#include <stdlib.h>
#include <string.h>

#include "http/framing.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct run {
	struct framing f;
	bool in_unit;
	u64 hash;
};

static void mix(struct run *r, u8 byte)
{
	r->hash = (r->hash ^ byte) * 0x100000001b3ull;
}

static void on_unit(void *arg, enum unit_step step, struct str s)
{
	struct run *r = arg;

	if (r->in_unit != (step != UNIT_BEGIN) || (step == UNIT_DATA && s.n == 0))
		abort();
	r->in_unit = step != UNIT_END && step != UNIT_BROKEN;
	if (step != UNIT_DATA)
		mix(r, (u8)(0xf0 + step));	/* a byte that UTF-8 does not have */
	for (size_t i = 0; i < s.n; i++)
		mix(r, (u8)s.p[i]);
}

static void feed(struct run *r, const u8 *p, size_t n, size_t cut)
{
	while (n) {
		size_t piece = cut && cut < n ? cut : n;
		u8 *copy = malloc(piece);

		memcpy(copy, p, piece);
		framing_feed(&r->f, copy, piece, on_unit, r);
		free(copy);
		p += piece;
		n -= piece;
	}
}

static u64 run(const u8 *data, size_t size, size_t cut)
{
	struct run r = {.hash = 0xcbf29ce484222325ull};
	size_t hole = data[2] < size - 3 ? data[2] : size - 3;

	framing_init(&r.f, (enum http_framing)(data[0] & 3));
	r.f.may_be_events = data[0] & 16;
	feed(&r, data + 3, hole, cut);
	if (data[2])
		framing_gap(&r.f, data[0] & 4, on_unit, &r);
	feed(&r, data + 3 + hole, size - 3 - hole, cut);
	framing_end(&r.f, data[0] & 8, on_unit, &r);
	if (r.in_unit)
		abort();
	return r.hash;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (size < 3)
		return 0;

	u64 whole = run(data, size, 0);

	if (whole != run(data, size, 1) || whole != run(data, size, data[1]))
		abort();
	framing_of((struct str){(const char *)data + 3, size - 3});
	return 0;
}
