/* SPDX-License-Identifier: Apache-2.0 */
/* A library that raises OpenSSL 3's errors, built by two compilers in many ways, then spoilt. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "capture/code.h"
#include "capture/elf_frames.h"
#include "capture/openssl3.h"
#include "capture/target.h"

#define LIBRARY "tests/unit/capture/openssl3/library.c "
#define CALLER "tests/unit/capture/openssl3/caller.c"
#define COMMON "-w -nostdlib -fno-stack-protector -fvisibility=hidden -Wl,-z,noseparate-code " \
	       "-Wl,--build-id=none -Wl,--eh-frame-hdr "
#define SHARED "-shared -fPIC -Wl,-z,lazy "
#define FIXED "-no-pie -fno-pie -static "
#define FRAMELESS "-fno-asynchronous-unwind-tables -fno-unwind-tables "

enum {
	F_READ, F_READ_EX, F_READ_INTERNAL, F_WRITE, F_WRITE_EX, F_WRITE_INTERNAL, F_NEW, F_MAX,
};

static const char *const names[F_MAX] = {
	"lib_read", "lib_read_ex", "lib_read_internal", "lib_write", "lib_write_ex",
	"lib_write_internal", "lib_new",
};

struct built {
	int fd;
	struct elf_symbol symbol[F_MAX];
};

static void build_from(struct built *b, const char *compiler, const char *flags,
		       const char *sources)
{
	char path[] = "/tmp/tolltap-openssl-XXXXXX", command[1024];
	const char *why;
	struct elf_file *e;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command), "%s " COMMON "%s -o %s %s", compiler, flags, path,
		 sources);
	int status = system(command);

	b->fd = open(path, O_RDWR | O_CLOEXEC);
	unlink(path);
	if (status)
		fail_msg("%s: %d", command, status);
	assert_int_equal(elf_open(b->fd, &e, &why), 0);
	assert_int_equal(elf_find_symbols(e, ELF_SYMTAB, names, F_MAX, b->symbol), 0);
	elf_free(e);
}

static void build(struct built *b, const char *compiler, const char *flags)
{
	build_from(b, compiler, flags, LIBRARY CALLER);
}

static int find(int fd, struct openssl3 *ret)
{
	const char *why;
	struct elf_file *e;
	struct anchors *a;
	int err = elf_open(fd, &e, &why);

	if (err)
		return err;
	err = anchors_new(e, &a);
	if (!err) {
		err = openssl3_find(e, a, ret);
		anchors_free(a);
	}
	elf_free(e);
	return err;
}

/* What is found at a function; PROBE_NONE: nothing. */
static enum probe_fn found_at(const struct openssl3 *o, const struct built *b, int which)
{
	for (size_t i = 0; i < o->cnt; i++) {
		if (b->symbol[which].is_found && o->function[i].vaddr == b->symbol[which].value)
			return o->function[i].fn;
	}
	return PROBE_NONE;
}

/*
 * Every byte that a form moves is seen once: at the form itself, or at what it hands on to. A
 * compiler may put the internal function into any of the forms.
 */
static void check(const char *compiler, const char *flags, enum probe_fn write_internal)
{
	struct openssl3 o = { .cnt = 0 };
	struct built b;

	build(&b, compiler, flags);
	int err = find(b.fd, &o);
	size_t known = 0;
	bool reads = found_at(&o, &b, F_READ_INTERNAL) == PROBE_SSL_READ_INTERNAL;
	bool writes = found_at(&o, &b, F_WRITE_INTERNAL) == write_internal;

	for (int i = 0; i < F_MAX; i++)
		known += found_at(&o, &b, i) != PROBE_NONE;
	/* the plain forms have at least their own argument check, so they are told apart */
	bool ok = !err && known == o.cnt && found_at(&o, &b, F_NEW) == PROBE_SSL_NEW;

	ok &= reads ? !found_at(&o, &b, F_READ) : found_at(&o, &b, F_READ) == PROBE_SSL_READ &&
						  found_at(&o, &b, F_READ_EX) ==
							  PROBE_SSL_READ_INTERNAL;
	/* _ex with the internal one inside has no flags of its own */
	ok &= writes ? !found_at(&o, &b, F_WRITE) : found_at(&o, &b, F_WRITE) == PROBE_SSL_WRITE &&
						    found_at(&o, &b, F_WRITE_EX) ==
							    PROBE_SSL_WRITE_INTERNAL;
	if (!ok) {
		for (size_t i = 0; i < o.cnt; i++)
			print_message("%d at %lx\n", o.function[i].fn,
				      (unsigned long)o.function[i].vaddr);
		for (int i = 0; i < F_MAX; i++)
			print_message("%s %lx\n", names[i], (unsigned long)b.symbol[i].value);
		fail_msg("%s %s: %d", compiler, flags, err);
	}
	close(b.fd);
}

static void test_every_build(void **state)
{
	static const char *const compiler[] = { "gcc", "clang" };
	static const char *const level[] = { "-O1", "-O2", "-O3", "-Os" };
	static const char *const kind[] = {
		SHARED, FIXED, SHARED FRAMELESS, SHARED "-DINLINED", FIXED FRAMELESS,
		FIXED "-DINLINED " FRAMELESS,
	};

	for (size_t i = 0; i < ARRAY_LEN(compiler) * ARRAY_LEN(level) * ARRAY_LEN(kind); i++) {
		const char *k = kind[i / 8];
		char flags[512];

		snprintf(flags, sizeof(flags), "%s %s", level[i / 2 % 4], k);
		check(compiler[i % 2], flags, PROBE_SSL_WRITE_INTERNAL2);
		snprintf(flags, sizeof(flags), "%s %s -DWITHOUT_FLAGS", level[i / 2 % 4], k);
		check(compiler[i % 2], flags, PROBE_SSL_WRITE_INTERNAL);
	}
}

/* Nobody calls the plain forms and the linker has dropped them: the code itself has to tell. */
static void test_only_ex_forms(void **state)
{
	const char *const gc = "-ffunction-sections -Wl,--gc-sections -DONLY_EX " SHARED;
	char flags[512];

	for (int i = 1; i <= 3; i++) {
		snprintf(flags, sizeof(flags), "-O%d -fno-ipa-cp -fno-ipa-sra %s", i, gc);
		check("gcc", flags, PROBE_SSL_WRITE_INTERNAL2);
		snprintf(flags, sizeof(flags), "-O%d %s -DWITHOUT_FLAGS", i, gc);
		check("gcc", flags, PROBE_SSL_WRITE_INTERNAL);
	}
}

static void expect(const char *flags, int expected)
{
	struct openssl3 o = { .cnt = 77 };
	struct built built;

	build(&built, "gcc", flags);
	int err = find(built.fd, &o);

	if (err != expected)
		fail_msg("%s: %d, not %d", flags, err, expected);
	assert_true(err ? o.cnt == 77 : o.cnt == 3);
	close(built.fd);
}

static void test_names(void **state)
{
	expect("-O2 " SHARED "-DFILE_NAME='\"../vendor/openssl/ssl/ssl_lib.c\"'", 0);
	/* another library's file, or no files at all: a name alone proves nothing */
	expect("-O2 " SHARED "-DFILE_NAME='\"ssl/ssl_link.c\"'", -ENOENT);
	expect("-O2 " SHARED "-DFILE_NAME='\"\"'", -ENOENT);
}

static void test_frames(void **state)
{
	struct built built;
	struct elf_file *e;
	const char *why;
	u64 start = 0, size = 0;

	build(&built, "gcc", "-O2 " SHARED);
	assert_int_equal(elf_open(built.fd, &e, &why), 0);
	for (int i = 0; i < F_MAX; i++) {
		const struct elf_symbol *s = &built.symbol[i];

		assert_int_equal(elf_frame_of(e, s->value, &start, &size), 0);
		assert_int_equal(start, s->value);
		assert_int_equal(size, s->size);
		assert_int_equal(elf_frame_of(e, s->value + s->size - 1, &start, &size), 0);
		assert_int_equal(start, s->value);
	}
	assert_int_equal(elf_frame_of(e, 1, &start, &size), -ENOENT);
	assert_int_equal(elf_frame_of(e, UINT64_MAX, &start, &size), -ENOENT);
	elf_free(e);
	close(built.fd);

	build(&built, "gcc", "-O2 " SHARED FRAMELESS);
	assert_int_equal(elf_open(built.fd, &e, &why), 0);
	assert_int_equal(elf_frame_of(e, built.symbol[0].value, &start, &size), -ENOENT);
	elf_free(e);
	close(built.fd);
}

/* Cut anywhere: refused or -ENOENT, never a wrong answer and never a crash. */
static void test_spoilt_files(void **state)
{
	struct openssl3 o;
	struct built built;
	struct stat st;

	build(&built, "clang", "-O2 " FIXED);
	assert_int_equal(fstat(built.fd, &st), 0);
	size_t n = (size_t)st.st_size;
	u8 *p = malloc(n);

	assert_int_equal(pread(built.fd, p, n, 0), n);
	for (size_t cut = 0; cut < n; cut += 61) {
		int fd = memfd_create("cut", MFD_CLOEXEC);

		assert_int_equal(write(fd, p, cut), cut);
		assert_int_not_equal(find(fd, &o), 0);
		close(fd);
	}
	free(p);
	close(built.fd);
}

static void test_as_a_target(void **state)
{
	struct target t;
	struct built built;

	build(&built, "gcc", "-O2 " SHARED "-s");
	assert_int_equal(target_classify(built.fd, &t), 0);
	assert_int_equal(t.probe_cnt, 3);
	assert_int_equal(t.probe[0].fn, PROBE_SSL_READ_INTERNAL);
	assert_int_equal(t.probe[1].fn, PROBE_SSL_WRITE_INTERNAL2);
	assert_int_equal(t.probe[2].fn, PROBE_SSL_NEW);
	for (size_t i = 0; i < t.probe_cnt; i++)
		assert_int_equal(t.probe[i].stack, STACK_OPENSSL);
	close(built.fd);
}

/* Calls are looked for near the library first; where its users are megabytes away, in all code. */
static void test_called_from_afar(void **state)
{
	char path[] = "/tmp/tolltap-skip-XXXXXX.s", sources[256];
	static const char skip[] = ".text\n.skip 3 << 20, 0xcc\n.section .note.GNU-stack\n";
	struct openssl3 near = { .cnt = 0 }, far = { .cnt = 0 };
	struct built b, apart;
	int fd = mkstemps(path, 2);

	assert_int_equal(write(fd, skip, sizeof(skip) - 1), sizeof(skip) - 1);
	close(fd);
	build(&b, "gcc", SHARED FRAMELESS "-O2");
	snprintf(sources, sizeof(sources), LIBRARY "%s " CALLER, path);
	build_from(&apart, "gcc", SHARED FRAMELESS "-O2", sources);
	unlink(path);
	assert_int_equal(find(b.fd, &near), 0);
	assert_int_equal(find(apart.fd, &far), 0);
	assert_int_equal(near.cnt, far.cnt);
	for (int i = 0; i < F_MAX; i++)
		assert_int_equal(found_at(&far, &apart, i), found_at(&near, &b, i));
	close(b.fd);
	close(apart.fd);
}

/* The headers of a hostile file can name gigabytes of data for each function that nobody calls. */
static void test_search_for_pointers_is_bounded(void **state)
{
	struct anchors *a;
	struct elf_file *e;
	struct code c;
	const char *why;
	struct built b;

	build(&b, "gcc", SHARED "-O2");
	assert_int_equal(elf_open(b.fd, &e, &why), 0);
	assert_int_equal(anchors_new(e, &a), 0);
	const u64 nobodys = b.symbol[F_READ].value + 1;

	code_init(&c, e, a);
	assert_int_equal(code_is_entry(&c, nobodys), -ENOENT);
	assert_true(c.pointers_left < CODE_POINTERS_MAX);
	c.pointers_left = 16;
	assert_int_equal(code_is_entry(&c, nobodys), -E2BIG);
	/* one that is called needs no search */
	assert_int_equal(code_is_entry(&c, b.symbol[F_NEW].value), 0);
	anchors_free(a);
	elf_free(e);
	close(b.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_build), cmocka_unit_test(test_only_ex_forms),
		cmocka_unit_test(test_names),	    cmocka_unit_test(test_frames),
		cmocka_unit_test(test_spoilt_files), cmocka_unit_test(test_as_a_target),
		cmocka_unit_test(test_called_from_afar),
		cmocka_unit_test(test_search_for_pointers_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
