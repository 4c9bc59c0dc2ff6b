/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The wire ABI between the kernel probes and user space: what stands in the ring, and in a recorded
 * file.
 *
 * This is the only header both sides share. It needs u8..u64 from the includer (vmlinux.h in the
 * kernel object, base/types.h in user space). Values that cross the ring are written out and never
 * renumbered; a change of layout bumps EVENT_ABI. All times are CLOCK_BOOTTIME nanoseconds. Every
 * event is 8-aligned.
 */
#ifndef TOLLTAP_EVENT_H
#define TOLLTAP_EVENT_H

#define EVENT_ABI 1

enum event_kind {
	EVENT_CHUNK = 1,	/* struct chunk: plaintext of one connection */
	EVENT_PROCESS = 2,	/* struct process_event: who a tgid is, before its first chunk */
	EVENT_FORK = 3,		/* struct process_event: tgid is the child, ppid the parent */
	EVENT_EXEC = 4,		/* struct process_event: after the new image is in place */
	EVENT_EXIT = 5,		/* struct process_event: the last thread is gone */
	/* struct chunk without data: this generation of the connection is over */
	EVENT_CLOSE = 6,
	/* struct pair_event: to which socket a STACK_AEAD direction belongs, or its end */
	EVENT_PAIR = 12,
	/* struct doubt_event: a probed function did what it cannot do; it is another one */
	EVENT_DOUBT = 13,
};

enum chunk_flag {
	/* the connection's birth was seen: position 0 is its first byte */
	CHUNK_F_BORN = 1 << 0,
	CHUNK_F_HOLE_POLICY = 1 << 1,	/* true_len bytes left out on purpose; data_len is 0 */
	/* true_len bytes that could not be read from the process; data_len is 0 */
	CHUNK_F_HOLE_FAULT = 1 << 2,
	CHUNK_F_OP_END = 1 << 3,	/* last record of one SSL_read / SSL_write */
	/* 1 << 4: retired */
	CHUNK_F_FIRST = 1 << 5,		/* first record of this generation, either direction */
	/* came with a fork: what went before was the parent's, and seen there */
	CHUNK_F_INHERITED = 1 << 6,
};

enum chunk_dir {
	CHUNK_READ = 0,		/* the process received these bytes */
	CHUNK_WRITE = 1,	/* the process sent these bytes */
	CHUNK_DIR_MAX = 2,
};

enum chunk_stack {
	STACK_OPENSSL = 1,
	STACK_BORINGSSL = 2,
	STACK_GO = 3,
	STACK_AEAD = 4,
	STACK_GNUTLS = 5,
	STACK_SOCKET = 6,
};

/* What user space decided about a connection; value of the kernel's verdict map. */
enum verdict_state {
	VERDICT_UNKNOWN = 0,	/* not decided, though it may be HTTP: everything is copied */
	VERDICT_TRACKED = 1,	/* LLM traffic: everything is copied */
	VERDICT_SUSPENDED = 2,	/* HTTP of something else: nothing, until the next POST */
	VERDICT_IGNORED = 3,	/* not HTTP: nothing, for good */
};

#define EVENT_COMM_LEN 16
#define EVENT_CGROUP_NAMES 3	/* last directory names of the cgroup path, leaf first */
#define EVENT_CGROUP_NAME_LEN 96

/*
 * What a probed function is, and with that where its arguments stand. The cookie of its probe is
 * PROBE_COOKIE of it and of the library it stands in, with COOKIE_WIDE added when the link is for
 * all processes.
 * "int": the byte count is the result. "ex": the result is 1 or 0 and the count is in *out.
 */
enum probe_fn {
	PROBE_NONE = 0,
	PROBE_SSL_READ = 1,		/* int (ssl, buf, num) */
	PROBE_SSL_WRITE = 2,		/* int (ssl, buf, num) */
	PROBE_SSL_READ_EX = 3,		/* ex (ssl, buf, num, out) */
	PROBE_SSL_WRITE_EX = 4,		/* ex (ssl, buf, num, out) */
	PROBE_SSL_WRITE_EX2 = 5,	/* ex (ssl, buf, num, flags, out); 3.3+ */
	PROBE_SSL_READ_INTERNAL = 6,	/* int; (ssl, buf, num, out), count in *out when > 0 */
	PROBE_SSL_WRITE_INTERNAL = 7,	/* the same, before 3.3 */
	PROBE_SSL_WRITE_INTERNAL2 = 8,	/* int; (ssl, buf, num, flags, out); 3.3+ */
	PROBE_SSL_PEEK = 9,		/* guard: nothing below it may emit */
	PROBE_SSL_PEEK_EX = 10,		/* guard */
	PROBE_SSL_NEW = 11,		/* returns the connection */
	PROBE_SSL_FREE = 12,		/* entry only */
	PROBE_SSL_CLEAR = 13,		/* entry only */
	PROBE_GO_WRITE = 14,		/* (conn, buf, num, ...) in Go's registers */
	PROBE_GO_READ = 15,		/* the same */
	PROBE_GO_WRITE_RET = 16,	/* a return instruction: count */
	PROBE_GO_READ_RET = 17,
	PROBE_GNUTLS_SEND = 18,		/* count (session, data, size) */
	PROBE_GNUTLS_RECV = 19,		/* count (session, buf, size, ...) */
	PROBE_GNUTLS_UNCORK = 20,	/* guard */
	PROBE_GNUTLS_INIT = 21,		/* (&session, flags): fills it */
	PROBE_GNUTLS_DEINIT = 22,	/* entry only */
	PROBE_GNUTLS_SEND2 = 23,	/* count (session, data, size, pad, flags) */
	PROBE_AEAD_SEAL = 24,		/* EVP_AEAD_CTX_seal: emits at its entry */
	PROBE_AEAD_OPEN = 25,		/* EVP_AEAD_CTX_open */
	PROBE_RING_SEAL = 26,		/* of the crate ring's algorithm records; at its entry */
	PROBE_RING_OPEN = 27,
	/* of a TCP socket, whose messages may have several parts; 32-39 */
	PROBE_SOCKET_SEND = 32,
	PROBE_SOCKET_READ = 33,
	PROBE_GO_CLOSE = 40,		/* entry only */
	PROBE_GO_HANDSHAKE = 41,	/* entry only: a connection begins */
	PROBE_FN_MAX = 44,
};

#define COOKIE_WIDE 0x100
#define COOKIE_FN_MASK 0xff
#define PROBE_COOKIE(fn, stack) ((fn) | (stack) << 16)
#define COOKIE_STACK(cookie) ((cookie) >> 16 & 0xff)

struct event {
	u32 size;		/* of the whole record, header included */
	u16 kind;		/* enum event_kind */
	u16 flags;		/* enum chunk_flag */
	u64 ts_ns;
	u32 tgid;
	u32 tid;
	/* of the process: with tgid it is an identity that survives pid reuse */
	u64 start_ns;
};

struct chunk {
	struct event ev;
	u64 cgroup_id;		/* in the v2 hierarchy */
	u64 cgroup_v1_id;	/* in the memory (else pids) hierarchy; 0 on a pure v2 host */
	u64 conn;		/* SSL*: with (tgid, generation) it names the connection */
	u32 generation;		/* counts reuses of that address */
	u8 dir;			/* enum chunk_dir */
	u8 stack;		/* enum chunk_stack */
	u8 form;		/* enum attach_form of the probe that fired */
	u8 pad;
	/* of data[0] in this direction's byte stream, assigned in the kernel */
	u64 position;
	u32 true_len;		/* bytes this record stands for */
	u32 data_len;		/* bytes in data[]: true_len, or 0 for a hole */
	u8 data[];
};

/*
 * A direction of STACK_AEAD, named by its key and its generation, moves the bytes of this socket.
 * CHUNK_F_BORN: of its connection everything was seen. conn 0: the socket is closed.
 */
struct pair_event {
	struct event ev;
	u64 conn;
	u64 socket;		/* inode */
	u32 generation;
	s32 fd;
};

struct doubt_event {
	struct event ev;
	u32 stack;		/* enum chunk_stack */
	u32 pad;
};

enum attach_form {
	FORM_NONE = 0,
	FORM_PERF = 1,		/* perf uprobe event */
	FORM_MULTI = 2,		/* uprobe_multi link */
	FORM_SESSION = 3,	/* uprobe.session link */
	FORM_REPLAY = 4,	/* from a recorded file */
	FORM_FENTRY = 5,	/* fentry and fexit of a kernel function */
	FORM_KPROBE = 6,	/* kprobe and kretprobe of one */
};

struct process_event {
	struct event ev;
	u32 ppid;
	u32 uid;
	u64 cgroup_id;
	u64 cgroup_v1_id;
	u64 exe_inode;
	u32 exe_dev;		/* kernel encoding: major << 20 | minor */
	u32 pad;
	char comm[EVENT_COMM_LEN];
	/* NUL-terminated unless cut */
	char cgroup_name[EVENT_CGROUP_NAMES][EVENT_CGROUP_NAME_LEN];
};

/* Keys and values of the maps that both sides touch. */
struct conn_key {
	u64 conn;		/* SSL* */
	u32 tgid;
	u32 pad;
};

/* user space writes it; stale when the generation is not the connection's */
struct conn_verdict {
	u32 generation;
	u32 state;		/* enum verdict_state */
	/*
	 * SUSPENDED: the position of the write direction that the decision knew of. A POST behind
	 * it makes it void: the answer to that may be wanted.
	 */
	u64 written;
};

/* One per process in scope; user space makes the first zeroed, the kernel those of its children. */
struct scope {
	u64 start_ns;		/* filled by the kernel */
	u64 cgroup_id;
	u64 cgroup_v1_id;
	u64 css_set;		/* the kernel object that the two ids were read from */
	u32 generation;		/* the last one given to a connection */
	u32 image;		/* counts exec: connections of an older image are gone */
	u32 is_identified;	/* EVENT_PROCESS is out */
	u32 parent;		/* tgid that forked it in scope; 0: none, or exec-ed since */
};

/* What processes in scope send that no probe may have seen; read from the kernel's maps. */
enum coverage_kind {
	COVERAGE_TLS = 1,
	COVERAGE_QUIC = 2,	/* UDP to port 443 */
	COVERAGE_PLAIN = 3,	/* a POST over plain HTTP, where its bytes cannot be followed */
};

#define COVERAGE_HOST_LEN 64

/* One row per process and far end. */
struct coverage_key {
	u32 tgid;
	u16 port;
	u8 kind;		/* enum coverage_kind */
	u8 family;		/* AF_INET, AF_INET6, or 0 where the host is known */
	u8 addr[16];		/* network order */
	/* of the ClientHello, its last 63 bytes, padded with NUL; or empty */
	char host[COVERAGE_HOST_LEN];
};

struct coverage {
	u64 connections;
	u64 matched;		/* of them, those that a probed call was seen to send on */
	u64 bytes_in;		/* on the wire; of open ones up to their last send */
	u64 bytes_out;
	char comm[EVENT_COMM_LEN];
};

/* Plaintext of one process that TLS probes saw. */
struct readable {
	u64 bytes_in;
	u64 bytes_out;
};

/* Losses counted in the kernel, one slot per reason in a per-CPU array. */
enum kernel_counter {
	KC_RING_FULL_EVENTS = 0,	/* reserve failed: chunk became a hole */
	KC_RING_FULL_BYTES = 1,
	KC_FAULT_BYTES = 2,		/* user memory could not be read */
	KC_POLICY_BYTES = 3,		/* left out of an over-large operation on purpose */
	/* an operation could not be remembered between entry and return */
	KC_INFLIGHT_FULL = 4,
	/* the connection map was full: chunk not attributable, dropped */
	KC_CONN_FULL = 5,
	/* inner probe ignored while an outer one is live (not a loss) */
	KC_NESTED = 6,
	KC_BYTES_SEEN = 7,		/* returned by TLS calls in scope, whether copied or not */
	KC_BYTES_SENT = 8,		/* put into the ring */
	/* of ignored and suspended connections, not copied by verdict */
	KC_BYTES_IGNORED = 9,
	KC_PROCESS_LOST = 10,		/* a process notice found no room in the ring */
	KC_SCOPE_FULL = 11,		/* a child could not be added to the scope */
	/* an in-flight entry was overwritten: its return was missed */
	KC_STALE = 12,
	KC_HITS = 13,			/* probe entries, all of them */
	KC_REJECTED = 14,		/* probe entries of processes out of scope */
	/* records that became holes because user memory could not be read */
	KC_FAULT_EVENTS = 15,
	/* sealed or opened with a cipher that we probe, and no TLS record (not a loss) */
	KC_AEAD_FOREIGN = 16,
	KC_MAX = 17,
};

_Static_assert(sizeof(struct event) == 32, "ABI");
_Static_assert(sizeof(struct chunk) == 80, "ABI");
_Static_assert(sizeof(struct doubt_event) == 40, "ABI");
_Static_assert(sizeof(struct pair_event) == 56, "ABI");
_Static_assert(sizeof(struct conn_key) == 16, "ABI");
_Static_assert(sizeof(struct scope) == 48, "ABI");
_Static_assert(sizeof(struct coverage_key) == 88, "ABI");
_Static_assert(sizeof(struct coverage) == 48, "ABI");
_Static_assert(sizeof(struct process_event) == 32 + 8 + 24 + 8 + 16 + 3 * 96, "ABI");

#endif
