/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts captured chunks back in order, connection by connection and direction by direction.
 *
 * Positions were assigned in the kernel, so a missing record is a gap of known size. Holds at most
 * CONN_HELD_MAX bytes per direction while an earlier chunk is awaited (records of one connection
 * may come through two rings); past that, or after CONN_HOLE_WAIT_NS, the hole is reported through
 * on_gap, never skipped silently. Knows no protocol. Pipeline thread only. Memory: < 1 KiB per idle
 * connection, CONN_MAX connections; past that the one unused for longest is closed and counted.
 *
 * An end notice (EVENT_CLOSE, exit, exec, a newer generation) may overtake data in another ring:
 * on_close comes at a tick CONN_CLOSE_WAIT_NS later, or when the table is freed. So call the tick
 * at least every CONN_CLOSE_WAIT_NS. Time is what the ticks say; callbacks must not call back into
 * the table.
 */
#ifndef TOLLTAP_CONN_H
#define TOLLTAP_CONN_H

#include "base/types.h"
#include "bpf/event.h"

/* Why bytes are missing. Only POLICY is not a loss. */
enum gap_kind {
	GAP_LOST,		/* ring full, or never arrived */
	GAP_FAULT,		/* the process's memory could not be read */
	GAP_POLICY,		/* left out of an over-large operation on purpose */
	/* the connection was open before its probes: unknown length, n is 0 */
	GAP_LATE,
};

/* What is known about a connection; lives until on_close has returned. */
struct conn {
	u32 tgid;
	u32 tid;			/* thread of the newest chunk */
	u64 start_ns;			/* of the process */
	u64 key;			/* SSL* */
	u32 generation;
	u8 stack;			/* enum chunk_stack */
	u8 form;			/* enum attach_form */
	bool is_born;			/* seen from its first byte */
	u64 opened_ns;
	u64 bytes[CHUNK_DIR_MAX];	/* delivered, gaps excluded */
	u64 gap_bytes[CHUNK_DIR_MAX];
	u64 position[CHUNK_DIR_MAX];	/* behind the newest operation told of, gaps included */
	u8 verdict;			/* enum verdict_state, the newest; the pipeline's own */
	void *user;			/* the next room's state, set by on_open's return */
};

struct conn_ops {
	void *(*on_open)(void *arg, struct conn *conn);
	void (*on_bytes)(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, const u8 *p,
			 size_t n);
	void (*on_gap)(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, u64 n,
		       enum gap_kind kind);
	void (*on_close)(void *arg, struct conn *conn, u64 ts_ns);
};

struct conn_table;

/* NULL when memory is out */
struct conn_table *conn_table_new(const struct conn_ops *ops, void *arg);
/* closes every connection first; NULL is fine */
void conn_table_free(struct conn_table *t);
/* EVENT_CHUNK and EVENT_CLOSE; borrowed */
void conn_table_feed(struct conn_table *t, const struct chunk *chunk);
/* exec or exit: all its connections */
void conn_table_exit(struct conn_table *t, u32 tgid, u64 start_ns, u64 ts_ns);
/* gives up holes that have waited too long */
void conn_table_tick(struct conn_table *t, u64 now_ns);
size_t conn_table_count(const struct conn_table *t);

#endif
