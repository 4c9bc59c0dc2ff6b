/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds TLS functions in the processes in scope, attaches probes and delivers what they copy.
 *
 * Delivers struct event (bpf/event.h) in causal order per connection as far as the rings allow: all
 * rings are drained up to one snapshot and merged by time. Bad at: processes out of scope (never
 * seen), stacks it has no probes for (they are counted, not captured). Events are borrowed for the
 * call. Pipeline thread only.
 *
 * A source is either live (capture_open_*) or a recorded file (capture_open_replay); the pipeline
 * cannot tell.
 */
#ifndef TOLLTAP_CAPTURE_H
#define TOLLTAP_CAPTURE_H

#include <sys/types.h>

#include "base/str.h"
#include "base/types.h"
#include "bpf/event.h"

struct capture;

struct capture_ops {
	void (*on_event)(void *arg, const struct event *ev);
};

/*
 * Which attachment form may be used; AUTO takes the best that this kernel has and that passes its
 * self-test.
 */
enum capture_form {
	CAPTURE_FORM_AUTO,
	CAPTURE_FORM_PERF,
	CAPTURE_FORM_MULTI,
	CAPTURE_FORM_SESSION,
};

struct capture_options {
	size_t ring_bytes;		/* per ring, power of two; 0: RING_BYTES_DEFAULT */
	enum capture_form form;
	/* inode-wide links, scope kept by the kernel (design: --exact) */
	bool is_exact;
	bool has_no_plain;		/* HTTP without TLS is not looked at */
};

/*
 * Opens a live capture with an empty scope: loads the programs, starts the mapping notices,
 * attaches nothing. -EPERM, -ENOSYS (no BTF or no BPF), -errno; the reason and its remedy have been
 * logged in one line.
 */
int capture_open_live(const struct capture_options *options, const struct capture_ops *ops,
		      void *arg,
		      struct capture **ret);

/*
 * Adds a process and its later descendants to the scope, and attaches to what it has mapped
 * already. -ESRCH.
 */
int capture_add_pid(struct capture *c, pid_t pid);

/*
 * Classifies the files that `argv` will map (the program, its interpreter, the loader cache's
 * libssl), so that the probes stand before the command is let go. Call before capture_add_pid of
 * the stopped child.
 */
void capture_prepare_command(struct capture *c, const char *const argv[], const char *path_env);

/*
 * Waits at most timeout_ms and delivers what came. Number of events, or -errno. -EPIPE: a replay
 * is at its end.
 */
int capture_poll(struct capture *c, int timeout_ms);

/* Delivers everything that is still in the rings. */
void capture_drain(struct capture *c);

/*
 * What the pipeline decided about a connection; a stale generation is ignored. chunk->position: of
 * the write direction, how far it was read by then; VERDICT_SUSPENDED is void once a POST stands
 * behind it.
 */
void capture_set_verdict(struct capture *c, const struct chunk *chunk, enum verdict_state verdict);

size_t capture_scope_count(const struct capture *c);	/* processes in scope that are alive */

/* Brings kernel counters and windows into base/stats.h. */
void capture_update_stats(struct capture *c);

#define DARK_HOST_LEN 72

/* One far end of a process in scope of which no probe saw plaintext. */
struct dark_row {
	u32 pid;
	char comm[EVENT_COMM_LEN + 1];
	/* of the ClientHello, lower case, else address and port */
	char host[DARK_HOST_LEN];
	u64 connections;
	u64 bytes_in;			/* on the wire; a lower bound while one is open */
	u64 bytes_out;
	const char *class;		/* a contract: jsse, quic ... (docs/DOCTOR.md) */
	const char *why;
};

typedef void (*dark_row_fn)(void *arg, const struct dark_row *row);

/* Tells what stayed dark. Rows are borrowed for the call. */
void capture_walk_dark(struct capture *c, dark_row_fn fn, void *arg);

/* Detaches everything (within 100 ms) and frees; NULL is fine. */
void capture_close(struct capture *c);

/* One line for the receipt: form chosen, sites and their classes. Valid until the next call. */
const char *capture_describe(struct capture *c);

/* --- what can be told without a trace (tolltap doctor) ----------------------------------------
 *
 * What the callbacks get is borrowed for the call.
 */

enum host_state {
	HOST_OK,
	HOST_WARN,		/* a trace works, but less well, or sees less */
	HOST_FAIL,		/* no trace until it is mended */
	HOST_UNKNOWN,		/* could not be looked at */
};

struct host_fact {
	const char *name;	/* a contract: "kernel" ...; "library" may come again */
	enum host_state state;
	const char *value;
	const char *remedy;	/* "" when it is well */
};

typedef void (*host_fact_fn)(void *arg, const struct host_fact *fact);

/*
 * Looks at this machine and tries each form of attachment on a function of this very program.
 * Works without root as far as it goes. True: nothing failed, processes can be traced.
 */
bool capture_examine_host(host_fact_fn fn, void *arg);

struct file_site {
	const char *function;
	const char *stack;
	const char *class;	/* emulated, stepped ... */
	u64 offset;
};

/* What a file is to us. */
struct file_report {
	const char *path;
	const char *why;		/* it gets no probe; NULL: it does */
	bool is_refused;		/* unreadable or malformed, not merely without TLS */
	const char *build_id;		/* hexadecimal, "" when it has none */
	bool has_lpstub;		/* probed per process and after start-up only */
	const char *worst_class;	/* of its sites */
	const struct file_site *site;
	size_t site_cnt;
};

typedef void (*file_report_fn)(void *arg, const struct file_report *report);

void capture_examine_file(const char *path, file_report_fn fn, void *arg);

/* Borrows fd; path is for people. */
void capture_examine_fd(int fd, const char *path, file_report_fn fn, void *arg);

/* What a process is to us; looked up in /proc, nothing is attached. */
struct process_report {
	pid_t pid;
	char comm[EVENT_COMM_LEN + 1];
	size_t file_cnt;		/* executable mappings, one per file */
	size_t probed_cnt;		/* of them, those that would get probes */
	size_t refused_cnt;		/* of them, those that could not be looked at */
	size_t tls_cnt;			/* open TCP connections to ports 443 and 8443 */
	size_t quic_cnt;		/* UDP sockets connected to port 443 */
	bool is_unread;			/* whether sockets could not be looked at */
	const char *dark;		/* class of what stays dark, or NULL */
	const char *dark_why;
};

/*
 * Tells on_file of each mapped file that would get probes or could not be looked at, and fills
 * *ret. -ESRCH, -EACCES.
 */
int capture_examine_process(pid_t pid, file_report_fn on_file, void *arg,
			    struct process_report *ret);

#endif
