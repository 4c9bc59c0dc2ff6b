/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of hostile ELF files: pread, bounds, limits; see the header. */
#include "capture/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "capture/elf_names.h"

struct elf_file {
	int fd;
	u64 size;		/* at the time of opening; later reads may still come short */
	u16 machine;
	bool is_fixed;
	const char *why;
	Elf64_Phdr *phdr;
	size_t phdr_cnt;
	Elf64_Shdr *shdr;
	size_t shdr_cnt;
	u32 names_index;	/* of the section that holds the sections' names */
	u8 window[ELF_WINDOW_BYTES + ELF_NAME_LEN_MAX];
};

int elf_refuse(struct elf_file *e, int err, const char *why)
{
	e->why = why;
	return err;
}

static bool is_inside(const struct elf_file *e, u64 offset, u64 n)
{
	return offset <= e->size && n <= e->size - offset;
}

/* All n bytes or nothing: a file that came short has been cut since it was opened. */
static int read_at(struct elf_file *e, u64 offset, void *dst, size_t n)
{
	if (!is_inside(e, offset, n))
		return elf_refuse(e, -EINVAL, "a table lies outside the file");
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(e->fd, (char *)dst + done, n - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return elf_refuse(e, -errno, "read error");
		if (got == 0)
			return elf_refuse(e, -EIO, "the file shrank while it was read");
		done += (size_t)got;
	}
	return 0;
}

/* --- opening -------------------------------------------------------------------------------- */

static int check_header(struct elf_file *e, const Elf64_Ehdr *h)
{
	if (memcmp(h->e_ident, ELFMAG, SELFMAG))
		return elf_refuse(e, -ENOENT, "not an ELF file");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
		return elf_refuse(e, -ENOENT, "not a 64-bit little-endian file");
	if (h->e_machine != EM_X86_64 && h->e_machine != EM_AARCH64)
		return elf_refuse(e, -ENOENT, "a machine without probes");
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return elf_refuse(e, -ENOENT, "neither a program nor a shared library");
	if (h->e_phentsize != sizeof(Elf64_Phdr) || !h->e_phnum)
		return elf_refuse(e, -EINVAL, "no program headers");
	if (h->e_phnum > ELF_SEGMENTS_MAX)
		return elf_refuse(e, -E2BIG, "too many program headers");
	if (h->e_shoff && h->e_shentsize != sizeof(Elf64_Shdr))
		return elf_refuse(e, -EINVAL, "section headers of a strange size");
	return 0;
}

static int load_segments(struct elf_file *e, const Elf64_Ehdr *h)
{
	e->phdr = calloc(h->e_phnum, sizeof(*e->phdr));
	if (!e->phdr)
		return elf_refuse(e, -ENOMEM, "out of memory");
	e->phdr_cnt = h->e_phnum;
	return read_at(e, h->e_phoff, e->phdr, e->phdr_cnt * sizeof(*e->phdr));
}

static int load_sections(struct elf_file *e, const Elf64_Ehdr *h)
{
	u64 cnt = h->e_shnum;
	u32 names = h->e_shstrndx;
	Elf64_Shdr first;

	if (!h->e_shoff)
		return 0;
	/* counts that do not fit the header stand in section 0 */
	int err = read_at(e, h->e_shoff, &first, sizeof(first));

	if (err)
		return err;
	if (!cnt)
		cnt = first.sh_size;
	if (names == SHN_XINDEX)
		names = first.sh_link;
	if (cnt > ELF_SECTIONS_MAX)
		return elf_refuse(e, -E2BIG, "too many sections");
	if (!cnt)
		return 0;
	e->shdr = calloc(cnt, sizeof(*e->shdr));
	if (!e->shdr)
		return elf_refuse(e, -ENOMEM, "out of memory");
	e->shdr_cnt = cnt;
	e->names_index = names;
	return read_at(e, h->e_shoff, e->shdr, cnt * sizeof(*e->shdr));
}

static int load(struct elf_file *e)
{
	struct stat st;
	Elf64_Ehdr h;

	if (fstat(e->fd, &st))
		return elf_refuse(e, -errno, "cannot stat");
	/* before the first read: a FIFO would hold us for ever */
	if (!S_ISREG(st.st_mode))
		return elf_refuse(e, -EINVAL, "not a regular file");
	if ((u64)st.st_size < sizeof(h))
		return elf_refuse(e, -ENOENT, "too short for an ELF file");
	e->size = (u64)st.st_size;

	int err = read_at(e, 0, &h, sizeof(h));

	if (!err)
		err = check_header(e, &h);
	if (!err && e->size > ELF_FILE_MAX)
		err = elf_refuse(e, -E2BIG, "the file is too large");
	if (err)
		return err;
	e->machine = h.e_machine;
	e->is_fixed = h.e_type == ET_EXEC;
	err = load_segments(e, &h);
	return err ? err : load_sections(e, &h);
}

int elf_open(int fd, struct elf_file **ret, const char **ret_why)
{
	struct elf_file *e = malloc(sizeof(*e));

	if (!e) {
		*ret_why = "out of memory";
		return -ENOMEM;
	}
	/* the window is written before it is read */
	memset(e, 0, offsetof(struct elf_file, window));
	e->fd = fd;
	e->why = "";

	int err = load(e);

	if (err) {
		*ret_why = e->why;
		elf_free(e);
		return err;
	}
	*ret = e;
	return 0;
}

void elf_free(struct elf_file *e)
{
	if (!e)
		return;
	free(e->phdr);
	free(e->shdr);
	free(e);
}

u16 elf_machine(const struct elf_file *e)
{
	return e->machine;
}

const char *elf_why(const struct elf_file *e)
{
	return e->why;
}

/* --- segments ------------------------------------------------------------------------------- */

static bool is_text(const struct elf_file *e, const Elf64_Phdr *p)
{
	/* a segment that wraps around the end of all addresses is a lie */
	return p->p_type == PT_LOAD && p->p_flags & PF_X &&
	       is_inside(e, p->p_offset, p->p_filesz) && p->p_filesz <= UINT64_MAX - p->p_vaddr;
}

/* The executable segment with this address among its bytes in the file, or NULL. */
static const Elf64_Phdr *text_at(const struct elf_file *e, u64 vaddr)
{
	for (size_t i = 0; i < e->phdr_cnt; i++) {
		const Elf64_Phdr *p = &e->phdr[i];

		/* one subtraction, so that no sum of hostile numbers can wrap */
		if (is_text(e, p) && vaddr >= p->p_vaddr && vaddr - p->p_vaddr < p->p_filesz)
			return p;
	}
	return NULL;
}

int elf_text_offset(const struct elf_file *e, u64 vaddr, u64 *ret_offset)
{
	const Elf64_Phdr *p = text_at(e, vaddr);

	if (!p)
		return -ENOENT;
	*ret_offset = p->p_offset + (vaddr - p->p_vaddr);
	return 0;
}

int elf_text_vaddr(const struct elf_file *e, u64 offset, u64 *ret_vaddr)
{
	for (size_t i = 0; i < e->phdr_cnt; i++) {
		const Elf64_Phdr *p = &e->phdr[i];

		if (!is_text(e, p) || offset < p->p_offset || offset - p->p_offset >= p->p_filesz)
			continue;
		*ret_vaddr = p->p_vaddr + (offset - p->p_offset);
		return 0;
	}
	return -ENOENT;
}

bool elf_segment(const struct elf_file *e, size_t i, struct elf_segment *ret)
{
	for (size_t k = 0; k < e->phdr_cnt; k++) {
		const Elf64_Phdr *p = &e->phdr[k];

		if (p->p_type != PT_LOAD || !is_inside(e, p->p_offset, p->p_filesz) ||
		    p->p_filesz > UINT64_MAX - p->p_vaddr || i--)
			continue;
		*ret = (struct elf_segment){
			.vaddr = p->p_vaddr,
			.offset = p->p_offset,
			.size = p->p_filesz,
			.is_text = p->p_flags & PF_X,
			.is_writable = p->p_flags & PF_W,
		};
		return true;
	}
	return false;
}

bool elf_frame_header(const struct elf_file *e, u64 *ret_vaddr, u64 *ret_offset, u64 *ret_size)
{
	for (size_t i = 0; i < e->phdr_cnt; i++) {
		const Elf64_Phdr *p = &e->phdr[i];

		if (p->p_type != PT_GNU_EH_FRAME || !is_inside(e, p->p_offset, p->p_filesz))
			continue;
		*ret_vaddr = p->p_vaddr;
		*ret_offset = p->p_offset;
		*ret_size = p->p_filesz;
		return true;
	}
	return false;
}

bool elf_is_fixed(const struct elf_file *e)
{
	return e->is_fixed;
}

int elf_read(struct elf_file *e, u64 offset, void *dst, size_t n)
{
	return read_at(e, offset, dst, n);
}

int elf_read_text(struct elf_file *e, u64 vaddr, u8 *dst, size_t n)
{
	const Elf64_Phdr *p = text_at(e, vaddr);

	if (!p)
		return elf_refuse(e, -ENOENT, "the address is in no executable segment");

	u64 at = vaddr - p->p_vaddr, left = p->p_filesz - at;

	if (n > left)
		n = left;
	if (n > ELF_WINDOW_BYTES)
		n = ELF_WINDOW_BYTES;
	int err = read_at(e, p->p_offset + at, dst, n);

	return err ? err : (int)n;
}

/* --- notes ---------------------------------------------------------------------------------- */

/* Notes are 4-aligned: name size, descriptor size, type, name, descriptor. */
static size_t find_build_id(const u8 *p, size_t n, u8 ret_id[ELF_BUILD_ID_MAX])
{
	Elf64_Nhdr h;

	while (n >= sizeof(h)) {
		memcpy(&h, p, sizeof(h));
		u64 name = ((u64)h.n_namesz + 3) & ~3ull, desc = ((u64)h.n_descsz + 3) & ~3ull;

		p += sizeof(h);
		n -= sizeof(h);
		if (name > n || h.n_descsz > n - name)
			return 0;
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && !memcmp(p, "GNU", 4) &&
		    h.n_descsz && h.n_descsz <= ELF_BUILD_ID_MAX) {
			memcpy(ret_id, p + name, h.n_descsz);
			return h.n_descsz;
		}
		if (desc > n - name)
			return 0;
		p += name + desc;
		n -= name + desc;
	}
	return 0;
}

size_t elf_build_id(struct elf_file *e, u8 ret_id[ELF_BUILD_ID_MAX])
{
	for (size_t i = 0; i < e->phdr_cnt; i++) {
		const Elf64_Phdr *p = &e->phdr[i];

		_Static_assert(ELF_NOTE_BYTES_MAX <= sizeof(e->window), "a note fits the window");
		if (p->p_type != PT_NOTE || p->p_filesz > ELF_NOTE_BYTES_MAX ||
		    read_at(e, p->p_offset, e->window, p->p_filesz))
			continue;
		size_t n = find_build_id(e->window, p->p_filesz, ret_id);
		if (n)
			return n;
	}
	return 0;
}

/* --- sections ------------------------------------------------------------------------------- */

static const Elf64_Shdr *find_type(const struct elf_file *e, u32 type)
{
	for (size_t i = 0; i < e->shdr_cnt; i++) {
		if (e->shdr[i].sh_type == type)
			return &e->shdr[i];
	}
	return NULL;
}

static bool has_bytes(const struct elf_file *e, const Elf64_Shdr *s)
{
	return s->sh_type != SHT_NULL && s->sh_type != SHT_NOBITS &&
	       is_inside(e, s->sh_offset, s->sh_size);
}

static struct elf_section describe(const Elf64_Shdr *s)
{
	return (struct elf_section){
		.type = s->sh_type,
		.vaddr = s->sh_addr,
		.offset = s->sh_offset,
		.size = s->sh_size,
		.entry_size = s->sh_entsize,
	};
}

bool elf_section(const struct elf_file *e, size_t i, struct elf_section *ret)
{
	for (size_t k = 0; k < e->shdr_cnt; k++) {
		if (!has_bytes(e, &e->shdr[k]) || i--)
			continue;
		*ret = describe(&e->shdr[k]);
		return true;
	}
	return false;
}

static const Elf64_Shdr *find_name(struct elf_file *e, const char *name)
{
	char found[ELF_NAME_LEN_MAX];
	size_t n = strlen(name) + 1;

	if (n > sizeof(found) || e->names_index >= e->shdr_cnt)
		return NULL;
	const Elf64_Shdr *names = &e->shdr[e->names_index];

	for (size_t i = 0; i < e->shdr_cnt; i++) {
		u64 at = e->shdr[i].sh_name;

		if (at > names->sh_size || n > names->sh_size - at ||
		    !is_inside(e, names->sh_offset, names->sh_size) ||
		    read_at(e, names->sh_offset + at, found, n))
			continue;
		if (!memcmp(found, name, n))
			return &e->shdr[i];
	}
	return NULL;
}

bool elf_find_section(struct elf_file *e, const char *name, struct elf_section *ret)
{
	const Elf64_Shdr *s = find_name(e, name);

	if (!s || !has_bytes(e, s))
		return false;
	*ret = describe(s);
	return true;
}

bool elf_has_section(struct elf_file *e, const char *name)
{
	return find_name(e, name) != NULL;
}

/* --- symbols -------------------------------------------------------------------------------- */

/* Streams the string table: where in it do the names stand? */
static int find_names(struct elf_file *e, const Elf64_Shdr *strings, struct elf_names *names)
{
	size_t kept = 0;

	for (u64 at = 0; at < strings->sh_size;) {
		u64 left = strings->sh_size - at;
		size_t n = left < ELF_WINDOW_BYTES ? left : ELF_WINDOW_BYTES;
		int err = read_at(e, strings->sh_offset + at, e->window + kept, n);

		if (err)
			return err;
		err = elf_names_scan(names, e->window, kept, n, at - kept);
		if (err)
			return elf_refuse(e, err, "the names stand at too many places");
		/* the tail may be the beginning of a name */
		size_t all = kept + n;

		kept = all < ELF_NAME_LEN_MAX ? all : ELF_NAME_LEN_MAX;
		memmove(e->window, e->window + all - kept, kept);
		at += n;
	}
	return 0;
}

static void take_symbol(const struct elf_file *e, const Elf64_Sym *s, struct elf_symbol *ret)
{
	u64 offset;

	/* imports have no section; absolute and common ones no code */
	if (ELF64_ST_TYPE(s->st_info) != STT_FUNC || s->st_shndx == SHN_UNDEF ||
	    (s->st_shndx >= SHN_LORESERVE && s->st_shndx != SHN_XINDEX) ||
	    elf_text_offset(e, s->st_value, &offset))
		return;
	if (ret->is_found) {
		ret->is_ambiguous |= ret->value != s->st_value;
		return;
	}
	*ret = (struct elf_symbol){ .value = s->st_value, .size = s->st_size, .is_found = true };
}

static int scan_symbols(struct elf_file *e, const Elf64_Shdr *table, const struct elf_names *names,
			struct elf_symbol ret[])
{
	u64 cnt = table->sh_size / sizeof(Elf64_Sym);
	const size_t step = ELF_WINDOW_BYTES / sizeof(Elf64_Sym);

	for (u64 at = 0; at < cnt; at += step) {
		size_t n = cnt - at < step ? cnt - at : step;
		int err = read_at(e, table->sh_offset + at * sizeof(Elf64_Sym), e->window,
				  n * sizeof(Elf64_Sym));

		if (err)
			return err;
		for (size_t i = 0; i < n; i++) {
			Elf64_Sym s;

			memcpy(&s, e->window + i * sizeof(s), sizeof(s));
			int which = elf_names_at(names, s.st_name);
			if (which >= 0)
				take_symbol(e, &s, &ret[which]);
		}
	}
	return 0;
}

static int check_table(struct elf_file *e, const Elf64_Shdr *table)
{
	if (table->sh_entsize != sizeof(Elf64_Sym))
		return elf_refuse(e, -EINVAL, "symbols of a strange size");
	if (table->sh_link >= e->shdr_cnt || e->shdr[table->sh_link].sh_type != SHT_STRTAB)
		return elf_refuse(e, -EINVAL, "symbols without a string table");
	const Elf64_Shdr *strings = &e->shdr[table->sh_link];

	if (!is_inside(e, table->sh_offset, table->sh_size) ||
	    !is_inside(e, strings->sh_offset, strings->sh_size))
		return elf_refuse(e, -EINVAL, "a table lies outside the file");
	if (table->sh_size / sizeof(Elf64_Sym) > ELF_SYMBOLS_MAX)
		return elf_refuse(e, -E2BIG, "too many symbols");
	if (table->sh_size > ELF_SYMBOL_BYTES_MAX ||
	    strings->sh_size > ELF_SYMBOL_BYTES_MAX - table->sh_size)
		return elf_refuse(e, -E2BIG, "symbols and strings are too large");
	return 0;
}

int elf_find_symbols(struct elf_file *e, enum elf_table table, const char *const names[],
		     size_t cnt, struct elf_symbol ret[])
{
	const Elf64_Shdr *symbols = find_type(e, table == ELF_DYNSYM ? SHT_DYNSYM : SHT_SYMTAB);
	struct elf_names found;

	memset(ret, 0, cnt * sizeof(*ret));
	if (!symbols)
		return 0;
	int err = check_table(e, symbols);
	if (err)
		return err;
	elf_names_init(&found, names, cnt);
	err = find_names(e, &e->shdr[symbols->sh_link], &found);
	if (err || !found.hit_cnt)
		return err;
	elf_names_sort(&found);
	return scan_symbols(e, symbols, &found, ret);
}

/* --- relocations ---------------------------------------------------------------------------- */

static int read_symbol(struct elf_file *e, u32 table, u64 index, u64 *ret_vaddr)
{
	const Elf64_Shdr *symbols = table < e->shdr_cnt ? &e->shdr[table] : NULL;
	struct elf_symbol found = { 0 };
	Elf64_Sym s;

	if (!symbols || symbols->sh_type != SHT_DYNSYM ||
	    index >= symbols->sh_size / sizeof(Elf64_Sym) ||
	    !is_inside(e, symbols->sh_offset, symbols->sh_size))
		return -ENOENT;
	int err = read_at(e, symbols->sh_offset + index * sizeof(s), &s, sizeof(s));
	if (err)
		return err;
	take_symbol(e, &s, &found);
	if (!found.is_found)
		return -ENOENT;
	*ret_vaddr = found.value;
	return 0;
}

static int find_slot(struct elf_file *e, const Elf64_Shdr *table, u64 slot, u64 *ret_vaddr)
{
	u64 cnt = table->sh_size / sizeof(Elf64_Rela);
	const size_t step = ELF_WINDOW_BYTES / sizeof(Elf64_Rela);

	if (cnt > ELF_SLOTS_MAX || !is_inside(e, table->sh_offset, table->sh_size))
		return -ENOENT;
	for (u64 at = 0; at < cnt; at += step) {
		size_t n = cnt - at < step ? cnt - at : step;
		int err = read_at(e, table->sh_offset + at * sizeof(Elf64_Rela), e->window,
				  n * sizeof(Elf64_Rela));

		if (err)
			return err;
		for (size_t i = 0; i < n; i++) {
			Elf64_Rela r;

			memcpy(&r, e->window + i * sizeof(r), sizeof(r));
			if (r.r_offset == slot)
				return read_symbol(e, table->sh_link, ELF64_R_SYM(r.r_info),
						   ret_vaddr);
		}
	}
	return -ENOENT;
}

int elf_slot_target(struct elf_file *e, u64 slot, u64 *ret_vaddr)
{
	/* .rela.plt, and .rela.dyn in files that bind at once; a hostile file may have no more */
	for (size_t i = 0, tables = 0; i < e->shdr_cnt && tables < 4; i++) {
		const Elf64_Shdr *table = &e->shdr[i];

		if (table->sh_type != SHT_RELA || table->sh_entsize != sizeof(Elf64_Rela))
			continue;
		tables++;
		int err = find_slot(e, table, slot, ret_vaddr);
		if (err != -ENOENT)
			return err;
	}
	return -ENOENT;
}

static int walk_table(struct elf_file *e, const Elf64_Shdr *table,
		      void (*fn)(void *arg, u64 slot, u64 value), void *arg)
{
	const u32 relative = e->machine == EM_X86_64 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE;
	const size_t step = ELF_WINDOW_BYTES / sizeof(Elf64_Rela);
	u64 cnt = table->sh_size / sizeof(Elf64_Rela);

	if (cnt > ELF_RELOCATIONS_MAX)
		return elf_refuse(e, -E2BIG, "too many relocations");
	for (u64 at = 0; at < cnt; at += step) {
		size_t n = cnt - at < step ? cnt - at : step;
		int err = read_at(e, table->sh_offset + at * sizeof(Elf64_Rela), e->window,
				  n * sizeof(Elf64_Rela));

		if (err)
			return err;
		for (size_t i = 0; i < n; i++) {
			Elf64_Rela r;

			memcpy(&r, e->window + i * sizeof(r), sizeof(r));
			if (ELF64_R_TYPE(r.r_info) == relative)
				fn(arg, r.r_offset, (u64)r.r_addend);
		}
	}
	return 0;
}

int elf_walk_relative(struct elf_file *e, void (*fn)(void *arg, u64 slot, u64 value), void *arg)
{
	for (size_t i = 0, tables = 0; i < e->shdr_cnt && tables < 4; i++) {
		const Elf64_Shdr *table = &e->shdr[i];

		if (table->sh_type != SHT_RELA || table->sh_entsize != sizeof(Elf64_Rela))
			continue;
		tables++;
		int err = walk_table(e, table, fn, arg);

		if (err)
			return err;
	}
	return 0;
}
