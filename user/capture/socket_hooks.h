/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which programs of bpf/socket.bpf.c and bpf/coverage.bpf.c this kernel takes: how sends and reads
 * of sockets are seen, if at all.
 *
 * Where there is no way, nothing fails: TLS connections are known by their port then, and plain
 * HTTP is not followed.
 */
#ifndef TOLLTAP_CAPTURE_SOCKET_HOOKS_H
#define TOLLTAP_CAPTURE_SOCKET_HOOKS_H

#include "base/types.h"
#include "bpf/event.h"

struct btf;
struct tolltap_bpf;

struct socket_features {
	enum attach_form form;		/* FORM_FENTRY, FORM_KPROBE; FORM_NONE: neither */
	u32 recv_args;			/* how many tcp_recvmsg has */
	bool has_udp6;
	bool has_send_tracepoint;	/* tcp_sendmsg_locked */
	bool has_lengths;		/* sock_send_length and sock_recv_length */
};

/* Tries; wants_kprobes: not fentry, so that the other way can be tested. */
void socket_hooks_probe(const struct btf *btf, bool wants_kprobes, struct socket_features *ret);

/* Before the load. is_plain: HTTP without TLS is wanted. */
void socket_hooks_configure(struct tolltap_bpf *skel, const struct socket_features *f,
			    bool is_plain);

/* After it. What is refused is logged at debug, and poorer without it. */
void socket_hooks_attach(struct tolltap_bpf *skel, const struct socket_features *f, bool is_plain);

/* "fentry": for people. */
const char *socket_hooks_name(const struct socket_features *f);

#endif
