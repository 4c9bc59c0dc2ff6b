/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a function a probe is cheapest, and to whom the function hands its arguments on. */
#include "capture/site.h"

#include <errno.h>
#include <string.h>

#include "capture/x86.h"

#define WALK_INSNS_MAX 64	/* a wrapper has about 15 instructions before its call */

/* System V calling convention */
static const u8 arg_reg[] = { X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8 };

static size_t arg_count(enum probe_fn fn)
{
	switch (fn) {
	case PROBE_SSL_NEW:
	case PROBE_SSL_FREE:
	case PROBE_SSL_CLEAR:
	case PROBE_GNUTLS_UNCORK:
	case PROBE_GNUTLS_INIT:
	case PROBE_GNUTLS_DEINIT:
		return 1;
	case PROBE_GNUTLS_SEND:
	case PROBE_GNUTLS_SEND2:
	case PROBE_GNUTLS_RECV:
	case PROBE_SSL_READ:
	case PROBE_SSL_WRITE:
	case PROBE_SSL_PEEK:
		return 3;
	case PROBE_SSL_WRITE_EX2:
	case PROBE_SSL_WRITE_INTERNAL2:
		return 5;
	default:
		return 4;
	}
}

/* Go's own convention, and the goroutine */
static const u32 go_regs = 1u << X86_RAX | 1u << X86_RBX | 1u << X86_RCX | 1u << X86_R14;

/* Registers that hold what a probe reads. */
static u32 live_regs(enum probe_fn fn)
{
	u32 live = 1u << X86_RSP;

	switch (fn) {
	case PROBE_GO_WRITE:
	case PROBE_GO_READ:
	case PROBE_GO_CLOSE:
	case PROBE_GO_HANDSHAKE:
		return live | go_regs;
	default:
		for (size_t i = 0; i < arg_count(fn); i++)
			live |= 1u << arg_reg[i];
		return live;
	}
}

const char *site_class_name(enum site_class class)
{
	static const char *const name[] = {
		[SITE_UNKNOWN] = "unknown",
		[SITE_NOP5] = "nop5",
		[SITE_EMULATED] = "emulated",
		[SITE_STEPPED] = "stepped",
		[SITE_UNMEASURED] = "unmeasured",
	};

	return class < ARRAY_LEN(name) ? name[class] : "unknown";
}

/* --- the cheapest instruction --------------------------------------------------------------- */

int site_choose(const u8 *code, size_t n, enum probe_fn fn, struct site *ret)
{
	u32 live = live_regs(fn);

	/* int3 and what a hole in a file reads as */
	if (!n || code[0] == 0xcc || (n >= 2 && !code[0] && !code[1]))
		return -EINVAL;
	*ret = (struct site){ .delta = 0, .class = SITE_STEPPED };
	for (size_t at = 0; at < n;) {
		struct x86_insn in;

		if (x86_decode(code + at, n - at, &in))
			return 0;
		bool is_nop5 = x86_is_nop5(&in, code + at);
		if (is_nop5 || x86_is_emulated(&in)) {
			ret->delta = (u32)at;
			ret->class = is_nop5 ? SITE_NOP5 : SITE_EMULATED;
			return 0;
		}
		if (x86_is_branch(&in) || x86_writes(&in) & live)
			return 0;
		at += in.len;
	}
	return 0;
}

/* --- the function behind it ----------------------------------------------------------------- */

/* What a register holds, as far as we can say. */
enum value {
	V_UNKNOWN,
	V_ARG0,		/* the caller's arguments, untouched */
	V_ARG1,
	V_ARG2,
	V_ARG3,
	V_ARG4,
	V_NUM,		/* the int argument 2, extended */
	V_CONST,
	V_FRAME,	/* an address in our own frame */
};

struct walk {
	enum value reg[X86_REG_MAX];
	bool has_flags_of_num;		/* the last flags came from a test of argument 2 */
	bool has_frame;			/* rsp has moved: a jump away is no tail call */
};

static void walk_init(struct walk *w, enum probe_fn fn)
{
	*w = (struct walk){ 0 };
	for (size_t i = 0; i < arg_count(fn); i++)
		w->reg[arg_reg[i]] = V_ARG0 + i;
	w->reg[X86_RSP] = V_FRAME;
}

static bool is_num(enum value v)
{
	return v == V_ARG2 || v == V_NUM;
}

/* A move of 32 bits keeps an int and a constant; a pointer it would cut. */
static enum value narrowed(enum value v)
{
	return is_num(v) ? V_NUM : v == V_CONST ? V_CONST : V_UNKNOWN;
}

static enum value moved(const struct x86_insn *in, enum value v)
{
	if (in->has_66)
		return V_UNKNOWN;
	return in->rex & 8 ? v : narrowed(v);
}

/* Moves and the like: true when the instruction was understood to the last bit. */
static bool step_exactly(struct walk *w, const struct x86_insn *in)
{
	if (in->map != X86_MAP_1)
		return false;
	bool is_self = in->has_modrm && !in->is_memory && in->reg == in->rm;

	switch (in->opcode) {
	case 0x89:
		if (!in->is_memory)
			w->reg[in->rm] = moved(in, w->reg[in->reg]);
		return true;
	case 0x8b:
		w->reg[in->reg] = in->is_memory ? V_UNKNOWN : moved(in, w->reg[in->rm]);
		return true;
	case 0x63:
		w->reg[in->reg] = in->is_memory ? V_UNKNOWN : narrowed(w->reg[in->rm]);
		return true;
	case 0x8d:
		w->reg[in->reg] = !in->has_index && w->reg[in->rm] == V_FRAME ? V_FRAME : V_UNKNOWN;
		return true;
	case 0x29:
	case 0x2b:
	case 0x31:
	case 0x33:
		if (is_self && !in->has_66)
			w->reg[in->reg] = V_CONST;
		return is_self && !in->has_66;
	case 0x81:
	case 0x83:
		/* the frame moves, and stays the frame */
		return !in->is_memory && w->reg[in->rm] == V_FRAME;
	default:
		if (in->opcode >= 0xb8 && in->opcode <= 0xbf)
			w->reg[in->reg] = V_CONST;
		return in->opcode >= 0xb8 && in->opcode <= 0xbf;
	}
}

static bool leaves_flags(const struct x86_insn *in)
{
	if (in->map != X86_MAP_1)
		return false;
	switch (in->opcode) {
	case 0x63:
	case 0x88:
	case 0x89:
	case 0x8a:
	case 0x8b:
	case 0x8d:
	case 0xc6:
	case 0xc7:
		return true;
	default:
		return (in->opcode >= 0x50 && in->opcode <= 0x57) ||
		       (in->opcode >= 0xb0 && in->opcode <= 0xbf);
	}
}

static bool tests_num(const struct walk *w, const struct x86_insn *in)
{
	if (in->map != X86_MAP_1 || !in->has_modrm || in->is_memory || in->rex & 8 ||
	    in->has_66 || !is_num(w->reg[in->rm]))
		return false;
	if (in->opcode == 0x85)
		return in->reg == in->rm;
	return in->opcode == 0x83 && (in->reg & 7) == 7 && in->imm == 0;
}

static void step(struct walk *w, const struct x86_insn *in)
{
	if (tests_num(w, in))
		w->has_flags_of_num = true;
	else if (!leaves_flags(in))
		w->has_flags_of_num = false;
	u32 written = x86_writes(in);
	w->has_frame |= written >> X86_RSP & 1;
	if (step_exactly(w, in))
		return;
	for (size_t i = 0; i < X86_REG_MAX; i++) {
		if (written >> i & 1)
			w->reg[i] = i == X86_RSP ? V_FRAME : V_UNKNOWN;
	}
}

static void step_over_call(struct walk *w)
{
	static const u8 kept[] = { X86_RBX, X86_RSP, X86_RBP, 12, 13, 14, 15 };
	struct walk after = { .has_frame = w->has_frame };

	for (size_t i = 0; i < sizeof(kept); i++)
		after.reg[kept[i]] = w->reg[kept[i]];
	*w = after;
}

/*
 * 1: taken, 0: not taken, for num >= 0 compared with 0. -ENOENT: it depends on something else.
 * The sign flag is clear, and so are overflow and carry.
 */
static int branch_for_num(const struct walk *w, const struct x86_insn *in)
{
	if (!w->has_flags_of_num)
		return -ENOENT;
	switch (in->opcode & 15) {
	case 0x8:	/* js */
	case 0xc:	/* jl */
		return 0;
	case 0x9:	/* jns */
	case 0xd:	/* jge */
		return 1;
	default:
		return -ENOENT;
	}
}

static bool is_read(enum probe_fn fn)
{
	return fn == PROBE_SSL_READ || fn == PROBE_SSL_READ_EX || fn == PROBE_SSL_PEEK ||
	       fn == PROBE_SSL_PEEK_EX;
}

/* Does the callee get (ssl, buf, num, out), or (ssl, buf, num, flags, out)? */
static int match(const struct walk *w, enum probe_fn fn, struct site_callee *ret)
{
	enum value num = w->reg[X86_RDX], fourth = w->reg[X86_RCX], fifth = w->reg[X86_R8];
	bool is_int = fn == PROBE_SSL_READ || fn == PROBE_SSL_WRITE || fn == PROBE_SSL_PEEK;
	enum value out = is_int ? V_FRAME : fn == PROBE_SSL_WRITE_EX2 ? V_ARG4 : V_ARG3;
	enum value flags = fn == PROBE_SSL_WRITE_EX2 ? V_ARG3 : V_CONST;

	if (w->reg[X86_RDI] != V_ARG0 || w->reg[X86_RSI] != V_ARG1 ||
	    (is_int ? !is_num(num) : num != V_ARG2))
		return -ENOENT;
	ret->is_certain = is_int;
	if (fn != PROBE_SSL_WRITE_EX2 && fourth == out) {
		ret->fn = is_read(fn) ? PROBE_SSL_READ_INTERNAL : PROBE_SSL_WRITE_INTERNAL;
		return 0;
	}
	if (!is_read(fn) && fourth == flags && fifth == out) {
		ret->fn = PROBE_SSL_WRITE_INTERNAL2;
		return 0;
	}
	return -ENOENT;
}

int site_find_callee(const u8 *code, size_t n, enum probe_fn fn, struct site_callee *ret)
{
	struct site_callee found = { 0 };
	struct x86_insn in;
	struct walk w;
	s64 at = 0;

	walk_init(&w, fn);
	for (int i = 0; i < WALK_INSNS_MAX; i++) {
		if (at < 0 || (u64)at >= n || x86_decode(code + at, n - (size_t)at, &in))
			return -ENOENT;
		s64 next = at + in.len, to = next + in.imm;

		if (!x86_is_branch(&in)) {
			step(&w, &in);
			at = next;
		} else if (x86_is_jcc(&in)) {
			int taken = branch_for_num(&w, &in);

			if (taken < 0)
				return taken;
			at = taken ? to : next;
		} else if (x86_is_jmp(&in) && to >= 0 && (u64)to < n) {
			at = to;
		} else if ((x86_is_call(&in) || !w.has_frame) && !match(&w, fn, &found)) {
			found.delta = to;
			*ret = found;
			return 0;
		} else if (x86_is_call(&in)) {
			step_over_call(&w);
			at = next;
		} else {
			return -ENOENT;
		}
	}
	return -ENOENT;
}

int site_find_slot(const u8 *code, size_t n, s64 *ret_delta)
{
	static const u8 endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t at = n >= sizeof(endbr) && !memcmp(code, endbr, sizeof(endbr)) ? sizeof(endbr) : 0;
	s32 disp;

	if (at < n && code[at] == 0xf2)		/* bnd */
		at++;
	if (n - at < 6 || code[at] != 0xff || code[at + 1] != 0x25)
		return -ENOENT;
	memcpy(&disp, code + at + 2, sizeof(disp));
	*ret_delta = (s64)at + 6 + disp;
	return 0;
}
