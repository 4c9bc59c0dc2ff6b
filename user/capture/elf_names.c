/* SPDX-License-Identifier: Apache-2.0 */
/* Names in a string table, found by their terminators. */
#include "capture/elf_names.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void elf_names_init(struct elf_names *s, const char *const name[], size_t cnt)
{
	assert(cnt <= ELF_NAMES_MAX);
	memset(s, 0, sizeof(*s));
	s->name = name;
	s->cnt = cnt;
	s->shortest = UINT8_MAX;
	for (size_t i = 0; i < cnt; i++) {
		size_t n = strlen(name[i]);

		assert(n && n < ELF_NAME_LEN_MAX);
		s->len[i] = (u8)n;
		if (n < s->shortest)
			s->shortest = (u8)n;
		s->is_last[(u8)name[i][n - 1]] = true;
	}
}

static int take_end(struct elf_names *s, const u8 *p, size_t end, u64 base)
{
	for (size_t i = 0; i < s->cnt; i++) {
		size_t n = s->len[i];

		if (n > end || memcmp(p + end - n, s->name[i], n))
			continue;
		if (s->hit_cnt == ELF_NAME_HITS_MAX)
			return -E2BIG;
		u64 at = base + end - n;

		s->hit[s->hit_cnt++] = (struct elf_name_hit){ .offset = at, .name = (u32)i };
		s->filter[at / 64 % 64] |= 1ull << at % 64;
	}
	return 0;
}

int elf_names_scan(struct elf_names *s, const u8 *p, size_t kept, size_t n, u64 base)
{
	const u8 *stop = p + kept + n;
	const u8 *start = p;		/* no string before this one matters */

	for (const u8 *nul = p + kept; nul < stop; nul++) {
		/* a hole in the file is all zeros: no call per byte there */
		if (*nul)
			nul = memchr(nul, 0, (size_t)(stop - nul));
		if (!nul)
			break;
		size_t len = (size_t)(nul - start);
		start = nul + 1;
		if (len < s->shortest || !s->is_last[nul[-1]])
			continue;
		int err = take_end(s, p, (size_t)(nul - p), base);
		if (err)
			return err;
	}
	return 0;
}

static int compare_hits(const void *a, const void *b)
{
	const struct elf_name_hit *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

void elf_names_sort(struct elf_names *s)
{
	qsort(s->hit, s->hit_cnt, sizeof(s->hit[0]), compare_hits);
}

int elf_names_at(const struct elf_names *s, u64 offset)
{
	if (!(s->filter[offset / 64 % 64] >> offset % 64 & 1))
		return -1;
	const struct elf_name_hit key = { .offset = offset };
	const struct elf_name_hit *hit = bsearch(&key, s->hit, s->hit_cnt, sizeof(key),
						 compare_hits);

	return hit ? (int)hit->name : -1;
}
