/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads the BPF object in one of its forms and makes its rings.
 *
 * A kernel without what is needed is turned down in one line that names the remedy. Owns all
 * descriptors; whoever asks for one borrows it. The fork, exec and exit programs run from the load
 * on; they do nothing while the scope is empty.
 */
#ifndef TOLLTAP_CAPTURE_BPF_LOAD_H
#define TOLLTAP_CAPTURE_BPF_LOAD_H

#include <sys/types.h>

#include "base/types.h"
#include "bpf/event.h"
#include "capture/socket_hooks.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

struct bpf;

/* Logs and returns -EPERM or -ENOSYS when this host cannot run any BPF of ours. */
int bpf_check_host(void);

/* Numbers of kernel enums that the system's headers may not know; 0: this kernel has it not. */
struct bpf_features {
	u32 attach_multi;	/* BPF_TRACE_UPROBE_MULTI */
	u32 attach_session;	/* BPF_TRACE_UPROBE_SESSION */
	bool has_task_storage;
	bool has_socket_calls;	/* tracepoints of socket calls, and their registers */
	bool is_plain;		/* plain HTTP is wanted */
	struct socket_features sockets;
};

/* What the caller may ask for. */
struct bpf_wishes {
	bool has_no_plain;	/* TLS only */
	bool has_kprobes;	/* no fentry */
};

int bpf_probe_features(const struct bpf_wishes *wishes, struct bpf_features *ret);

/*
 * Loads everything for one form. ring_bytes: a power of two. -errno is logged at debug only: there
 * may be a simpler form. What looks at sockets is struck from *features when the kernel refuses it.
 */
int bpf_load(struct bpf_features *features, enum attach_form form, size_t ring_bytes,
	     struct bpf **ret);
void bpf_free(struct bpf *b);				/* NULL is fine */

enum attach_form bpf_form(const struct bpf *b);

struct bpf_leg {
	int prog_fd;
	u32 attach_type;	/* of a link of the multi forms */
};

/* The program for this function and leg; false: that leg is not probed. */
bool bpf_leg_for(const struct bpf *b, enum probe_fn fn, bool is_return, struct bpf_leg *ret);

/* How many rings of that size this machine gets: one per CPU, within the budget. */
size_t bpf_rings_for(size_t ring_bytes);

size_t bpf_ring_count(const struct bpf *b);
size_t bpf_ring_bytes(const struct bpf *b);
int bpf_ring_fd(const struct bpf *b, size_t i);

int bpf_scope_add(struct bpf *b, pid_t tgid);		/* -EEXIST is fine */
bool bpf_scope_has(const struct bpf *b, pid_t tgid);
void bpf_scope_remove(struct bpf *b, pid_t tgid);
int bpf_verdict_set(struct bpf *b, const struct conn_key *key, const struct conn_verdict *verdict);

/* Forgets the connections of processes for which is_gone says so; that walk is not cheap. */
void bpf_forget_conns(struct bpf *b, bool (*is_gone)(void *arg, pid_t tgid), void *arg);

/* Every far end of every process, with what a plain look at its connections says. */
void bpf_walk_coverage(const struct bpf *b,
		       void (*fn)(void *arg, const struct coverage_key *key,
				  const struct coverage *c), void *arg);
/* Plaintext of a process that TLS probes saw; false: none. */
bool bpf_read_readable(const struct bpf *b, u32 tgid, struct readable *ret);

void bpf_read_counters(const struct bpf *b, u64 ret[KC_MAX]);	/* summed over CPUs */

#endif
