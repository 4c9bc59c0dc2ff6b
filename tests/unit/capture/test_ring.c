/* SPDX-License-Identifier: Apache-2.0 */
/* Rings in plain memory: merged by time, cut at a moment, wrapped, blocked, never overrun. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "capture/ring.h"

#define RING_BYTES 4096
#define BUSY (1u << 31)
#define DISCARD (1u << 30)

/* The kernel's half of a ring: the data lies twice, one after the other. */
struct fake {
	unsigned long consumer;
	unsigned long producer;
	_Alignas(8) u8 data[2 * RING_BYTES];
};

struct seen {
	char text[4096];
	size_t used;
};

static struct fake fake[3];

static void put_bytes(struct fake *f, unsigned long at, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = (at + i) % RING_BYTES;

		f->data[k] = f->data[k + RING_BYTES] = ((const u8 *)p)[i];
	}
}

/* Appends an event of `extra` bytes more than its head; returns where it stands. */
static unsigned long put(struct fake *f, u64 ts_ns, u32 extra, u32 flags)
{
	u8 body[RING_BYTES] = { 0 };
	struct event ev = { .size = sizeof(ev) + extra, .kind = EVENT_CHUNK, .ts_ns = ts_ns };
	u32 head[2] = { (u32)(sizeof(ev) + extra) | flags, 0 };
	unsigned long at = f->producer;

	memcpy(body, &ev, sizeof(ev));
	put_bytes(f, at, head, sizeof(head));
	put_bytes(f, at + sizeof(head), body, sizeof(ev) + extra);
	f->producer += (sizeof(head) + sizeof(ev) + extra + 7) / 8 * 8;
	return at;
}

static void on_event(void *arg, const struct event *ev)
{
	struct seen *s = arg;

	s->used += snprintf(s->text + s->used, sizeof(s->text) - s->used, "%s%llu",
			    s->used ? " " : "", (unsigned long long)ev->ts_ns);
}

static struct ring_set *make(size_t n)
{
	struct ring_set *rs = ring_set_new();

	memset(fake, 0, sizeof(fake));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(ring_set_add_memory(rs, &fake[i].consumer, &fake[i].producer,
						     fake[i].data, RING_BYTES), 0);
	return rs;
}

static void expect(struct ring_set *rs, u64 until_ns, const char *text)
{
	struct seen s = { .used = 0 };

	ring_set_drain(rs, until_ns, on_event, &s);
	assert_string_equal(s.text, text);
}

static void test_merges_by_time(void **state)
{
	struct ring_set *rs = make(3);

	put(&fake[0], 1, 0, 0);
	put(&fake[0], 4, 100, 0);
	put(&fake[0], 9, 0, 0);
	put(&fake[1], 2, 0, 0);
	put(&fake[1], 3, 1, 0);
	put(&fake[2], 5, 0, 0);
	put(&fake[2], 6, 0, 0);
	expect(rs, 100, "1 2 3 4 5 6 9");
	for (int i = 0; i < 3; i++)
		assert_int_equal(fake[i].consumer, fake[i].producer);
	expect(rs, 100, "");
	ring_set_free(rs);
}

/* What is stamped after the drain began waits, even when it is there. */
static void test_stops_at_the_moment(void **state)
{
	struct ring_set *rs = make(2);

	put(&fake[0], 10, 0, 0);
	put(&fake[0], 30, 0, 0);
	put(&fake[1], 20, 0, 0);
	put(&fake[1], 21, 0, 0);
	expect(rs, 20, "10 20");
	assert_true(fake[0].consumer < fake[0].producer);
	expect(rs, 40, "21 30");
	ring_set_free(rs);
}

/* Around the end of the memory many times, with every alignment of the wrap. */
static void test_wraps(void **state)
{
	struct ring_set *rs = make(1);
	u64 ts_ns = 1;

	for (u32 extra = 0; extra < 700; extra++) {
		struct seen s = { .used = 0 };
		char want[64];

		put(&fake[0], ts_ns++, extra, 0);
		put(&fake[0], ts_ns++, 13, 0);
		snprintf(want, sizeof(want), "%llu %llu", (unsigned long long)ts_ns - 2,
			 (unsigned long long)ts_ns - 1);
		ring_set_drain(rs, ts_ns, on_event, &s);
		assert_string_equal(s.text, want);
		assert_int_equal(fake[0].consumer, fake[0].producer);
	}
	ring_set_free(rs);
}

/* A record that is reserved but not ready holds everything back, then only its own ring. */
static void test_waits_for_a_busy_record(void **state)
{
	struct ring_set *rs = make(2);
	unsigned long at = put(&fake[0], 5, 0, BUSY);
	struct seen s = { .used = 0 };
	u32 ready = sizeof(struct event);

	put(&fake[0], 7, 0, 0);
	put(&fake[1], 6, 0, 0);
	expect(rs, 100, "");
	assert_true(ring_set_is_blocked(rs));
	/* it goes on without that ring after RING_BUSY_WAIT_NS */
	while (!s.used)
		ring_set_drain(rs, 100, on_event, &s);
	assert_string_equal(s.text, "6");
	assert_true(ring_set_is_blocked(rs));

	put_bytes(&fake[0], at, &ready, sizeof(ready));
	expect(rs, 100, "5 7");
	assert_false(ring_set_is_blocked(rs));
	ring_set_free(rs);
}

static void test_skips_discarded_and_short(void **state)
{
	struct ring_set *rs = make(1);
	u32 head[2] = { 8, 0 };

	put(&fake[0], 1, 40, DISCARD);
	put(&fake[0], 2, 0, 0);
	put_bytes(&fake[0], fake[0].producer, head, sizeof(head));
	fake[0].producer += 16;
	put(&fake[0], 3, 0, 0);
	expect(rs, 100, "2 3");
	assert_int_equal(fake[0].consumer, fake[0].producer);
	ring_set_free(rs);
}

/* An event that claims more than its record holds is not lent. */
static void test_refuses_a_lying_size(void **state)
{
	struct ring_set *rs = make(1);
	unsigned long at = put(&fake[0], 1, 0, 0);
	u32 size = 100000;

	put_bytes(&fake[0], at + 8, &size, sizeof(size));
	put(&fake[0], 2, 0, 0);
	expect(rs, 100, "2");
	ring_set_free(rs);
}

static void test_is_bounded(void **state)
{
	struct ring_set *rs = make(1);

	for (size_t i = 1; i < RINGS_MAX; i++)
		assert_int_equal(ring_set_add_memory(rs, &fake[1].consumer, &fake[1].producer,
						     fake[1].data, RING_BYTES), 0);
	assert_int_equal(ring_set_add_memory(rs, &fake[1].consumer, &fake[1].producer,
					     fake[1].data, RING_BYTES), -ENOSPC);
	assert_int_equal(ring_set_fd(rs), -1);
	ring_set_free(rs);
	ring_set_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merges_by_time),
		cmocka_unit_test(test_stops_at_the_moment),
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_waits_for_a_busy_record),
		cmocka_unit_test(test_skips_discarded_and_short),
		cmocka_unit_test(test_refuses_a_lying_size),
		cmocka_unit_test(test_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
