/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .eh_frame_hdr: version 1, three encodings, address of .eh_frame, number of entries, then pairs
 * (function, its FDE), sorted, both relative to the header:
 *
 *	01 1b 03 3b | 8c c9 2d 00 | 8f 26 00 00 | <s32 start> <s32 fde> ...
 *
 * One entry is found by bisection; its FDE says how long the function is.
 */
#include "capture/elf_frames.h"

#include <errno.h>
#include <string.h>

#define HEADER_BYTES 12
#define ENTRY_BYTES 8
#define FRAME_BYTES 64		/* of a CIE or FDE that are looked at */
#define ENC_UDATA4 0x03
#define ENC_REL_SDATA4 0x3b
#define ENC_PCREL_SDATA4 0x1b

struct table {
	u64 vaddr;
	u64 offset;
	u32 cnt;
};

struct entry {
	s32 start;		/* both from the table's address */
	s32 fde;
};

static u32 load32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static int table_open(struct elf_file *e, struct table *t)
{
	u8 head[HEADER_BYTES];
	u64 size;

	if (!elf_frame_header(e, &t->vaddr, &t->offset, &size) || size < sizeof(head))
		return -ENOENT;
	int err = elf_read(e, t->offset, head, sizeof(head));

	if (err)
		return err;
	/* only these are made: entries as the two linkers write them */
	if (head[0] != 1 || head[1] != ENC_PCREL_SDATA4 || head[2] != ENC_UDATA4 ||
	    head[3] != ENC_REL_SDATA4)
		return -ENOENT;
	t->cnt = load32(head + 8);
	return t->cnt <= (size - sizeof(head)) / ENTRY_BYTES ? 0 : -EINVAL;
}

static int entry_at(struct elf_file *e, const struct table *t, u32 i, struct entry *ret)
{
	return elf_read(e, t->offset + HEADER_BYTES + (u64)i * ENTRY_BYTES, ret, sizeof(*ret));
}

/* The last entry that begins at or before an address. */
static int bisect(struct elf_file *e, const struct table *t, u64 vaddr, struct entry *ret)
{
	u32 lo = 0, hi = t->cnt;	/* [lo] is not after it, [hi] is */
	struct entry one;
	bool is_found = false;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;
		int err = entry_at(e, t, mid, &one);

		if (err)
			return err;
		if (t->vaddr + (u64)(s64)one.start > vaddr) {
			hi = mid;
			continue;
		}
		*ret = one;
		is_found = true;
		lo = mid + 1;
	}
	return is_found ? 0 : -ENOENT;
}

/* As much of a frame as there is, from its length on. */
static int frame_read(struct elf_file *e, u64 vaddr, u8 p[FRAME_BYTES])
{
	struct elf_segment seg;

	for (size_t i = 0; elf_segment(e, i, &seg); i++) {
		if (vaddr < seg.vaddr || vaddr - seg.vaddr >= seg.size)
			continue;
		u64 left = seg.size - (vaddr - seg.vaddr);

		memset(p, 0, FRAME_BYTES);
		return elf_read(e, seg.offset + (vaddr - seg.vaddr), p,
				left < FRAME_BYTES ? (size_t)left : FRAME_BYTES);
	}
	return -EINVAL;
}

static size_t skip_leb(const u8 *p, size_t at)
{
	while (at < FRAME_BYTES && p[at] & 0x80)
		at++;
	return at + 1;
}

/* Are its addresses relative to themselves, four bytes each? */
static bool is_usual_cie(const u8 *p)
{
	const char *kinds = (const char *)p + 9;
	size_t n = strnlen(kinds, 8), at = 9 + n + 1;

	if (load32(p + 4) || (p[8] != 1 && p[8] != 3) || n == 8 || kinds[0] != 'z')
		return false;
	at = skip_leb(p, skip_leb(p, at));		/* alignment factors */
	at = p[8] == 1 ? at + 1 : skip_leb(p, at);	/* register of the return address */
	at = skip_leb(p, at);				/* length of what follows */
	for (const char *k = kinds + 1; *k; k++) {
		if (at + 5 >= FRAME_BYTES)
			return false;
		if (*k == 'R')
			return p[at] == ENC_PCREL_SDATA4;
		if (*k == 'P' && (p[at] & 7) != 3)		/* pointer of other than 4 bytes */
			return false;
		at += *k == 'P' ? 5 : *k == 'L' ? 1 : 0;
	}
	return false;
}

/* Length of the function that an FDE describes, when it is the one expected. */
static int fde_size(struct elf_file *e, u64 fde, u64 start, u64 *ret)
{
	u8 p[FRAME_BYTES], cie[FRAME_BYTES];
	int err = frame_read(e, fde, p);

	if (!err)
		err = frame_read(e, fde + 4 - load32(p + 4), cie);
	if (err)
		return err;
	if (!is_usual_cie(cie) || fde + 8 + (u64)(s64)(s32)load32(p + 8) != start)
		return -ENOENT;
	*ret = load32(p + 12);
	return 0;
}

int elf_frame_of(struct elf_file *e, u64 vaddr, u64 *ret_start, u64 *ret_size)
{
	struct table t;
	struct entry one = { 0 };
	u64 size;
	int err = table_open(e, &t);

	if (!err)
		err = bisect(e, &t, vaddr, &one);
	if (err)
		return err;
	u64 start = t.vaddr + (u64)(s64)one.start;

	err = fde_size(e, t.vaddr + (u64)(s64)one.fde, start, &size);
	if (err)
		return err;
	if (vaddr - start >= size)
		return -ENOENT;
	*ret_start = start;
	*ret_size = size;
	return 0;
}
