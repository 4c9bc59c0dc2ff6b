/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction lengths from two attribute functions; effects from the opcode's shape. */
#include "capture/x86.h"

#include <errno.h>
#include <string.h>

/* What follows an opcode. */
enum {
	A_NONE = 0,
	A_M = 1 << 0,		/* modrm */
	A_B = 1 << 1,		/* 8-bit immediate */
	A_Z = 1 << 2,		/* 16- or 32-bit immediate */
	A_W = 1 << 3,		/* 16-bit immediate */
	A_X = 1 << 4,		/* not known */
	A_L = 1 << 5,		/* of known length, but it leaves the line or has odd effects */
};

/* 60 .. ff in rows of 16; below: eight groups of alu operations, then REX, push and pop */
static const u8 map_1[] = {
	/* 60 */ A_X, A_X, A_X, A_M, A_X, A_X, A_X, A_X,
	/* 68 */ A_Z, A_M | A_Z, A_B, A_M | A_B, A_X, A_X, A_X, A_X,
	/* 70 */ A_B, A_B, A_B, A_B, A_B, A_B, A_B, A_B,
	/* 78 */ A_B, A_B, A_B, A_B, A_B, A_B, A_B, A_B,
	/* 80 */ A_M | A_B, A_M | A_Z, A_X, A_M | A_B, A_M, A_M, A_M, A_M,
	/* 88 */ A_M, A_M, A_M, A_M, A_X, A_M, A_X, A_M | A_L,
	/* 90 */ 0, 0, 0, 0, 0, 0, 0, 0,
	/* 98 */ 0, 0, A_X, A_L, A_L, A_L, A_L, A_L,
	/* a0 */ A_X, A_X, A_X, A_X, A_L, A_L, A_L, A_L,
	/* a8 */ A_B, A_Z, A_L, A_L, A_L, A_L, A_L, A_L,
	/* b0 */ A_B, A_B, A_B, A_B, A_B, A_B, A_B, A_B,
	/* b8 */ A_Z, A_Z, A_Z, A_Z, A_Z, A_Z, A_Z, A_Z,
	/* c0 */ A_M | A_B, A_M | A_B, A_W | A_L, A_L, A_X, A_X, A_M | A_B, A_M | A_Z,
	/* c8 */ A_X, A_L, A_X, A_X, A_L, A_B | A_L, A_X, A_X,
	/* d0 */ A_M, A_M, A_M, A_M, A_X, A_X, A_X, A_X,
	/* d8 */ A_M | A_L, A_M | A_L, A_M | A_L, A_M | A_L,
	A_M | A_L, A_M | A_L, A_M | A_L, A_M | A_L,
	/* e0 */ A_B | A_L, A_B | A_L, A_B | A_L, A_B | A_L, A_X, A_X, A_X, A_X,
	/* e8 */ A_Z, A_Z, A_X, A_B, A_X, A_X, A_X, A_X,
	/* f0 */ A_X, A_X, A_X, A_X, A_L, A_L, A_M, A_M,
	/* f8 */ A_L, A_L, A_X, A_X, A_L, A_L, A_M, A_M,
};

_Static_assert(sizeof(map_1) == 0x100 - 0x60, "all opcodes");

static u8 attr_1(u8 op)
{
	if (op >= 0x60)
		return map_1[op - 0x60];
	if (op >= 0x50)
		return A_NONE;
	if (op >= 0x40)
		return A_X;
	switch (op & 7) {
	case 4:
		return A_B;
	case 5:
		return A_Z;
	case 6:
	case 7:
		return A_X;
	default:
		return A_M;
	}
}

static u8 attr_0f(u8 op)
{
	if (op >= 0x80 && op <= 0x8f)
		return A_Z;
	if (op >= 0xc8 && op <= 0xcf)
		return A_NONE;
	if ((op >= 0x70 && op <= 0x73) || op == 0xa4 || op == 0xac || op == 0xba || op == 0xc2 ||
	    (op >= 0xc4 && op <= 0xc6))
		return A_M | A_B;
	/* syscall, ud2, rdtsc, rdpmc, emms, cpuid */
	if (op == 0x05 || op == 0x0b || op == 0x31 || op == 0x33 || op == 0x77 || op == 0xa2)
		return A_L;
	if (op == 0x01)						/* xgetbv and its like */
		return A_M | A_L;
	if (op < 0x0d || op == 0x0e || op == 0x0f || (op >= 0x20 && op <= 0x27) ||
	    (op >= 0x30 && op <= 0x3f) || (op >= 0x77 && op <= 0x7b) ||
	    (op >= 0xa0 && op <= 0xa2) || (op >= 0xa6 && op <= 0xaa) || op == 0xb9 || op == 0xff)
		return A_X;
	return A_M;
}

struct cursor {
	const u8 *p;
	size_t n;
	size_t at;
};

static int next_byte(struct cursor *c)
{
	return c->at < c->n && c->at < 15 ? c->p[c->at++] : -1;
}

static int read_signed(struct cursor *c, size_t size, s64 *ret)
{
	u64 v = 0;

	for (size_t i = 0; i < size; i++) {
		int b = next_byte(c);

		if (b < 0)
			return -EINVAL;
		v |= (u64)b << (8 * i);
	}
	unsigned int unused = 64 - 8 * (unsigned int)size;
	*ret = size ? (s64)(v << unused) >> unused : 0;
	return 0;
}

static int read_prefixes(struct cursor *c, struct x86_insn *in)
{
	for (;;) {
		int b = next_byte(c);

		switch (b) {
		case 0x66:
			in->has_66 = true;
			continue;
		case 0xf2:
		case 0xf3:
			in->has_rep = true;
			continue;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65:
		case 0xf0:
			in->has_bad_prefix = true;
			continue;
		}
		if (b < 0x40 || b > 0x4f)
			return b;
		/* REX stands right before the opcode */
		in->rex = (u8)b;
		return next_byte(c);
	}
}

/* c5: the second byte holds all; c4: two bytes, of which the first names the map. */
static int read_vex(struct cursor *c, struct x86_insn *in, u8 first, u8 *ret_attr)
{
	int p1 = next_byte(c), p2 = first == 0xc4 ? next_byte(c) : 0, op = next_byte(c);
	u8 map = first == 0xc4 ? p1 & 0x1f : 1;

	if (p1 < 0 || p2 < 0 || op < 0 || in->rex || in->has_66 || in->has_rep || !map || map > 3)
		return -EINVAL;
	/* R, X and B stand inverted */
	in->rex = (u8)(~p1 >> 5 & (first == 0xc4 ? 7 : 4));
	in->map = X86_MAP_VEX;
	in->opcode = (u8)op;
	if (map == 1 && op == 0x77)				/* vzeroupper */
		*ret_attr = A_L;
	else if (map == 3 || (map == 1 && attr_0f(in->opcode) & A_B))
		*ret_attr = A_M | A_B | A_L;
	else
		*ret_attr = A_M | A_L;
	return 0;
}

static int read_opcode(struct cursor *c, struct x86_insn *in, u8 *ret_attr)
{
	int b = read_prefixes(c, in);

	if (b == 0xc4 || b == 0xc5)
		return read_vex(c, in, (u8)b, ret_attr);
	in->map = X86_MAP_1;
	if (b == 0x0f) {
		b = next_byte(c);
		in->map = X86_MAP_0F;
		if (b == 0x38 || b == 0x3a) {
			in->map = b == 0x38 ? X86_MAP_0F38 : X86_MAP_0F3A;
			b = next_byte(c);
		}
	}
	if (b < 0)
		return -EINVAL;
	in->opcode = (u8)b;
	switch (in->map) {
	case X86_MAP_1:
		*ret_attr = attr_1(in->opcode);
		break;
	case X86_MAP_0F:
		*ret_attr = attr_0f(in->opcode);
		break;
	default:
		*ret_attr = in->map == X86_MAP_0F3A ? A_M | A_B : A_M;
	}
	return 0;
}

static int read_modrm(struct cursor *c, struct x86_insn *in)
{
	int b = next_byte(c);
	s64 disp = 0;

	if (b < 0)
		return -EINVAL;
	u8 mod = (u8)b >> 6, rm = b & 7;

	in->has_modrm = true;
	in->reg = (u8)((b >> 3 & 7) | (in->rex & 4) << 1);
	in->rm = (u8)(rm | (in->rex & 1) << 3);
	in->is_memory = mod != 3;
	if (!in->is_memory)
		return 0;
	if (rm == 4) {
		int sib = next_byte(c);

		if (sib < 0)
			return -EINVAL;
		/* index 4 means none, unless REX makes it r12 */
		in->has_index = (sib >> 3 & 7) != 4 || in->rex & 2;
		in->rm = (u8)((sib & 7) | (in->rex & 1) << 3);
		rm = sib & 7;
	}
	if (mod == 0 && rm == 5) {
		in->has_index = true;	/* rip-relative, or no base at all */
		mod = 2;
	}
	int err = read_signed(c, mod == 1 ? 1 : mod == 2 ? 4 : 0, &disp);

	in->disp = (s32)disp;
	return err;
}

static size_t immediate_size(const struct x86_insn *in, u8 attr)
{
	bool is_wide = in->rex & 8;

	if (in->map == X86_MAP_1) {
		if (in->opcode >= 0xb8 && in->opcode <= 0xbf && is_wide)
			return 8;
		/* test, alone in its group, has an immediate */
		if (in->opcode == 0xf6 && (in->reg & 7) < 2)
			return 1;
		if (in->opcode == 0xf7 && (in->reg & 7) < 2)
			attr |= A_Z;
	}
	if (attr & A_B)
		return 1;
	if (attr & A_W)
		return 2;
	if (attr & A_Z)
		return in->has_66 && !is_wide ? 2 : 4;
	return 0;
}

static int decode(const u8 *p, size_t n, u8 refused, struct x86_insn *ret)
{
	struct cursor c = { p, n, 0 };
	struct x86_insn in = { 0 };
	u8 attr;

	int err = read_opcode(&c, &in, &attr);

	if (!err && attr & refused)
		err = -EINVAL;
	if (!err && attr & A_M)
		err = read_modrm(&c, &in);
	else if (!err)
		in.reg = (u8)((in.opcode & 7) | (in.rex & 1) << 3);
	if (!err)
		err = read_signed(&c, immediate_size(&in, attr), &in.imm);
	if (err)
		return err;
	/* pop; with another number there begins AMD's XOP */
	if (in.map == X86_MAP_1 && in.opcode == 0x8f && in.reg & 7)
		return -EINVAL;
	/* a shortened relative transfer truncates its target */
	if (x86_is_branch(&in) && in.has_66)
		return -EINVAL;
	in.len = (u8)c.at;
	*ret = in;
	return 0;
}

int x86_decode_any(const u8 *p, size_t n, struct x86_insn *ret)
{
	return decode(p, n, A_X | A_L, ret);
}

int x86_decode_all(const u8 *p, size_t n, struct x86_insn *ret)
{
	return decode(p, n, A_X, ret);
}

int x86_decode(const u8 *p, size_t n, struct x86_insn *ret)
{
	struct x86_insn in;
	int err = x86_decode_any(p, n, &in);

	if (!err && x86_is_indirect(&in))
		return -EINVAL;
	if (!err)
		*ret = in;
	return err;
}

/* --- effects -------------------------------------------------------------------------------- */

static u32 bit(u8 reg)
{
	return 1u << reg;
}

static u32 written_rm(const struct x86_insn *in)
{
	return in->is_memory ? 0 : bit(in->rm);
}

static u32 writes_group(const struct x86_insn *in)
{
	u8 which = in->reg & 7;

	switch (in->opcode) {
	case 0x80:
	case 0x81:
	case 0x83:
		return which == 7 ? 0 : written_rm(in);		/* 7: cmp */
	case 0xf6:
	case 0xf7:
		if (which < 2)					/* test */
			return 0;
		return which < 4 ? written_rm(in) : bit(X86_RAX) | bit(X86_RDX);
	default:						/* ff */
		return which == 6 ? bit(X86_RSP) : written_rm(in);
	}
}

static u32 writes_1(const struct x86_insn *in)
{
	u8 op = in->opcode;

	if (op < 0x40) {
		if (op >= 0x38)					/* cmp */
			return 0;
		return (op & 7) < 2 ? written_rm(in) : (op & 7) < 4 ? bit(in->reg) : bit(X86_RAX);
	}
	if (op >= 0x50 && op <= 0x5f)
		return bit(X86_RSP) | (op >= 0x58 ? bit(in->reg) : 0);
	if (op >= 0x90 && op <= 0x97)				/* xchg; 90 is nop */
		return op == 0x90 && !(in->rex & 1) ? 0 : bit(X86_RAX) | bit(in->reg);
	if (op >= 0xb0 && op <= 0xbf)
		return bit(in->reg);
	switch (op) {
	case 0x68:
	case 0x6a:
		return bit(X86_RSP);
	case 0x63:
	case 0x69:
	case 0x6b:
	case 0x8a:
	case 0x8b:
	case 0x8d:
		return bit(in->reg);
	case 0x80:
	case 0x81:
	case 0x83:
	case 0xf6:
	case 0xf7:
	case 0xff:
		return writes_group(in);
	case 0x84:
	case 0x85:
	case 0xa8:
	case 0xa9:
		return 0;					/* test */
	case 0x86:
	case 0x87:
		return bit(in->reg) | written_rm(in);
	case 0x98:
		return bit(X86_RAX);
	case 0x99:
		return bit(X86_RDX);
	default:						/* 88 89 c0 c1 c6 c7 d0-d3 fe */
		return x86_is_branch(in) ? 0 : written_rm(in);
	}
}

static u32 writes_0f(const struct x86_insn *in)
{
	u8 op = in->opcode;

	if ((op >= 0x80 && op <= 0x8f) || op == 0xa3)		/* jcc, bt */
		return 0;
	if (op >= 0x18 && op <= 0x1f)				/* nop, endbr; rdssp writes */
		return in->is_memory || (in->reg == 7 && (in->rm == 2 || in->rm == 3))
		       ? 0 : written_rm(in);
	if ((op >= 0x40 && op <= 0x4f) || op == 0xaf || (op & 0xf6) == 0xb6)
		return bit(in->reg);				/* cmov, imul, movzx, movsx */
	if (op == 0xb0 || op == 0xb1)
		return bit(X86_RAX) | written_rm(in);
	if (op == 0xc7)						/* cmpxchg16b, rdrand */
		return bit(X86_RAX) | bit(X86_RDX) | written_rm(in);
	return bit(in->reg) | (in->has_modrm ? written_rm(in) : 0);
}

static bool is_byte_op(const struct x86_insn *in)
{
	u8 op = in->opcode;

	if (in->map == X86_MAP_0F)
		return (op >= 0x90 && op <= 0x9f) || op == 0xb0 || op == 0xc0;
	if (in->map != X86_MAP_1)
		return false;
	if (op < 0x40 || (op >= 0x80 && op <= 0x8a) || op >= 0xc0)
		return !(op & 1);
	return op >= 0xb0 && op <= 0xb7;
}

u32 x86_writes(const struct x86_insn *in)
{
	u32 mask = in->map == X86_MAP_1 ? writes_1(in)
		 : in->map == X86_MAP_0F ? writes_0f(in)
		 : bit(in->reg) | written_rm(in);

	/* ah, ch, dh, bh are named 4 to 7 where there is no REX */
	if (!in->rex && is_byte_op(in))
		mask |= mask >> 4 & 15;
	return mask;
}

bool x86_is_nop5(const struct x86_insn *in, const u8 *p)
{
	return in->len == 5 && !memcmp(p, "\x0f\x1f\x44\x00\x00", 5);
}

bool x86_is_jcc(const struct x86_insn *in)
{
	return (in->map == X86_MAP_1 && in->opcode >= 0x70 && in->opcode <= 0x7f) ||
	       (in->map == X86_MAP_0F && in->opcode >= 0x80 && in->opcode <= 0x8f);
}

bool x86_is_jmp(const struct x86_insn *in)
{
	return in->map == X86_MAP_1 && (in->opcode == 0xe9 || in->opcode == 0xeb);
}

bool x86_is_call(const struct x86_insn *in)
{
	return in->map == X86_MAP_1 && in->opcode == 0xe8;
}

bool x86_is_ret(const struct x86_insn *in)
{
	return in->map == X86_MAP_1 && (in->opcode == 0xc2 || in->opcode == 0xc3);
}

bool x86_is_indirect(const struct x86_insn *in)
{
	return in->map == X86_MAP_1 && in->opcode == 0xff && (in->reg & 7) >= 2 &&
	       (in->reg & 7) != 6;
}

bool x86_is_branch(const struct x86_insn *in)
{
	return x86_is_jcc(in) || x86_is_jmp(in) || x86_is_call(in);
}

bool x86_is_push(const struct x86_insn *in)
{
	return in->map == X86_MAP_1 && in->opcode >= 0x50 && in->opcode <= 0x57;
}

bool x86_is_emulated(const struct x86_insn *in)
{
	if (in->has_rep || in->has_bad_prefix)
		return false;
	/* the kernel knows 50-57 and 41 50-57 only; the old stack pointer is not worth a thought */
	if (x86_is_push(in))
		return !in->has_66 && (!in->rex || in->rex == 0x41) && in->reg != X86_RSP;
	if (x86_is_branch(in))
		return !in->rex;
	return in->map == X86_MAP_1 && in->opcode == 0x90 && !in->rex;
}
