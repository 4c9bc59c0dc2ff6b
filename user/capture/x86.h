/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lengths and effects of the x86-64 instructions that prologues are made of.
 *
 * Knows the one-byte opcodes, 0f, 0f 38 and 0f 3a; refuses VEX, EVEX, far transfers, string and
 * system instructions instead of guessing, except where only the length is asked for. Effects err
 * to one side only: a register that may be written is said to be written.
 */
#ifndef TOLLTAP_CAPTURE_X86_H
#define TOLLTAP_CAPTURE_X86_H

#include "base/types.h"

enum x86_reg {
	X86_RAX = 0,
	X86_RCX = 1,
	X86_RDX = 2,
	X86_RBX = 3,
	X86_RSP = 4,
	X86_RBP = 5,
	X86_RSI = 6,
	X86_RDI = 7,
	X86_R8 = 8,
	X86_R14 = 14,
	X86_REG_MAX = 16,
};

enum x86_map {
	X86_MAP_1,	/* one byte */
	X86_MAP_0F,
	X86_MAP_0F38,
	X86_MAP_0F3A,
	X86_MAP_VEX,		/* three maps; the opcode alone does not tell which */
};

struct x86_insn {
	u8 len;
	u8 map;			/* enum x86_map */
	u8 opcode;
	u8 rex;			/* 0: none */
	bool has_66;
	bool has_rep;		/* f2 or f3 */
	bool has_bad_prefix;	/* lock or a segment: the kernel refuses most of these */
	bool has_modrm;
	bool is_memory;		/* modrm names memory, not a register */
	u8 reg;			/* of modrm, or of the opcode; REX included */
	u8 rm;			/* register; for memory: the base */
	bool has_index;		/* memory with an index, or relative to the instruction */
	s32 disp;		/* of memory */
	s64 imm;		/* immediate or relative target */
};

/* 0, or -EINVAL: cut off, or not known. */
int x86_decode(const u8 *p, size_t n, struct x86_insn *ret);

/* Indirect and far transfers as well. */
int x86_decode_any(const u8 *p, size_t n, struct x86_insn *ret);

/*
 * Every instruction whose length is known: returns, traps, strings, VEX, x87 as well. Not for
 * x86_writes.
 */
int x86_decode_all(const u8 *p, size_t n, struct x86_insn *ret);

/* Bit per enum x86_reg that may be written. Branches count as writing nothing. */
u32 x86_writes(const struct x86_insn *in);

bool x86_is_nop5(const struct x86_insn *in, const u8 *p);	/* 0f 1f 44 00 00 */
bool x86_is_branch(const struct x86_insn *in);		/* jmp, jcc, call: all relative */
bool x86_is_indirect(const struct x86_insn *in);		/* call, jmp through a pointer */
bool x86_is_jcc(const struct x86_insn *in);
bool x86_is_jmp(const struct x86_insn *in);
bool x86_is_call(const struct x86_insn *in);
bool x86_is_ret(const struct x86_insn *in);
bool x86_is_push(const struct x86_insn *in);		/* of a register */

/* The kernel runs it without a single step, and always has since 5.0. */
bool x86_is_emulated(const struct x86_insn *in);

#endif
