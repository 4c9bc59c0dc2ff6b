/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel side shares between its files: the scope filter, the memory of a call between its
 * entry and its return, connections, and the copy into the ring.
 *
 * core.bpf.c and process.bpf.c define all of it; one more file per TLS library decides only which
 * register holds what.
 */
#ifndef TOLLTAP_COMMON_BPF_H
#define TOLLTAP_COMMON_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "event.h"

/* A file may have a link for all processes and one for this: both see each call. */
enum call_link {
	LINK_OWN = 1,
	LINK_WIDE = 2,
};

/* A TLS call at its entry. */
struct call_args {
	u64 conn;
	u64 buf;
	u64 num;		/* size of buf */
	u64 out;		/* where the byte count will stand, or 0: it is the result */
	u64 sp;
	u16 fn;			/* enum probe_fn */
	u8 dir;
	u8 is_guard;		/* nothing is emitted for it, nor for what it calls */
	u8 links;		/* enum call_link, those that saw the entry */
	u8 has_sent;		/* its thread sent on a socket since the entry */
	u8 pad[2];
	/* a scatter list in kernel memory: buf is its first part; 0: buf is all */
	u64 iov;
	u64 iov_cnt;
	u64 iov_offset;		/* into the first part */
};

/* A call between entry and return. */
struct call {
	struct call_args args;	/* fn 0: there is none */
	u64 entered_ns;
};

/* The same at its return. */
struct call_ret {
	u64 sp;			/* as it stood at the entry */
	u64 rc;
	u8 dir;
	u8 form;		/* enum attach_form */
	u8 stack;		/* enum chunk_stack */
	u8 pad[5];
};

static __always_inline u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/* At a return: the stack pointer as it stood at the entry. */
static __always_inline u64 entry_sp(const struct pt_regs *ctx)
{
#if defined(__TARGET_ARCH_x86)
	return PT_REGS_SP(ctx) - 8;	/* the return address is popped again */
#else
	return PT_REGS_SP(ctx);
#endif
}

/* process.bpf.c: NULL means not ours. scope_enter is for the current process and counts the hit. */
struct scope *scope_enter(void);
struct scope *scope_find(u32 tgid);
/* Fills what the kernel knows of it; the cgroup again after the process was moved. */
int scope_refresh(struct scope *s);
int process_emit(u32 kind);		/* of the current process; -1: no room */
int doubt_emit(u32 stack);		/* a function may not be the one we think */

/* core.bpf.c */
int count(u32 id, u64 n);		/* enum kernel_counter */
void *ring_current(void);		/* of this CPU, or NULL */
void calls_forget_thread(void);

/*
 * Of a library whose calls stay on their thread. 1: the call is remembered and its return is
 * wanted.
 */
int call_enter(const struct call_args *args);
void call_leave(const struct call_ret *ret);

/* A call that needs no return: what it moves is there now. Out of scope: nothing happens. */
void emit_now(const struct call_args *args, u64 len, const struct call_ret *ret);
/* Is a call of the library above live on this thread, further up the stack? */
int calls_cover(u64 sp);
u32 conn_generation(u64 conn);		/* of this process; 0: nothing was emitted */

/*
 * Of one whose calls do not: it keeps the calls itself. call_end is true when the live call was
 * this one; it is over then.
 */
int call_begin(struct call *live, const struct call_args *args);
bool call_end(struct call *live, const struct call_ret *ret);

/* What is ignored is ignored for good: the return is not even wanted. */
bool conn_is_ignored(u64 conn);

/*
 * The end of a connection; is_reborn: its address is another one from now on. form and stack are
 * those of the probe.
 */
void conn_over(u64 conn, u8 form, u8 stack, bool is_reborn);

/* aead_socket.bpf.c: the kernel's socket is closed. */
void aead_socket_over(u64 sk);

/* The same for a process that is not the current one. */
void conn_over_of(u32 tgid, u64 conn, u8 form, u8 stack);

/* The operation on a socket that this thread is in: apart from TLS calls, which go on around it. */
struct call_args *socket_call(bool is_made);	/* lends; NULL: none, or no memory */
void socket_call_over(u64 len, u8 form);	/* emits its first len bytes */

/*
 * Does what this thread sends come from a TLS call that a probe saw: one that it is in, or a write
 * since it last sent anything?
 */
int call_explains_send(void);

/* coverage.bpf.c: plaintext of this process was seen. */
void coverage_note_plaintext(u32 tgid, u32 dir, u64 len);

/* What a socket carries, as its first bytes say. */
enum socket_kind {
	SOCKET_UNKNOWN = 0,
	SOCKET_TLS = 1,
	SOCKET_HTTP = 2,		/* plain */
	SOCKET_IGNORED = 3,
};

/* A TCP or UDP socket of a process in scope. */
struct known_socket {
	struct coverage_key key;
	u64 seen_in;		/* bytes that its row has */
	u64 seen_out;
	u8 kind;		/* enum socket_kind */
	u8 looks;		/* operations looked at without an answer */
	u8 is_fresh;		/* nothing had been sent when it was first seen */
	u8 is_matched;
	u8 is_open;		/* plaintext of it is emitted: to be ended */
	u8 pad[3];
};

struct known_socket *socket_find(u64 sk);	/* NULL: not seen yet, or closed */
/* Of a process in scope; made at first sight; NULL: full. */
struct known_socket *socket_get(const struct sock *sk);
/* Looks at the first bytes of an operation; from then on socket.kind says what it is. */
int socket_look(const struct sock *sk, struct known_socket *s, u64 buf, u64 len, u32 dir);
/* A send on a TLS socket. */
int socket_note_send(const struct sock *sk, struct known_socket *s, u64 buf);
/* name: the address that it was given, in kernel memory, or NULL: the socket's. */
int socket_note_datagram(const struct sock *sk, const u8 *name, u64 bytes_in, u64 bytes_out);

#endif
