/* SPDX-License-Identifier: Apache-2.0 */
/* The layout, by fixed places; see the header. */
#include "capture/go_build.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_AT 0x200
#define TEXT_BYTES 0x600
#define TABLE_AT 0x800
#define TABLE_BYTES 0x1000
#define TABLE_VADDR 0x20000ull
#define DATA_AT 0x1800
#define DATA_BYTES 0x400
#define DATA_VADDR 0x30000ull
#define MODULE_PLACE 0x40
#define RELA_AT 0x1c00
#define NAMES_AT 0x1d00
#define SECTIONS_AT 0x1e00

enum { S_NULL, S_TABLE, S_RELA, S_NAMES, S_MAX };

static const char section_names[] = "\0.gopclntab\0.rela\0.shstrtab";

static void put_headers(struct go_build *b, const struct go_build_options *o)
{
	const Elf64_Phdr segment[] = {
		{ PT_LOAD, PF_R | PF_X, TEXT_AT, GO_BUILD_TEXT, 0, TEXT_BYTES, TEXT_BYTES, 16 },
		{ PT_LOAD, PF_R, TABLE_AT, TABLE_VADDR, 0, TABLE_BYTES, TABLE_BYTES, 16 },
		{ PT_LOAD, PF_R | PF_W, DATA_AT, DATA_VADDR, 0, DATA_BYTES, DATA_BYTES, 16 },
	};

	*b->header = (Elf64_Ehdr){
		.e_type = o->is_relocated ? ET_DYN : ET_EXEC,
		.e_machine = o->machine ? o->machine : EM_X86_64,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
	};
	memcpy(b->header->e_ident, ELFMAG, SELFMAG);
	b->header->e_ident[EI_CLASS] = ELFCLASS64;
	b->header->e_ident[EI_DATA] = ELFDATA2LSB;
	memcpy(b->segment, segment, sizeof(segment));
	if (o->has_no_sections)
		return;
	b->header->e_shoff = SECTIONS_AT;
	b->header->e_shentsize = sizeof(Elf64_Shdr);
	b->header->e_shnum = S_MAX;
	b->header->e_shstrndx = S_NAMES;
	memcpy(b->file + NAMES_AT, section_names, sizeof(section_names));
	b->section[S_TABLE] = (Elf64_Shdr){
		.sh_name = 1, .sh_type = SHT_PROGBITS, .sh_addr = TABLE_VADDR,
		.sh_offset = TABLE_AT, .sh_size = TABLE_BYTES,
	};
	b->section[S_RELA] = (Elf64_Shdr){
		.sh_name = 12, .sh_type = SHT_RELA, .sh_offset = RELA_AT,
		.sh_size = 2 * sizeof(Elf64_Rela), .sh_entsize = sizeof(Elf64_Rela),
	};
	b->section[S_NAMES] = (Elf64_Shdr){
		.sh_name = 18, .sh_type = SHT_STRTAB, .sh_offset = NAMES_AT,
		.sh_size = sizeof(section_names),
	};
}

/* Module data: the first word names the table, the 18th counts functions, the 23rd is the code. */
static void put_module(struct go_build *b, size_t cnt, const struct go_build_options *o)
{
	u32 type = o->machine == EM_AARCH64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
	u64 at = DATA_VADDR + MODULE_PLACE;

	b->module[17] = cnt + 1;
	if (o->is_relocated) {
		b->relocation[0] = (Elf64_Rela){ at, type, (s64)TABLE_VADDR };
		b->relocation[1] = (Elf64_Rela){ at + 176, type, (s64)GO_BUILD_TEXT };
		return;
	}
	b->module[0] = TABLE_VADDR;
	b->module[22] = GO_BUILD_TEXT;
}

/* Names, then pairs, then records. */
static void put_table(struct go_build *b, const struct go_build_function *f, size_t cnt,
		      const struct go_build_options *o)
{
	const u8 start[8] = { 0xf1, 0xff, 0xff, 0xff, 0, 0, o->machine == EM_AARCH64 ? 4 : 1, 8 };
	u64 names = 72, functions = 0x800, records = (cnt + 1) * 8;
	u32 code = 0, name = 0;

	memcpy(b->table, start, sizeof(start));
	if (o->magic)
		memcpy(b->table, &o->magic, sizeof(o->magic));
	b->word[0] = cnt;
	b->word[3] = names;
	b->word[7] = functions;
	b->function = (u32 *)(void *)(b->table + functions);
	for (size_t i = 0; i < cnt; i++) {
		u32 *record = (u32 *)(void *)(b->table + functions + records + 16 * i);
		size_t len = strlen(f[i].name) + 1;

		b->function[2 * i] = code;
		b->function[2 * i + 1] = (u32)(records + 16 * i);
		record[0] = code;
		record[1] = name;
		assert(names + name + len <= functions && code + f[i].n <= TEXT_BYTES);
		memcpy(b->table + names + name, f[i].name, len);
		memcpy(b->file + TEXT_AT + code, f[i].code, f[i].n);
		name += (u32)len;
		code += (u32)f[i].n;
		/* as Go's linker fills up to the next function */
		for (; code % 32; code++)
			b->file[TEXT_AT + code] = 0xcc;
	}
	b->word[4] = names + name;
	b->function[2 * cnt] = code;
}

void go_build(struct go_build *b, const struct go_build_function *f, size_t cnt,
	      const struct go_build_options *o)
{
	memset(b, 0, sizeof(*b));
	b->n = sizeof(b->file);
	b->header = (void *)b->file;
	b->segment = (void *)(b->file + sizeof(Elf64_Ehdr));
	b->section = (void *)(b->file + SECTIONS_AT);
	b->relocation = (void *)(b->file + RELA_AT);
	b->table = b->file + TABLE_AT;
	b->word = (void *)(b->table + 8);
	b->module = (void *)(b->file + DATA_AT + MODULE_PLACE);
	b->text = TEXT_AT;
	assert(cnt <= GO_BUILD_FUNCTIONS_MAX);
	put_headers(b, o);
	put_table(b, f, cnt, o);
	put_module(b, cnt, o);
}

int go_build_fd(const struct go_build *b)
{
	int fd = memfd_create("go", MFD_CLOEXEC);

	assert(fd >= 0 && write(fd, b->file, b->n) == (ssize_t)b->n);
	return fd;
}
