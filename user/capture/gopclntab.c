/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From names to addresses; see the header. The table of Go 1.18 and later:
 *
 *	header		magic, 0 0, quantum, 8, then words: functions, files, start of text
 *			(0 since 1.26), and where the tables below begin
 *	names		strings
 *	...
 *	functions	pairs in order: where the code is after the start of text, and the record
 *			after this table's start; one more pair for the end
 *	records		distance of the code again, place of the name, and more
 */
#include "capture/gopclntab.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/util.h"
#include "capture/elf_names.h"

#define MAGIC_116 0xfffffffau
#define MAGIC_118 0xfffffff0u
#define MAGIC_120 0xfffffff1u

/* Where in the module data what stands (runtime/symtab.go); the same since 1.18. */
#define MODULE_FTAB_LEN 136
#define MODULE_TEXT 176

struct header {
	u32 magic;
	u16 zero;
	u8 quantum;
	u8 pointer_size;
	u64 function_cnt;
	u64 file_cnt;
	u64 text;
	u64 names;
	u64 units;
	u64 files;
	u64 pcs;
	u64 functions;
};

_Static_assert(sizeof(struct header) == 72, "as in the file");

struct entry {
	u32 code;
	u32 record;		/* in struct entry of a record: the name */
};

/* A piece of the file, kept until another one is asked for. */
struct window {
	u64 offset;
	size_t n;
	u8 p[ELF_WINDOW_BYTES];
};

struct finder {
	struct elf_file *elf;
	struct header h;
	u64 vaddr;		/* of the header */
	u64 offset;		/* in the file */
	u64 size;		/* at most */
	u64 text;
	struct elf_names names;
	struct window table;
	struct window records;
};

/* n <= ELF_NAME_LEN_MAX bytes at `at` of the table, lent until the next call; NULL: *ret_err. */
static const u8 *look(struct finder *f, struct window *w, u64 at, size_t n, int *ret_err)
{
	if (at > f->size || n > f->size - at) {
		*ret_err = -EINVAL;
		return NULL;
	}
	u64 offset = f->offset + at, left = f->size - at;

	if (offset < w->offset || offset - w->offset > w->n || w->n - (offset - w->offset) < n) {
		w->offset = offset;
		w->n = left < sizeof(w->p) ? (size_t)left : sizeof(w->p);
		*ret_err = elf_read(f->elf, offset, w->p, w->n);
		if (*ret_err) {
			w->n = 0;
			return NULL;
		}
	}
	return &w->p[offset - w->offset];
}

/* --- the table ------------------------------------------------------------------------------ */

static bool is_magic(u32 magic)
{
	return magic == MAGIC_118 || magic == MAGIC_120;
}

static int check_header(struct finder *f)
{
	const struct header *h = &f->h;
	u8 quantum = elf_machine(f->elf) == EM_AARCH64 ? 4 : 1;
	u64 left = f->size;

	if (h->magic == MAGIC_116)
		return elf_refuse(f->elf, -EINVAL, "built by a Go older than 1.18");
	if (!is_magic(h->magic) || h->zero || h->quantum != quantum || h->pointer_size != 8)
		return -EINVAL;
	if (h->function_cnt > GO_FUNCTIONS_MAX)
		return -E2BIG;
	if (h->names > left || h->units > left || h->functions > left || h->names > h->units ||
	    (h->function_cnt + 1) * sizeof(struct entry) > left - h->functions)
		return -EINVAL;
	return 0;
}

static int use_table(struct finder *f, u64 vaddr, u64 offset, u64 size)
{
	f->vaddr = vaddr;
	f->offset = offset;
	f->size = size;
	if (size < sizeof(f->h))
		return -EINVAL;
	int err = elf_read(f->elf, offset, &f->h, sizeof(f->h));

	return err ? err : check_header(f);
}

/* A file whose section headers were taken away: its first bytes, in what holds data. */
static int scan_segment(struct finder *f, const struct elf_segment *s)
{
	struct window *w = &f->table;
	u64 left;

	for (u64 at = 0; at + sizeof(struct header) <= s->size; at += left) {
		left = s->size - at < sizeof(w->p) ? s->size - at : sizeof(w->p);
		int err = elf_read(f->elf, s->offset + at, w->p, (size_t)left);

		w->n = 0;
		if (err)
			return err;
		for (u64 i = 0; i + 8 <= left; i += 8) {
			u32 magic;

			memcpy(&magic, &w->p[i], sizeof(magic));
			if (is_magic(magic) && !use_table(f, s->vaddr + at + i, s->offset + at + i,
							  s->size - at - i))
				return 0;
		}
	}
	return -ENOENT;
}

static int find_table(struct finder *f)
{
	static const char *const name[] = { ".gopclntab", ".data.rel.ro.gopclntab" };
	struct elf_section section;
	struct elf_segment segment;
	u64 budget = GO_SCAN_MAX;

	for (size_t i = 0; i < ARRAY_LEN(name); i++) {
		if (elf_find_section(f->elf, name[i], &section))
			return use_table(f, section.vaddr, section.offset, section.size);
	}
	if (elf_section(f->elf, 0, &section))
		return -ENOENT;
	for (size_t i = 0; elf_segment(f->elf, i, &segment); i++) {
		if (segment.is_text)
			continue;
		if (segment.size > budget)
			return -E2BIG;
		budget -= segment.size;
		int err = scan_segment(f, &segment);
		if (err != -ENOENT)
			return err;
	}
	return -ENOENT;
}

/* --- the start of text ---------------------------------------------------------------------- */

static int read_word(struct finder *f, u64 vaddr, u64 *ret)
{
	struct elf_segment s;

	for (size_t i = 0; elf_segment(f->elf, i, &s); i++) {
		if (vaddr >= s.vaddr && vaddr - s.vaddr < s.size && s.size - (vaddr - s.vaddr) >= 8)
			return elf_read(f->elf, s.offset + (vaddr - s.vaddr), ret, sizeof(*ret));
	}
	return -ENOENT;
}

/*
 * Relocations of a program that is placed where there is room: the word at `at` becomes `value`.
 * One of the two is asked for by the other.
 */
static int find_relative(struct finder *f, bool by_value, u64 key, u64 *ret)
{
	u32 type = elf_machine(f->elf) == EM_AARCH64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
	struct window *w = &f->records;
	struct elf_section table;

	w->n = 0;
	for (size_t k = 0; elf_section(f->elf, k, &table); k++) {
		if (table.type != SHT_RELA || table.entry_size != sizeof(Elf64_Rela) ||
		    table.size > GO_SCAN_MAX)
			continue;
		const size_t step = sizeof(w->p) / sizeof(Elf64_Rela) * sizeof(Elf64_Rela);

		for (u64 at = 0; at + sizeof(Elf64_Rela) <= table.size; at += step) {
			size_t n = table.size - at < step ? (size_t)(table.size - at) : step;
			int err = elf_read(f->elf, table.offset + at, w->p, n);
			Elf64_Rela r;

			if (err)
				return err;
			for (size_t i = 0; i + sizeof(r) <= n; i += sizeof(r)) {
				memcpy(&r, &w->p[i], sizeof(r));
				if (ELF64_R_TYPE(r.r_info) != type ||
				    key != (by_value ? (u64)r.r_addend : r.r_offset))
					continue;
				*ret = by_value ? r.r_offset : (u64)r.r_addend;
				return 0;
			}
		}
	}
	return -ENOENT;
}

/* Module data is there if its length of the function table is that of this one. */
static int try_module(struct finder *f, u64 module)
{
	u64 len, text = 0, offset;
	int err = read_word(f, module + MODULE_FTAB_LEN, &len);

	if (err || len != f->h.function_cnt + 1)
		return err ? err : -ENOENT;
	err = read_word(f, module + MODULE_TEXT, &text);
	if (err)
		return err;
	if (!text)
		err = find_relative(f, false, module + MODULE_TEXT, &text);
	if (err)
		return err;
	if (elf_text_offset(f->elf, text, &offset))
		return -EINVAL;
	f->text = text;
	return 0;
}

/* The module data's first word points to the table. */
static int scan_modules(struct finder *f, const struct elf_segment *s)
{
	struct window *w = &f->table;
	u64 n;

	for (u64 at = 0; at + 8 <= s->size; at += n) {
		n = s->size - at < sizeof(w->p) ? s->size - at : sizeof(w->p);
		int err = elf_read(f->elf, s->offset + at, w->p, (size_t)n);

		w->n = 0;
		if (err)
			return err;
		for (u64 i = 0; i + 8 <= n; i += 8) {
			u64 word;

			memcpy(&word, &w->p[i], sizeof(word));
			if (word == f->vaddr && !try_module(f, s->vaddr + at + i))
				return 0;
		}
	}
	return -ENOENT;
}

static int find_text(struct finder *f)
{
	struct elf_segment s;
	u64 module, budget = GO_SCAN_MAX;

	for (size_t i = 0; elf_segment(f->elf, i, &s); i++) {
		if (!s.is_writable || s.is_text)
			continue;
		if (s.size > budget)
			return -E2BIG;
		budget -= s.size;
		int err = scan_modules(f, &s);
		if (err != -ENOENT)
			return err;
	}
	int err = find_relative(f, true, f->vaddr, &module);

	return err ? err : try_module(f, module);
}

/* --- functions ------------------------------------------------------------------------------ */

/* Where do the names stand? Streamed: the strings of a large program have 10 MB. */
static int find_names(struct finder *f, const char *const names[], size_t cnt)
{
	u64 size = f->h.units - f->h.names, n;
	u8 *p = f->records.p;
	size_t kept = 0;

	elf_names_init(&f->names, names, cnt);
	f->records.n = 0;
	for (u64 at = 0; at < size; at += n) {
		n = sizeof(f->records.p) - kept;
		if (n > size - at)
			n = size - at;
		int err = elf_read(f->elf, f->offset + f->h.names + at, p + kept, (size_t)n);

		if (!err)
			err = elf_names_scan(&f->names, p, kept, (size_t)n, at - kept);
		if (err)
			return err;
		size_t all = kept + (size_t)n;

		kept = all < ELF_NAME_LEN_MAX ? all : ELF_NAME_LEN_MAX;
		memmove(p, p + all - kept, kept);
	}
	elf_names_sort(&f->names);
	return f->names.hit_cnt ? 0 : -ENOENT;
}

static int entry_at(struct finder *f, struct window *w, u64 at, struct entry *ret)
{
	int err = 0;
	const u8 *p = look(f, w, at, sizeof(*ret), &err);

	if (p)
		memcpy(ret, p, sizeof(*ret));
	return err;
}

static int take_function(struct finder *f, struct entry this, struct entry next,
			 struct go_function ret[])
{
	struct entry record;
	int err = entry_at(f, &f->records, f->h.functions + this.record, &record);

	if (err)
		return err;
	int which = elf_names_at(&f->names, record.record);

	if (which < 0)
		return 0;
	if (record.code != this.code || next.code <= this.code ||
	    next.code - this.code > GO_FUNCTION_BYTES_MAX)
		return -EINVAL;
	ret[which].is_ambiguous = ret[which].is_found;
	ret[which].is_found = true;
	ret[which].start = f->text + this.code;
	ret[which].end = f->text + next.code;
	return 0;
}

static int walk_functions(struct finder *f, struct go_function ret[])
{
	struct entry this, next;
	int err = entry_at(f, &f->table, f->h.functions, &this);

	for (u64 i = 1; i <= f->h.function_cnt && !err; i++) {
		err = entry_at(f, &f->table, f->h.functions + i * sizeof(next), &next);
		if (!err)
			err = take_function(f, this, next, ret);
		this = next;
	}
	return err;
}

static int find(struct finder *f, const char *const names[], size_t cnt, struct go_function ret[])
{
	int err = find_table(f);

	if (!err)
		err = find_names(f, names, cnt);
	if (!err)
		err = find_text(f);
	if (!err)
		err = walk_functions(f, ret);
	return err;
}

int go_find_functions(struct elf_file *e, const char *const names[], size_t cnt,
		      struct go_function ret[])
{
	struct go_function found[ELF_NAMES_MAX] = { { 0 } };
	struct finder *f = malloc(sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->elf = e;
	f->table.n = 0;
	f->records.n = 0;
	int err = find(f, names, cnt, found);

	free(f);
	if (!err)
		memcpy(ret, found, cnt * sizeof(*ret));
	return err;
}
