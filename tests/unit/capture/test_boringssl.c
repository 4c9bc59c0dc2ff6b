/* SPDX-License-Identifier: Apache-2.0 */
/* A library that raises BoringSSL's errors, built by two compilers in many ways, then spoilt. */
#include "unit.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/boringssl.h"
#include "capture/target.h"

#define SOURCE "tests/unit/capture/boring/library.c tests/unit/capture/boring/caller.c"
#define COMMON "-w -nostdlib -fno-stack-protector -fno-asynchronous-unwind-tables " \
	       "-fvisibility=hidden -Wl,-z,noseparate-code -Wl,--build-id=none "
#define SHARED "-shared -fPIC -Wl,-z,lazy "
#define FIXED "-no-pie -fno-pie -static "

enum { F_READ, F_PEEK, F_WRITE, F_NEW, F_MAX };

static const char *const names[F_MAX] = { "lib_read", "lib_peek", "lib_write", "lib_new" };

struct built {
	int fd;
	struct elf_symbol symbol[F_MAX];
};

static void build(struct built *b, const char *compiler, const char *flags)
{
	char path[] = "/tmp/tolltap-boring-XXXXXX", command[1024];
	const char *why;
	struct elf_file *e;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command), "%s " COMMON "%s -o %s " SOURCE, compiler, flags, path);
	int status = system(command);

	b->fd = open(path, O_RDWR | O_CLOEXEC);
	unlink(path);
	if (status)
		fail_msg("%s: %d", command, status);
	assert_int_equal(elf_open(b->fd, &e, &why), 0);
	assert_int_equal(elf_find_symbols(e, ELF_SYMTAB, names, F_MAX, b->symbol), 0);
	elf_free(e);
}

static int find(int fd, struct boringssl *ret)
{
	const char *why;
	struct elf_file *e;
	int err = elf_open(fd, &e, &why);

	if (err)
		return err;
	struct anchors *a;

	err = anchors_new(e, &a);
	if (!err) {
		err = boringssl_find(e, a, ret);
		anchors_free(a);
	}
	elf_free(e);
	return err;
}

static void check(const char *compiler, const char *flags)
{
	struct boringssl b = { 0 };
	struct built built;

	build(&built, compiler, flags);
	int err = find(built.fd, &b);

	if (err || b.read != built.symbol[F_READ].value || b.write != built.symbol[F_WRITE].value ||
	    b.new != built.symbol[F_NEW].value ||
	    (b.peek && b.peek != built.symbol[F_PEEK].value))
		fail_msg("%s %s: %d; read %lx is %lx, peek %lx is %lx, write %lx is %lx, "
			 "new %lx is %lx", compiler, flags, err,
			 (unsigned long)built.symbol[F_READ].value, (unsigned long)b.read,
			 (unsigned long)built.symbol[F_PEEK].value, (unsigned long)b.peek,
			 (unsigned long)built.symbol[F_WRITE].value, (unsigned long)b.write,
			 (unsigned long)built.symbol[F_NEW].value, (unsigned long)b.new);
	close(built.fd);
}

static void test_every_build(void **state)
{
	static const char *const compiler[] = { "gcc", "clang" };
	static const char *const level[] = { "-O1", "-O2", "-O3", "-Os" };
	static const char *const kind[] = {
		SHARED, FIXED, SHARED "-DHAS_PEEK", FIXED "-DHAS_PEEK",
	};

	for (size_t i = 0; i < ARRAY_LEN(compiler) * ARRAY_LEN(level) * ARRAY_LEN(kind); i++) {
		char flags[512];

		snprintf(flags, sizeof(flags), "%s %s", level[i / 2 % 4], kind[i / 8]);
		check(compiler[i % 2], flags);
	}
}

static void expect(const char *flags, int expected)
{
	struct boringssl b = { .read = 77 };
	struct built built;

	build(&built, "gcc", flags);
	int err = find(built.fd, &b);

	if (err != expected)
		fail_msg("%s: %d, not %d", flags, err, expected);
	assert_true(err ? b.read == 77 : b.read == built.symbol[F_READ].value);
	close(built.fd);
}

static void test_names(void **state)
{
	expect("-O2 " SHARED "-DJUNK", 0);
	expect("-O2 " FIXED "-DJUNK", 0);
	expect("-O2 " SHARED "-DNAME='\"ssl/ssl_lib.c\"'", 0);
	expect("-O2 " FIXED "-DNAME='\"ssl/ssl_lib.cc\"'", 0);
	expect("-O2 " FIXED "-DNAME='\"ssl/ssl_lib.cpp\"'", -ENOENT);
	expect("-O2 " FIXED "-DNAME='\"ssl/ssl_link.cc\"'", -ENOENT);
	expect("-O2 " SHARED "-DMANY", -E2BIG);
}

static void test_refusals(void **state)
{
	/* code that nobody calls has no start that is proven */
	expect("-O2 " SHARED "-DQUIET", -ENOENT);
	/* two copies: which one runs? */
	expect("-O2 " SHARED "tests/unit/capture/boring/twice.c", -ENOENT);
}

/* The file as bytes, in a memfd that can be spoilt. */
static u8 *load(int fd, size_t *ret_n)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	u8 *p = malloc((size_t)st.st_size);
	assert_non_null(p);
	assert_int_equal(pread(fd, p, (size_t)st.st_size, 0), st.st_size);
	*ret_n = (size_t)st.st_size;
	return p;
}

static int find_in(const u8 *p, size_t n)
{
	struct boringssl b;
	int fd = memfd_create("boring", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	int err = find(fd, &b);
	close(fd);
	return err;
}

static size_t replace(u8 *p, size_t n, const char *from, const char *to, size_t len)
{
	size_t cnt = 0;

	for (u8 *at; (at = memmem(p, n, from, len)); cnt++)
		memcpy(at, to, len);
	return cnt;
}

/* One constant of SSL_write changed, or the machine: no answer instead of a wrong one. */
static void test_spoilt_files(void **state)
{
	static const struct {
		const char *from, *to;
	} change[] = {
		{ "\xba\x6f\x00\x00\x00", "\xba\x70\x00\x00\x00" },	/* 111 */
		{ "\xba\xd7\x00\x00\x00", "\xba\xd8\x00\x00\x00" },	/* 215 */
		{ "\xba\xe2\x00\x00\x00", "\xba\xe3\x00\x00\x00" },	/* 226 */
		{ "\xba\x42\x00\x00\x00", "\xba\x43\x00\x00\x00" },	/* 66 */
	};
	struct built built;
	size_t n;

	build(&built, "clang", "-O2 " FIXED);
	u8 *good = load(built.fd, &n);
	u8 *p = malloc(n);

	assert_int_equal(find_in(good, n), 0);
	for (size_t i = 0; i < ARRAY_LEN(change); i++) {
		memcpy(p, good, n);
		assert_true(replace(p, n, change[i].from, change[i].to, 5));
		if (find_in(p, n) != -ENOENT)
			fail_msg("change %zu", i);
	}
	memcpy(p, good, n);
	((Elf64_Ehdr *)(void *)p)->e_machine = EM_AARCH64;
	assert_int_equal(find_in(p, n), -ENOENT);
	for (size_t cut = 0; cut < n; cut += 61)
		assert_int_not_equal(find_in(good, cut), 0);
	free(p);
	free(good);
	close(built.fd);
}

static void test_as_a_target(void **state)
{
	struct target t;
	struct built built;

	build(&built, "gcc", "-Os " SHARED "-s");
	assert_int_equal(target_classify(built.fd, &t), 0);
	assert_int_equal(t.probe[0].stack, STACK_BORINGSSL);
	/* -Os: SSL_read calls SSL_peek, which is guarded */
	assert_int_equal(t.probe_cnt, 4);
	assert_int_equal(t.probe[0].fn, PROBE_SSL_READ);
	assert_int_equal(t.probe[1].fn, PROBE_SSL_WRITE);
	assert_int_equal(t.probe[2].fn, PROBE_SSL_PEEK);
	assert_int_equal(t.probe[3].fn, PROBE_SSL_NEW);
	for (size_t i = 0; i < t.probe_cnt; i++)
		assert_int_equal(t.probe[i].stack, STACK_BORINGSSL);
	close(built.fd);
}

static void test_go_program(void **state)
{
	struct target t;
	struct built built;

	build(&built, "gcc", "-O2 " SHARED "-s -DGO");
	/* its table is none; nobody looks further for that */
	assert_int_equal(target_classify(built.fd, &t), -EINVAL);
	close(built.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_build), cmocka_unit_test(test_names),
		cmocka_unit_test(test_refusals),    cmocka_unit_test(test_spoilt_files),
		cmocka_unit_test(test_as_a_target),	   cmocka_unit_test(test_go_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
