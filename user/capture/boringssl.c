/* SPDX-License-Identifier: Apache-2.0 */
/* From anchors to functions; see the header. */
#include "capture/boringssl.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "capture/boringssl_scan.h"
#include "capture/locate.h"
#include "capture/x86_walk.h"

/* SSL_write raises its four errors within this many lines; 26 in the builds seen */
#define WRITE_LINES 60
/* SSL_peek's only error stands this far above SSL_write's first: 21 or 22 lines in those */
#define PEEK_LINES_MIN 10
#define PEEK_LINES_MAX 45
/* where SSL_read merely calls SSL_peek, it is its neighbour, and small */
#define WRAPPER_DISTANCE 0x200
#define WRAPPER_BYTES 0x100

struct finder {
	struct elf_file *elf;
	struct boring_scan *scan;
	const struct boring_anchor *anchor;
	size_t anchor_cnt;
	u32 left;		/* of BORING_INSNS_MAX */
	u32 string;		/* of the SSL_write found, and its first line */
	u32 line;
	struct x86_walk walk;
};

struct function {
	u64 start;		/* 0: none */
	u32 bytes;
	bool moves_span;
};

typedef bool (*accept_fn)(struct finder *f, const struct boring_anchor *a);

/* --- walking -------------------------------------------------------------------------------- */

/* Code around a place, the place BORING_BACK or more after its start. */
static int load_code(struct finder *f, u64 vaddr)
{
	const u64 back = 2 * BORING_BACK;
	u64 from = vaddr > back ? vaddr - back : 0;
	struct x86_walk *w = &f->walk;

	/* near the edge of its segment there is less */
	for (int n; from <= vaddr; from += 16) {
		n = elf_read_text(f->elf, from, w->code, sizeof(w->code));
		if (n == -ENOENT)
			continue;
		if (n < 0)
			return n;
		w->vaddr = from;
		w->n = (size_t)n;
		if (vaddr - from < w->n)
			return 0;
	}
	return -ENOENT;
}

static int walk(struct finder *f, u64 start)
{
	bool is_whole = x86_walk(&f->walk, start, f->left);

	f->left -= f->walk.insns;
	return is_whole ? 0 : -E2BIG;
}

/* Functions are aligned, or (-Os) begin with a push; a call to anything else is an accident. */
static bool may_begin(const struct finder *f, u64 vaddr)
{
	const struct x86_walk *w = &f->walk;

	if (vaddr < w->vaddr || vaddr - w->vaddr + 4 > w->n ||
	    !boring_scan_is_called(f->scan, vaddr))
		return false;
	const u8 *p = &w->code[vaddr - w->vaddr];

	if (vaddr % 16 == 0)
		return true;
	if (p[0] == 0x41 || p[0] == 0xf3)
		return p[0] == 0x41 ? p[1] >= 0x50 && p[1] <= 0x57 : p[1] == 0x0f && p[2] == 0x1e;
	return (p[0] >= 0x50 && p[0] <= 0x57) || (p[0] == 0x48 && p[1] == 0x83 && p[2] == 0xec);
}

/* The nearest place before the anchor from which code that is called reaches what is asked for. */
static int find_start(struct finder *f, const struct boring_anchor *a, accept_fn accept,
		      struct function *ret)
{
	int err = load_code(f, a->at);

	*ret = (struct function){ 0 };
	if (err)
		return err == -ENOENT ? 0 : err;
	for (u64 at = a->at; at && a->at - at <= BORING_BACK; at--) {
		if (!may_begin(f, at))
			continue;
		err = walk(f, at);
		if (err)
			return err;
		if (!x86_walk_has(&f->walk, a->at) || !accept(f, a))
			continue;
		*ret = (struct function){ at, f->walk.bytes, x86_walk_moves_span(&f->walk) };
		return 0;
	}
	return 0;
}

static int find_all(struct finder *f, u32 reason, accept_fn accept, struct function ret[],
		    size_t max, size_t *ret_cnt)
{
	*ret_cnt = 0;
	for (size_t i = 0; i < f->anchor_cnt; i++) {
		struct function one;

		if (f->anchor[i].reason != reason)
			continue;
		int err = find_start(f, &f->anchor[i], accept, &one);

		if (err)
			return err;
		bool is_new = one.start != 0;
		for (size_t k = 0; k < *ret_cnt; k++)
			is_new &= ret[k].start != one.start;
		if (!is_new)
			continue;
		if (*ret_cnt == max)
			return -ENOENT;
		ret[(*ret_cnt)++] = one;
	}
	return 0;
}

/* --- the functions -------------------------------------------------------------------------- */

/* An anchor that the last walk reached; its line, 0: there is none. */
static u32 reached_line(const struct finder *f, const struct boring_anchor *below, u32 reason)
{
	for (size_t i = 0; i < f->anchor_cnt; i++) {
		const struct boring_anchor *a = &f->anchor[i];

		if (a->reason == reason && a->string == below->string && a->line < below->line &&
		    below->line - a->line <= WRITE_LINES && x86_walk_has(&f->walk, a->at))
			return a->line;
	}
	return 0;
}

static bool is_write(struct finder *f, const struct boring_anchor *a)
{
	u32 first = reached_line(f, a, REASON_NOT_CALLED);
	u32 second = reached_line(f, a, REASON_UNINITIALIZED);
	u32 third = reached_line(f, a, REASON_HANDSHAKE);

	if (!first || first >= second || second >= third)
		return false;
	f->string = a->string;
	f->line = first;
	return true;
}

static bool is_reader(struct finder *f, const struct boring_anchor *a)
{
	return a->string == f->string && a->line < f->line &&
	       f->line - a->line >= PEEK_LINES_MIN && f->line - a->line <= PEEK_LINES_MAX;
}

static bool is_new(struct finder *f, const struct boring_anchor *a)
{
	return a->string == f->string;
}

/* SSL_read that calls SSL_peek and then moves the span of pending data on. */
static int find_wrapper(struct finder *f, u64 peek, u64 *ret)
{
	int err = load_code(f, peek);

	*ret = 0;
	if (err)
		return err;
	u64 from = peek > WRAPPER_DISTANCE ? peek - WRAPPER_DISTANCE : 1;

	for (u64 at = from; at <= peek + WRAPPER_DISTANCE; at++) {
		if (at == peek || !may_begin(f, at))
			continue;
		err = walk(f, at);
		if (err)
			return err;
		if (f->walk.bytes > WRAPPER_BYTES || !x86_walk_calls(&f->walk, peek) ||
		    !x86_walk_moves_span(&f->walk))
			continue;
		if (*ret)
			return -ENOENT;
		*ret = at;
	}
	return 0;
}

/*
 * Both raise the same error in the same line: SSL_peek does, and SSL_read has it inlined or calls
 * it. SSL_read does more, and only it takes what it has read out of the connection.
 */
static int find_readers(struct finder *f, struct boringssl *b)
{
	struct function one[2];
	size_t cnt;
	int err = find_all(f, REASON_NOT_CALLED, is_reader, one, ARRAY_LEN(one), &cnt);

	if (err || !cnt)
		return err ? err : -ENOENT;
	if (cnt == 2) {
		const struct function *big = one[0].bytes > one[1].bytes ? &one[0] : &one[1];
		const struct function *small = big == &one[0] ? &one[1] : &one[0];

		b->read = big->start;
		b->peek = small->start;
		return big->moves_span && big->bytes > small->bytes ? 0 : -ENOENT;
	}
	err = find_wrapper(f, one[0].start, &b->read);
	if (err)
		return err;
	if (b->read) {
		b->peek = one[0].start;
		return 0;
	}
	b->read = one[0].start;
	return one[0].moves_span ? 0 : -ENOENT;
}

static int find_functions(struct finder *f, struct boringssl *b)
{
	struct function one;
	size_t cnt;
	int err = find_all(f, REASON_BAD_LENGTH, is_write, &one, 1, &cnt);

	if (err || !cnt)
		return err ? err : -ENOENT;
	b->write = one.start;
	err = find_readers(f, b);
	if (err)
		return err;
	if (b->read == b->write || b->peek == b->write)
		return -ENOENT;
	/* without it a connection has no birth, which is no reason to give up */
	err = find_all(f, REASON_NULL_CTX, is_new, &one, 1, &cnt);
	if (!err && cnt && one.start != b->write && one.start != b->read)
		b->new = one.start;
	return err == -ENOENT ? 0 : err;
}

int boringssl_find(struct elf_file *e, struct boringssl *ret)
{
	struct boringssl found = { 0 };

	/* Go has a TLS of its own, and up to 100 MB of constants that need not be read */
	if (elf_machine(e) != EM_X86_64 || elf_has_section(e, ".gopclntab") ||
	    elf_has_section(e, ".data.rel.ro.gopclntab"))
		return -ENOENT;
	struct finder *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->elf = e;
	f->left = BORING_INSNS_MAX;
	int err = boring_scan_new(e, &f->scan);

	if (!err) {
		f->anchor_cnt = boring_scan_anchors(f->scan, &f->anchor);
		err = find_functions(f, &found);
		boring_scan_free(f->scan);
	}
	free(f);
	if (!err)
		*ret = found;
	return err;
}

static bool add(struct elf_file *e, struct target *t, enum probe_fn fn, u64 vaddr)
{
	struct locate_function f = { .fn = fn, .stack = STACK_BORINGSSL, .vaddr = vaddr };

	return locate_add_function(e, t, &f);
}

int locate_boringssl(struct elf_file *e, struct target *t)
{
	struct boringssl b;

	/* one library has one set of names: there is no second one without */
	if (locate_has(t, STACK_OPENSSL) || locate_has(t, STACK_BORINGSSL))
		return -ENOENT;
	int err = boringssl_find(e, &b);

	if (err)
		return err;
	if (!add(e, t, PROBE_SSL_READ, b.read) || !add(e, t, PROBE_SSL_WRITE, b.write))
		return -ENOENT;
	if (b.peek && !add(e, t, PROBE_SSL_PEEK, b.peek))
		return -ENOENT;
	if (b.new)
		add(e, t, PROBE_SSL_NEW, b.new);
	return 0;
}
