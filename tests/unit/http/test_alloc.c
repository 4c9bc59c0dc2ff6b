/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation fails once: nothing crashes, nothing leaks, every exchange that was announced is
 * finished. Linked with --wrap (Makefile).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conn/conn.h"
#include "http/http.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static long fail_at = -1;		/* -1: never */
static long allocations;

static bool fails(void)
{
	return fail_at >= 0 && allocations++ == fail_at;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

struct counts {
	int begun, done;
};

static bool on_request(void *arg, struct exchange *x)
{
	((struct counts *)arg)->begun++;
	return true;
}

static void on_response(void *arg, struct exchange *x)
{
}

static void on_unit(void *arg, struct exchange *x, enum http_dir dir, enum unit_step step,
		    struct str s)
{
}

static void on_done(void *arg, struct exchange *x)
{
	((struct counts *)arg)->done++;
}

static void on_protocol(void *arg, const void *conn, enum http_protocol protocol)
{
}

static void on_undecoded(void *arg, const void *conn, enum undecoded_kind kind, u64 bytes)
{
}

static const struct http_ops http_ops = {on_request, on_response, on_unit, on_done, on_protocol,
					 on_undecoded};

#define REQUEST "POST /v1/chat?a=b HTTP/1.1\r\nHost: h\r\nContent-Encoding: deflate\r\n" \
		"Content-Length: 2\r\n\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" \
		 "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"

static void feed(struct http_conn *h, bool is_write, const char *text, size_t n, size_t cut)
{
	for (size_t at = 0; at < n; at += cut)
		http_conn_feed(h, is_write, at, (const u8 *)text + at, cut < n - at ? cut : n - at);
}

/* Held responses, cut lines, decoders, a late search: all that allocates. */
static void play(size_t cut)
{
	struct counts counts = {0};
	struct http_conn *h = http_conn_new(&http_ops, &counts, NULL);

	if (!h)
		return;
	feed(h, true, REQUEST "\x78\x9c", sizeof(REQUEST) + 1, cut);
	feed(h, false, RESPONSE RESPONSE, 2 * (sizeof(RESPONSE) - 1), cut);
	feed(h, true, REQUEST "\x78\x9c", sizeof(REQUEST) + 1, cut);
	http_conn_gap(h, true, 900, 5, false);
	http_conn_gap(h, false, 900, 5, false);
	feed(h, true, "junk\r\n" REQUEST "ab", sizeof(REQUEST) + 7, cut);
	feed(h, false, "junk\r\n" RESPONSE, sizeof(RESPONSE) + 5, cut);
	http_conn_close(h, 1000);
	assert_int_equal(counts.begun, counts.done);
	http_conn_free(h);
}

static void test_http(void **state)
{
	static const size_t cuts[] = {1, 7, 4096};

	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		long n = 0;

		do {
			fail_at = n++;
			allocations = 0;
			play(cuts[i]);
		} while (allocations > fail_at);
		fail_at = -1;
		assert_true(n > 10);
	}
}

/* In steady state a chunk costs no allocation: a response of many records asks for none. */
static void test_no_allocation_per_chunk(void **state)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n";
	static const char chunk[] = "f\r\ndata: {\"a\":1}\n\n\r\n";
	static const char get[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
	struct counts counts = {0};
	struct http_conn *h = http_conn_new(&http_ops, &counts, NULL);

	feed(h, true, get, sizeof(get) - 1, 4096);
	feed(h, false, head, sizeof(head) - 1, 4096);
	fail_at = 1 << 30;
	allocations = 0;
	for (int i = 0; i < 1000; i++)
		feed(h, false, chunk, sizeof(chunk) - 1, i % 2 ? 4096 : 5);
	fail_at = -1;
	assert_int_equal(allocations, 0);
	http_conn_close(h, 1);
	http_conn_free(h);
}

/* --- conn --- */

static void *conn_on_open(void *arg, struct conn *conn)
{
	((struct counts *)arg)->begun++;
	return NULL;
}

static void conn_on_bytes(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, const u8 *p,
			  size_t n)
{
}

static void conn_on_gap(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, u64 n,
			enum gap_kind kind)
{
}

static void conn_on_close(void *arg, struct conn *conn, u64 ts_ns)
{
	((struct counts *)arg)->done++;
}

static const struct conn_ops conn_ops = {conn_on_open, conn_on_bytes, conn_on_gap, conn_on_close};

static void chunk(struct conn_table *t, u64 key, u64 position)
{
	static union {
		struct chunk c;
		u8 room[sizeof(struct chunk) + 4];
	} u;

	u.c.ev = (struct event){.size = sizeof(u.room), .kind = EVENT_CHUNK, .flags = CHUNK_F_BORN};
	u.c.conn = key;
	u.c.position = position;
	u.c.data_len = u.c.true_len = 4;
	conn_table_feed(t, &u.c);
}

static void test_conn(void **state)
{
	long n = 0;

	do {
		struct counts counts = {0};

		fail_at = n++;
		allocations = 0;

		struct conn_table *t = conn_table_new(&conn_ops, &counts);

		for (u64 key = 0; t && key < 100; key++) {
			chunk(t, key, 0);
			chunk(t, key, 8);
			chunk(t, key, 4);
		}
		conn_table_free(t);
		assert_int_equal(counts.begun, counts.done);
	} while (allocations > fail_at);
	fail_at = -1;
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_no_allocation_per_chunk),
		cmocka_unit_test(test_conn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
