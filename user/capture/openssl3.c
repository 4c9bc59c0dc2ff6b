/* SPDX-License-Identifier: Apache-2.0 */
/* From functions that say their names to those worth a probe; see the header. */
#include "capture/openssl3.h"

#include <errno.h>
#include <stdlib.h>

#include "capture/code.h"
#include "capture/site.h"

#define NAMED_MAX 64		/* functions that raise an error we look at; 5 to 9 */

/* A function and the names that it loads. */
struct named {
	u64 start;
	u32 texts;		/* bit per enum anchor_text */
};

struct finder {
	struct code code;
	struct named named[NAMED_MAX];
	size_t named_cnt;
	struct openssl3 *found;
};

static struct named *named_get(struct finder *f, u64 start)
{
	for (size_t i = 0; i < f->named_cnt; i++) {
		if (f->named[i].start == start)
			return &f->named[i];
	}
	if (f->named_cnt == NAMED_MAX)
		return NULL;
	f->named[f->named_cnt] = (struct named){ .start = start };
	return &f->named[f->named_cnt++];
}

static int find_named(struct finder *f, const struct anchor *a, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		struct named *n;
		u64 start;

		if (a[i].text < TEXT_PATHS)
			continue;
		int err = code_function_of(&f->code, a[i].at, &start);

		if (err)
			return err;
		if (!start)
			continue;
		n = named_get(f, start);
		if (!n)
			return -E2BIG;
		n->texts |= 1u << a[i].text;
	}
	return 0;
}

static bool has(const struct named *n, enum anchor_text text)
{
	return n->texts >> text & 1;
}

/* The only one with this name alone; NULL: none or several. */
static const struct named *only(const struct finder *f, enum anchor_text text)
{
	const struct named *ret = NULL;

	for (size_t i = 0; i < f->named_cnt; i++) {
		if (f->named[i].texts != 1u << text)
			continue;
		if (ret)
			return NULL;
		ret = &f->named[i];
	}
	return ret;
}

static int add(struct finder *f, enum probe_fn fn, u64 vaddr)
{
	struct openssl3 *o = f->found;

	if (o->cnt == OPENSSL3_FUNCTIONS_MAX)
		return -ENOENT;
	o->function[o->cnt].fn = fn;
	o->function[o->cnt++].vaddr = vaddr;
	return 0;
}

/* How the plain form hands on to the internal one; PROBE_NONE: it does not, as far as is seen. */
static enum probe_fn form_by_caller(struct finder *f, const struct named *plain, enum probe_fn fn,
				    u64 internal)
{
	struct site_callee callee;
	u8 code[SITE_BYTES_MAX];

	if (!plain)
		return PROBE_NONE;
	int n = elf_read_text(f->code.elf, plain->start, code, sizeof(code));

	if (n <= 0 || site_find_callee(code, (size_t)n, fn, &callee) || !callee.is_certain ||
	    plain->start + (u64)callee.delta != internal)
		return PROBE_NONE;
	return callee.fn;
}

/* Does the code use its fifth argument before it writes over it? */
static bool takes_fifth(struct finder *f, u64 start)
{
	u8 code[SITE_BYTES_MAX];
	struct x86_insn in;
	int n = elf_read_text(f->code.elf, start, code, sizeof(code));

	for (int at = 0; at < n && !x86_decode(code + at, (size_t)(n - at), &in); at += in.len) {
		/* mov %r8,register or memory */
		if (in.map == X86_MAP_1 && in.opcode == 0x89 && in.reg == X86_R8)
			return true;
		if (x86_writes(&in) >> X86_R8 & 1 || x86_is_call(&in) || x86_is_jmp(&in))
			return false;
	}
	return false;
}

/*
 * One direction: functions that raise the internal one's errors. Those that raise the plain form's
 * too are the plain form with the internal one inside; the others are it, or the _ex form with it
 * inside, which takes the same arguments.
 */
static int find_direction(struct finder *f, enum anchor_text internal, enum anchor_text plain,
			  enum probe_fn plain_fn)
{
	const bool is_read = plain_fn == PROBE_SSL_READ;
	const size_t before = f->found->cnt;

	for (size_t i = 0; i < f->named_cnt; i++) {
		const struct named *n = &f->named[i];
		enum probe_fn fn = plain_fn;

		if (!has(n, internal))
			continue;
		if (!has(n, plain)) {
			fn = form_by_caller(f, only(f, plain), plain_fn, n->start);
			if (!fn && is_read)
				fn = PROBE_SSL_READ_INTERNAL;
			else if (!fn)
				fn = takes_fifth(f, n->start) ? PROBE_SSL_WRITE_INTERNAL2
							      : PROBE_SSL_WRITE_INTERNAL;
		}
		if (n->texts & ~(1u << internal | 1u << plain))
			return -ENOENT;
		int err = add(f, fn, n->start);

		if (err)
			return err;
	}
	/* not more than the plain, the _ex, the _ex2 and the internal one */
	return f->found->cnt - before >= 1 && f->found->cnt - before <= 4 ? 0 : -ENOENT;
}

static int find(struct finder *f, struct anchors *anchors)
{
	const struct anchor *a;
	size_t cnt = anchors_get(anchors, &a);
	int err = find_named(f, a, cnt);

	if (!err)
		err = find_direction(f, TEXT_READ_INTERNAL, TEXT_READ, PROBE_SSL_READ);
	if (!err)
		err = find_direction(f, TEXT_WRITE_INTERNAL, TEXT_WRITE, PROBE_SSL_WRITE);
	if (err)
		return err;
	for (size_t i = 0; i < f->found->cnt && !err; i++)
		err = code_is_entry(&f->code, f->found->function[i].vaddr);
	if (err)
		return err;
	/* without it a connection has no birth, which is no reason to give up */
	const struct named *birth = only(f, TEXT_NEW);

	if (!birth || code_is_entry(&f->code, birth->start))
		return 0;
	return add(f, PROBE_SSL_NEW, birth->start);
}

int openssl3_find(struct elf_file *e, struct anchors *a, struct openssl3 *ret)
{
	struct openssl3 found = { .cnt = 0 };
	struct finder *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	code_init(&f->code, e, a);
	f->found = &found;
	int err = find(f, a);

	free(f);
	if (!err)
		*ret = found;
	return err;
}
