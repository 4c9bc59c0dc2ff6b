/* SPDX-License-Identifier: Apache-2.0 */
/* Streams segments; the loops over bytes are as plain as they can be, they see 100 MB. */
#include "capture/boringssl_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/x86.h"

#define NEEDLE "ssl/ssl_lib.c"
#define NEEDLE_LEN (sizeof(NEEDLE) - 1)
#define PATH_BACK 128		/* of a path before it */
#define WINDOW (256u << 10)
#define OVERLAP 32		/* a hit may stand across two windows */
#define NEAR 48			/* constants stand this close to the file's name */
#define FAR_JUMP (16 << 10)	/* a jump over less stays in its function */

#define PAGE 4096
#define PAGES_MAX (3 * BORING_ANCHORS_MAX)

/* The address of the name: anything from the first to the last possible start of its path. */
struct name {
	u64 lo;
	u64 hi;
};

struct xref {
	u64 at;
	u32 string;
	bool is_in_rdx;
};

struct page {
	u64 number;
	u64 is_called[PAGE / 64];
};

struct boring_scan {
	struct elf_file *elf;
	u64 left;			/* of BORING_SCAN_MAX */
	bool is_fixed;
	struct name name[BORING_STRINGS_MAX];
	size_t name_cnt;
	u64 name_lo;			/* of all */
	u64 name_span;
	struct xref xref[BORING_XREFS_MAX];
	size_t xref_cnt;
	struct boring_anchor anchor[BORING_ANCHORS_MAX];
	size_t anchor_cnt;
	struct page page[PAGES_MAX];
	size_t page_cnt;
	u8 page_of[65536];		/* low bits of the number: index + 1 */
	u8 buf[WINDOW + OVERLAP];
};

_Static_assert(PAGES_MAX < 256, "fits page_of");

/* p[0..n) may hold a start, p[0..all) is readable. */
typedef int (*window_fn)(struct boring_scan *s, const u8 *p, size_t n, size_t all, u64 vaddr,
			 u64 offset);

static int scan_segment(struct boring_scan *s, const struct elf_segment *seg, window_fn fn)
{
	if (seg->size > s->left)
		return -E2BIG;
	s->left -= seg->size;
	for (u64 at = 0; at < seg->size; at += WINDOW) {
		u64 left = seg->size - at;
		size_t n = left < WINDOW ? left : WINDOW;
		size_t all = left < sizeof(s->buf) ? left : sizeof(s->buf);
		int err = elf_read(s->elf, seg->offset + at, s->buf, all);

		if (!err)
			err = fn(s, s->buf, n, all, seg->vaddr + at, seg->offset + at);
		if (err)
			return err;
	}
	return 0;
}

static int scan_segments(struct boring_scan *s, bool is_text_only, window_fn fn)
{
	struct elf_segment seg;
	int err = 0;

	for (size_t i = 0; !err && elf_segment(s->elf, i, &seg); i++) {
		if (is_text_only ? seg.is_text : !seg.is_writable)
			err = scan_segment(s, &seg, fn);
	}
	return err;
}

static u32 load32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* --- the name ------------------------------------------------------------------------------- */

static bool is_path_char(u8 c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("/._-+@~", c ? c : ' ');
}

/*
 * The path before it differs from build to build, and in a section without other strings no NUL
 * need stand before it: all starts count that are made of path characters.
 */
static int take_name(struct boring_scan *s, u64 vaddr, u64 offset)
{
	u8 before[PATH_BACK];
	size_t n = offset < PATH_BACK ? (size_t)offset : PATH_BACK, k = 0;

	if (n > vaddr)
		n = (size_t)vaddr;
	int err = elf_read(s->elf, offset - n, before, n);

	if (err)
		return err;
	while (k < n && is_path_char(before[n - 1 - k]))
		k++;
	if (s->name_cnt == BORING_STRINGS_MAX)
		return -E2BIG;
	s->name[s->name_cnt++] = (struct name){ .lo = vaddr - k, .hi = vaddr };
	return 0;
}

static int find_names(struct boring_scan *s, const u8 *p, size_t n, size_t all, u64 vaddr,
		      u64 offset)
{
	for (size_t at = 0; at < n;) {
		const u8 *hit = memmem(p + at, all - at, NEEDLE, NEEDLE_LEN);

		if (!hit || (size_t)(hit - p) >= n)
			return 0;
		at = (size_t)(hit - p);
		size_t end = at + NEEDLE_LEN;

		if (end < all && p[end] == 'c')
			end++;
		if (end < all && !p[end]) {
			int err = take_name(s, vaddr + at, offset + at);

			if (err)
				return err;
		}
		at++;
	}
	return 0;
}

static void bound_names(struct boring_scan *s)
{
	u64 hi = 0;

	s->name_lo = UINT64_MAX;
	for (size_t i = 0; i < s->name_cnt; i++) {
		if (s->name[i].lo < s->name_lo)
			s->name_lo = s->name[i].lo;
		if (s->name[i].hi > hi)
			hi = s->name[i].hi;
	}
	s->name_span = hi - s->name_lo;
}

/* --- who names it --------------------------------------------------------------------------- */

static int take_xref(struct boring_scan *s, u64 at, u64 target, bool is_in_rdx)
{
	for (u32 i = 0; i < s->name_cnt; i++) {
		if (target < s->name[i].lo || target > s->name[i].hi)
			continue;
		if (s->xref_cnt == BORING_XREFS_MAX)
			return -E2BIG;
		s->xref[s->xref_cnt++] = (struct xref){ at, i, is_in_rdx };
		break;
	}
	return 0;
}

/* mov $name,%ecx or %edx; lea name(%rip),%rcx or %rdx: the constant stands at p + 3. */
static int look_closer(struct boring_scan *s, const u8 *p, u64 vaddr)
{
	u32 v = load32(p + 3);

	if (s->is_fixed && (p[2] == 0xb9 || p[2] == 0xba))
		return take_xref(s, vaddr + 2, v, p[2] == 0xba);
	if (p[0] == 0x48 && p[1] == 0x8d && (p[2] == 0x0d || p[2] == 0x15))
		return take_xref(s, vaddr, vaddr + 7 + (u64)(s64)(s32)v, p[2] == 0x15);
	return 0;
}

static int find_xrefs(struct boring_scan *s, const u8 *p, size_t n, size_t all, u64 vaddr,
		      u64 offset)
{
	const u32 lo = (u32)s->name_lo, base = (u32)vaddr + 7 - lo;
	const u64 span = s->name_span;
	const size_t end = all < 7 ? 0 : n < all - 6 ? n : all - 6;

	for (size_t i = 0; i < end; i++) {
		u32 v = load32(p + i + 3);

		if ((u32)(v - lo) > span && v + base + (u32)i > span)
			continue;
		int err = look_closer(s, p + i, vaddr + i);

		if (err)
			return err;
	}
	return 0;
}

/* --- with which constants ------------------------------------------------------------------- */

struct constants {
	bool is_set[X86_REG_MAX];
	u32 value[X86_REG_MAX];
};

static void set(struct constants *c, u8 reg, u32 value)
{
	if (!c->is_set[reg]) {
		c->is_set[reg] = true;
		c->value[reg] = value;
	}
}

/* From the file's name to the end of its basic block: instruction by instruction. */
static void look_ahead(struct constants *c, const u8 *p, size_t n)
{
	s64 pushed = -1;
	struct x86_insn in;

	for (size_t at = 0; at < n; at += in.len) {
		if (x86_decode(p + at, n - at, &in) || x86_is_branch(&in))
			return;
		if (in.map != X86_MAP_1)
			continue;
		if (in.opcode >= 0xb8 && in.opcode <= 0xbf && !(in.rex & 8))
			set(c, in.reg, (u32)in.imm);
		else if (in.opcode >= 0x58 && in.opcode <= 0x5f && pushed >= 0)
			set(c, in.reg, (u32)pushed);
		pushed = in.opcode == 0x6a ? in.imm : -1;
	}
}

/* Before it, instructions have no known start: the nearest bytes that look like a load. */
static void look_back(struct constants *c, const u8 *p, size_t n)
{
	for (size_t at = n; at-- > 0;) {
		u8 high = at && p[at - 1] == 0x41 ? 8 : 0;

		if (n - at >= 5 && p[at] >= 0xb8 && p[at] <= 0xbf)
			set(c, (p[at] & 7) | high, load32(p + at + 1));
		if (n - at >= 3 && p[at] == 0x6a && p[at + 1] < 0x80) {
			bool is_high = p[at + 2] == 0x41 && n - at >= 4;
			u8 pop = is_high ? p[at + 3] : p[at + 2];

			if (pop >= 0x58 && pop <= 0x5f)
				set(c, (pop & 7) | (is_high ? 8 : 0), p[at + 1]);
		}
	}
}

static bool is_wanted(u32 reason)
{
	return reason == REASON_NOT_CALLED || reason == REASON_BAD_LENGTH ||
	       reason == REASON_NULL_CTX || reason == REASON_HANDSHAKE ||
	       reason == REASON_UNINITIALIZED;
}

/*
 * ERR_put_error(library, unused, reason, file, line). Where the compiler saw that nobody uses the
 * second argument, the others have moved down by one register.
 */
static int take_anchor(struct boring_scan *s, const struct xref *x)
{
	const u8 reason = x->is_in_rdx ? X86_RSI : X86_RDX, line = x->is_in_rdx ? X86_RCX : X86_R8;
	struct constants c = { .is_set = { false } };
	u8 code[2 * NEAR];
	int n = elf_read_text(s->elf, x->at, code + NEAR, NEAR);

	if (n < 0)
		return n;
	look_ahead(&c, code + NEAR, (size_t)n);
	if (x->at >= NEAR && elf_read_text(s->elf, x->at - NEAR, code, NEAR) == NEAR)
		look_back(&c, code, NEAR);
	if (!c.is_set[reason] || !c.is_set[line] || !is_wanted(c.value[reason]))
		return 0;
	if (s->anchor_cnt == BORING_ANCHORS_MAX)
		return -E2BIG;
	s->anchor[s->anchor_cnt++] = (struct boring_anchor){
		.at = x->at,
		.reason = c.value[reason],
		.line = c.value[line],
		.string = x->string,
	};
	return 0;
}

static int compare_anchors(const void *a, const void *b)
{
	const struct boring_anchor *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static int take_anchors(struct boring_scan *s)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->xref_cnt; i++)
		err = take_anchor(s, &s->xref[i]);
	qsort(s->anchor, s->anchor_cnt, sizeof(s->anchor[0]), compare_anchors);
	return err;
}

/* --- what is called near them --------------------------------------------------------------- */

static struct page *page_at(const struct boring_scan *s, u64 number)
{
	u8 i = s->page_of[number & 0xffff];

	if (!i || s->page[i - 1].number != number)
		return NULL;
	return (struct page *)&s->page[i - 1];
}

static int add_page(struct boring_scan *s, u64 number)
{
	u8 *slot = &s->page_of[number & 0xffff];

	if (page_at(s, number))
		return 0;
	/* anchors of one library do not lie 256 MiB apart */
	if (*slot)
		return -E2BIG;
	s->page[s->page_cnt++].number = number;
	*slot = (u8)s->page_cnt;
	return 0;
}

static int add_pages(struct boring_scan *s)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->anchor_cnt; i++) {
		u64 number = s->anchor[i].at / PAGE;

		err = number ? add_page(s, number - 1) : 0;
		if (!err)
			err = add_page(s, number);
		if (!err)
			err = add_page(s, number + 1);
	}
	return err;
}

static int find_calls(struct boring_scan *s, const u8 *p, size_t n, size_t all, u64 vaddr,
		      u64 offset)
{
	const size_t end = all < 5 ? 0 : n < all - 4 ? n : all - 4;

	for (size_t i = 0; i < end; i++) {
		if ((p[i] & 0xfe) != 0xe8)
			continue;
		s32 rel = (s32)load32(p + i + 1);
		u64 to = vaddr + i + 5 + (u64)(s64)rel;

		if (!s->page_of[to / PAGE & 0xffff])
			continue;
		struct page *page = page_at(s, to / PAGE);

		if (page && (p[i] == 0xe8 || rel > FAR_JUMP || rel < -FAR_JUMP))
			page->is_called[to % PAGE / 64] |= 1ull << to % 64;
	}
	return 0;
}

/* --- all of it ------------------------------------------------------------------------------ */

static int scan(struct boring_scan *s)
{
	int err = scan_segments(s, false, find_names);

	if (!err && !s->name_cnt)
		return -ENOENT;
	bound_names(s);
	if (!err)
		err = scan_segments(s, true, find_xrefs);
	if (!err)
		err = take_anchors(s);
	if (!err && !s->anchor_cnt)
		return -ENOENT;
	if (!err)
		err = add_pages(s);
	return err ? err : scan_segments(s, true, find_calls);
}

int boring_scan_new(struct elf_file *e, struct boring_scan **ret)
{
	struct boring_scan *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->elf = e;
	s->left = BORING_SCAN_MAX;
	s->is_fixed = elf_is_fixed(e);
	int err = scan(s);

	if (err) {
		boring_scan_free(s);
		return err;
	}
	*ret = s;
	return 0;
}

void boring_scan_free(struct boring_scan *s)
{
	free(s);
}

size_t boring_scan_anchors(const struct boring_scan *s, const struct boring_anchor **ret)
{
	*ret = s->anchor;
	return s->anchor_cnt;
}

bool boring_scan_is_called(const struct boring_scan *s, u64 vaddr)
{
	const struct page *page = page_at(s, vaddr / PAGE);

	return page && page->is_called[vaddr % PAGE / 64] >> vaddr % 64 & 1;
}
