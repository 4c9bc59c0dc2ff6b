/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of WebSocket. Input: options (1 masked, 2 deflate, 4 context kept, 8 late, 16
 * policy), where to cut, where the hole is and how long, then frames. Units must be in step; with
 * neither hole, nonsense nor compression the same must come out however it is cut.
 *
 * covers: user/http/ws.c user/http/ws_inflate.c
 */
#include <stdlib.h>
#include <string.h>

#include "base/stats.h"
#include "http/ws.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct run {
	struct ws w;
	bool in_unit;
	u64 hash;
};

static void on_unit(void *arg, enum unit_step step, struct str s)
{
	struct run *r = arg;

	if (r->in_unit != (step != UNIT_BEGIN) || (step == UNIT_DATA && s.n == 0))
		abort();
	r->in_unit = step != UNIT_END && step != UNIT_BROKEN;
	if (step != UNIT_DATA)
		r->hash = (r->hash ^ (u64)(0xf00 + step)) * 0x100000001b3ull;
	for (size_t i = 0; i < s.n; i++)
		r->hash = (r->hash ^ (u8)s.p[i]) * 0x100000001b3ull;
}

static void feed(struct run *r, const u8 *p, size_t n, size_t cut)
{
	while (n) {
		size_t piece = cut && cut < n ? cut : n;
		u8 *copy = malloc(piece);

		memcpy(copy, p, piece);
		ws_feed(&r->w, copy, piece, on_unit, r);
		free(copy);
		p += piece;
		n -= piece;
	}
}

static u64 run(const u8 *data, size_t size, size_t cut)
{
	struct run r = {.hash = 0xcbf29ce484222325ull};
	struct ws_options options = {
		.is_masked = data[0] & 1,
		.is_deflate = data[0] & 2,
		.keeps_context = data[0] & 4,
	};
	size_t hole = data[2] < size - 4 ? data[2] : size - 4;

	if (data[0] & 8)
		ws_init_late(&r.w, data[0] & 1);
	else
		ws_init(&r.w, &options);
	feed(&r, data + 4, hole, cut);
	if (data[3])
		ws_gap(&r.w, data[3], data[0] & 16, on_unit, &r);
	feed(&r, data + 4 + hole, size - 4 - hole, cut);
	ws_end(&r.w, on_unit, &r);
	if (r.in_unit)
		abort();
	ws_fini(&r.w);
	return r.hash;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (size < 4)
		return 0;

	u64 bad = stats_get(STAT_HTTP_WS_BAD), whole = run(data, size, 0);
	u64 cut = run(data, size, data[1]);

	/* behind a loss, what goes on depends on where records start */
	if (whole != cut && !(data[0] & (2 | 8)) && !data[3] && stats_get(STAT_HTTP_WS_BAD) == bad)
		abort();
	ws_options_of((struct str){(const char *)data + 4, size - 4},
		      data[0] & 1 ? HTTP_REQUEST : HTTP_RESPONSE);
	return 0;
}
