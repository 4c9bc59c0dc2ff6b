/* SPDX-License-Identifier: Apache-2.0 */
/* From a file's symbols to its probes: made-up files, decoys, and the libssl of this host. */
#include "unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/elf_build.h"
#include "capture/ssl_code.h"
#include "capture/target.h"

#define CODE(name) name, sizeof(name) - 1
#define PUSH "\x55\x48\x89\xe5\xc3", 5
#define INTERNAL "\x41\x56\x41\x55\xc3", 5

/* Debian 12's libssl3 at its own distances: text starts at 0x35000 there, and is cut to fit. */
#define BASE 0x352d0
#define AT(address) ((address) - BASE + 16)

static const struct build_symbol debian_30[] = {
	{ "internal_read", INTERNAL, AT(0x352d0) },
	{ "SSL_read", CODE(DEBIAN_30_READ), AT(0x35470) },
	{ "SSL_read_ex", CODE(DEBIAN_30_READ_EX), AT(0x35500) },
	{ "internal_write", INTERNAL, AT(0x355e0) },
	{ "SSL_write", CODE(DEBIAN_30_WRITE), AT(0x359c0) },
	{ "SSL_write_ex", CODE(DEBIAN_30_WRITE_EX), AT(0x35a50) },
	{ "SSL_new", PUSH, AT(0x35a80) },
};

static int classify(const struct build *b, struct target *ret)
{
	int fd = build_fd(b);
	int err = target_classify(fd, ret);

	close(fd);
	return err;
}

static const struct target_probe *probe_of(const struct target *t, enum probe_fn fn)
{
	for (size_t i = 0; i < t->probe_cnt; i++) {
		if (t->probe[i].fn == fn)
			return &t->probe[i];
	}
	return NULL;
}

static void test_one_site_per_direction(void **state)
{
	struct target t;
	struct build b;

	build_elf(&b, debian_30, ARRAY_LEN(debian_30), SHT_DYNSYM, "x", 0);
	assert_int_equal(classify(&b, &t), 0);
	assert_int_equal(t.probe_cnt, 3);
	const struct target_probe *p = probe_of(&t, PROBE_SSL_READ_INTERNAL);
	assert_non_null(p);
	assert_int_equal(p->offset, b.text + AT(0x352d0));
	assert_int_equal(p->redirected, p->offset);
	assert_int_equal(p->class, SITE_EMULATED);
	p = probe_of(&t, PROBE_SSL_WRITE_INTERNAL);
	assert_non_null(p);
	assert_int_equal(p->offset, b.text + AT(0x355e0));
	assert_int_equal(target_worst_class(&t), SITE_EMULATED);
	p = probe_of(&t, PROBE_SSL_NEW);
	assert_non_null(p);
	assert_int_equal(p->redirected, 0);
	assert_false(t.has_lpstub);
	assert_int_equal(t.probe[0].stack, STACK_OPENSSL);
	assert_int_equal(t.build_id_len, 8);
	assert_memory_equal(t.build_id, "buildid", 8);
	assert_true(t.ino != 0);
}

/* One form that goes its own way: each form has its own probe, the nested guard does the rest. */
static void test_forms_that_disagree(void **state)
{
	struct build_symbol symbol[ARRAY_LEN(debian_30)];
	struct target t;
	struct build b;

	memcpy(symbol, debian_30, sizeof(symbol));
	symbol[5].code = "\x41\x56\xc3";
	symbol[5].n = 3;
	build_elf(&b, symbol, ARRAY_LEN(symbol), SHT_DYNSYM, "x", 0);
	assert_int_equal(classify(&b, &t), 0);
	assert_non_null(probe_of(&t, PROBE_SSL_READ_INTERNAL));
	assert_null(probe_of(&t, PROBE_SSL_WRITE_INTERNAL));
	assert_int_equal(probe_of(&t, PROBE_SSL_WRITE)->class, SITE_STEPPED);
	assert_int_equal(probe_of(&t, PROBE_SSL_WRITE)->offset, b.text + AT(0x359c0));
	assert_int_equal(probe_of(&t, PROBE_SSL_WRITE_EX)->class, SITE_EMULATED);
	assert_int_equal(target_worst_class(&t), SITE_STEPPED);
}

/* A single form proves nothing about what stands behind it. */
static void test_single_form_is_not_followed(void **state)
{
	static const struct build_symbol symbol[] = {
		{ "SSL_read_ex", CODE(DEBIAN_30_READ_EX), AT(0x35500) },
		{ "SSL_write", PUSH, 0x300 },
		{ "internal", INTERNAL, AT(0x352d0) },
	};
	struct target t;
	struct build b;

	build_elf(&b, symbol, ARRAY_LEN(symbol), SHT_DYNSYM, "x", 0);
	assert_int_equal(classify(&b, &t), 0);
	assert_int_equal(t.probe_cnt, 2);
	assert_int_equal(probe_of(&t, PROBE_SSL_READ_EX)->class, SITE_STEPPED);
}

/* What SSL_peek reaches as well is not probed: its bytes would be counted twice. */
static void trap_T45_peek_is_guarded(void **state)
{
	/* SSL_peek at the same distance to SSL_read's internal function */
	static const char peek_int[] =
		"\x48\x83\xec\x18\x85\xd2\x78\x2f\x48\x89\xe1\x48\x63\xd2\xe8\x00\x00\x00\x00";
	static const char peek_ex[] = "\x48\x83\xec\x08\xe8\x00\x00\x00\x00";
	char p1[sizeof(peek_int)], p2[sizeof(peek_ex)];
	struct build_symbol symbol[] = {
		debian_30[0], debian_30[1], debian_30[2], debian_30[3], debian_30[4], debian_30[5],
		{ "SSL_peek", p1, sizeof(p1) - 1, 0x7c0 },
		{ "SSL_peek_ex", p2, sizeof(p2) - 1, 0x7e0 },
	};
	struct target t;
	struct build b;
	/* the callee: SSL_read's own, then a function apart */
	const u32 callee[] = { AT(0x352d0), 0x7a0 };

	for (size_t i = 0; i < ARRAY_LEN(callee); i++) {
		s32 rel = (s32)callee[i] - (0x7c0 + 19);

		memcpy(p1, peek_int, sizeof(p1));
		memcpy(p1 + 15, &rel, 4);
		rel = (s32)callee[i] - (0x7e0 + 9);
		memcpy(p2, peek_ex, sizeof(p2));
		memcpy(p2 + 5, &rel, 4);
		build_elf(&b, symbol, ARRAY_LEN(symbol), SHT_DYNSYM, "x", 0);
		assert_int_equal(classify(&b, &t), 0);
		if (i == 0) {
			assert_null(probe_of(&t, PROBE_SSL_READ_INTERNAL));
			assert_non_null(probe_of(&t, PROBE_SSL_READ));
			assert_non_null(probe_of(&t, PROBE_SSL_PEEK));
			assert_non_null(probe_of(&t, PROBE_SSL_PEEK_EX));
		} else {
			assert_non_null(probe_of(&t, PROBE_SSL_READ_INTERNAL));
			assert_null(probe_of(&t, PROBE_SSL_PEEK));
			assert_null(probe_of(&t, PROBE_SSL_PEEK_EX));
		}
	}
}

/* 3.3 and later: SSL_write_ex jumps through the PLT to SSL_write_ex2. */
static void test_through_the_plt(void **state)
{
	static const char write[] =
		"\xf3\x0f\x1e\xfa\x48\x83\xec\x18\x85\xd2\x78\x34\x31\xc9\x48\x63\xd2\x49\x89\xe0"
		"\xe8\xe7\x01\x00\x00";						/* 0x200 */
	static const char ex[] = "\xf3\x0f\x1e\xfa\x49\x89\xc8\x31\xc9\xe9\xb2\x00\x00\x00";
	static const char ex2[] = "\xf3\x0f\x1e\xfa\x48\x83\xec\x08\xe8\xb3\x01\x00\x00";
	static const char stub[] = "\xf3\x0f\x1e\xfa\xff\x25\xf6\x1e\x00\x00";
	static const struct build_symbol symbol[] = {
		{ "SSL_write_ex2", CODE(ex2), 0x40 },		/* the first: what the slot names */
		{ "SSL_write", CODE(write), 0x300 },
		{ "SSL_write_ex", CODE(ex), 0x60 },
		{ "stub", CODE(stub), 0x120 },
		{ "internal", INTERNAL, 0x200 },
	};
	struct build_symbol s[ARRAY_LEN(symbol)];
	char w[sizeof(write)];
	struct target t;
	struct build b;
	s32 rel = 0x200 - (0x300 + 25);

	memcpy(s, symbol, sizeof(s));
	memcpy(w, write, sizeof(w));
	memcpy(w + 21, &rel, 4);
	s[1].code = w;
	build_elf(&b, s, ARRAY_LEN(s), SHT_DYNSYM, ".rela.plt",
		  BUILD_VADDR + 0x2000);
	/* the stub's slot: 10 bytes after its start, plus its displacement */
	u64 stub_at = BUILD_VADDR + b.text + 0x120;
	s32 disp = (s32)(BUILD_VADDR + 0x2000 - (stub_at + 10));
	memcpy(b.file + b.text + 0x120 + 6, &disp, 4);
	assert_int_equal(classify(&b, &t), 0);
	assert_int_equal(t.probe_cnt, 1);
	assert_int_equal(t.probe[0].fn, PROBE_SSL_WRITE_INTERNAL2);
	assert_int_equal(t.probe[0].offset, b.text + 0x200);
}

static void test_decoys(void **state)
{
	static const struct build_symbol imports[] = {
		{ "SSL_read", NULL, 0, 0 },
		{ "SSL_write", NULL, 0, 0 },
		{ "main", PUSH, 0 },
	};
	static const struct build_symbol no_data[] = {
		{ "SSL_new", PUSH, 0 },
		{ "SSL_free", PUSH, 0 },
		{ "MY_SSL_read_all", PUSH, 0 },
	};
	static const struct build_symbol trap[] = {
		{ "SSL_read", "\xcc\x55\xc3", 3, 0 },
	};
	struct target t = { .probe_cnt = 77 };
	struct build b;

	build_elf(&b, imports, ARRAY_LEN(imports), SHT_DYNSYM, "x", 0);
	assert_int_equal(classify(&b, &t), -ENOENT);
	build_elf(&b, no_data, ARRAY_LEN(no_data), SHT_DYNSYM, "x", 0);
	assert_int_equal(classify(&b, &t), -ENOENT);
	build_elf(&b, trap, ARRAY_LEN(trap), SHT_DYNSYM, "x", 0);
	assert_int_equal(classify(&b, &t), -ENOENT);
	/* data under the name of a function */
	build_elf(&b, trap, ARRAY_LEN(trap), SHT_DYNSYM, "x", 0);
	b.symbol[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
	assert_int_equal(classify(&b, &t), -ENOENT);
	/* an address outside of the code */
	build_elf(&b, debian_30, 2, SHT_DYNSYM, "x", 0);
	b.segment[0].p_flags = PF_R;
	assert_int_equal(classify(&b, &t), -ENOENT);
	assert_int_equal(t.probe_cnt, 77);		/* written on success only */
}

static void test_stacks_and_sections(void **state)
{
	static const struct build_symbol boring[] = {
		{ "SSL_read", PUSH, 0 },
		{ "SSL_write", PUSH, 0 },
		{ "SSL_peek", PUSH, 0 },
		{ "SSL_CTX_set_grease_enabled", PUSH, 0 },
	};
	struct target t;
	struct build b;

	build_elf(&b, boring, ARRAY_LEN(boring), SHT_SYMTAB, "lpstub", 0);
	assert_int_equal(classify(&b, &t), 0);
	assert_int_equal(t.probe[0].stack, STACK_BORINGSSL);
	assert_true(t.has_lpstub);
	assert_int_equal(t.probe_cnt, 3);
	assert_non_null(probe_of(&t, PROBE_SSL_PEEK));
	/* other machines: the entry, and nobody has measured what it costs */
	build_elf(&b, debian_30, ARRAY_LEN(debian_30), SHT_DYNSYM, "x", 0);
	b.header->e_machine = EM_AARCH64;
	assert_int_equal(classify(&b, &t), 0);
	assert_int_equal(probe_of(&t, PROBE_SSL_WRITE)->offset, b.text + AT(0x359c0));
	assert_int_equal(probe_of(&t, PROBE_SSL_WRITE)->class, SITE_UNMEASURED);
}

/*
 * The library that this very program has loaded (libcurl brings it): where a probe was moved away
 * from the exported functions, each of them must really contain a call to that place.
 */
static bool calls(const u8 *code, u64 at, u64 target)
{
	for (size_t i = 0; i + 5 <= 128; i++) {
		s32 rel;

		memcpy(&rel, code + i + 1, 4);
		if (code[i] == 0xe8 && at + i + 5 + (u64)(s64)rel == target)
			return true;
	}
	return false;
}

static void check_calls(const char *name, const Dl_info *lib, u64 target)
{
	const u8 *code = dlsym(RTLD_DEFAULT, name);

	assert_non_null(code);
	if (!calls(code, (u64)(code - (const u8 *)lib->dli_fbase), target))
		fail_msg("%s does not call %#lx", name, (unsigned long)target);
}

static void test_libssl_of_this_host(void **state)
{
	void *lib = dlopen("libssl.so.3", RTLD_NOW | RTLD_GLOBAL);
	struct target t;
	Dl_info info;

	if (!lib)
		fail_msg("this host has no libssl.so.3: %s", dlerror());
	assert_true(dladdr(dlsym(lib, "SSL_read"), &info));
	int fd = open(info.dli_fname, O_RDONLY | O_CLOEXEC);
	assert_int_equal(target_classify(fd, &t), 0);
	assert_true(t.build_id_len >= 16);
	for (size_t i = 0; i < t.probe_cnt; i++) {
		const struct target_probe *p = &t.probe[i];
		u8 at[2];

		/* from the file: in memory a breakpoint of somebody else may stand there */
		assert_int_equal(pread(fd, at, 2, (off_t)p->offset), 2);
		if (p->class == SITE_EMULATED && p->redirected)
			assert_true((at[0] & 0xf8) == 0x50 ||
				    (at[0] == 0x41 && (at[1] & 0xf8) == 0x50));
		if (p->fn == PROBE_SSL_READ_INTERNAL) {
			check_calls("SSL_read", &info, p->redirected);
			check_calls("SSL_read_ex", &info, p->redirected);
		} else if (p->fn == PROBE_SSL_WRITE_INTERNAL) {
			check_calls("SSL_write", &info, p->redirected);
			check_calls("SSL_write_ex", &info, p->redirected);
		}
	}
	close(fd);
	dlclose(lib);
}

static void test_cache(void **state)
{
	struct target_cache *c = target_cache_new();
	const struct target *first, *second;
	struct build b;

	build_elf(&b, debian_30, ARRAY_LEN(debian_30), SHT_DYNSYM, "x", 0);
	int fd = build_fd(&b);
	assert_int_equal(target_cache_classify(c, fd, &first), 0);
	assert_int_equal(target_cache_classify(c, fd, &second), 0);
	assert_ptr_equal(first, second);
	/* not a different answer for a file that is another one now */
	u8 zero = 0;
	assert_int_equal(pwrite(fd, &zero, 1, 0), 1);
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	assert_int_equal(futimens(fd, times), 0);
	assert_int_equal(target_cache_classify(c, fd, &second), -ENOENT);
	assert_int_equal(target_cache_classify(c, fd, &second), -ENOENT);
	assert_int_equal(pwrite(fd, b.file, 1, 0), 1);
	assert_int_equal(ftruncate(fd, (off_t)b.n + 1), 0);
	assert_int_equal(target_cache_classify(c, fd, &second), 0);
	assert_int_equal(second->probe_cnt, 3);
	close(fd);
	assert_int_equal(target_cache_classify(c, fd, &second), -EBADF);
	target_cache_free(c);
	target_cache_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_site_per_direction),
		cmocka_unit_test(test_forms_that_disagree),
		cmocka_unit_test(test_single_form_is_not_followed),
		cmocka_unit_test(trap_T45_peek_is_guarded),
		cmocka_unit_test(test_through_the_plt),
		cmocka_unit_test(test_decoys),
		cmocka_unit_test(test_stacks_and_sections),
		cmocka_unit_test(test_libssl_of_this_host),
		cmocka_unit_test(test_cache),
	};

	cmocka_set_test_filter(getenv("TRAP"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
