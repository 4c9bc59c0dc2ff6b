/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps of core.bpf.c, with their bounds. Who else looks into one says MAPS_ARE_CORES before.
 *
 *	conns		made by the first operation, deleted by SSL_free; stale ones by their image
 *	verdicts	made by user space, deleted with the connection
 *	calls_*		made at a call's entry, deleted at its return or with the thread
 */
#ifndef TOLLTAP_MAPS_BPF_H
#define TOLLTAP_MAPS_BPF_H

#include "common.bpf.h"

#ifdef MAPS_ARE_CORES
#define MAP extern struct
#else
#define MAP struct
#endif

/* What one op carries from piece to piece, once it has returned. */
struct emit {
	u64 addr;
	u64 sent_bytes;
	u64 lost_bytes;
	u64 lost_cnt;
	u64 fault_bytes;
	u64 fault_cnt;
	u64 iov;		/* the next part of a scatter list, as in struct call_args */
	u64 iov_cnt;
	u64 iov_offset;
	struct chunk head;	/* last: ends in a flexible array */
};

/* What became of the TLS plaintext that a thread wrote last. */
enum written {
	WRITTEN_SENT,		/* on a socket, inside of the call; or none was written */
	WRITTEN_WAITS,		/* the call left it to be sent by hand (a memory BIO) */
};

struct thread_calls {
	struct call dir[CHUNK_DIR_MAX];
	struct call_args socket;
	u64 written;		/* enum written */
	struct emit emit;
};

struct conn {
	u64 position[CHUNK_DIR_MAX];
	u64 skipped[CHUNK_DIR_MAX];	/* bytes before position that a verdict kept back */
	u64 posted;			/* behind the first byte of the newest POST written */
	u32 generation;
	u32 image;
	u8 is_born;
	u8 is_used;		/* something was emitted */
	u8 is_inherited;	/* open in the parent when it forked */
	u8 pad[5];
};

MAP {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);			/* resized at load */
	__type(key, u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_RINGBUF);
		__uint(max_entries, 1 << 16);
	});
} rings SEC(".maps");

MAP {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct conn_key);
	__type(value, struct conn);
} conns SEC(".maps");

MAP {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct conn_key);
	__type(value, struct conn_verdict);
} verdicts SEC(".maps");

MAP {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);		/* threads inside a TLS call at one time */
	__type(key, u64);
	__type(value, struct thread_calls);
} calls_hash SEC(".maps");

MAP {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_calls);
} calls_task SEC(".maps");

MAP {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KC_MAX);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

#endif
