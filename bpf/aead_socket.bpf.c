/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which socket a half belongs to, by proof: the ciphertext that a thread sealed is what it then
 * sends, the record that it opens ends within what it has just received.
 *
 * Two tracepoints of socket calls (6.3), which fire only where a socket is, not at every system
 * call, and are attached only while a process in scope has AEAD probes. The system call's own
 * registers name the descriptor and the buffers. What io_uring moves stays unbound.
 */
#include "aead.bpf.h"

#include <bpf/bpf_core_read.h>

#define AF_INET 2
#define AF_INET6 10
#define MSG_PEEK 2
#define PIECES_MAX 4		/* of one call that are looked at */
#define CCS_BYTES 6		/* change_cipher_spec, which goes before a client's first record */

#if defined(__TARGET_ARCH_x86)
enum { NR_read, NR_write, NR_readv = 19, NR_writev, NR_sendto = 44, NR_recvfrom, NR_sendmsg,
       NR_recvmsg };
#else
enum { NR_read = 63, NR_write, NR_readv, NR_writev, NR_sendto = 206, NR_recvfrom, NR_sendmsg = 211,
       NR_recvmsg };
#endif

/* by the kernel's socket; made when a half is bound to it, deleted when it closes */
struct aead_socket {
	u64 inode;
	u32 tgid;
	u32 saw_handshake;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct aead_socket);
} aead_sockets SEC(".maps");

/* The pieces of memory that a system call moves. */
struct pieces {
	s64 fd;
	u64 iov;		/* 0: one piece */
	u64 base;
	u64 cnt;
};

struct piece {
	u64 base;
	u64 len;
};

static __noinline int pieces_of_call(struct pieces *p)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	u64 nr, second, third, iov[2] = {};
	struct pt_regs regs = {};

	if (bpf_probe_read_kernel(&regs, sizeof(regs), (void *)bpf_task_pt_regs(task)))
		return -1;
#if defined(__TARGET_ARCH_x86)
	nr = regs.orig_ax;
#else
	nr = regs.user_regs.regs[8];
#endif
	second = PT_REGS_PARM2(&regs);
	third = PT_REGS_PARM3(&regs);
	p->fd = PT_REGS_PARM1(&regs);
	p->iov = 0;
	p->cnt = 1;
	switch (nr) {
	case NR_read:
	case NR_write:
	case NR_sendto:
	case NR_recvfrom:
		p->base = second;
		return 0;
	case NR_readv:
	case NR_writev:
		p->iov = second;
		p->cnt = third;
		return 0;
	case NR_sendmsg:
	case NR_recvmsg:
		/* struct msghdr: name, its length, then the vector and its length */
		if (bpf_probe_read_user(iov, sizeof(iov), (const void *)(second + 16)))
			return -1;
		p->iov = iov[0];
		p->cnt = iov[1];
		return 0;
	default:
		return -1;
	}
}

static __noinline u64 piece_at(const struct pieces *p, u32 i)
{
	struct piece one = {};

	if (!p->iov)
		return i ? 0 : p->base;
	if (i >= p->cnt ||
	    bpf_probe_read_user(&one, sizeof(one), (const void *)(p->iov + i * sizeof(one))))
		return 0;
	return one.base;
}

static __always_inline bool is_inet(const struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return family == AF_INET || family == AF_INET6;
}

static __always_inline u64 inode_of(const struct sock *sk)
{
	const struct socket_alloc *s = (const void *)BPF_CORE_READ(sk, sk_socket);

	return s ? BPF_CORE_READ(s, vfs_inode.i_ino) : 0;
}

/* --- sockets -------------------------------------------------------------------------------- */

static __noinline int bind(struct aead_half *h, u64 sk, u64 inode, s32 fd)
{
	struct aead_socket *s = bpf_map_lookup_elem(&aead_sockets, &sk);
	struct aead_socket fresh = { .inode = inode, .tgid = current_tgid() };

	if (!s || s->inode != inode) {
		bpf_map_update_elem(&aead_sockets, &sk, &fresh, BPF_ANY);
		s = bpf_map_lookup_elem(&aead_sockets, &sk);
	}
	if (s && h->saw_handshake)
		s->saw_handshake = 1;
	h->sk = sk;
	h->socket = inode;
	h->fd = fd;
	return 0;
}

__hidden bool aead_socket_is_born(u64 sk)
{
	struct aead_socket *s = bpf_map_lookup_elem(&aead_sockets, &sk);

	return s && s->saw_handshake;
}

__hidden void aead_socket_note_handshake(u64 sk)
{
	struct aead_socket *s = bpf_map_lookup_elem(&aead_sockets, &sk);

	if (s)
		s->saw_handshake = 1;
}

/* Runs in whatever context the last segment arrives. */
__hidden void aead_socket_over(u64 sk)
{
	struct aead_socket *s = bpf_map_lookup_elem(&aead_sockets, &sk);
	void *ring = s ? ring_current() : 0;
	struct pair_event *p;

	if (!s)
		return;
	p = ring ? bpf_ringbuf_reserve(ring, sizeof(*p), 0) : 0;
	if (p) {
		*p = (struct pair_event){
			.ev = { .size = sizeof(*p), .kind = EVENT_PAIR },
			.socket = s->inode,
			.fd = -1,
		};
		p->ev.ts_ns = bpf_ktime_get_boot_ns();
		p->ev.tgid = s->tgid;
		bpf_ringbuf_submit(p, BPF_RB_NO_WAKEUP);
	} else {
		count(KC_RING_FULL_EVENTS, 1);
	}
	bpf_map_delete_elem(&aead_sockets, &sk);
}

/* --- sent ----------------------------------------------------------------------------------- */

/* Does the record that the thread sealed first stand at this place? */
static __noinline int is_sealed_at(const struct aead_thread *t, u64 at)
{
	u8 head[HEADER_BYTES] = {};
	u64 sample[SAMPLE_BYTES / 8] = {};
	const u64 *sealed = (const void *)t->sealed_sample;
	u64 offset = t->sealed_at;
	u32 len;

	if (bpf_probe_read_user(head, sizeof(head), (const void *)at) || head[0] < 0x14 ||
	    head[0] > 0x17 || head[1] != 3)
		return 0;
	len = head[3] << 8 | head[4];
	if (len + 8 == t->sealed_len && offset > HEADER_BYTES)
		offset -= 8;	/* TLS 1.2 without a nonce in the record */
	else if (len != t->sealed_len)
		return 0;
	if (bpf_probe_read_user(sample, sizeof(sample), (const void *)(at + offset)))
		return 0;
	return sample[0] == sealed[0] && sample[1] == sealed[1];
}

static __noinline int is_sent(const struct aead_thread *t, const struct pieces *p)
{
	for (u32 i = 0; i < PIECES_MAX; i++) {
		u64 at = piece_at(p, i);

		if (!at)
			break;
		if (is_sealed_at(t, at) || is_sealed_at(t, at + CCS_BYTES))
			return 1;
	}
	return 0;
}

SEC("?raw_tp/sock_send_length")
int on_sent(struct bpf_raw_tracepoint_args *ctx)
{
	const struct sock *sk = (const void *)ctx->args[0];
	struct aead_thread *t = aead_thread_get(false);
	struct pieces p = {};
	struct aead_half *h;

	if (!t || !t->sealed || !is_inet(sk))
		return 0;
	h = aead_half_find(t->sealed);
	if (h && !pieces_of_call(&p) && is_sent(t, &p)) {
		bind(h, (u64)sk, inode_of(sk), p.fd);
		aead_tell(t->sealed, h);
	}
	/* not this time: the next record tries again */
	t->sealed = 0;
	return 0;
}

/* --- received ------------------------------------------------------------------------------- */

static __noinline int note_received(const struct sock *sk, u64 len)
{
	struct aead_thread *t = aead_thread_get(true);
	struct pieces p = {};

	if (!t)
		return 0;
	t->sk = 0;
	if (len < SAMPLE_BYTES || pieces_of_call(&p))
		return 0;
	t->buf = piece_at(&p, 0);
	t->len = len;
	t->socket = inode_of(sk);
	t->fd = p.fd;
	len += t->buf - SAMPLE_BYTES;
	if (!bpf_probe_read_user(t->tail, SAMPLE_BYTES, (const void *)len))
		t->sk = (u64)sk;
	return 0;
}

SEC("?raw_tp/sock_recv_length")
int on_received(struct bpf_raw_tracepoint_args *ctx)
{
	const struct sock *sk = (const void *)ctx->args[0];
	s32 len = ctx->args[1];

	if (len <= 0 || ctx->args[2] & MSG_PEEK || !scope_find(current_tgid()) || !is_inet(sk))
		return 0;
	return note_received(sk, len);
}

/*
 * The last bytes received still stand where they were put, and the record ends there or before:
 * it was received with them. A buffer that another connection has used since has other bytes.
 */
__hidden void aead_bind_received(struct aead_half *h, struct aead_thread *t, u64 record_end)
{
	u64 tail[SAMPLE_BYTES / 8] = {}, end = t->buf + t->len;
	const u64 *known = (const void *)t->tail;

	if (!t->sk || record_end <= t->buf || record_end > end)
		return;
	if (bpf_probe_read_user(tail, sizeof(tail), (const void *)(end - SAMPLE_BYTES)))
		return;
	if (tail[0] == known[0] && tail[1] == known[1])
		bind(h, t->sk, t->socket, t->fd);
}
