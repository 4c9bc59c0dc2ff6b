/* SPDX-License-Identifier: Apache-2.0 */
/* Small functions, walked by hand. */
#include "unit.h"

#include "capture/x86_walk.h"

static struct x86_walk w;

static bool walk_code(const char *code, size_t n, u64 start, u32 max)
{
	memset(w.code, 0xcc, sizeof(w.code));
	memcpy(w.code, code, n);
	w.vaddr = 0x1000;
	w.n = n;
	return x86_walk(&w, 0x1000 + start, max);
}

#define WALK(code, start) walk_code(code, sizeof(code) - 1, start, 100)

static void test_branches(void **state)
{
	/* 0: test edx,edx  2: je 7  4: push rbp  5: pop rbp  6: ret  7: nop  8: jmp 4  a: nop */
	static const char code[] = "\x85\xd2\x74\x03\x55\x5d\xc3\x90\xeb\xfa\x90";

	assert_true(WALK(code, 0));
	assert_int_equal(w.bytes, 9);
	assert_true(x86_walk_has(&w, 0x1004));
	assert_true(x86_walk_has(&w, 0x1008));
	assert_false(x86_walk_has(&w, 0x1003));		/* inside of an instruction */
	assert_false(x86_walk_has(&w, 0x100a));		/* behind a jump that is always taken */
	assert_false(x86_walk_has(&w, 0xfff));
	assert_false(x86_walk_has(&w, 0x1000 + sizeof(code)));
	assert_true(WALK(code, 7));
	assert_false(x86_walk_has(&w, 0x1000));
	assert_true(WALK(code, 400));			/* outside */
	assert_int_equal(w.insns, 0);
	assert_false(walk_code(code, sizeof(code) - 1, 0, 3));	/* too many */
	/* a loop ends, a jump out of the bytes as well */
	assert_true(WALK("\xeb\xfe", 0));
	assert_true(WALK("\xe9\x00\x10\x00\x00", 0));
	assert_true(WALK("\xe9\x00\x10\x00\xff", 0));
}

static void test_calls(void **state)
{
	/* 0: call +0x100  5: call [rax+0x48]  8: jmp [rax]  a: push */
	static const char code[] = "\xe8\x00\x01\x00\x00\xff\x50\x48\xff\x20\x55";

	assert_true(WALK(code, 0));
	assert_true(x86_walk_has(&w, 0x1008));
	assert_false(x86_walk_has(&w, 0x100a));
	assert_true(x86_walk_calls(&w, 0x1105));
	assert_false(x86_walk_calls(&w, 0x1104));
}

static void test_span(void **state)
{
	/* add [rax+0x80],rbx; mov [rax+0x88],rcx */
	assert_true(WALK("\x48\x01\x98\x80\x00\x00\x00\x48\x89\x88\x88\x00\x00\x00", 0));
	assert_true(x86_walk_moves_span(&w));
	/* another object; the stack; half of a word */
	assert_true(WALK("\x48\x01\x98\x80\x00\x00\x00\x48\x89\x8a\x88\x00\x00\x00", 0));
	assert_false(x86_walk_moves_span(&w));
	assert_true(WALK("\x48\x89\x44\x24\x08\x48\x89\x5c\x24\x10", 0));
	assert_false(x86_walk_moves_span(&w));
	assert_true(WALK("\x01\x98\x80\x00\x00\x00\x89\x88\x88\x00\x00\x00", 0));
	assert_false(x86_walk_moves_span(&w));
	/* movups [rax],xmm0 */
	assert_true(WALK("\x0f\x11\x00", 0));
	assert_true(x86_walk_moves_span(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_branches),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_span),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
