/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Picks the instruction of a function that is cheapest to probe (x86-64).
 *
 * The kernel emulates push, nop and relative branches at a breakpoint; everything else runs out of
 * line with a debug exception, which costs ~35 times as much in a virtual machine
 * (docs/performance.md). A small decoder walks the straight-line prologue while the stack pointer
 * and the arguments are as the caller left them, so that a return probe at the site is correct. It
 * stops at the first instruction it does not know: it never guesses a length. Pure functions of
 * bytes.
 */
#ifndef TOLLTAP_CAPTURE_SITE_H
#define TOLLTAP_CAPTURE_SITE_H

#include "base/types.h"
#include "bpf/event.h"

enum site_class {
	SITE_UNKNOWN = 0,
	SITE_NOP5 = 1,		/* a 5-byte nop: newer kernels put a call there, no trap at all */
	SITE_EMULATED = 2,	/* a trap, then emulated */
	SITE_STEPPED = 3,	/* a trap, then single-stepped: dear */
	SITE_UNMEASURED = 4,	/* another architecture: the function's entry */
};

#define SITE_BYTES_MAX 256	/* of a function that are looked at */

struct site {
	u32 delta;		/* from the function's first byte */
	enum site_class class;
};

/*
 * Code of the function `fn` from its first byte on. 0, or -EINVAL: this is no function's start
 * (breakpoint, data); nothing may be put there.
 */
int site_choose(const u8 *code, size_t n, enum probe_fn fn, struct site *ret);

struct site_callee {
	s64 delta;		/* of the callee's first byte from the caller's */
	enum probe_fn fn;	/* one of the INTERNAL forms: where the out pointer stands */
	/* the out pointer is a local of the caller: only a function that fills it is called so */
	bool is_certain;
};

/*
 * The function to which SSL_read, SSL_write, SSL_peek and their forms hand all arguments on, on
 * the straight way for num >= 0. Nothing but a test of num may stand before the call. -ENOENT.
 */
int site_find_callee(const u8 *code, size_t n, enum probe_fn fn, struct site_callee *ret);

/* Code is a PLT stub, jmp *slot(%rip): distance of the slot from the code. -ENOENT. */
int site_find_slot(const u8 *code, size_t n, s64 *ret_delta);

const char *site_class_name(enum site_class class);

#endif
