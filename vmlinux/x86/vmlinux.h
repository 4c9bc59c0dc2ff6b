/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a probe on x86-64 sees of the kernel: its registers; the rest is the same everywhere. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#include "../kernel.h"

/* the layout of entry code, fixed since 2.6: not relocated */
struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long cs;
	unsigned long flags;
	unsigned long sp;
	unsigned long ss;
};

#endif
