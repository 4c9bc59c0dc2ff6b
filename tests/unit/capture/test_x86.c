/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions as compilers write them; encodings checked against a disassembler. */
#include "unit.h"

#include <errno.h>

#include "capture/x86.h"
#include "guard.h"

#define R(reg) (1u << X86_##reg)

static const struct {
	const char *code;
	u8 len;
	u32 writes;
	bool is_emulated;
} row[] = {
	{ "\x55", 1, R(RSP), true },				/* push rbp */
	{ "\x41\x56", 2, R(RSP), true },			/* push r14 */
	{ "\x54", 1, R(RSP), false },				/* push rsp */
	{ "\x48\x55", 2, R(RSP), false },			/* push with a REX nobody writes */
	{ "\x90", 1, 0, true },					/* nop */
	{ "\x66\x90", 2, 0, true },
	{ "\x41\x90", 2, R(RAX) | 1u << 8, false },		/* xchg r8, rax: no nop */
	{ "\xf3\x90", 2, 0, false },				/* pause */
	{ "\x0f\x1f\x44\x00\x00", 5, 0, false },		/* nopl, 5 bytes */
	{ "\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00", 10, 0, false },
	{ "\xf3\x0f\x1e\xfa", 4, 0, false },			/* endbr64 */
	{ "\xf3\x48\x0f\x1e\xc8", 5, R(RAX), false },		/* rdsspq rax */
	{ "\x85\xd2", 2, 0, false },				/* test edx, edx */
	{ "\x48\x85\xff", 3, 0, false },			/* test rdi, rdi */
	{ "\x48\x83\x7f\x30\x00", 5, 0, false },		/* cmpq $0, 0x30(rdi) */
	{ "\x83\xf8\x08", 3, 0, false },			/* cmp $8, eax */
	{ "\x48\x83\xec\x18", 4, R(RSP), false },		/* sub $0x18, rsp */
	{ "\x64\x48\x8b\x04\x25\x28\x00\x00\x00", 9, R(RAX), false },
	{ "\x48\x89\x44\x24\x08", 5, 0, false },		/* mov rax, 8(rsp) */
	{ "\x31\xc9", 2, R(RCX), false },			/* xor ecx, ecx */
	{ "\x48\x63\xd2", 3, R(RDX), false },			/* movslq edx, rdx */
	{ "\x48\x89\xe1", 3, R(RCX), false },			/* mov rsp, rcx */
	{ "\x4c\x8d\x44\x24\x18", 5, R(R8), false },		/* lea 0x18(rsp), r8 */
	{ "\x48\x8d\x3d\x89\xcd\x04\x00", 7, R(RDI), false },	/* lea x(rip), rdi */
	{ "\x41\xf6\x85\xf1\x09\x00\x00\x01", 8, 0, false },	/* testb $1, x(r13) */
	{ "\xf7\xc7\x00\x01\x00\x00", 6, 0, false },		/* test $0x100, edi */
	{ "\xf7\xdf", 2, R(RDI), false },			/* neg edi */
	{ "\xf7\xe2", 2, R(RAX) | R(RDX), false },		/* mul edx */
	{ "\x0f\x48\xc2", 3, R(RAX), false },			/* cmovs edx, eax */
	{ "\x0f\xb6\xf6", 3, R(RSI), false },			/* movzx dh, esi */
	{ "\x88\xe5", 2, R(RBP) | R(RCX), false },		/* mov ah, ch: in rcx */
	{ "\xbe\x2b\x07\x00\x00", 5, R(RSI), false },		/* mov $0x72b, esi */
	{ "\x66\xbe\x2b\x07", 4, R(RSI), false },
	{ "\x48\xbe\x01\x02\x03\x04\x05\x06\x07\x08", 10, R(RSI), false },
	{ "\xe8\xfd\xfb\xff\xff", 5, 0, true },			/* call */
	{ "\xe9\x02\x70\xfe\xff", 5, 0, true },			/* jmp */
	{ "\xeb\xae", 2, 0, true },
	{ "\x78\x2f", 2, 0, true },				/* js */
	{ "\x0f\x88\x1d\x01\x00\x00", 6, 0, true },
	{ "\xf2\xe9\x02\x70\xfe\xff", 6, 0, false },		/* bnd jmp */
	{ "\x2e\x74\x10", 3, 0, false },			/* je with a hint */
	{ "\x66\x49\x0f\x6e\xce", 5, R(RCX) | 1u << 14, false },	/* movq r14, xmm1 */
	{ "\x66\x0f\x3a\x0f\xc1\x08", 6, R(RAX) | R(RCX), false },	/* palignr */
	{ "\x5d", 1, R(RSP) | R(RBP), false },			/* pop rbp */
	{ "\x99", 1, R(RDX), false },				/* cdq */
	{ "\x6a\x10", 2, R(RSP), false },			/* push $0x10 */
	{ "\xff\x77\x08", 3, R(RSP), false },			/* push 8(rdi) */
	{ "\x87\xd9", 2, R(RBX) | R(RCX), false },		/* xchg */
	{ "\x81\xe7\x00\xff\x00\x00", 6, R(RDI), false },	/* and $0xff00, edi */
	{ "\x48\x0f\xc7\x0f", 4, R(RAX) | R(RDX), false },	/* cmpxchg16b (rdi) */
};

static void test_lengths_and_effects(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct x86_insn in;
		u8 *p = guard_dup(row[i].code, row[i].len);

		if (x86_decode(p, row[i].len, &in))
			fail_msg("row %zu is not decoded", i);
		assert_int_equal(in.len, row[i].len);
		if (row[i].writes & ~x86_writes(&in))
			fail_msg("row %zu writes %#x, said %#x", i, row[i].writes, x86_writes(&in));
		/* more may be said than is true, but not for what prologues are made of */
		assert_int_equal(x86_writes(&in), row[i].writes);
		assert_int_equal(x86_is_emulated(&in), row[i].is_emulated);
		guard_free(p, row[i].len);
		/* cut off: never a length, never a read past the end */
		for (size_t n = 0; n < row[i].len; n++) {
			p = guard_dup(row[i].code, n);
			if (x86_decode(p, n, &in) == 0)
				fail_msg("row %zu is decoded from %zu bytes", i, n);
			guard_free(p, n);
		}
	}
}

static void test_refuses_what_leaves_the_line(void **state)
{
	static const char *const code[] = {
		"\xc3", "\xcc", "\xff\xe0\x90\x90\x90", "\xff\x50\x30\x90\x90",
		"\xc5\xf8\x77\x90\x90\x90", "\x62\xf1\x7c\x48\x10\x07\x90", "\xf3\xa4\x90",
		"\x0f\x05\x90\x90", "\x0f\x0b\x90", "\x66\xe9\x01\x02\x03\x04\x05", "\x06\x90",
		"\xd9\x45\x08\x90", "\x48\x48\x89\xe1", "\xcd\x80", "\xf4",
		"\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90",	/* 16 */
	};

	for (size_t i = 0; i < ARRAY_LEN(code); i++) {
		struct x86_insn in;

		if (!x86_decode((const u8 *)code[i], strlen(code[i]), &in))
			fail_msg("row %zu is decoded", i);
	}
}

/* What only x86_decode_all knows: what a function of somebody else may hold anywhere. */
static void test_every_length(void **state)
{
	static const struct {
		const char *code;
		u8 len;
		bool is_ret;
	} all[] = {
		{ "\xc3", 1, true },				/* ret */
		{ "\xf3\xc3", 2, true },			/* rep ret */
		{ "\xc2\x08\x00", 3, true },			/* ret $8 */
		{ "\xcc", 1, false },				/* int3 */
		{ "\xcd\x80", 2, false },			/* int $0x80 */
		{ "\x0f\x0b", 2, false },			/* ud2 */
		{ "\x0f\x05", 2, false },			/* syscall */
		{ "\x0f\xa2", 2, false },			/* cpuid */
		{ "\x0f\x01\xd0", 3, false },			/* xgetbv */
		{ "\xf3\x48\xa5", 3, false },			/* rep movsq */
		{ "\xf3\x48\xab", 3, false },			/* rep stosq */
		{ "\xc9", 1, false },				/* leave */
		{ "\x8f\x00", 2, false },			/* pop (rax) */
		{ "\xd9\x45\xc3", 3, false },			/* fld -61(rbp) */
		{ "\xe3\xc3", 2, false },			/* jrcxz */
		{ "\xf0\x0f\xb1\x8a\x50\x03\x00\x00", 8, false },	/* lock cmpxchg */
		{ "\xff\xe0", 2, false },			/* jmp *rax */
		{ "\xc5\xf8\x77", 3, false },			/* vzeroupper */
		{ "\xc5\xfe\x6f\x06", 4, false },			/* vmovdqu (rsi), ymm0 */
		{ "\xc5\xf9\x73\xf8\xc3", 5, false },		/* vpslldq $0xc3 */
		{ "\xc4\xe2\x7d\x5a\x05\xc3\x00\x00\x00", 9, false },
		{ "\xc4\xe3\x7d\x39\xc0\x01", 6, false },	/* vextracti128 $1 */
		{ "\xc4\xe2\xe9\xf7\xc3", 5, false },		/* shlx */
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct x86_insn in;

		for (size_t n = 0; n <= all[i].len; n++) {
			u8 *p = guard_dup(all[i].code, n);
			int err = x86_decode_all(p, n, &in);

			guard_free(p, n);
			if (!err != (n == all[i].len))
				fail_msg("row %zu in %zu bytes: %d", i, n, err);
		}
		assert_int_equal(in.len, all[i].len);
		assert_int_equal(x86_is_ret(&in), all[i].is_ret);
	}
	/* EVEX, XOP, far return: not known */
	struct x86_insn in;

	assert_true(x86_decode_all((const u8 *)"\x62\xf1\xfe\x48\x6f\x08", 6, &in));
	assert_true(x86_decode_all((const u8 *)"\x8f\xe8\x78\xc2\xec\x0e", 6, &in));
	assert_true(x86_decode_all((const u8 *)"\xcb", 1, &in));
}

static void test_kinds(void **state)
{
	struct x86_insn in;

	assert_int_equal(x86_decode((const u8 *)"\xe8\xfd\xfb\xff\xff", 5, &in), 0);
	assert_true(x86_is_call(&in) && x86_is_branch(&in) && !x86_is_jmp(&in));
	assert_int_equal(in.imm, -0x403);
	assert_int_equal(x86_decode((const u8 *)"\x0f\x88\xff\xff\xff\x7f", 6, &in), 0);
	assert_true(x86_is_jcc(&in));
	assert_int_equal(in.imm, 0x7fffffff);
	const u8 *nop5 = (const u8 *)"\x0f\x1f\x44\x00\x00";
	assert_int_equal(x86_decode(nop5, 5, &in), 0);
	assert_true(x86_is_nop5(&in, nop5));
	const u8 *other = (const u8 *)"\x0f\x1f\x44\x00\x08";
	assert_int_equal(x86_decode(other, 5, &in), 0);
	assert_false(x86_is_nop5(&in, other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths_and_effects),
		cmocka_unit_test(test_refuses_what_leaves_the_line),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
