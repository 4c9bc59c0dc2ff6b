/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What stays dark: TLS connections that processes in scope open, whether or not a probe sees their
 * plaintext. A connection is taken for TLS by its port, because nothing of it is read here.
 */
#include "common.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#define TCP_SYN_SENT 2
#define TCP_CLOSE 7

/* made at the first connection or plaintext of a process; read at the end, so nobody deletes */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct coverage);
} coverage SEC(".maps");

/* open sockets to count; made at connect, deleted at close, the oldest go first when full */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u32);
} sockets SEC(".maps");

static __noinline struct coverage *coverage_get(u32 tgid)
{
	struct coverage *c = bpf_map_lookup_elem(&coverage, &tgid);
	struct coverage fresh = {};

	if (c)
		return c;
	bpf_get_current_comm(&fresh.comm, sizeof(fresh.comm));
	bpf_map_update_elem(&coverage, &tgid, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&coverage, &tgid);
}

__hidden void coverage_note_plaintext(u32 tgid)
{
	struct coverage *c = coverage_get(tgid);

	if (c)
		c->has_plaintext = 1;
}

static __noinline int note_connect(const struct sock *sk)
{
	u16 port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	u64 key = (u64)sk;
	struct coverage *c;

	if ((port != 443 && port != 8443) || !scope_find(tgid))
		return 0;
	c = coverage_get(tgid);
	if (!c)
		return 0;
	__sync_fetch_and_add(&c->connections, 1);
	bpf_map_update_elem(&sockets, &key, &tgid, BPF_ANY);
	return 0;
}

/* Runs in whatever context the last segment arrives: only the socket tells whose it was. */
static __noinline int note_close(const struct sock *sk)
{
	const struct tcp_sock *tcp = (const struct tcp_sock *)sk;
	u64 key = (u64)sk;
	u32 *tgid = bpf_map_lookup_elem(&sockets, &key);
	struct coverage *c = tgid ? bpf_map_lookup_elem(&coverage, tgid) : 0;

	if (c) {
		__sync_fetch_and_add(&c->bytes_in, BPF_CORE_READ(tcp, bytes_received));
		__sync_fetch_and_add(&c->bytes_out, BPF_CORE_READ(tcp, bytes_acked));
	}
	if (tgid)
		bpf_map_delete_elem(&sockets, &key);
	return 0;
}

SEC("raw_tp/inet_sock_set_state")
int on_socket(struct bpf_raw_tracepoint_args *ctx)
{
	const struct sock *sk = (const struct sock *)ctx->args[0];

	if (ctx->args[2] == TCP_SYN_SENT)
		note_connect(sk);
	else if (ctx->args[2] == TCP_CLOSE) {
		note_close(sk);
		aead_socket_over((u64)sk);
	}
	return 0;
}
