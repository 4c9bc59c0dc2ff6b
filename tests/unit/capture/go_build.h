/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes small files that look like Go programs, for the tests of what finds functions in them:
 * three segments (code, read-only, data), a pclntab, module data, and on request relocations or no
 * section headers. Every part can be spoilt before go_build_fd.
 */
#ifndef TESTS_GO_BUILD_H
#define TESTS_GO_BUILD_H

#include <elf.h>

#include "base/types.h"

#define GO_BUILD_MAX 0x2000
#define GO_BUILD_TEXT 0x10000ull	/* address of the first function */
#define GO_BUILD_FUNCTIONS_MAX 16

struct go_build_function {
	const char *name;
	const char *code;
	size_t n;
};

struct go_build_options {
	u32 magic;			/* 0: that of Go 1.20 */
	u16 machine;			/* 0: x86-64 */
	bool has_no_sections;
	bool is_relocated;		/* pointers stand in relocations only */
};

struct go_build {
	u8 file[GO_BUILD_MAX];
	size_t n;
	Elf64_Ehdr *header;
	Elf64_Phdr *segment;		/* three */
	Elf64_Shdr *section;		/* null, pclntab, relocations, names */
	Elf64_Rela *relocation;		/* two */
	u8 *table;			/* the pclntab */
	u64 *word;			/* of its header, from the number of functions on */
	u32 *function;			/* pairs: code, record */
	u64 *module;
	u64 text;			/* file offset of the code */
};

void go_build(struct go_build *b, const struct go_build_function *f, size_t cnt,
	      const struct go_build_options *o);
int go_build_fd(const struct go_build *b);	/* a memfd with the file in it */

#endif
