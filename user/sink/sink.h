/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where records go. Sinks run on one worker thread behind one bounded queue, so that a slow disk,
 * terminal or collector never delays the pipeline; a full queue drops the record and counts it
 * (STAT_SINK_QUEUE_FULL).
 *
 * A sink embeds struct sink first. Its functions are called by the worker only; `write` must not
 * wait for a network (a sink with a network works in `tick`).
 */
#ifndef TOLLTAP_SINK_H
#define TOLLTAP_SINK_H

#include <sys/types.h>

#include "base/record.h"
#include "base/types.h"

struct sink;

struct sink_ops {
	const char *name;
	void (*write)(struct sink *s, const struct record *r);		/* borrowed */
	/* NULL, or: work that is due; returns ns until it wants to be called again */
	u64 (*tick)(struct sink *s, u64 now_ns);
	/* NULL, or: last records were written; flush until then */
	void (*finish)(struct sink *s, u64 deadline_ns);
	/* its finish comes after all the others', so that it can tell what they lost */
	bool is_summary;
	void (*free)(struct sink *s);
};

struct sink {
	const struct sink_ops *ops;
};

struct sinks;

struct sinks *sinks_new(void);				/* NULL when memory is out */
/* takes it over; before sinks_start; NULL sink is an error */
void sinks_add(struct sinks *s, struct sink *sink);
int sinks_start(struct sinks *s);
void sinks_submit(struct sinks *s, struct record *r);	/* takes it over, never waits */
void sinks_stop(struct sinks *s, u64 timeout_ns);	/* drains, finishes and joins */
void sinks_free(struct sinks *s);			/* NULL is fine */

/*
 * The sinks. Each constructor returns 0 or -errno after logging one line with the remedy.
 */

/* fd is borrowed. One JSON object per line, written whole. */
int sink_ndjson_new(int fd, struct sink **ret);

struct terminal_options {
	int fd;
	bool is_colored;
	bool is_quiet;			/* no line per call, only the receipt */
	bool has_receipt;
	const char *command;		/* for the receipt's head; may be NULL */
};

int sink_terminal_new(const struct terminal_options *options, struct sink **ret);

/*
 * What the receipt needs besides the records, set before sinks_stop. Strings are borrowed until
 * then.
 */
#define RECEIPT_DARK_MAX 16

/* A far end of a process of which nothing could be read. */
struct receipt_dark {
	char comm[17];
	char host[72];
	u32 pid;
	u64 connections;
	u64 bytes;			/* on the wire, both ways */
	bool is_llm;			/* a provider's host */
	const char *class;
	const char *why;
};

struct receipt_facts {
	struct receipt_dark dark[RECEIPT_DARK_MAX];
	size_t dark_cnt;
	size_t dark_more;		/* far ends that found no row */
	u64 undecoded_bytes[8];		/* by kind; 0: none */
	const char *undecoded_name[8];
	size_t undecoded_cnt;
	const char *capture_line;	/* form and sites */
	bool has_seen_tls;		/* any plaintext of TLS at all */
	u64 started_ns;			/* boot time */
	u64 ended_ns;
};

void sink_terminal_skip_receipt(struct sink *s);	/* nothing was traced: none is due */
void sink_terminal_facts(struct sink *s, const struct receipt_facts *facts);

/*
 * The SQLite ledger. `path` (0600) and its folders (0700) are made for uid and gid, the user behind
 * sudo: with that user's rights, else with ours; what is there already keeps its owner. Rows wait
 * in memory while it is locked or its disk is full.
 */
struct ledger_options {
	const char *path;
	uid_t uid;
	gid_t gid;
};

int sink_ledger_new(const struct ledger_options *options, struct sink **ret);

/* From the OTEL_* environment; *ret is NULL and the result 0 when nothing asks for it. */
int sink_otlp_from_env(const char *version, struct sink **ret);
/* OTEL_TRACES_EXPORTER=console: spans as OTLP JSON lines on stdout */
int sink_console_from_env(struct sink **ret);

#endif
