/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes small ELF files, honest and otherwise, for the tests of what reads them.
 *
 * Layout: header, two program headers (one executable PT_LOAD over the file at BUILD_VADDR, one
 * note), note, code, strings, symbols, section names, section headers. Every part can be spoilt
 * through the pointers before build_fd.
 */
#ifndef TESTS_ELF_BUILD_H
#define TESTS_ELF_BUILD_H

#include <elf.h>

#include "base/types.h"

#define BUILD_VADDR 0x10000ull
#define BUILD_MAX 4096

enum build_section {
	BUILD_NULL,
	BUILD_NOTE,
	BUILD_TEXT,
	BUILD_STRINGS,
	BUILD_SYMBOLS,
	BUILD_NAMES,
	BUILD_EXTRA,		/* named by the caller; a .rela.plt when it has slots */
	BUILD_SECTIONS,
};

struct build_symbol {
	const char *name;
	const char *code;	/* NULL: an import */
	size_t n;		/* bytes of code */
	/* the code is at this place of the text; 0: the next free one, 16-aligned */
	u32 at;
};

struct build {
	u8 file[BUILD_MAX];
	size_t n;
	Elf64_Ehdr *header;
	Elf64_Phdr *segment;	/* two */
	Elf64_Shdr *section;	/* BUILD_SECTIONS */
	Elf64_Sym *symbol;	/* [0] is empty, then as given */
	u64 text;		/* file offset */
};

/*
 * table: SHT_DYNSYM or SHT_SYMTAB. extra: name of an empty section. slot: 0, or the address of a
 * pointer that the relocation fills with the first symbol.
 */
void build_elf(struct build *b, const struct build_symbol *symbol, size_t cnt, u32 table,
	       const char *extra, u64 slot);

int build_fd(const struct build *b);		/* a memfd with the file in it */

#endif
