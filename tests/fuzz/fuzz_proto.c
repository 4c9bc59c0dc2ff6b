/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protobuf matcher. Input: where to cut, then a message. However it is cut, the same events
 * must come out, messages must be in step, and nothing may follow death.
 *
 * covers: user/base/proto.c
 */
#include <stdlib.h>
#include <string.h>

#include "base/proto.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct run {
	struct proto p;
	u64 hash, text_bytes;
	u32 open;
};

static void mix(struct run *r, u64 v)
{
	r->hash = (r->hash ^ v) * 0x100000001b3ull;
}

static void on_event(void *arg, const struct proto_event *e)
{
	struct run *r = arg;

	if (e->type == PROTO_T_MESSAGE)
		r->open++;
	if (e->type == PROTO_T_MESSAGE_END && r->open-- == 0)
		abort();
	if (e->text.n > PROTO_VALUE_MAX || proto_dead(&r->p))
		abort();
	mix(r, e->tag);
	mix(r, (u64)e->type);
	mix(r, e->value);
	for (size_t i = 0; i < e->text.n; i++)
		mix(r, (u8)e->text.p[i]);
}

static u64 run(const struct proto_paths *set, const u8 *p, size_t n, size_t cut)
{
	struct run *r = calloc(1, sizeof(*r));

	proto_init(&r->p, set, on_event, r);
	while (n) {
		size_t piece = cut && cut < n ? cut : n;
		char *copy = malloc(piece);

		memcpy(copy, p, piece);
		proto_feed(&r->p, copy, piece);
		free(copy);
		p += piece;
		n -= piece;
	}
	if (!proto_finish(&r->p) && r->open)
		abort();
	if (proto_dead(&r->p))
		mix(r, (u8)proto_dead(&r->p)[0]);

	u64 hash = r->hash;

	proto_gap(&r->p);
	free(r);
	return hash;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct proto_path watched[] = {
		{"1", 1}, {"2", 2}, {"9", 9}, {"9.1", 91}, {"9.2.3", 923}, {"9.2.4[]", 924},
		{"5[]", 5},
	};

	if (size < 1)
		return 0;

	struct proto_paths *set = proto_paths_new(watched, ARRAY_LEN(watched));
	u64 whole = run(set, data + 1, size - 1, 0);

	if (whole != run(set, data + 1, size - 1, 1) ||
	    whole != run(set, data + 1, size - 1, data[0]))
		abort();
	proto_paths_free(set);
	return 0;
}
