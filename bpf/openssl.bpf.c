/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * OpenSSL 1.1.1 and 3.x, and BoringSSL, whose forms are OpenSSL's: which register holds what at
 * the functions that user space found, and one set of programs per form of attachment. All are off
 * by default; user space switches on one set.
 *
 *	session   one program, both legs; the entry's 1 skips the return leg
 *	multi     an entry and a return program; the cookie says which function of whom
 *	perf      a program per function, because 5.10 has no cookies; the library stays unknown
 *
 * Signatures checked against openssl/ssl.h and ssl/ssl_lib.c of 1.1.1w, 3.0.22, 3.3.0: the internal
 * write function got a flags argument before its out pointer in 3.3.
 */
#include "common.bpf.h"

static __always_inline u8 fn_dir(u32 fn)
{
	return fn == PROBE_SSL_WRITE || fn == PROBE_SSL_WRITE_EX || fn == PROBE_SSL_WRITE_EX2 ||
	       fn == PROBE_SSL_WRITE_INTERNAL || fn == PROBE_SSL_WRITE_INTERNAL2;
}

/* 1: the return is wanted. */
static __always_inline int ssl_enter(struct pt_regs *ctx, u32 cookie, u8 form)
{
	u32 fn = cookie & COOKIE_FN_MASK;

	if (!scope_enter())
		return 0;

	struct call_args a = {
		.conn = PT_REGS_PARM1(ctx),
		.buf = PT_REGS_PARM2(ctx),
		.num = PT_REGS_PARM3(ctx),
		.sp = PT_REGS_SP(ctx),
		.fn = fn,
		.dir = fn_dir(fn),
		.links = cookie & COOKIE_WIDE ? LINK_WIDE : LINK_OWN,
	};

	switch (fn) {
	case PROBE_SSL_NEW:
		return 1;
	case PROBE_SSL_FREE:
		conn_over(a.conn, form, COOKIE_STACK(cookie), false);
		return 0;
	case PROBE_SSL_CLEAR:
		conn_over(a.conn, form, COOKIE_STACK(cookie), true);
		return 0;
	case PROBE_SSL_READ:
	case PROBE_SSL_WRITE:
		a.num = (u32)a.num;
		break;
	case PROBE_SSL_READ_EX:
	case PROBE_SSL_WRITE_EX:
	case PROBE_SSL_READ_INTERNAL:
	case PROBE_SSL_WRITE_INTERNAL:
		a.out = PT_REGS_PARM4(ctx);
		break;
	case PROBE_SSL_WRITE_EX2:
	case PROBE_SSL_WRITE_INTERNAL2:
		a.out = PT_REGS_PARM5(ctx);
		break;
	case PROBE_SSL_PEEK:
	case PROBE_SSL_PEEK_EX:
		a.is_guard = 1;
		break;
	default:
		return 0;
	}
	return call_enter(&a);
}

static __always_inline int ssl_leave(struct pt_regs *ctx, u32 cookie, u8 form)
{
	u32 fn = cookie & COOKIE_FN_MASK;
	struct call_ret r = {
		.sp = entry_sp(ctx),
		.rc = PT_REGS_RC(ctx),
		.dir = fn_dir(fn),
		.form = form,
		.stack = COOKIE_STACK(cookie),
	};

	if (fn != PROBE_SSL_NEW)
		call_leave(&r);
	else if (r.rc)
		/* where nothing tells of the end, the next birth at the address does */
		conn_over(r.rc, form, r.stack, true);
	return 0;
}

/*
 * Both legs come here. bpf_get_func_ip gives the probed address on both, the registers' ip only at
 * the entry; the kfunc made for this changed its signature since it appeared in 6.13.
 */
SEC("?kprobe")
int ssl_session(struct pt_regs *ctx)
{
	u32 cookie = bpf_get_attach_cookie(ctx);

	if (bpf_get_func_ip(ctx) == PT_REGS_IP(ctx))
		return ssl_enter(ctx, cookie, FORM_SESSION) ? 0 : 1;
	ssl_leave(ctx, cookie, FORM_SESSION);
	return 0;
}

SEC("?kprobe")
int ssl_multi_enter(struct pt_regs *ctx)
{
	ssl_enter(ctx, bpf_get_attach_cookie(ctx), FORM_MULTI);
	return 0;
}

SEC("?kprobe")
int ssl_multi_leave(struct pt_regs *ctx)
{
	return ssl_leave(ctx, bpf_get_attach_cookie(ctx), FORM_MULTI);
}

#define PERF_ENTER(name, fn)                                                                       \
	SEC("?kprobe")                                                                              \
	int ssl_perf_##name(struct pt_regs *ctx)                                                   \
	{                                                                                          \
		ssl_enter(ctx, PROBE_COOKIE(fn, STACK_OPENSSL), FORM_PERF);                        \
		return 0;                                                                          \
	}

PERF_ENTER(read, PROBE_SSL_READ)
PERF_ENTER(write, PROBE_SSL_WRITE)
PERF_ENTER(read_ex, PROBE_SSL_READ_EX)
PERF_ENTER(write_ex, PROBE_SSL_WRITE_EX)
PERF_ENTER(write_ex2, PROBE_SSL_WRITE_EX2)
PERF_ENTER(read_internal, PROBE_SSL_READ_INTERNAL)
PERF_ENTER(write_internal, PROBE_SSL_WRITE_INTERNAL)
PERF_ENTER(write_internal2, PROBE_SSL_WRITE_INTERNAL2)
PERF_ENTER(peek, PROBE_SSL_PEEK)
PERF_ENTER(free, PROBE_SSL_FREE)
PERF_ENTER(clear, PROBE_SSL_CLEAR)

/* The remembered call knows its function; a return needs only its direction. */
SEC("?kprobe")
int ssl_perf_leave_read(struct pt_regs *ctx)
{
	return ssl_leave(ctx, PROBE_COOKIE(PROBE_SSL_READ, STACK_OPENSSL), FORM_PERF);
}

SEC("?kprobe")
int ssl_perf_leave_write(struct pt_regs *ctx)
{
	return ssl_leave(ctx, PROBE_COOKIE(PROBE_SSL_WRITE, STACK_OPENSSL), FORM_PERF);
}

SEC("?kprobe")
int ssl_perf_leave_new(struct pt_regs *ctx)
{
	return ssl_leave(ctx, PROBE_COOKIE(PROBE_SSL_NEW, STACK_OPENSSL), FORM_PERF);
}
