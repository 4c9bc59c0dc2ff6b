/* SPDX-License-Identifier: Apache-2.0 */
/* Records with the right numbers first, their pointers next, then those that share them. */
#include "capture/ringcrypto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "capture/locate.h"

#define RECORD_WORDS 5
#define RECORD_BYTES (RECORD_WORDS * sizeof(u64))
#define WINDOW_WORDS 4096
#define NEAR_BYTES 65536	/* the three stand in one page in all files seen */

enum id {
	ID_AES_128,
	ID_AES_256,
	ID_CHACHA20,
	ID_MAX,
};

struct record {
	u64 vaddr;
	u64 init, seal, open;
	u8 id;
	bool is_wrong;			/* something else is put where its numbers stand */
};

struct finder {
	struct elf_file *elf;
	struct record record[RING_RECORDS_MAX];
	size_t cnt;
	u64 word[WINDOW_WORDS + RECORD_WORDS];
};

/* --- numbers -------------------------------------------------------------------------------- */

static int id_of(const u64 w[RECORD_WORDS])
{
	u8 id = w[4] & 0xff;	/* what pads it need not be zero */

	if (w[3] == 16 && id == ID_AES_128)
		return id;
	return w[3] == 32 && (id == ID_AES_256 || id == ID_CHACHA20) ? id : -1;
}

static int take_records(struct finder *f, size_t words, u64 vaddr)
{
	for (size_t i = 0; i + RECORD_WORDS <= words; i++) {
		const u64 *w = &f->word[i];
		int id = id_of(w);

		if (id < 0)
			continue;
		if (f->cnt == RING_RECORDS_MAX)
			return -E2BIG;
		f->record[f->cnt++] = (struct record){
			.vaddr = vaddr + i * sizeof(u64),
			.init = w[0],
			.seal = w[1],
			.open = w[2],
			.id = (u8)id,
		};
	}
	return 0;
}

static int find_in_segment(struct finder *f, const struct elf_segment *seg)
{
	const u64 step = WINDOW_WORDS * sizeof(u64);

	for (u64 at = -seg->vaddr & 7; at + RECORD_BYTES <= seg->size; at += step) {
		u64 left = (seg->size - at) / sizeof(u64);
		/* a record may stand across two windows; its start is in one of them */
		size_t n = WINDOW_WORDS + RECORD_WORDS - 1;

		if (n > left)
			n = (size_t)left;
		int err = elf_read(f->elf, seg->offset + at, f->word, n * sizeof(u64));

		if (!err)
			err = take_records(f, n, seg->vaddr + at);
		if (err)
			return err;
	}
	return 0;
}

static int find_records(struct finder *f)
{
	struct elf_segment seg;
	u64 left = RING_SCAN_MAX;
	int err = 0;

	for (size_t i = 0; !err && elf_segment(f->elf, i, &seg); i++) {
		/* what is larger holds a payload (Bun's scripts), not constants of code */
		if (seg.is_text || seg.size > RING_SEGMENT_MAX)
			continue;
		if (seg.size > left)
			return -E2BIG;
		left -= seg.size;
		err = find_in_segment(f, &seg);
	}
	return err;
}

/* --- pointers ------------------------------------------------------------------------------- */

static int compare_records(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

/* The first record that ends behind a slot. */
static size_t record_after(const struct finder *f, u64 slot)
{
	size_t lo = 0, hi = f->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->record[mid].vaddr + RECORD_BYTES > slot)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static void on_relocation(void *arg, u64 slot, u64 value)
{
	struct finder *f = arg;

	/* candidates may overlap */
	for (size_t i = record_after(f, slot); i < f->cnt && f->record[i].vaddr <= slot; i++) {
		struct record *r = &f->record[i];

		if (slot == r->vaddr)
			r->init = value;
		else if (slot == r->vaddr + 8)
			r->seal = value;
		else if (slot == r->vaddr + 16)
			r->open = value;
		else
			r->is_wrong = true;
	}
}

static bool is_code(const struct finder *f, u64 vaddr)
{
	u64 offset;

	return !elf_text_offset(f->elf, vaddr, &offset);
}

static void keep_functions(struct finder *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->cnt; i++) {
		const struct record *r = &f->record[i];

		if (!r->is_wrong && is_code(f, r->init) && is_code(f, r->seal) &&
		    is_code(f, r->open) && r->seal != r->open && r->init != r->seal)
			f->record[kept++] = *r;
	}
	f->cnt = kept;
}

/* --- the two that share --------------------------------------------------------------------- */

/* -ENOENT: none, or two pairs that differ. */
static int find_pair(const struct finder *f, struct ringcrypto *ret, u64 *ret_near)
{
	const struct record *found = NULL;

	for (size_t i = 0; i < f->cnt; i++) {
		const struct record *a = &f->record[i];

		for (size_t k = 0; k < f->cnt; k++) {
			const struct record *b = &f->record[k];

			if (a->id != ID_AES_128 || b->id != ID_AES_256 || a->seal != b->seal ||
			    a->open != b->open || a->init == b->init)
				continue;
			if (found && (found->seal != a->seal || found->open != a->open))
				return -ENOENT;
			found = a;
		}
	}
	if (!found)
		return -ENOENT;
	ret->seal = found->seal;
	ret->open = found->open;
	*ret_near = found->vaddr;
	return 0;
}

/* The third has functions of its own, and stands near. Without it the pair is some other table. */
static int find_chacha(const struct finder *f, u64 near, struct ringcrypto *ret)
{
	const struct record *found = NULL;
	size_t cnt = 0;

	for (size_t i = 0; i < f->cnt; i++) {
		const struct record *r = &f->record[i];

		if (r->id != ID_CHACHA20 || r->seal == ret->seal || r->open == ret->open ||
		    r->vaddr - near + NEAR_BYTES > 2 * NEAR_BYTES)
			continue;
		found = r;
		cnt++;
	}
	if (cnt != 1)
		return -ENOENT;
	ret->chacha_seal = found->seal;
	ret->chacha_open = found->open;
	return 0;
}

int ringcrypto_find(struct elf_file *e, struct ringcrypto *ret)
{
	struct ringcrypto found = { 0 };
	u64 near = 0;
	struct finder *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->elf = e;
	int err = find_records(f);

	if (!err && f->cnt) {
		qsort(f->record, f->cnt, sizeof(f->record[0]), compare_records);
		err = elf_walk_relative(e, on_relocation, f);
	}
	if (!err) {
		keep_functions(f);
		err = find_pair(f, &found, &near);
	}
	if (!err)
		err = find_chacha(f, near, &found);
	free(f);
	if (!err)
		*ret = found;
	return err;
}

static bool add(struct elf_file *e, struct target *t, enum probe_fn fn, u64 vaddr)
{
	struct locate_function f = {
		.fn = fn,
		.stack = STACK_AEAD,
		.vaddr = vaddr,
		.is_located = true,
	};

	return locate_add_function(e, t, &f);
}

int locate_ringcrypto(struct elf_file *e, struct target *t)
{
	struct ringcrypto r;
	int err = ringcrypto_find(e, &r);

	if (err)
		return err;
	if (!add(e, t, PROBE_RING_SEAL, r.seal) || !add(e, t, PROBE_RING_OPEN, r.open))
		return -ENOENT;
	if (!add(e, t, PROBE_RING_SEAL, r.chacha_seal) ||
	    !add(e, t, PROBE_RING_OPEN, r.chacha_open))
		return -ENOENT;
	return 0;
}
