/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * GnuTLS 3: which register holds what, in the three forms of attachment (openssl.bpf.c tells them).
 * Read in the sources of 3.6.16, 3.7.9 and 3.8.9.
 *
 *	record_send, send2, recv, recv_seq	(session, data, size): bytes, or an error below 0
 *	record_uncork	sends what record_send has taken before; guarded, or it would count twice
 *	init		(&session, flags): 0; deinit (session)
 *
 * A send that would block (-28) has taken its data, and says so when it is called again. Bad at: a
 * repeat with NULL for the data, recv_packet, early data.
 */
#include "common.bpf.h"

/* Where gnutls_init will put the session. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);		/* threads inside gnutls_init at one time */
	__type(key, u64);
	__type(value, u64);
} gnutls_inits SEC(".maps");

static __always_inline u8 gnutls_dir(u32 fn)
{
	return fn == PROBE_GNUTLS_RECV ? CHUNK_READ : CHUNK_WRITE;
}

/* 1: the return is wanted. */
static __always_inline int gnutls_enter(struct pt_regs *ctx, u32 cookie, u8 form)
{
	u32 fn = cookie & COOKIE_FN_MASK;
	u64 id = bpf_get_current_pid_tgid(), first = PT_REGS_PARM1(ctx);

	if (!scope_enter())
		return 0;
	if (fn == PROBE_GNUTLS_INIT) {
		bpf_map_update_elem(&gnutls_inits, &id, &first, BPF_ANY);
		return 1;
	}
	if (fn == PROBE_GNUTLS_DEINIT) {
		conn_over(first, form, STACK_GNUTLS, false);
		return 0;
	}

	struct call_args a = {
		.conn = first,
		.buf = PT_REGS_PARM2(ctx),
		.num = PT_REGS_PARM3(ctx),
		.sp = PT_REGS_SP(ctx),
		.fn = fn,
		.dir = gnutls_dir(fn),
		/* a repeat without its data: nothing to copy, and its count is of no buffer */
		.is_guard = fn == PROBE_GNUTLS_UNCORK || !PT_REGS_PARM2(ctx),
		.links = cookie & COOKIE_WIDE ? LINK_WIDE : LINK_OWN,
	};

	return call_enter(&a);
}

static __always_inline void gnutls_born(struct pt_regs *ctx, u8 form)
{
	u64 id = bpf_get_current_pid_tgid(), session = 0;
	u64 *out = bpf_map_lookup_elem(&gnutls_inits, &id);

	if (!out)
		return;
	if (!(s32)PT_REGS_RC(ctx) &&
	    !bpf_probe_read_user(&session, sizeof(session), (const void *)*out))
		conn_over(session, form, STACK_GNUTLS, true);
	bpf_map_delete_elem(&gnutls_inits, &id);
}

static __always_inline int gnutls_leave(struct pt_regs *ctx, u32 cookie, u8 form)
{
	u32 fn = cookie & COOKIE_FN_MASK;
	struct call_ret r = {
		.sp = entry_sp(ctx),
		.rc = PT_REGS_RC(ctx),
		.dir = gnutls_dir(fn),
		.form = form,
		.stack = STACK_GNUTLS,
	};

	if (fn == PROBE_GNUTLS_INIT)
		gnutls_born(ctx, form);
	else
		call_leave(&r);
	return 0;
}

SEC("?kprobe")
int gnutls_session(struct pt_regs *ctx)
{
	u32 cookie = bpf_get_attach_cookie(ctx);

	if (bpf_get_func_ip(ctx) == PT_REGS_IP(ctx))
		return gnutls_enter(ctx, cookie, FORM_SESSION) ? 0 : 1;
	return gnutls_leave(ctx, cookie, FORM_SESSION);
}

SEC("?kprobe")
int gnutls_multi_enter(struct pt_regs *ctx)
{
	gnutls_enter(ctx, bpf_get_attach_cookie(ctx), FORM_MULTI);
	return 0;
}

SEC("?kprobe")
int gnutls_multi_leave(struct pt_regs *ctx)
{
	return gnutls_leave(ctx, bpf_get_attach_cookie(ctx), FORM_MULTI);
}

#define PERF_ENTER(name, fn)                                                                       \
	SEC("?kprobe")                                                                             \
	int gnutls_perf_##name(struct pt_regs *ctx)                                                \
	{                                                                                          \
		gnutls_enter(ctx, fn, FORM_PERF);                                                  \
		return 0;                                                                          \
	}

#define PERF_LEAVE(name, fn)                                                                       \
	SEC("?kprobe")                                                                             \
	int gnutls_perf_leave_##name(struct pt_regs *ctx)                                          \
	{                                                                                          \
		return gnutls_leave(ctx, fn, FORM_PERF);                                           \
	}

PERF_ENTER(send, PROBE_GNUTLS_SEND)
PERF_ENTER(send2, PROBE_GNUTLS_SEND2)
PERF_ENTER(recv, PROBE_GNUTLS_RECV)
PERF_ENTER(uncork, PROBE_GNUTLS_UNCORK)
PERF_ENTER(init, PROBE_GNUTLS_INIT)
PERF_ENTER(deinit, PROBE_GNUTLS_DEINIT)

/* The remembered call knows its function; a return needs only its direction. */
PERF_LEAVE(write, PROBE_GNUTLS_SEND)
PERF_LEAVE(read, PROBE_GNUTLS_RECV)
PERF_LEAVE(init, PROBE_GNUTLS_INIT)
