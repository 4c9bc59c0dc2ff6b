/* SPDX-License-Identifier: Apache-2.0 */
/* From a place in code to the function around it; see the header. */
#include "capture/code.h"

#include <errno.h>

#include "base/limits.h"
#include "base/util.h"
#include "capture/elf_frames.h"

void code_init(struct code *c, struct elf_file *e, struct anchors *a)
{
	c->elf = e;
	c->anchors = a;
	c->left = CODE_INSNS_MAX;
	c->pointers_left = CODE_POINTERS_MAX;
}

int code_load(struct code *c, u64 vaddr)
{
	const u64 back = 2 * ANCHOR_BACK;
	u64 from = vaddr > back ? vaddr - back : 0;
	struct x86_walk *w = &c->walk;

	/* near the edge of its segment there is less */
	for (int n; from <= vaddr; from += 16) {
		n = elf_read_text(c->elf, from, w->code, sizeof(w->code));
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

int code_walk(struct code *c, u64 start)
{
	bool is_whole = x86_walk(&c->walk, start, c->left);

	c->left -= c->walk.insns;
	return is_whole ? 0 : -E2BIG;
}

/* Functions are aligned, or (-Os) begin with a push; a call to anything else is an accident. */
bool code_may_begin(const struct code *c, u64 vaddr)
{
	const struct x86_walk *w = &c->walk;

	if (vaddr < w->vaddr || vaddr - w->vaddr + 4 > w->n ||
	    !anchors_is_called(c->anchors, vaddr))
		return false;
	const u8 *p = &w->code[vaddr - w->vaddr];

	if (vaddr % 16 == 0)
		return true;
	if (p[0] == 0x41 || p[0] == 0xf3)
		return p[0] == 0x41 ? p[1] >= 0x50 && p[1] <= 0x57 : p[1] == 0x0f && p[2] == 0x1e;
	return (p[0] >= 0x50 && p[0] <= 0x57) || (p[0] == 0x48 && p[1] == 0x83 && p[2] == 0xec);
}

int code_find_start(struct code *c, u64 at, bool (*is_it)(void *arg), void *arg, u64 *ret)
{
	int err = code_load(c, at);

	*ret = 0;
	if (err)
		return err == -ENOENT ? 0 : err;
	for (u64 start = at; start && at - start <= ANCHOR_BACK; start--) {
		if (!code_may_begin(c, start))
			continue;
		err = code_walk(c, start);
		if (err)
			return err;
		if (!x86_walk_has(&c->walk, at) || (is_it && !is_it(arg)))
			continue;
		*ret = start;
		return 0;
	}
	return 0;
}

int code_function_of(struct code *c, u64 at, u64 *ret)
{
	u64 size;
	int err = elf_frame_of(c->elf, at, ret, &size);

	return err == -ENOENT ? code_find_start(c, at, NULL, NULL, ret) : err;
}

/* Is there a word with this address: a slot for calls, or the relocation that fills one? */
static int find_pointer(struct code *c, const struct elf_segment *seg, u64 vaddr)
{
	u64 word[1024];

	if (seg->size > c->pointers_left)
		return -E2BIG;
	c->pointers_left -= seg->size;
	for (u64 at = -seg->vaddr & 7; at + sizeof(word[0]) <= seg->size;) {
		u64 left = (seg->size - at) / sizeof(word[0]);
		size_t n = left < ARRAY_LEN(word) ? (size_t)left : ARRAY_LEN(word);
		int err = elf_read(c->elf, seg->offset + at, word, n * sizeof(word[0]));

		if (err)
			return err;
		for (size_t i = 0; i < n; i++) {
			if (word[i] == vaddr)
				return 0;
		}
		at += n * sizeof(word[0]);
	}
	return -ENOENT;
}

static int find_pointers(struct code *c, bool is_writable, u64 vaddr)
{
	struct elf_segment seg;
	int err = -ENOENT;

	for (size_t i = 0; err == -ENOENT && elf_segment(c->elf, i, &seg); i++) {
		if (!seg.is_text && seg.is_writable == is_writable)
			err = find_pointer(c, &seg, vaddr);
	}
	return err;
}

/* What is likely and cheap to see comes first. */
int code_is_entry(struct code *c, u64 start)
{
	int err = anchors_is_called_near(c->anchors, start) ? 0 : -ENOENT;

	if (err == -ENOENT)
		err = find_pointers(c, true, start);
	if (err == -ENOENT)
		err = find_pointers(c, false, start);
	return err == -ENOENT && anchors_is_called(c->anchors, start) ? 0 : err;
}
