/* SPDX-License-Identifier: Apache-2.0 */
/* A perf ring on plain memory: wrapped records, lost ones, records that lie. */
#include "unit.h"

#include <linux/perf_event.h>
#include <sys/mman.h>

#include "capture/notices.h"

#define RING 4096
#define MINE 77

struct ring {
	__u64 head;
	__u64 tail;
	u8 data[RING];
	struct notices notices;
	u64 lost;
	int told;
	int asked;
	struct notice last;
	char path[256];
};

static bool is_wanted(void *arg, u32 pid)
{
	((struct ring *)arg)->asked++;
	return pid == MINE;
}

static void on_notice(void *arg, const struct notice *n)
{
	struct ring *r = arg;

	r->told++;
	r->last = *n;
	snprintf(r->path, sizeof(r->path), "%s", n->path);
}

static const struct notices_ops ops = { .is_wanted = is_wanted, .on_notice = on_notice };

static void start(struct ring *r, u64 at)
{
	memset(r, 0, sizeof(*r));
	r->head = at;
	r->tail = at;
	notices_init(&r->notices, &r->head, &r->tail, r->data, RING);
}

static void push(struct ring *r, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		r->data[(r->head + i) % RING] = ((const u8 *)p)[i];
	r->head += n;
}

struct record {
	struct perf_event_header h;
	u32 pid, tid;
	u64 addr, len, pgoff;
	u32 major, minor;
	u64 ino, generation;
	u32 prot, flags;
	char path[24];
	u64 ts_ns;
};

static struct record record(u32 pid)
{
	return (struct record){
		.h = { .type = PERF_RECORD_MMAP2, .size = sizeof(struct record) },
		.pid = pid,
		.major = 8,
		.minor = 1,
		.ino = 4711,
		.prot = PROT_READ | PROT_EXEC,
		.path = "/lib/libssl.so.3",
		.ts_ns = 123456789,
	};
}

static size_t drain(struct ring *r)
{
	return notices_drain(&r->notices, &ops, r, &r->lost);
}

static void test_told_once(void **state)
{
	struct ring r;

	start(&r, 0);
	struct record rec = record(MINE);
	push(&r, &rec, sizeof(rec));
	assert_int_equal(drain(&r), 1);
	assert_int_equal(r.last.pid, MINE);
	assert_int_equal(r.last.major, 8);
	assert_int_equal(r.last.minor, 1);
	assert_int_equal(r.last.ino, 4711);
	assert_int_equal(r.last.ts_ns, 123456789);
	assert_string_equal(r.path, "/lib/libssl.so.3");
	assert_int_equal(r.tail, r.head);
	assert_int_equal(drain(&r), 0);
}

static void test_others_are_dropped(void **state)
{
	struct ring r;

	start(&r, 0);
	struct record rec = record(MINE + 1);
	push(&r, &rec, sizeof(rec));
	rec = record(MINE);
	rec.prot = PROT_READ;
	push(&r, &rec, sizeof(rec));
	rec = record(MINE);
	rec.ino = 0;			/* anonymous */
	push(&r, &rec, sizeof(rec));
	rec.h.type = PERF_RECORD_COMM;
	push(&r, &rec, sizeof(rec));
	rec = record(MINE);
	rec.h.misc = PERF_RECORD_MISC_MMAP_BUILD_ID;
	push(&r, &rec, sizeof(rec));
	assert_int_equal(drain(&r), 0);
	assert_int_equal(r.asked, 4);
	assert_int_equal(r.tail, r.head);
}

/* Wherever the ring's end falls into a record. */
static void test_wrapped(void **state)
{
	for (u64 at = RING - 2 * sizeof(struct record); at <= RING + 8; at += 8) {
		struct record rec = record(MINE);
		struct ring r;

		start(&r, at);
		push(&r, &rec, sizeof(rec));
		push(&r, &rec, sizeof(rec));
		assert_int_equal(drain(&r), 2);
		assert_int_equal(r.last.ts_ns, 123456789);
		assert_string_equal(r.path, "/lib/libssl.so.3");
	}
}

static void test_lost(void **state)
{
	struct {
		struct perf_event_header h;
		u64 id;
		u64 lost;
		u64 ts_ns;
	} rec = { .h = { .type = PERF_RECORD_LOST, .size = sizeof(rec) }, .lost = 5 };
	struct ring r;

	start(&r, 0);
	push(&r, &rec, sizeof(rec));
	assert_int_equal(drain(&r), 0);
	assert_int_equal(r.lost, 5);
}

static void test_lies(void **state)
{
	static const u16 size[] = { 0, 1, 7, 8, 11, 12, 40, 72, 79, 87 };
	struct record rec;
	struct ring r;

	for (size_t i = 0; i < ARRAY_LEN(size); i++) {
		start(&r, 0);
		rec = record(MINE);
		rec.h.size = size[i];
		push(&r, &rec, size[i] < 8 ? sizeof(rec) : size[i]);
		assert_int_equal(drain(&r), 0);
		assert_int_equal(r.tail, r.head);	/* and it ends */
	}
	/* longer than what is there */
	start(&r, 0);
	rec = record(MINE);
	rec.h.size = 4000;
	push(&r, &rec, sizeof(rec));
	assert_int_equal(drain(&r), 0);
	assert_int_equal(r.lost, 1);
	assert_int_equal(r.tail, r.head);
	/* a path without an end */
	start(&r, 0);
	rec = record(MINE);
	memset(rec.path, 'a', sizeof(rec.path));
	push(&r, &rec, sizeof(rec));
	assert_int_equal(drain(&r), 0);
	assert_int_equal(r.told, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told_once),
		cmocka_unit_test(test_others_are_dropped),
		cmocka_unit_test(test_wrapped),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
