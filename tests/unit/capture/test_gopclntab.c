/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of made-up Go programs: where they are found, and what is refused. */
#include "unit.h"

#include <errno.h>
#include <unistd.h>

#include "capture/go_build.h"
#include "capture/gopclntab.h"

#define RET "\xc3", 1

static const struct go_build_function function[] = {
	{ "runtime.text", RET },
	{ "crypto/tls.(*Conn).Write", "\x55\x5d\xc3", 3 },
	{ "crypto/tls.(*Conn).Read", RET },
	{ "x.crypto/tls.(*Conn).Read", RET },
	{ "main.main", RET },
};

static const char *const wanted[] = { "crypto/tls.(*Conn).Read", "crypto/tls.(*Conn).Write",
				      "crypto/tls.(*Conn).Close" };

static int find(const struct go_build *b, struct go_function ret[])
{
	int fd = go_build_fd(b);
	const char *why;
	struct elf_file *e;
	int err = elf_open(fd, &e, &why);

	if (!err) {
		err = go_find_functions(e, wanted, ARRAY_LEN(wanted), ret);
		elf_free(e);
	}
	close(fd);
	return err;
}

static void check_found(const struct go_build_options *o)
{
	struct go_function f[ARRAY_LEN(wanted)];
	struct go_build b;

	go_build(&b, function, ARRAY_LEN(function), o);
	assert_int_equal(find(&b, f), 0);
	assert_true(f[0].is_found && f[1].is_found && !f[2].is_found);
	assert_false(f[0].is_ambiguous || f[1].is_ambiguous);
	assert_int_equal(f[1].start, GO_BUILD_TEXT + 32);
	assert_int_equal(f[1].end, GO_BUILD_TEXT + 64);
	assert_int_equal(f[0].start, GO_BUILD_TEXT + 64);
}

static void test_every_layout(void **state)
{
	check_found(&(struct go_build_options){ 0 });
	check_found(&(struct go_build_options){ .magic = 0xfffffff0 });
	check_found(&(struct go_build_options){ .has_no_sections = true });
	check_found(&(struct go_build_options){ .is_relocated = true });
	check_found(&(struct go_build_options){ .machine = EM_AARCH64 });
	check_found(&(struct go_build_options){ .machine = EM_AARCH64, .is_relocated = true });
}

static void test_two_of_one_name(void **state)
{
	struct go_build_function twice[ARRAY_LEN(function)];
	struct go_function f[ARRAY_LEN(wanted)];
	struct go_build b;

	memcpy(twice, function, sizeof(twice));
	twice[4].name = "crypto/tls.(*Conn).Write";
	go_build(&b, twice, ARRAY_LEN(twice), &(struct go_build_options){ 0 });
	assert_int_equal(find(&b, f), 0);
	assert_true(f[1].is_ambiguous);
	assert_false(f[0].is_ambiguous);
}

/* One thing wrong at a time: no answer rather than a wrong one. */
static void test_refused(void **state)
{
	enum { OLD, MAGIC, QUANTUM, POINTER, COUNT, HUGE, NAMES, UNITS, FUNCTIONS, RECORD, BACK,
	       LONG, LENGTH, TEXT, MODULE, KINDS };
	static const int want[KINDS] = { [HUGE] = -E2BIG, [LENGTH] = -ENOENT, [MODULE] = -ENOENT };
	struct go_function f[ARRAY_LEN(wanted)];
	struct go_build b;

	for (int kind = 0; kind < KINDS; kind++) {
		go_build(&b, function, ARRAY_LEN(function), &(struct go_build_options){
			.magic = kind == OLD ? 0xfffffffa : kind == MAGIC ? 0xfffffff2 : 0,
		});
		switch (kind) {
		case QUANTUM: b.table[6] = 4; break;
		case POINTER: b.table[7] = 4; break;
		case COUNT: b.word[0] = 4000; break;
		case HUGE: b.word[0] = ~0ull; break;
		case NAMES: b.word[3] = 0x10000; break;
		case UNITS: b.word[4] = b.word[3] - 1; break;
		case FUNCTIONS: b.word[7] = ~0ull - 8; break;
		case RECORD: b.function[3] = 0x7fffffff; break;
		case BACK: b.function[4] = b.function[2]; break;
		case LONG: b.function[4] = 0x20000; break;
		case LENGTH: b.module[17]++; break;
		case TEXT: b.module[22] = 0x50000; break;
		case MODULE: b.module[0] = 0; break;
		}
		int err = find(&b, f);

		/* text outside of what is executable is no module data */
		if (kind == TEXT)
			assert_int_equal(err, -ENOENT);
		else if (err != (want[kind] ? want[kind] : -EINVAL))
			fail_msg("kind %d: %d", kind, err);
	}
}

static void test_nothing_to_find(void **state)
{
	static const struct go_build_function other[] = { { "main.main", RET } };
	struct go_function f[ARRAY_LEN(wanted)];
	struct go_build b;

	go_build(&b, other, 1, &(struct go_build_options){ 0 });
	assert_int_equal(find(&b, f), -ENOENT);
	/* sections, but none of that name */
	go_build(&b, function, ARRAY_LEN(function), &(struct go_build_options){ 0 });
	b.section[1].sh_name = 0;
	assert_int_equal(find(&b, f), -ENOENT);
}

static void test_cut_anywhere(void **state)
{
	struct go_function f[ARRAY_LEN(wanted)];
	struct go_build b;

	for (u32 relocated = 0; relocated < 2; relocated++) {
		go_build(&b, function, ARRAY_LEN(function),
			 &(struct go_build_options){ .is_relocated = relocated });
		for (size_t n = b.n; n > 0; n -= 31) {
			b.n = n;
			if (find(&b, f) == 0 && n < 0x1c00)
				fail_msg("found in %zu bytes", n);
			if (n < 31)
				break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_layout),
		cmocka_unit_test(test_two_of_one_name),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nothing_to_find),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
