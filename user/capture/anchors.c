/* SPDX-License-Identifier: Apache-2.0 */
/* Streams segments; the loops over bytes are as plain as they can be, they see 100 MB. */
#include "capture/anchors.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "capture/match.h"

#define PATH_BACK 128		/* of a path before it */
#define WINDOW (256u << 10)
#define OVERLAP 32		/* a hit may stand across two windows */
#define NEAR 48			/* constants stand this close to the file's name */
#define NEAR_CALLS (1u << 20)
#define FAR_JUMP (16 << 10)	/* a jump over less stays in its function */

#define PAGE 4096
#define PAGES_MAX (3 * ANCHORS_MAX)

static const char *const texts[TEXT_MAX] = {
	[TEXT_SSL_LIB_CC] = "ssl/ssl_lib.cc",
	[TEXT_SSL_LIB_C] = "ssl/ssl_lib.c",
	[TEXT_AEAD] = "fipsmodule/cipher/aead.c",
	[TEXT_READ_INTERNAL] = "ssl_read_internal",
	[TEXT_WRITE_INTERNAL] = "ssl_write_internal",
	[TEXT_READ] = "SSL_read",
	[TEXT_WRITE] = "SSL_write",
	[TEXT_NEW] = "SSL_new",
};

/* One copy of a text. Its address: anything from the first to the last possible start of a path. */
struct name {
	u64 lo;
	u64 hi;
	u8 text;
};

struct xref {
	u64 at;
	u8 name;		/* index */
	u8 reg;
};

struct page {
	u64 number;
	u64 is_called[PAGE / 64];
};

/* How much of the code has been looked through for calls: it is not, until somebody asks. */
enum calls {
	CALLS_NONE,
	CALLS_NEAR,
	CALLS_ALL,
};

struct anchors {
	struct elf_file *elf;
	enum calls calls;
	int err;			/* what went wrong then */
	u64 left;			/* of ANCHOR_SCAN_MAX */
	bool is_fixed;
	struct name name[ANCHOR_TEXTS_MAX];
	size_t name_cnt;
	struct name function[ANCHOR_TEXTS_MAX];		/* of one segment, not told of yet */
	size_t function_cnt;
	u64 name_lo;			/* of all */
	u64 name_span;
	struct xref xref[ANCHOR_XREFS_MAX];
	size_t xref_cnt;
	struct anchor anchor[ANCHORS_MAX];
	size_t anchor_cnt;
	struct page page[PAGES_MAX];
	size_t page_cnt;
	u16 page_of[65536];		/* low bits of the number: index + 1 */
	u8 buf[WINDOW + OVERLAP];
};

_Static_assert(ANCHOR_TEXTS_MAX < 256, "fits struct xref");

/* p[0..n) may hold a start, p[0..all) is readable. */
typedef int (*window_fn)(struct anchors *s, const u8 *p, size_t n, size_t all, u64 vaddr,
			 u64 offset);

/* Of a segment, what begins in [from, to). */
static int scan_part(struct anchors *s, const struct elf_segment *seg, u64 from, u64 to,
		     window_fn fn)
{
	if (to - from > s->left)
		return -E2BIG;
	s->left -= to - from;
	for (u64 at = from; at < to; at += WINDOW) {
		u64 left = to - at;
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

static int scan_segment(struct anchors *s, const struct elf_segment *seg, window_fn fn)
{
	return scan_part(s, seg, 0, seg->size, fn);
}

static int scan_code(struct anchors *s, window_fn fn)
{
	struct elf_segment seg;
	int err = 0;

	for (size_t i = 0; !err && elf_segment(s->elf, i, &seg); i++)
		err = seg.is_text ? scan_segment(s, &seg, fn) : 0;
	return err;
}

static u32 load32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The next place in [at, end) whose byte is `value` in the bits of `mask`; end: none. */
static size_t next_byte(const u8 *p, size_t at, size_t end, u8 mask, u8 value)
{
	const u64 ones = 0x0101010101010101, high = ones << 7;

	for (u64 v; at + sizeof(v) <= end; at += sizeof(v)) {
		memcpy(&v, p + at, sizeof(v));
		v = (v & ones * mask) ^ ones * value;
		/* the lowest zero byte has the lowest bit: borrows go upwards only */
		v = (v - ones) & ~v & high;
		if (v)
			return at + (size_t)__builtin_ctzll(v) / 8;
	}
	while (at < end && (p[at] & mask) != value)
		at++;
	return at;
}

/* --- the texts ------------------------------------------------------------------------------ */

static bool is_path_char(u8 c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("/._-+@~", c ? c : ' ');
}

/*
 * The path before it differs from build to build, and in a section without other strings no NUL
 * need stand before it: all starts count that are made of path characters.
 */
static int take_path(struct anchors *s, u8 text, u64 vaddr, u64 offset)
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
	if (s->name_cnt == ANCHOR_TEXTS_MAX)
		return -E2BIG;
	s->name[s->name_cnt++] = (struct name){ .lo = vaddr - k, .hi = vaddr, .text = text };
	return 0;
}

/*
 * A function's name is itself, even as the tail of another string: linkers merge those. Files that
 * have no use for it here may have any number of it.
 */
static void take_function(struct anchors *s, u8 text, u64 vaddr)
{
	if (s->function_cnt < ARRAY_LEN(s->function))
		s->function[s->function_cnt] = (struct name){ vaddr, vaddr, text };
	s->function_cnt++;
}

/* All texts that the pattern's bytes begin, their NUL included. */
static int find_like(struct anchors *s, const struct match *m, const u8 *p, size_t n, size_t all,
		     u64 vaddr, u64 offset)
{
	const size_t end = all < MATCH_BYTES ? 0 : n < all - 2 ? n : all - 2;
	int err = 0;

	for (size_t at = 0; !err && (at = match_next(m, p, at, end)) < end; at++) {
		for (u8 i = 0; !err && i < TEXT_MAX; i++) {
			const size_t len = strlen(texts[i]) + 1;

			if (len > all - at || memcmp(p + at, texts[i], len))
				continue;
			if (i < TEXT_PATHS)
				err = take_path(s, i, vaddr + at, offset + at);
			else
				take_function(s, i, vaddr + at);
		}
	}
	return err;
}

static int find_all(struct anchors *s, const u8 *p, size_t n, size_t all, u64 vaddr, u64 offset)
{
	/* all but one begin with SSL or ssl */
	static const struct match ssl = { { 0, 1, 2 }, { 0xdf, 0xdf, 0xdf }, "SSL" };
	static const struct match fips = { { 0, 1, 2 }, { 0xff, 0xff, 0xff }, "fip" };
	int err = find_like(s, &ssl, p, n, all, vaddr, offset);

	return err ? err : find_like(s, &fips, p, n, all, vaddr, offset);
}

static bool has_text(const struct anchors *s, enum anchor_text text)
{
	for (size_t i = 0; i < s->name_cnt; i++) {
		if (s->name[i].text == text)
			return true;
	}
	return false;
}

static int add_functions(struct anchors *s)
{
	if (s->function_cnt > ANCHOR_TEXTS_MAX - s->name_cnt)
		return -E2BIG;
	memcpy(&s->name[s->name_cnt], s->function, s->function_cnt * sizeof(s->name[0]));
	s->name_cnt += s->function_cnt;
	return 0;
}

/* Constants have a segment of their own, or (older linkers) stand behind the code. */
static int find_texts(struct anchors *s, bool is_text)
{
	struct elf_segment seg;
	int err = 0;

	for (size_t i = 0; !err && elf_segment(s->elf, i, &seg); i++) {
		if (seg.is_writable || seg.is_text != is_text)
			continue;
		bool had = has_text(s, TEXT_SSL_LIB_C);

		s->function_cnt = 0;
		err = scan_segment(s, &seg, find_all);
		/* names of functions stand beside the names of their files */
		if (!err && !had && has_text(s, TEXT_SSL_LIB_C))
			err = add_functions(s);
	}
	return err;
}

static void bound_names(struct anchors *s)
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

/* --- who loads them ------------------------------------------------------------------------- */

static int take_xref(struct anchors *s, u64 at, u64 target, u8 reg)
{
	for (u8 i = 0; i < s->name_cnt; i++) {
		if (target < s->name[i].lo || target > s->name[i].hi)
			continue;
		if (s->xref_cnt == ANCHOR_XREFS_MAX)
			return -E2BIG;
		s->xref[s->xref_cnt++] = (struct xref){ at, i, reg };
		break;
	}
	return 0;
}

static bool is_near_texts(const struct anchors *s, u64 target)
{
	return target - s->name_lo <= s->name_span;
}

/* lea text(%rip),%rcx, or another register */
static int find_leas(struct anchors *s, const u8 *p, size_t n, size_t all, u64 vaddr, u64 offset)
{
	static const struct match lea = { { 0, 1, 2 }, { 0xfb, 0xff, 0xc7 }, { 0x48, 0x8d, 5 } };
	const size_t end = all < 7 ? 0 : n < all - 6 ? n : all - 6;
	int err = 0;

	for (size_t i = 0; !err && (i = match_next(&lea, p, i, end)) < end; i++) {
		u64 target = vaddr + i + 7 + (u64)(s64)(s32)load32(p + i + 3);

		if (is_near_texts(s, target))
			err = take_xref(s, vaddr + i, target,
					(p[i + 2] >> 3 & 7) | (p[i] & 4 ? 8 : 0));
	}
	return err;
}

/* mov $text,%ecx: where addresses are fixed and small */
static int find_movs(struct anchors *s, const u8 *p, size_t n, size_t all, u64 vaddr, u64 offset)
{
	/* the high bytes of an address: those bits that all texts share */
	const u64 hi = s->name_lo + s->name_span;
	const int low_bits = s->name_span ? 64 - __builtin_clzll(s->name_lo ^ hi) : 0;
	const u32 mask = low_bits < 32 ? UINT32_MAX << low_bits : 0;
	const u32 value = (u32)hi & mask;
	const struct match mov = {
		{ 0, 3, 4 }, { 0xf8, mask >> 16 & 0xff, mask >> 24 },
		{ 0xb8, value >> 16 & 0xff, value >> 24 },
	};
	const size_t end = all < 5 ? 0 : n < all - 4 ? n : all - 4;
	int err = 0;

	for (size_t i = 0; !err && (i = match_next(&mov, p, i, end)) < end; i++) {
		u32 v = load32(p + i + 1);

		if (is_near_texts(s, v))
			err = take_xref(s, vaddr + i, v,
					(p[i] & 7) | (i && p[i - 1] == 0x41 ? 8 : 0));
	}
	return err;
}

static int find_loads(struct anchors *s, const u8 *p, size_t n, size_t all, u64 vaddr, u64 offset)
{
	int err = find_leas(s, p, n, all, vaddr, offset);

	return err || !s->is_fixed ? err : find_movs(s, p, n, all, vaddr, offset);
}

static int compare_xrefs(const void *a, const void *b)
{
	const struct xref *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static int find_xrefs(struct anchors *s)
{
	int err = scan_code(s, find_loads);

	qsort(s->xref, s->xref_cnt, sizeof(s->xref[0]), compare_xrefs);
	return err;
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

/*
 * BoringSSL: ERR_put_error(library, unused, reason, file, line). Where the compiler saw that nobody
 * uses the second argument, the others have moved down by one register.
 */
static int take_error(struct anchors *s, const struct xref *x, struct anchor *ret)
{
	const u8 reason = x->reg == X86_RDX ? X86_RSI : X86_RDX;
	const u8 line = x->reg == X86_RDX ? X86_RCX : X86_R8;
	struct constants c = { .is_set = { false } };
	u8 code[2 * NEAR];

	if (x->reg != X86_RCX && x->reg != X86_RDX)
		return -ENOENT;
	int n = elf_read_text(s->elf, x->at, code + NEAR, NEAR);

	if (n < 0)
		return n;
	look_ahead(&c, code + NEAR, (size_t)n);
	if (x->at >= NEAR && elf_read_text(s->elf, x->at - NEAR, code, NEAR) == NEAR)
		look_back(&c, code, NEAR);
	ret->reason = c.is_set[reason] ? c.value[reason] : 0;
	ret->line = c.is_set[line] ? c.value[line] : 0;
	return ret->reason ? 0 : -ENOENT;
}

/* OpenSSL: ERR_set_debug(file, line, function). Its name alone may stand anywhere. */
static bool is_beside_file(const struct anchors *s, u64 at)
{
	for (size_t i = 0; i < s->xref_cnt; i++) {
		const struct xref *x = &s->xref[i];

		if (s->name[x->name].text == TEXT_SSL_LIB_C && x->reg == X86_RDI &&
		    x->at <= at + NEAR && at <= x->at + NEAR)
			return true;
	}
	return false;
}

static int take_anchor(struct anchors *s, const struct xref *x)
{
	struct anchor a = {
		.at = x->at,
		.text = s->name[x->name].text,
		.copy = x->name,
		.reg = x->reg,
	};

	if (a.text >= TEXT_PATHS) {
		if (!is_beside_file(s, x->at))
			return 0;
	} else {
		int err = take_error(s, x, &a);

		if (err)
			return err == -ENOENT ? 0 : err;
	}
	if (s->anchor_cnt == ANCHORS_MAX)
		return -E2BIG;
	s->anchor[s->anchor_cnt++] = a;
	return 0;
}

static int take_anchors(struct anchors *s)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->xref_cnt; i++)
		err = take_anchor(s, &s->xref[i]);
	return err;
}

/* --- what is called near them --------------------------------------------------------------- */

static struct page *page_at(const struct anchors *s, u64 number)
{
	u16 i = s->page_of[number & 0xffff];

	if (!i || s->page[i - 1].number != number)
		return NULL;
	return (struct page *)&s->page[i - 1];
}

static int add_page(struct anchors *s, u64 number)
{
	u16 *slot = &s->page_of[number & 0xffff];

	if (page_at(s, number))
		return 0;
	/* anchors of one library do not lie 256 MiB apart */
	if (*slot)
		return -E2BIG;
	s->page[s->page_cnt++].number = number;
	*slot = (u16)s->page_cnt;
	return 0;
}

static int add_pages(struct anchors *s)
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

static int find_calls(struct anchors *s, const u8 *p, size_t n, size_t all, u64 vaddr, u64 offset)
{
	const size_t end = all < 5 ? 0 : n < all - 4 ? n : all - 4;

	for (size_t i = 0; (i = next_byte(p, i, end, 0xfe, 0xe8)) < end; i++) {
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

/* Headers that name more than is read, perhaps one place many times: known before any is read. */
static bool is_too_large(const struct anchors *s)
{
	struct elf_segment seg;
	u64 bytes = 0;

	for (size_t i = 0; elf_segment(s->elf, i, &seg); i++)
		bytes += seg.is_writable ? 0 : seg.size;
	return bytes > s->left;
}

static int scan(struct anchors *s)
{
	int err = is_too_large(s) ? -E2BIG : find_texts(s, false);

	if (!err && !s->name_cnt)
		err = find_texts(s, true);
	if (!err && !s->name_cnt)
		return -ENOENT;
	bound_names(s);
	if (!err)
		err = find_xrefs(s);
	if (!err)
		err = take_anchors(s);
	if (!err && !s->anchor_cnt)
		return -ENOENT;
	return err ? err : add_pages(s);
}

int anchors_new(struct elf_file *e, struct anchors **ret)
{
	if (elf_machine(e) != EM_X86_64)
		return -ENOENT;
	struct anchors *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->elf = e;
	s->left = ANCHOR_SCAN_MAX;
	s->is_fixed = elf_is_fixed(e);
	int err = scan(s);

	if (err) {
		anchors_free(s);
		return err;
	}
	*ret = s;
	return 0;
}

void anchors_free(struct anchors *s)
{
	free(s);
}

size_t anchors_get(const struct anchors *s, const struct anchor **ret)
{
	*ret = s->anchor;
	return s->anchor_cnt;
}

/* The calls of a library's own files come from near; those of its users, from anywhere. */
static int find_near_calls(struct anchors *s)
{
	const u64 lo = s->anchor[0].at, hi = s->anchor[s->anchor_cnt - 1].at + NEAR_CALLS;
	struct elf_segment seg;
	int err = 0;

	for (size_t i = 0; !err && elf_segment(s->elf, i, &seg); i++) {
		u64 from = lo > seg.vaddr + NEAR_CALLS ? lo - NEAR_CALLS - seg.vaddr : 0;
		u64 to = hi > seg.vaddr ? hi - seg.vaddr : 0;

		if (to > seg.size)
			to = seg.size;
		if (seg.is_text && from < to)
			err = scan_part(s, &seg, from, to, find_calls);
	}
	return err;
}

static bool is_marked(const struct anchors *s, u64 vaddr)
{
	const struct page *page = page_at(s, vaddr / PAGE);

	return page && page->is_called[vaddr % PAGE / 64] >> vaddr % 64 & 1;
}

static bool is_called(struct anchors *s, u64 vaddr, enum calls up_to)
{
	for (; !is_marked(s, vaddr) && !s->err && s->calls < up_to; s->calls++)
		s->err = s->calls == CALLS_NONE ? find_near_calls(s) : scan_code(s, find_calls);
	return is_marked(s, vaddr);
}

bool anchors_is_called(struct anchors *s, u64 vaddr)
{
	return is_called(s, vaddr, CALLS_ALL);
}

bool anchors_is_called_near(struct anchors *s, u64 vaddr)
{
	return is_called(s, vaddr, CALLS_NEAR);
}

int anchors_error(const struct anchors *s)
{
	return s->err;
}
