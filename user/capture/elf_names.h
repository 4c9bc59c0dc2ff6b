/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds a few names in a string table that passes by in windows.
 *
 * A symbol names itself by an offset into the string table. Instead of reading a string per symbol
 * (a million random reads), the table is read once and the offsets noted at which a wanted name
 * ends a string: linkers store "SSL_read" as the tail of "BIO_SSL_read". After that a symbol costs
 * one comparison. Private to elf.c.
 */
#ifndef TOLLTAP_CAPTURE_ELF_NAMES_H
#define TOLLTAP_CAPTURE_ELF_NAMES_H

#include "base/limits.h"
#include "base/types.h"

struct elf_name_hit {
	u64 offset;		/* in the string table */
	u32 name;		/* index of the name */
};

struct elf_names {
	const char *const *name;	/* lent */
	size_t cnt;
	u8 len[ELF_NAMES_MAX];
	u8 shortest;
	bool is_last[256];		/* bytes with which a name ends */
	size_t hit_cnt;
	struct elf_name_hit hit[ELF_NAME_HITS_MAX];
	/* one bit per low bits of a hit's offset: most symbols are turned down here */
	u64 filter[64];
};

/* cnt <= ELF_NAMES_MAX names of 1 .. ELF_NAME_LEN_MAX - 1 bytes */
void elf_names_init(struct elf_names *s, const char *const name[], size_t cnt);

/*
 * The table's next n bytes stand at p + kept; the kept ones before them were seen already. p[0] is
 * at `base` of the table. -E2BIG: more than ELF_NAME_HITS_MAX places.
 */
int elf_names_scan(struct elf_names *s, const u8 *p, size_t kept, size_t n, u64 base);

void elf_names_sort(struct elf_names *s);	/* once, between scanning and asking */

/* Index of the name at this offset of the table, or -1. */
int elf_names_at(const struct elf_names *s, u64 offset);

#endif
