/* SPDX-License-Identifier: Apache-2.0 */
/* Parts are laid one after the other, 8-aligned. */
#include "capture/elf_build.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static u64 room(struct build *b, size_t n)
{
	u64 at = (b->n + 7) & ~7ull;

	assert(at + n <= BUILD_MAX);
	b->n = at + n;
	return at;
}

static u32 add_string(struct build *b, u64 start, const char *s)
{
	size_t n = strlen(s) + 1;

	assert(b->n + n <= BUILD_MAX);
	memcpy(b->file + b->n, s, n);
	b->n += n;
	return (u32)(b->n - n - start);
}

static void set_section(struct build *b, enum build_section i, u32 type, u64 offset, u64 entsize,
			u32 link)
{
	b->section[i].sh_type = type;
	b->section[i].sh_addr = BUILD_VADDR + offset;
	b->section[i].sh_offset = offset;
	b->section[i].sh_size = b->n - offset;
	b->section[i].sh_entsize = entsize;
	b->section[i].sh_link = link;
}

static void add_note(struct build *b)
{
	static const u8 note[] = "\x04\0\0\0\x08\0\0\0\x03\0\0\0GNU\0buildid";
	u64 at = room(b, sizeof(note) + 7);

	memcpy(b->file + at, note, sizeof(note) - 1);
	b->n = at + sizeof(note) - 1 + 1;
	b->segment[1] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = at, .p_filesz = 24 };
	set_section(b, BUILD_NOTE, SHT_NOTE, at, 0, 0);
}

static void add_text(struct build *b, const struct build_symbol *symbol, size_t cnt, u32 at[])
{
	size_t end = 0;

	b->text = room(b, 0);
	for (size_t i = 0; i < cnt; i++) {
		if (!symbol[i].code)
			continue;
		at[i] = symbol[i].at ? symbol[i].at : (u32)((end + 15) & ~15ull);
		assert(b->text + at[i] + symbol[i].n <= BUILD_MAX);
		memcpy(b->file + b->text + at[i], symbol[i].code, symbol[i].n);
		if (at[i] + symbol[i].n > end)
			end = at[i] + symbol[i].n;
	}
	room(b, end);
	set_section(b, BUILD_TEXT, SHT_PROGBITS, b->text, 0, 0);
}

static void add_symbols(struct build *b, const struct build_symbol *symbol, size_t cnt, u32 table,
			const u32 at[])
{
	u64 strings = room(b, 1);
	u32 name[32];

	assert(cnt <= 32);
	for (size_t i = 0; i < cnt; i++)
		name[i] = add_string(b, strings, symbol[i].name);
	set_section(b, BUILD_STRINGS, SHT_STRTAB, strings, 0, 0);
	u64 symbols = room(b, (cnt + 1) * sizeof(Elf64_Sym));
	b->symbol = (Elf64_Sym *)(void *)(b->file + symbols);
	for (size_t i = 0; i < cnt; i++) {
		b->symbol[i + 1].st_name = name[i];
		b->symbol[i + 1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
		if (!symbol[i].code)
			continue;
		b->symbol[i + 1].st_shndx = BUILD_TEXT;
		b->symbol[i + 1].st_value = BUILD_VADDR + b->text + at[i];
		b->symbol[i + 1].st_size = symbol[i].n;
	}
	set_section(b, BUILD_SYMBOLS, table, symbols, sizeof(Elf64_Sym), BUILD_STRINGS);
}

static void add_extra(struct build *b, const char *extra, u64 slot)
{
	u64 at = room(b, slot ? sizeof(Elf64_Rela) : 0);

	if (slot) {
		Elf64_Rela r = { .r_offset = slot, .r_info = ELF64_R_INFO(1, R_X86_64_JUMP_SLOT) };

		memcpy(b->file + at, &r, sizeof(r));
	}
	set_section(b, BUILD_EXTRA, slot ? SHT_RELA : SHT_PROGBITS, at, sizeof(Elf64_Rela),
		    BUILD_SYMBOLS);
	u64 names = room(b, 1);
	b->section[BUILD_EXTRA].sh_name = add_string(b, names, extra);
	b->section[BUILD_TEXT].sh_name = add_string(b, names, ".text");
	set_section(b, BUILD_NAMES, SHT_STRTAB, names, 0, 0);
}

void build_elf(struct build *b, const struct build_symbol *symbol, size_t cnt, u32 table,
	       const char *extra, u64 slot)
{
	u32 at[32] = { 0 };

	memset(b, 0, sizeof(*b));
	b->header = (Elf64_Ehdr *)(void *)(b->file + room(b, sizeof(Elf64_Ehdr)));
	b->segment = (Elf64_Phdr *)(void *)(b->file + room(b, 2 * sizeof(Elf64_Phdr)));
	u64 sections = room(b, BUILD_SECTIONS * sizeof(Elf64_Shdr));
	b->section = (Elf64_Shdr *)(void *)(b->file + sections);
	add_note(b);
	add_text(b, symbol, cnt, at);
	add_symbols(b, symbol, cnt, table, at);
	add_extra(b, extra, slot);
	*b->header = (Elf64_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_shoff = sections,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = BUILD_SECTIONS,
		.e_shstrndx = BUILD_NAMES,
	};
	b->segment[0] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_vaddr = BUILD_VADDR,
		.p_filesz = b->n,
		.p_memsz = b->n,
	};
}

int build_fd(const struct build *b)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert(fd >= 0);
	assert(write(fd, b->file, b->n) == (ssize_t)b->n);
	return fd;
}
