/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files that are what they say, and files that are not. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "capture/elf.h"
#include "capture/elf_build.h"

static const char *const names[] = { "SSL_read", "SSL_write", "SSL_new" };

#define CODE "\x55\xc3"

static const struct build_symbol honest[] = {
	{ "BIO_SSL_read", CODE, 2, 0 },		/* the wanted name as a tail */
	{ "SSL_read", CODE, 2, 0 },
	{ "SSL_write", NULL, 0, 0 },		/* an import */
	{ "SSL_write_ex", CODE, 2, 0 },		/* the wanted name as a head */
};

static void build(struct build *b)
{
	build_elf(b, honest, ARRAY_LEN(honest), SHT_DYNSYM, "lpstub", 0);
}

static int open_error(int fd, const char **ret_why)
{
	struct elf_file *e = NULL;
	int err = elf_open(fd, &e, ret_why);

	elf_free(e);
	close(fd);
	return err;
}

static void test_reads_an_honest_file(void **state)
{
	struct elf_symbol found[3];
	struct elf_file *e = NULL;
	u8 id[ELF_BUILD_ID_MAX], code[8];
	const char *why;
	struct build b;
	u64 offset, vaddr;

	build(&b);
	int fd = build_fd(&b);
	assert_int_equal(elf_open(fd, &e, &why), 0);
	assert_int_equal(elf_machine(e), EM_X86_64);
	assert_int_equal(elf_build_id(e, id), 8);
	assert_memory_equal(id, "buildid", 8);
	assert_true(elf_has_section(e, "lpstub"));
	assert_true(elf_has_section(e, ".text"));
	assert_false(elf_has_section(e, "lpstu"));
	assert_false(elf_has_section(e, ".symtab"));

	assert_int_equal(elf_find_symbols(e, ELF_DYNSYM, names, 3, found), 0);
	assert_true(found[0].is_found);
	assert_false(found[0].is_ambiguous);
	assert_int_equal(found[0].value, b.symbol[2].st_value);
	assert_int_equal(found[0].size, 2);
	assert_false(found[1].is_found);
	assert_false(found[2].is_found);

	assert_int_equal(elf_text_offset(e, found[0].value, &offset), 0);
	assert_int_equal(offset, found[0].value - BUILD_VADDR);
	assert_int_equal(elf_text_vaddr(e, offset, &vaddr), 0);
	assert_int_equal(vaddr, found[0].value);
	assert_int_equal(elf_text_offset(e, BUILD_VADDR - 1, &offset), -ENOENT);
	assert_int_equal(elf_text_offset(e, BUILD_VADDR + b.n, &offset), -ENOENT);
	assert_int_equal(elf_text_offset(e, UINT64_MAX, &offset), -ENOENT);
	assert_int_equal(elf_read_text(e, found[0].value, code, 2), 2);
	assert_memory_equal(code, CODE, 2);
	/* no further than the segment */
	assert_int_equal(elf_read_text(e, BUILD_VADDR + b.n - 3, code, sizeof(code)), 3);

	/* the other table is not there: nothing found, nothing wrong */
	assert_int_equal(elf_find_symbols(e, ELF_SYMTAB, names, 3, found), 0);
	assert_false(found[0].is_found);
	elf_free(e);
	close(fd);
}

static void test_slot_names_its_function(void **state)
{
	struct elf_file *e = NULL;
	const char *why;
	struct build b;
	u64 vaddr;

	build_elf(&b, honest + 1, 2, SHT_DYNSYM, ".rela.plt", 0x12340);
	int fd = build_fd(&b);
	assert_int_equal(elf_open(fd, &e, &why), 0);
	assert_int_equal(elf_slot_target(e, 0x12340, &vaddr), 0);
	assert_int_equal(vaddr, b.symbol[1].st_value);
	assert_int_equal(elf_slot_target(e, 0x12348, &vaddr), -ENOENT);
	elf_free(e);
	close(fd);
	/* an import stays one */
	b.symbol[1].st_shndx = SHN_UNDEF;
	fd = build_fd(&b);
	assert_int_equal(elf_open(fd, &e, &why), 0);
	assert_int_equal(elf_slot_target(e, 0x12340, &vaddr), -ENOENT);
	elf_free(e);
	close(fd);
}

static void test_two_definitions_are_ambiguous(void **state)
{
	static const struct build_symbol twice[] = {
		{ "SSL_read", CODE, 2, 0 },
		{ "SSL_read", CODE, 2, 0 },
		{ "SSL_write", CODE, 2, 0x100 },
		{ "SSL_write", CODE, 2, 0x100 },	/* versions of one address are fine */
	};
	struct elf_symbol found[3];
	struct elf_file *e = NULL;
	const char *why;
	struct build b;

	build_elf(&b, twice, ARRAY_LEN(twice), SHT_SYMTAB, "x", 0);
	int fd = build_fd(&b);
	assert_int_equal(elf_open(fd, &e, &why), 0);
	assert_int_equal(elf_find_symbols(e, ELF_SYMTAB, names, 3, found), 0);
	assert_true(found[0].is_found && found[0].is_ambiguous);
	assert_true(found[1].is_found && !found[1].is_ambiguous);
	elf_free(e);
	close(fd);
}

static void test_refuses_what_is_no_file(void **state)
{
	char path[] = "/tmp/tolltap-fifo-XXXXXX";
	const char *why = "";

	assert_non_null(mkdtemp(path));
	char fifo[64];
	snprintf(fifo, sizeof(fifo), "%s/f", path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	alarm(10);		/* a read would never come back */
	assert_int_equal(open_error(open(fifo, O_RDONLY | O_NONBLOCK), &why), -EINVAL);
	assert_string_equal(why, "not a regular file");
	assert_int_equal(open_error(open(path, O_RDONLY), &why), -EINVAL);
	assert_int_equal(open_error(open("/dev/zero", O_RDONLY), &why), -EINVAL);
	alarm(0);
	unlink(fifo);
	rmdir(path);
}

static void test_other_files_are_of_no_interest(void **state)
{
	static const struct {
		size_t at;
		u8 value;
		int err;
	} row[] = {
		{ 0, 0x7e, -ENOENT },
		{ EI_CLASS, ELFCLASS32, -ENOENT },
		{ EI_DATA, ELFDATA2MSB, -ENOENT },
		{ offsetof(Elf64_Ehdr, e_machine), EM_386, -ENOENT },
		{ offsetof(Elf64_Ehdr, e_type), ET_REL, -ENOENT },
		{ offsetof(Elf64_Ehdr, e_phnum), 0, -EINVAL },
		{ offsetof(Elf64_Ehdr, e_phnum), 255, -E2BIG },
		{ offsetof(Elf64_Ehdr, e_phentsize), 1, -EINVAL },
		{ offsetof(Elf64_Ehdr, e_shentsize), 1, -EINVAL },
		{ offsetof(Elf64_Ehdr, e_phoff) + 7, 0xff, -EINVAL },
		{ offsetof(Elf64_Ehdr, e_shoff) + 7, 0xff, -EINVAL },
		{ offsetof(Elf64_Ehdr, e_shnum) + 1, 0xff, -E2BIG },
		{ offsetof(Elf64_Ehdr, e_shnum) + 1, 0x0f, -EINVAL },	/* past the end */
	};
	const char *why;
	struct build b;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		build(&b);
		b.file[row[i].at] = row[i].value;
		why = NULL;
		assert_int_equal(open_error(build_fd(&b), &why), row[i].err);
		assert_non_null(why);
	}
	build(&b);
	b.n = sizeof(Elf64_Ehdr) - 1;
	assert_int_equal(open_error(build_fd(&b), &why), -ENOENT);
}

/* What a spoilt table does to the look-up. */
static int find_error(struct build *b, const char **ret_why)
{
	static char said[80];
	struct elf_symbol found[3];
	struct elf_file *e = NULL;
	const char *why = "";
	int fd = build_fd(b);
	int err = elf_open(fd, &e, &why);

	if (!err) {
		err = elf_find_symbols(e, ELF_DYNSYM, names, 3, found);
		why = elf_why(e);
	}
	snprintf(said, sizeof(said), "%s", why);
	*ret_why = said;
	elf_free(e);
	close(fd);
	return err;
}

static void test_spoilt_tables_are_refused(void **state)
{
	const char *why;
	struct build b;

	build(&b);
	b.section[BUILD_SYMBOLS].sh_entsize = 0;
	assert_int_equal(find_error(&b, &why), -EINVAL);
	build(&b);
	b.section[BUILD_SYMBOLS].sh_link = BUILD_SYMBOLS;	/* its own strings */
	assert_int_equal(find_error(&b, &why), -EINVAL);
	assert_string_equal(why, "symbols without a string table");
	build(&b);
	b.section[BUILD_SYMBOLS].sh_link = 0xffffffff;
	assert_int_equal(find_error(&b, &why), -EINVAL);
	build(&b);
	b.section[BUILD_SYMBOLS].sh_size = UINT64_MAX - 8;
	assert_int_equal(find_error(&b, &why), -EINVAL);
	build(&b);
	b.section[BUILD_STRINGS].sh_offset = UINT64_MAX - 4;
	assert_int_equal(find_error(&b, &why), -EINVAL);
	assert_string_equal(why, "a table lies outside the file");
	/* both tables are the whole file: nonsense, but within bounds */
	build(&b);
	b.section[BUILD_STRINGS].sh_offset = 0;
	b.section[BUILD_STRINGS].sh_size = b.n;
	b.section[BUILD_SYMBOLS].sh_offset = 0;
	b.section[BUILD_SYMBOLS].sh_size = b.n;
	assert_int_equal(find_error(&b, &why), 0);
	/* no section headers at all */
	build(&b);
	b.header->e_shoff = 0;
	assert_int_equal(find_error(&b, &why), 0);
	/* the count of sections stands in section 0 */
	build(&b);
	b.header->e_shnum = 0;
	b.section[0].sh_size = UINT32_MAX;
	assert_int_equal(find_error(&b, &why), -E2BIG);
	b.section[0].sh_size = BUILD_SECTIONS;
	assert_int_equal(find_error(&b, &why), 0);
	/* a segment that wraps around the end of all addresses holds no code */
	build(&b);
	b.segment[0].p_vaddr = UINT64_MAX - 100;
	b.symbol[2].st_value = UINT64_MAX - 50;
	int fd = build_fd(&b);
	struct elf_file *e = NULL;
	u64 offset, vaddr;
	assert_int_equal(elf_open(fd, &e, &why), 0);
	assert_int_equal(elf_text_offset(e, UINT64_MAX - 50, &offset), -ENOENT);
	assert_int_equal(elf_text_vaddr(e, 200, &vaddr), -ENOENT);
	elf_free(e);
	close(fd);
	/* a note that claims to be longer than it is */
	build(&b);
	Elf64_Nhdr *note = (Elf64_Nhdr *)(void *)(b.file + b.segment[1].p_offset);
	note->n_namesz = 0xffffffff;
	u8 id[ELF_BUILD_ID_MAX];
	fd = build_fd(&b);
	assert_int_equal(elf_open(fd, &e, &why), 0);
	assert_int_equal(elf_build_id(e, id), 0);
	elf_free(e);
	close(fd);
}

static void test_too_many_places_of_a_name(void **state)
{
	struct build b;
	const char *why;

	build(&b);
	b.section[BUILD_STRINGS].sh_offset = b.n;
	for (int i = 0; i <= ELF_NAME_HITS_MAX && b.n + 8 <= BUILD_MAX; i++) {
		memcpy(b.file + b.n, "SSL_new", 8);
		b.n += 8;
	}
	b.section[BUILD_STRINGS].sh_size = b.n - b.section[BUILD_STRINGS].sh_offset;
	assert_true(b.section[BUILD_STRINGS].sh_size / 8 > ELF_NAME_HITS_MAX);
	assert_int_equal(find_error(&b, &why), -E2BIG);
}

/* 8 KiB of disk that say they are a hundred million symbols */
static void test_sparse_bomb_is_cheap(void **state)
{
	const char *why;
	struct build b;
	struct elf_symbol found[3];
	struct elf_file *e = NULL;
	struct timespec t0, t1;

	build(&b);
	b.section[BUILD_SYMBOLS].sh_offset = 1 << 20;
	b.section[BUILD_SYMBOLS].sh_size = 2400000000ull;
	int fd = build_fd(&b);
	assert_int_equal(ftruncate(fd, 2600000000ll), 0);
	assert_int_equal(elf_open(fd, &e, &why), 0);
	assert_int_equal(elf_find_symbols(e, ELF_DYNSYM, names, 3, found), -E2BIG);
	elf_free(e);
	close(fd);

	/* the most that is let through: a quarter of a gigabyte of zeros */
	build(&b);
	b.section[BUILD_STRINGS].sh_offset = 1 << 20;
	b.section[BUILD_STRINGS].sh_size = ELF_SYMBOL_BYTES_MAX - (1 << 20);
	fd = build_fd(&b);
	assert_int_equal(ftruncate(fd, 300 << 20), 0);
	assert_int_equal(elf_open(fd, &e, &why), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
	assert_int_equal(elf_find_symbols(e, ELF_DYNSYM, names, 3, found), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
	assert_true(t1.tv_sec - t0.tv_sec < 30);	/* under sanitizers; 0.3 s without */
	elf_free(e);
	/* larger than any program */
	assert_int_equal(ftruncate(fd, (off_t)ELF_FILE_MAX + 1), 0);
	assert_int_equal(open_error(fd, &why), -E2BIG);
}

/* The file shrinks after it was opened: an error, not a SIGBUS. */
static void test_truncated_while_read(void **state)
{
	struct elf_symbol found[3];
	struct elf_file *e = NULL;
	const char *why;
	struct build b;
	u8 code[4];

	build(&b);
	int fd = build_fd(&b);
	assert_int_equal(elf_open(fd, &e, &why), 0);
	assert_int_equal(ftruncate(fd, sizeof(Elf64_Ehdr)), 0);
	assert_int_equal(elf_find_symbols(e, ELF_DYNSYM, names, 3, found), -EIO);
	assert_string_equal(elf_why(e), "the file shrank while it was read");
	assert_int_equal(elf_read_text(e, BUILD_VADDR + 512, code, 4), -EIO);
	assert_false(elf_has_section(e, "lpstub"));
	elf_free(e);
	close(fd);
}

/* A name that lies across two windows is found; so is one right at a window's end. */
static void test_names_across_windows(void **state)
{
	const char *why;
	struct build b;

	for (int shift = -12; shift <= 12; shift++) {
		struct elf_symbol found[3];
		struct elf_file *e = NULL;
		u64 strings = 8192;
		u64 in_table = (u64)(ELF_WINDOW_BYTES + shift);

		build(&b);
		b.section[BUILD_STRINGS].sh_offset = strings;
		b.section[BUILD_STRINGS].sh_size = 2 * ELF_WINDOW_BYTES;
		b.symbol[2].st_name = (u32)in_table;
		int fd = build_fd(&b);
		assert_int_equal(ftruncate(fd, 1 << 20), 0);
		assert_int_equal(pwrite(fd, "SSL_read", 9, (off_t)(strings + in_table)), 9);
		assert_int_equal(elf_open(fd, &e, &why), 0);
		assert_int_equal(elf_find_symbols(e, ELF_DYNSYM, names, 3, found), 0);
		assert_true(found[0].is_found);
		elf_free(e);
		close(fd);
	}
}

/* The test's own program: far from tiny, and real. */
static void test_reads_itself(void **state)
{
	static const char *const mine[] = { "elf_open", "main", "SSL_read" };
	struct elf_symbol found[3];
	struct elf_file *e = NULL;
	const char *why;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(elf_open(fd, &e, &why), 0);
	assert_int_equal(elf_find_symbols(e, ELF_SYMTAB, mine, 3, found), 0);
	assert_true(found[0].is_found && found[1].is_found && !found[2].is_found);
	u64 offset, vaddr;
	assert_int_equal(elf_text_offset(e, found[0].value, &offset), 0);
	assert_int_equal(elf_text_vaddr(e, offset, &vaddr), 0);
	/* what stands in the file is what runs */
	u8 code[16];
	assert_int_equal(elf_read_text(e, found[0].value, code, sizeof(code)), 16);
	assert_memory_equal(code, (const void *)(uintptr_t)elf_open, 16);
	elf_free(e);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_an_honest_file),
		cmocka_unit_test(test_slot_names_its_function),
		cmocka_unit_test(test_two_definitions_are_ambiguous),
		cmocka_unit_test(test_refuses_what_is_no_file),
		cmocka_unit_test(test_other_files_are_of_no_interest),
		cmocka_unit_test(test_spoilt_tables_are_refused),
		cmocka_unit_test(test_too_many_places_of_a_name),
		cmocka_unit_test(test_sparse_bomb_is_cheap),
		cmocka_unit_test(test_truncated_while_read),
		cmocka_unit_test(test_names_across_windows),
		cmocka_unit_test(test_reads_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
