/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sends and reads of TCP sockets: HTTP without TLS (local models, gateways, sidecars), and what a
 * TLS connection's first bytes say about it.
 *
 *	fentry, fexit	cheapest; x86-64 since 5.5
 *	kprobe		where the kernel has no trampolines; kretprobe for the return
 *	tracepoint	tcp_sendmsg_locked, 6.16: sends only, so TLS is named but nothing followed
 *
 * A process out of scope costs one look-up, a socket that is neither TLS nor HTTP two. Plaintext is
 * copied at the return, from the scatter list as it was at the entry. Bad at: splice and sendfile
 * (their bytes are not user memory), MPTCP, Unix sockets. Looked up in the sources of 5.10, 6.1,
 * 6.12, 6.18.
 */
#include "common.bpf.h"

#include <bpf/bpf_core_read.h>

#define MSG_PEEK 2

/*
 * How many arguments tcp_recvmsg has: (sk, msg, len, nonblock, flags, addr_len) up to 5.18, then
 * without nonblock; addr_len went later.
 */
const volatile u32 cfg_recv_args = 5;

/* up to 5.13: type has the direction in its lowest bit */
struct iov_iter___old {
	unsigned int type;
} __attribute__((preserve_access_index));

/* up to 6.3 */
struct iov_iter___mid {
	const struct iovec *iov;
} __attribute__((preserve_access_index));

/* --- scatter lists -------------------------------------------------------------------------- */

static __always_inline u64 iter_kind(const struct iov_iter *iter)
{
	const struct iov_iter___old *old = (const void *)iter;

	if (bpf_core_field_exists(old->type))
		return BPF_CORE_READ(old, type) & ~1u;
	return BPF_CORE_READ(iter, iter_type);
}

static __always_inline u64 iter_list(const struct iov_iter *iter)
{
	const struct iov_iter___mid *mid = (const void *)iter;

	if (bpf_core_field_exists(mid->iov))
		return (u64)BPF_CORE_READ(mid, iov);
	return (u64)BPF_CORE_READ(iter, __iov);
}

/* Where the first bytes are, and the list when there are more parts. -1: not user memory. */
static __noinline int read_iter(const struct msghdr *msg, struct call_args *a)
{
	const struct iov_iter *iter = __builtin_preserve_access_index(&msg->msg_iter);
	u64 kind = iter_kind(iter), offset = BPF_CORE_READ(iter, iov_offset);
	struct iovec first = {};

	a->num = BPF_CORE_READ(iter, count);
	if (bpf_core_enum_value_exists(enum iter_type, ITER_UBUF) &&
	    kind == bpf_core_enum_value(enum iter_type, ITER_UBUF)) {
		a->buf = (u64)BPF_CORE_READ(iter, ubuf) + offset;
		a->iov = 0;
		return 0;
	}
	if (kind != bpf_core_enum_value(enum iter_type, ITER_IOVEC))
		return -1;
	a->iov = iter_list(iter);
	a->iov_cnt = BPF_CORE_READ(iter, nr_segs);
	a->iov_offset = offset;
	if (bpf_probe_read_kernel(&first, sizeof(first), (const void *)a->iov))
		return -1;
	a->buf = (u64)first.iov_base + offset;
	if (a->iov_cnt == 1)
		a->iov = 0;
	return 0;
}

/* How much of the first bytes stands in one place. */
static __always_inline u64 first_len(const struct call_args *a, u64 len)
{
	struct iovec first = {};

	if (!a->iov)
		return len;
	bpf_probe_read_kernel(&first, sizeof(first), (const void *)a->iov);
	first.iov_len -= a->iov_offset;
	return first.iov_len < len ? first.iov_len : len;
}

/* --- operations ----------------------------------------------------------------------------- */

static __always_inline int socket_enter(const struct sock *sk, const struct msghdr *msg, u32 fn)
{
	struct call_args *a;
	struct known_socket *s;

	if (!scope_find(current_tgid()))
		return 0;
	s = socket_get(sk);
	if (!s || s->kind == SOCKET_IGNORED || (s->kind == SOCKET_TLS && fn == PROBE_SOCKET_READ))
		return 0;
	a = socket_call(true);
	if (!a) {
		count(KC_INFLIGHT_FULL, 1);
		return 0;
	}
	if (a->fn)
		count(KC_STALE, 1);
	*a = (struct call_args){
		.conn = (u64)sk,
		.fn = fn,
		.dir = fn == PROBE_SOCKET_SEND ? CHUNK_WRITE : CHUNK_READ,
	};
	if (read_iter(msg, a))
		a->buf = 0;
	return 0;
}

/* The first bytes have told that it is HTTP: its connection begins here, or was joined late. */
static __always_inline void socket_begin(struct known_socket *s, u64 sk, u8 form)
{
	if (s->is_fresh)
		conn_over(sk, form, STACK_SOCKET, true);
	s->is_open = 1;
}

static __noinline int socket_leave(s64 rc, u32 form)
{
	struct call_args *a = socket_call(false);
	u64 len = rc > 0 ? rc : 0;
	struct known_socket *s;

	if (!a || !a->fn)
		return 0;
	/* a reset may have closed it while it sent: then it is not to be taken for a new one */
	s = socket_find(a->conn);
	if (!s || len > a->num)
		len = 0;
	if (len && s) {
		if (s->kind == SOCKET_UNKNOWN && a->buf) {
			socket_look((const struct sock *)a->conn, s, a->buf, first_len(a, len),
				    a->dir);
			if (s->kind == SOCKET_HTTP)
				socket_begin(s, a->conn, form);
		}
		if (s->kind == SOCKET_TLS && a->dir == CHUNK_WRITE)
			socket_note_send((const struct sock *)a->conn, s, a->buf);
		if (s->kind != SOCKET_HTTP)
			len = 0;
	}
	socket_call_over(len, form);
	return 0;
}

/*
 * An argument of the probed function whose number depends on the kernel. Through a helper: of a
 * choice the compiler makes one load at a variable offset, which the verifier does not take.
 */
static __always_inline u64 arg(const u64 *ctx, u32 i)
{
	u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), ctx + i);
	return value;
}

static __always_inline int read_flags(const u64 *ctx)
{
	return cfg_recv_args == 6 ? arg(ctx, 4) : arg(ctx, 3);
}

/* The result stands behind the last argument. */
static __always_inline int read_result(const u64 *ctx)
{
	if (cfg_recv_args == 6)
		return arg(ctx, 6);
	return cfg_recv_args == 5 ? arg(ctx, 5) : arg(ctx, 4);
}

/* --- fentry --------------------------------------------------------------------------------- */

SEC("?fentry/tcp_sendmsg")
int socket_fentry_send(u64 *ctx)
{
	return socket_enter((void *)ctx[0], (void *)ctx[1], PROBE_SOCKET_SEND);
}

SEC("?fexit/tcp_sendmsg")
int socket_fexit_send(u64 *ctx)
{
	return socket_leave((int)ctx[3], FORM_FENTRY);
}

SEC("?fentry/tcp_recvmsg")
int socket_fentry_read(u64 *ctx)
{
	if (read_flags(ctx) & MSG_PEEK)
		return 0;
	return socket_enter((void *)ctx[0], (void *)ctx[1], PROBE_SOCKET_READ);
}

SEC("?fexit/tcp_recvmsg")
int socket_fexit_read(u64 *ctx)
{
	return socket_leave(read_result(ctx), FORM_FENTRY);
}

static __always_inline int on_datagram(const struct sock *sk, const struct msghdr *msg, u64 len)
{
	return socket_note_datagram(sk, BPF_CORE_READ(msg, msg_name), 0, len);
}

SEC("?fentry/udp_sendmsg")
int socket_fentry_udp(u64 *ctx)
{
	return on_datagram((void *)ctx[0], (void *)ctx[1], ctx[2]);
}

SEC("?fentry/udpv6_sendmsg")
int socket_fentry_udp6(u64 *ctx)
{
	return on_datagram((void *)ctx[0], (void *)ctx[1], ctx[2]);
}

/* --- kprobes -------------------------------------------------------------------------------- */

SEC("?kprobe/tcp_sendmsg")
int socket_kprobe_send(struct pt_regs *ctx)
{
	return socket_enter((void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx),
			    PROBE_SOCKET_SEND);
}

SEC("?kretprobe/tcp_sendmsg")
int socket_kretprobe_send(struct pt_regs *ctx)
{
	return socket_leave((int)PT_REGS_RC(ctx), FORM_KPROBE);
}

SEC("?kprobe/tcp_recvmsg")
int socket_kprobe_read(struct pt_regs *ctx)
{
	int flags = cfg_recv_args == 6 ? PT_REGS_PARM5_CORE(ctx) : PT_REGS_PARM4_CORE(ctx);

	if (flags & MSG_PEEK)
		return 0;
	return socket_enter((void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx),
			    PROBE_SOCKET_READ);
}

SEC("?kretprobe/tcp_recvmsg")
int socket_kretprobe_read(struct pt_regs *ctx)
{
	return socket_leave((int)PT_REGS_RC(ctx), FORM_KPROBE);
}

SEC("?kprobe/udp_sendmsg")
int socket_kprobe_udp(struct pt_regs *ctx)
{
	return on_datagram((void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx),
			   PT_REGS_PARM3(ctx));
}

SEC("?kprobe/udpv6_sendmsg")
int socket_kprobe_udp6(struct pt_regs *ctx)
{
	return on_datagram((void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx),
			   PT_REGS_PARM3(ctx));
}

/* --- the tracepoint ------------------------------------------------------------------------- */

/* Before each piece that goes into a segment: (sk, msg, skb, size_goal). */
SEC("?raw_tp/tcp_sendmsg_locked")
int socket_tracepoint_send(struct bpf_raw_tracepoint_args *ctx)
{
	const struct sock *sk = (const struct sock *)ctx->args[0];
	struct call_args a = {};
	struct known_socket *s;

	if (!scope_find(current_tgid()))
		return 0;
	s = socket_get(sk);
	if (!s || s->kind == SOCKET_IGNORED ||
	    read_iter((const struct msghdr *)ctx->args[1], &a))
		return 0;
	if (s->kind == SOCKET_UNKNOWN)
		socket_look(sk, s, a.buf, first_len(&a, a.num), CHUNK_WRITE);
	if (s->kind == SOCKET_TLS)
		socket_note_send(sk, s, a.buf);
	return 0;
}
