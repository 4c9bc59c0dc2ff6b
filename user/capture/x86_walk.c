/* SPDX-License-Identifier: Apache-2.0 */
/* Depth first over the branches; every instruction is decoded once. */
#include "capture/x86_walk.h"

#include <string.h>

#include "capture/x86.h"

#define PENDING_MAX 256		/* branches that wait; one more is left out */

struct pending {
	u32 at[PENDING_MAX];
	size_t cnt;
};

static bool is_seen(const struct x86_walk *w, size_t at)
{
	return w->is_seen[at / 64] >> at % 64 & 1;
}

static void branch_to(const struct x86_walk *w, struct pending *p, s64 at)
{
	if (at >= 0 && (u64)at < w->n && !is_seen(w, (size_t)at) && p->cnt < PENDING_MAX)
		p->at[p->cnt++] = (u32)at;
}

/* A REX.W store, or one of a vector register. */
static void note_store(struct x86_walk *w, const struct x86_insn *in)
{
	if (!in->is_memory || in->has_index || in->rm == X86_RSP || in->rm == X86_RBP)
		return;
	if (in->map == X86_MAP_0F &&
	    (in->opcode == 0x11 || in->opcode == 0x29 || in->opcode == 0x7f)) {
		w->has_wide_store = true;
		return;
	}
	if (in->map != X86_MAP_1 || !(in->rex & 8) || w->store_cnt == X86_WALK_STORES ||
	    (in->opcode != 0x01 && in->opcode != 0x29 && in->opcode != 0x89))
		return;
	w->store[w->store_cnt++] = (u64)in->rm << 32 | (u32)in->disp;
}

/* One path to its end. */
static bool follow(struct x86_walk *w, struct pending *p, size_t at, u32 max)
{
	struct x86_insn in;

	while (at < w->n && !is_seen(w, at)) {
		if (w->code[at] == 0xcc || x86_decode_any(w->code + at, w->n - at, &in))
			return true;
		if (w->insns == max)
			return false;
		w->is_seen[at / 64] |= 1ull << at % 64;
		w->insns++;
		w->bytes += in.len;
		note_store(w, &in);
		s64 next = (s64)at + in.len, to = next + in.imm;

		if (x86_is_indirect(&in) && (in.reg & 7) >= 4)
			return true;
		if (x86_is_jcc(&in))
			branch_to(w, p, to);
		if (x86_is_jmp(&in)) {
			branch_to(w, p, to);
			return true;
		}
		at = (size_t)next;
	}
	return true;
}

bool x86_walk(struct x86_walk *w, u64 start, u32 max)
{
	struct pending p = { .cnt = 0 };
	bool is_whole = true;

	memset(w->is_seen, 0, sizeof(w->is_seen));
	w->bytes = 0;
	w->insns = 0;
	w->store_cnt = 0;
	w->has_wide_store = false;
	if (start < w->vaddr || start - w->vaddr >= w->n)
		return true;
	p.at[p.cnt++] = (u32)(start - w->vaddr);
	while (p.cnt && is_whole)
		is_whole = follow(w, &p, p.at[--p.cnt], max);
	return is_whole;
}

bool x86_walk_has(const struct x86_walk *w, u64 vaddr)
{
	return vaddr >= w->vaddr && vaddr - w->vaddr < w->n && is_seen(w, vaddr - w->vaddr);
}

bool x86_walk_moves_span(const struct x86_walk *w)
{
	for (size_t i = 0; i < w->store_cnt; i++) {
		for (size_t k = 0; k < w->store_cnt; k++) {
			if (w->store[i] + 8 == w->store[k])
				return true;
		}
	}
	return w->has_wide_store;
}

bool x86_walk_calls(const struct x86_walk *w, u64 target)
{
	for (size_t at = 0; at + 5 <= w->n; at++) {
		s32 rel;

		if (w->code[at] != 0xe8 || !is_seen(w, at))
			continue;
		memcpy(&rel, w->code + at + 1, sizeof(rel));
		if (w->vaddr + at + 5 + (u64)(s64)rel == target)
			return true;
	}
	return false;
}
