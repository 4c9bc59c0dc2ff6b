/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What stays dark: the TLS and QUIC connections of processes in scope, whether or not a probe sees
 * their plaintext.
 *
 * Where the kernel lets us see a send (tcp_sendmsg_locked, 6.16; else the functions of
 * socket.bpf.c), a connection is known by its first bytes and named by the ClientHello; else by its
 * port. Bytes are the socket's own counts.
 */
#include "common.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_UDP 17
#define TCP_SYN_SENT 2
#define TCP_CLOSE 7
#define TLS_HANDSHAKE 0x16
#define TLS_APPLICATION_DATA 0x17
#define HELLO_EXTENSIONS_MAX 32		/* browsers send about 18 */
#define LOOKS_MAX 64			/* operations before a socket is given up */

/* Sends are seen: a socket's first bytes say what it is, not its port. */
const volatile bool cfg_sees_sends = false;
/* Plain HTTP can be followed; where not, a POST is at least counted. */
const volatile bool cfg_follows_plain = false;

/* made at a connection; read at the end, so nobody deletes */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct coverage_key);
	__type(value, struct coverage);
} coverage SEC(".maps");

/* made at the first plaintext of a process; read at the end, so nobody deletes */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct readable);
} readable SEC(".maps");

/* open sockets; made at first sight, deleted at close, the oldest go first when full */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct known_socket);
} sockets SEC(".maps");

__hidden void coverage_note_plaintext(u32 tgid, u32 dir, u64 len)
{
	struct readable *r = bpf_map_lookup_elem(&readable, &tgid);
	struct readable fresh = {};

	if (!r) {
		bpf_map_update_elem(&readable, &tgid, &fresh, BPF_NOEXIST);
		r = bpf_map_lookup_elem(&readable, &tgid);
	}
	if (!r)
		return;
	if (dir == CHUNK_READ)
		__sync_fetch_and_add(&r->bytes_in, len);
	else
		__sync_fetch_and_add(&r->bytes_out, len);
}

/* --- rows ----------------------------------------------------------------------------------- */

static __noinline struct coverage *row_get(const struct coverage_key *key)
{
	struct coverage *c = bpf_map_lookup_elem(&coverage, key);
	struct coverage fresh = {};

	if (c)
		return c;
	/* the process's name, not that of its thread */
	BPF_CORE_READ_STR_INTO(&fresh.comm, (struct task_struct *)bpf_get_current_task(),
			       group_leader, comm);
	bpf_map_update_elem(&coverage, key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&coverage, key);
}

static __noinline int note_bytes(const struct sock *sk, struct known_socket *s)
{
	const struct tcp_sock *tcp = (const struct tcp_sock *)sk;
	struct coverage *c = bpf_map_lookup_elem(&coverage, &s->key);
	u64 in = BPF_CORE_READ(tcp, bytes_received), out = BPF_CORE_READ(tcp, bytes_acked);

	if (!c)
		return 0;
	__sync_fetch_and_add(&c->bytes_in, in - s->seen_in);
	__sync_fetch_and_add(&c->bytes_out, out - s->seen_out);
	s->seen_in = in;
	s->seen_out = out;
	return 0;
}

static __noinline int note_connection(struct known_socket *s, u32 kind)
{
	struct coverage *c;

	s->key.kind = kind;
	c = row_get(&s->key);
	if (c)
		__sync_fetch_and_add(&c->connections, 1);
	return 0;
}

/* --- sockets -------------------------------------------------------------------------------- */

static __noinline int read_address(const struct sock *sk, struct coverage_key *key)
{
	key->port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	key->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (key->family == AF_INET)
		BPF_CORE_READ_INTO((u32 *)key->addr, sk, __sk_common.skc_daddr);
	else
		BPF_CORE_READ_INTO(&key->addr, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	return 0;
}

__hidden struct known_socket *socket_find(u64 sk)
{
	return bpf_map_lookup_elem(&sockets, &sk);
}

__hidden struct known_socket *socket_get(const struct sock *sk)
{
	u64 id = (u64)sk;
	struct known_socket *s = bpf_map_lookup_elem(&sockets, &id);
	struct known_socket fresh = { .key.tgid = current_tgid() };

	if (s)
		return s;
	read_address(sk, &fresh.key);
	fresh.is_fresh = !BPF_CORE_READ((const struct tcp_sock *)sk, bytes_sent);
	bpf_map_update_elem(&sockets, &id, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&sockets, &id);
}

static __always_inline u64 read_length(u64 at, u32 bytes)
{
	u8 b[2] = {};

	if (bytes == 1)
		bpf_probe_read_user(b, 1, (const void *)at);
	else
		bpf_probe_read_user(b, 2, (const void *)at);
	return bytes == 1 ? b[0] : (u64)b[0] << 8 | b[1];
}

/*
 * The name in a ClientHello:
 *
 *	record 5, handshake 4, version 2, random 32, session 1 + n, suites 2 + n, compression 1 + n,
 *	extensions 2, then each: type 2, length 2, n bytes; of type 0: list 2, kind 1, name 2 + n
 */
static __noinline int read_host(u64 buf, u64 len, struct coverage_key *key)
{
	u64 at = 5 + 4 + 2 + 32;

	at += 1 + read_length(buf + at, 1);
	at += 2 + read_length(buf + at, 2);
	at += 1 + read_length(buf + at, 1);
	at += 2;
	for (u32 i = 0; i < HELLO_EXTENSIONS_MAX && at + 9 < len; i++) {
		u64 type = read_length(buf + at, 2);
		u64 n = read_length(buf + at + 2, 2);

		if (type) {
			at += 4 + n;
			continue;
		}
		n = read_length(buf + at + 7, 2);
		at += 9;
		if (n > COVERAGE_HOST_LEN - 1) {
			/* the end of a name says whose it is */
			at += n - (COVERAGE_HOST_LEN - 1);
			n = COVERAGE_HOST_LEN - 1;
		}
		if (at + n > len)
			return 0;
		asm volatile("" : "+r"(n));
		if (n < COVERAGE_HOST_LEN)
			bpf_probe_read_user(key->host, n, (const void *)(buf + at));
		break;
	}
	if (key->host[0]) {
		key->family = 0;
		__builtin_memset(key->addr, 0, sizeof(key->addr));
	}
	return 0;
}

static __always_inline u32 word(char a, char b, char c, char d)
{
	return a | b << 8 | c << 16 | (u32)d << 24;	/* little-endian */
}

/* A request begins so; "PRI " is the preface of HTTP/2. */
static __always_inline bool is_method(u32 w)
{
	return w == word('P', 'O', 'S', 'T') || w == word('G', 'E', 'T', ' ') ||
	       w == word('P', 'R', 'I', ' ') || w == word('P', 'U', 'T', ' ') ||
	       w == word('H', 'E', 'A', 'D') || w == word('D', 'E', 'L', 'E') ||
	       w == word('P', 'A', 'T', 'C') || w == word('O', 'P', 'T', 'I');
}

/*
 * A proxy's CONNECT is followed by the ClientHello; a connection that was older than its probes may
 * be in the middle of a body. Whatever else begins like nothing we know is ignored for good.
 */
__hidden int socket_look(const struct sock *sk, struct known_socket *s, u64 buf, u64 len, u32 dir)
{
	u8 head[8] = {};
	u32 first;

	if (len < sizeof(head) || bpf_probe_read_user(head, sizeof(head), (const void *)buf))
		return 0;
	first = word(head[0], head[1], head[2], head[3]);
	if (dir == CHUNK_WRITE && head[0] >= 0x14 && head[0] <= 0x17 && head[1] == 3 &&
	    head[2] <= 4) {
		if (head[0] == TLS_HANDSHAKE && head[5] == 1)
			read_host(buf, len, &s->key);
		s->kind = SOCKET_TLS;
		note_connection(s, COVERAGE_TLS);
	} else if (is_method(first) && cfg_follows_plain) {
		s->kind = SOCKET_HTTP;
	} else if (is_method(first)) {
		s->kind = SOCKET_IGNORED;
		if (dir == CHUNK_WRITE && first == word('P', 'O', 'S', 'T')) {
			note_connection(s, COVERAGE_PLAIN);
			note_bytes(sk, s);
		}
	} else if ((s->is_fresh && first != word('C', 'O', 'N', 'N') &&
		    first != word('H', 'T', 'T', 'P')) || ++s->looks > LOOKS_MAX) {
		s->kind = SOCKET_IGNORED;
	}
	return 0;
}

__hidden int socket_note_send(const struct sock *sk, struct known_socket *s, u64 buf)
{
	struct coverage *c;
	u8 type = 0;

	note_bytes(sk, s);
	if (bpf_probe_read_user(&type, 1, (const void *)buf) || type != TLS_APPLICATION_DATA)
		return 0;
	/* asked each time: a write that is explained here explains nothing else */
	if (!call_explains_send() || s->is_matched)
		return 0;
	s->is_matched = 1;
	c = bpf_map_lookup_elem(&coverage, &s->key);
	if (c)
		__sync_fetch_and_add(&c->matched, 1);
	return 0;
}

static __noinline int note_connect(const struct sock *sk)
{
	u64 id = (u64)sk;
	struct known_socket *s;

	if (!scope_find(current_tgid()))
		return 0;
	/* the address may have been another socket's, whose end nobody told */
	bpf_map_delete_elem(&sockets, &id);
	s = socket_get(sk);
	if (!s || cfg_sees_sends || (s->key.port != 443 && s->key.port != 8443))
		return 0;
	s->kind = SOCKET_TLS;
	return note_connection(s, COVERAGE_TLS);
}

/* Runs in whatever context the last segment arrives: only the socket tells whose it was. */
static __noinline int note_state(const struct sock *sk, int state)
{
	u64 id = (u64)sk;
	struct known_socket *s = bpf_map_lookup_elem(&sockets, &id);

	if (!s)
		return 0;
	if (s->key.kind)
		note_bytes(sk, s);
	if (state != TCP_CLOSE)
		return 0;
	if (s->is_open)
		conn_over_of(s->key.tgid, id, FORM_NONE, STACK_SOCKET);
	bpf_map_delete_elem(&sockets, &id);
	return 0;
}

SEC("raw_tp/inet_sock_set_state")
int on_socket(struct bpf_raw_tracepoint_args *ctx)
{
	const struct sock *sk = (const struct sock *)ctx->args[0];

	if (ctx->args[2] == TCP_SYN_SENT)
		return note_connect(sk);
	if (ctx->args[2] == TCP_CLOSE)
		aead_socket_over((u64)sk);
	return note_state(sk, ctx->args[2]);
}

/* --- datagrams ------------------------------------------------------------------------------ */

/* sockaddr_in: family 2, port 2, address 4; sockaddr_in6: family 2, port 2, flow 4, address 16 */
static __noinline int read_name(const u8 *name, struct coverage_key *key)
{
	u16 head[2] = {};

	bpf_probe_read_kernel(head, sizeof(head), name);
	key->family = head[0];
	key->port = bpf_ntohs(head[1]);
	if (key->family == AF_INET)
		bpf_probe_read_kernel(key->addr, 4, name + 4);
	else
		bpf_probe_read_kernel(key->addr, sizeof(key->addr), name + 8);
	return 0;
}

/* Of a socket that is connected to nothing, the first far end stands for all. */
__hidden int socket_note_datagram(const struct sock *sk, const u8 *name, u64 bytes_in,
				  u64 bytes_out)
{
	u16 port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	struct coverage *c;
	struct known_socket *s;

	/* sin_port and sin6_port stand at the same place */
	if (name)
		bpf_probe_read_kernel(&port, sizeof(port), name + 2);
	if (port != bpf_htons(443) || !scope_find(current_tgid()))
		return 0;
	s = socket_get(sk);
	if (!s)
		return 0;
	if (!s->key.kind) {
		if (name)
			read_name(name, &s->key);
		s->kind = SOCKET_IGNORED;
		note_connection(s, COVERAGE_QUIC);
	}
	c = bpf_map_lookup_elem(&coverage, &s->key);
	if (c) {
		__sync_fetch_and_add(&c->bytes_in, bytes_in);
		__sync_fetch_and_add(&c->bytes_out, bytes_out);
	}
	return 0;
}

static __always_inline int on_length(const struct bpf_raw_tracepoint_args *ctx, bool is_sent)
{
	const struct sock *sk = (const struct sock *)ctx->args[0];
	int n = ctx->args[1];

	if (n <= 0 || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_UDP)
		return 0;
	return socket_note_datagram(sk, 0, is_sent ? 0 : n, is_sent ? n : 0);
}

/* Since 6.3; of connected sockets only, the others' far end is not told. */
SEC("?raw_tp/sock_send_length")
int on_datagram_sent(struct bpf_raw_tracepoint_args *ctx)
{
	return on_length(ctx, true);
}

SEC("?raw_tp/sock_recv_length")
int on_datagram_received(struct bpf_raw_tracepoint_args *ctx)
{
	return on_length(ctx, false);
}
