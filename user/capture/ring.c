/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumer side of BPF_MAP_TYPE_RINGBUF. libbpf's reads ring after ring and would deliver a
 * response from one CPU before its request from another; this one merges, and it needs no bpf()
 * call, so that it can run where that is forbidden.
 *
 *	page 0      consumer position (ours to write)
 *	page 1      producer position
 *	page 2..    data, mapped twice, so that a record never wraps
 *
 * A record is {u32 length | BUSY | DISCARD, u32, data}, 8-aligned.
 */
#include "capture/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

#define RECORD_BUSY (1u << 31)
#define RECORD_DISCARD (1u << 30)
#define RECORD_HEADER 8

/* Freed space is announced in steps: the position's cache line is shared with the producers. */
#define ANNOUNCE_BYTES (32u << 10)

struct ring {
	unsigned long *consumer;
	unsigned long *producer;
	const u8 *data;
	size_t bytes;
	unsigned long at;		/* next record */
	unsigned long announced;
	unsigned long end;		/* producer position when this drain began */
	const struct event *head;	/* the record at `at`, or NULL: nothing to deliver */
	u32 head_bytes;			/* what it takes in the ring */
	bool is_mapped;
};

struct ring_set {
	struct ring ring[RINGS_MAX];
	size_t cnt;
	int epoll_fd;
	u64 blocked_since_ns;		/* 0: not blocked */
};

struct ring_set *ring_set_new(void)
{
	struct ring_set *rs = calloc(1, sizeof(*rs));

	if (rs)
		rs->epoll_fd = -1;
	return rs;
}

void ring_set_free(struct ring_set *rs)
{
	size_t page = sysconf(_SC_PAGESIZE);

	if (!rs)
		return;
	for (size_t i = 0; i < rs->cnt; i++) {
		struct ring *r = &rs->ring[i];

		if (!r->is_mapped)
			continue;
		munmap(r->consumer, page);
		munmap(r->producer, page + 2 * r->bytes);
	}
	if (rs->epoll_fd >= 0)
		close(rs->epoll_fd);
	free(rs);
}

int ring_set_add_memory(struct ring_set *rs, unsigned long *consumer, unsigned long *producer,
			const u8 *data, size_t bytes)
{
	if (rs->cnt == RINGS_MAX)
		return -ENOSPC;
	struct ring *r = &rs->ring[rs->cnt++];

	r->consumer = consumer;
	r->producer = producer;
	r->data = data;
	r->bytes = bytes;
	r->at = *consumer;
	r->announced = r->at;
	return 0;
}

int ring_set_add(struct ring_set *rs, int map_fd, size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct epoll_event ev = { .events = EPOLLIN };

	if (rs->cnt == RINGS_MAX)
		return -ENOSPC;
	if (rs->epoll_fd < 0)
		rs->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (rs->epoll_fd < 0 || epoll_ctl(rs->epoll_fd, EPOLL_CTL_ADD, map_fd, &ev))
		return -errno;

	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	u8 *producer = mmap(NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, map_fd, page);
	if (producer == MAP_FAILED) {
		munmap(consumer, page);
		return -errno;
	}
	ring_set_add_memory(rs, consumer, (unsigned long *)producer, producer + page, bytes);
	rs->ring[rs->cnt - 1].is_mapped = true;
	return 0;
}

int ring_set_fd(const struct ring_set *rs)
{
	return rs->epoll_fd;
}

static void announce(struct ring *r)
{
	if (r->announced == r->at)
		return;
	r->announced = r->at;
	__atomic_store_n(r->consumer, r->at, __ATOMIC_RELEASE);
}

/* Looks at the next record; false: it is reserved but not ready. */
static bool ring_peek(struct ring *r, u64 until_ns)
{
	r->head = NULL;
	while (r->at < r->end) {
		const u8 *record = r->data + (r->at & (r->bytes - 1));
		u32 len = __atomic_load_n((const u32 *)record, __ATOMIC_ACQUIRE);

		if (len & RECORD_BUSY)
			return false;

		u32 whole = ((len & ~RECORD_DISCARD) + RECORD_HEADER + 7) & ~7u;
		const struct event *ev = (const struct event *)(record + RECORD_HEADER);

		/* ours are never short; one that is comes from a broken kernel side */
		if (!(len & RECORD_DISCARD) && len >= sizeof(*ev) && ev->size <= len) {
			if (ev->ts_ns <= until_ns) {
				r->head = ev;
				r->head_bytes = whole;
			}
			return true;
		}
		r->at += whole;
	}
	return true;
}

/* Index of the ring with the oldest head, or -1; *ret_next: the oldest head among the others. */
static int oldest(const struct ring_set *rs, u64 *ret_next)
{
	int best = -1;

	*ret_next = UINT64_MAX;
	for (size_t i = 0; i < rs->cnt; i++) {
		const struct event *ev = rs->ring[i].head;

		if (!ev)
			continue;
		if (best < 0 || ev->ts_ns < rs->ring[best].head->ts_ns) {
			if (best >= 0)
				*ret_next = rs->ring[best].head->ts_ns;
			best = (int)i;
		} else if (ev->ts_ns < *ret_next) {
			*ret_next = ev->ts_ns;
		}
	}
	return best;
}

/* May the drain go on although a ring is not ready? Notes since when that is so. */
static bool may_pass(struct ring_set *rs)
{
	u64 now_ns = clock_boot_ns();

	if (!rs->blocked_since_ns)
		rs->blocked_since_ns = now_ns;
	return now_ns - rs->blocked_since_ns > RING_BUSY_WAIT_NS;
}

static bool begin(struct ring_set *rs, u64 until_ns)
{
	bool is_ready = true;

	for (size_t i = 0; i < rs->cnt; i++) {
		struct ring *r = &rs->ring[i];

		r->end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
		is_ready &= ring_peek(r, until_ns);
	}
	if (is_ready)
		rs->blocked_since_ns = 0;
	return is_ready || may_pass(rs);
}

size_t ring_set_drain(struct ring_set *rs, u64 until_ns, ring_event_fn fn, void *arg)
{
	size_t cnt = 0;
	bool may_go = begin(rs, until_ns);

	while (may_go) {
		u64 next_ns;
		int i = oldest(rs, &next_ns);
		if (i < 0)
			break;
		struct ring *r = &rs->ring[i];

		/* a run of one ring without looking at the others */
		do {
			fn(arg, r->head);
			cnt++;
			r->at += r->head_bytes;
			if (r->at - r->announced >= ANNOUNCE_BYTES)
				announce(r);
			if (!ring_peek(r, until_ns))
				may_go = may_pass(rs);
		} while (may_go && r->head && r->head->ts_ns <= next_ns);
	}
	for (size_t i = 0; i < rs->cnt; i++)
		announce(&rs->ring[i]);
	return cnt;
}

bool ring_set_is_blocked(const struct ring_set *rs)
{
	return rs->blocked_since_ns != 0;
}
