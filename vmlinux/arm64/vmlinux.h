/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a probe on arm64 sees of the kernel: its registers; the rest is the same everywhere. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#include "../kernel.h"

/* user ABI: not relocated. struct pt_regs begins with it. */
struct user_pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
};

struct pt_regs {
	struct user_pt_regs user_regs;
};

#endif
