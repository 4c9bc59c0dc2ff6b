/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads several BPF ring buffers through plain mmap and merges them by time.
 *
 * A drain delivers exactly the events stamped before it began, so nothing can be delivered before
 * something that caused it. Events are borrowed from the ring's memory for the call. Allocates
 * nothing after ring_set_add. Bad at: producers that sit on a reserved record; it waits for them
 * (RING_BUSY_WAIT_NS), then goes on without that ring until its record is ready.
 */
#ifndef TOLLTAP_CAPTURE_RING_H
#define TOLLTAP_CAPTURE_RING_H

#include "base/types.h"
#include "bpf/event.h"

struct ring_set;

typedef void (*ring_event_fn)(void *arg, const struct event *ev);

struct ring_set *ring_set_new(void);
void ring_set_free(struct ring_set *rs);		/* NULL is fine; unmaps, closes nothing */

/* Maps the ring behind a descriptor that stays the caller's. `bytes`: its max_entries. -errno. */
int ring_set_add(struct ring_set *rs, int map_fd, size_t bytes);

/* The same on memory of a caller (tests): two positions and 2 * bytes of data. -ENOSPC. */
int ring_set_add_memory(struct ring_set *rs, unsigned long *consumer, unsigned long *producer,
			const u8 *data, size_t bytes);

/* To poll for input; -1 when there are only memory rings. */
int ring_set_fd(const struct ring_set *rs);

/* Delivers what was stamped up to until_ns. Number of events. */
size_t ring_set_drain(struct ring_set *rs, u64 until_ns, ring_event_fn fn, void *arg);

/* The last drain stopped at a record that was not ready: come again soon. */
bool ring_set_is_blocked(const struct ring_set *rs);

#endif
