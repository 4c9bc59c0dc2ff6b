/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation fails once: nothing crashes, nothing leaks, every exchange that was announced is
 * finished. What an HTTP/2 connection holds is measured. Linked with --wrap (Makefile).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <malloc.h>

#include "conn/conn.h"
#include "http/h2_wire.h"
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

void __real_free(void *p);
void __wrap_free(void *p);

static long held;			/* bytes, of what is ours */

static void *holding(void *p)
{
	held += (long)malloc_usable_size(p);
	return p;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : holding(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : holding(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t n)
{
	if (fails())
		return NULL;
	held -= (long)malloc_usable_size(p);
	return holding(__real_realloc(p, n));
}

void __wrap_free(void *p)
{
	held -= (long)malloc_usable_size(p);
	__real_free(p);
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

static void on_protocol(void *arg, void *conn, enum http_protocol protocol)
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

#define UPGRADE "GET /v1/realtime HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n"
#define SWITCH "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n" \
	       "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
#define FORM "POST /f HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=X\r\n" \
	     "Content-Length: 5\r\n\r\n--X\r\n"
#define FRAMES "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n" \
	       "Content-Length: 2\r\n\r\n\0\0"
/* "Hello", as RFC 7692 compresses it */
#define HELLO "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"

/* A form, event stream's frames, then a WebSocket with a compressed message. */
static void play_framings(size_t cut)
{
	struct counts counts = {0};
	struct http_conn *h = http_conn_new(&http_ops, &counts, NULL);

	if (!h)
		return;
	feed(h, true, FORM, sizeof(FORM) - 1, cut);
	feed(h, false, FRAMES, sizeof(FRAMES) - 1, cut);
	feed(h, true, UPGRADE, sizeof(UPGRADE) - 1, cut);
	feed(h, false, SWITCH HELLO, sizeof(SWITCH HELLO) - 1, cut);
	http_conn_close(h, 1000);
	assert_int_equal(counts.begun, counts.done);
	http_conn_free(h);
}

static void test_framings(void **state)
{
	long n = 0;

	do {
		fail_at = n++;
		allocations = 0;
		play_framings(7);
	} while (allocations > fail_at);
	fail_at = -1;
	assert_true(n > 10);
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

/* --- HTTP/2 --- */

struct h2_bytes {
	struct h2_wire client, server;
	size_t begun;		/* of client: the preface */
};

/* cnt calls, one after the other, in both directions; with what an SDK and its provider send. */
static void h2_write(struct h2_bytes *b, unsigned int cnt)
{
	h2_wire_init(&b->client);
	h2_wire_init(&b->server);
	h2_wire_preface(&b->client);
	h2_wire_frame(&b->server, H2_SETTINGS, 0, 0, NULL, 0);
	for (u32 id = 1; id < 2 * cnt; id += 2) {
		h2_wire_post(&b->client, id, false, "/v1/chat/completions");
		h2_wire_data(&b->client, id, true, "{}");
		h2_wire_answer(&b->server, id, false, "200", "text/event-stream");
		h2_wire_data(&b->server, id, id != 2 * cnt - 1, "data: 1\n\n");
	}
}

static void h2_free(struct h2_bytes *b)
{
	h2_wire_fini(&b->client);
	h2_wire_fini(&b->server);
}

static void h2_play(const struct h2_bytes *b, size_t cut)
{
	struct counts counts = {0};
	struct http_conn *h = http_conn_new(&http_ops, &counts, NULL);

	if (!h)
		return;
	feed(h, false, b->server.out.p, b->server.out.n, cut);	/* waits */
	feed(h, true, b->client.out.p, b->client.out.n, cut);
	http_conn_gap(h, true, 900, 5, false);
	http_conn_gap(h, false, 900, 5, false);
	feed(h, true, b->client.out.p + 24, b->client.out.n - 24, cut);
	feed(h, false, b->server.out.p, b->server.out.n, cut);
	http_conn_close(h, 1000);
	assert_int_equal(counts.begun, counts.done);
	http_conn_free(h);
}

static void test_h2(void **state)
{
	static const size_t cuts[] = {1, 7, 4096};
	struct h2_bytes b;

	h2_write(&b, 3);
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		long n = 0;

		do {
			fail_at = n++;
			allocations = 0;
			h2_play(&b, cuts[i]);
		} while (allocations > fail_at);
		fail_at = -1;
		assert_true(n > 30);
	}
	h2_free(&b);
}

/* Joined late: as a connection of which all was seen, and a stream. */
static void h2_late_memory(const struct h2_bytes *b)
{
	struct counts counts = {0};
	long before = held;
	struct http_conn *h = http_conn_new(&http_ops, &counts, NULL);

	http_conn_late(h);
	feed(h, true, b->client.out.p + 24, b->client.out.n - 24, b->client.out.n);
	feed(h, false, b->server.out.p, b->server.out.n, b->server.out.n);
	print_message("HTTP/2: %ld bytes joined late\n", held - before);
	assert_true(counts.begun > 0 && held - before <= 8192 + 4096);
	http_conn_close(h, 1);
	http_conn_free(h);
	assert_int_equal(held, before);
}

/* docs/performance.md: at most 8 KiB of an open connection, tables full, and 4 of a stream. */
static void test_h2_memory(void **state)
{
	struct counts counts = {0};
	struct h2_bytes b;

	h2_write(&b, 200);

	long before = held;
	struct http_conn *h = http_conn_new(&http_ops, &counts, NULL);
	long fresh = held - before;

	feed(h, true, b.client.out.p, b.client.out.n, 4096);
	feed(h, false, b.server.out.p, b.server.out.n, 4096);

	long active = held - before;

	feed(h, true, "\0\0\4\3\0\0\0\1\x8f\0\0\0\x08", 13, 4096);	/* resets stream 399 */

	long idle = held - before;

	print_message("HTTP/2: %ld bytes new, %ld idle, %ld with a stream\n", fresh, idle, active);
	assert_int_equal(counts.begun, counts.done);
	assert_true(fresh <= 1024 && idle <= 8192 && active - idle <= 4096);
	http_conn_close(h, 1);
	http_conn_free(h);
	assert_int_equal(held, before);
	h2_free(&b);
	h2_write(&b, 1);
	h2_late_memory(&b);
	h2_free(&b);
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
		cmocka_unit_test(test_h2),
		cmocka_unit_test(test_h2_memory),
		cmocka_unit_test(test_framings),
		cmocka_unit_test(test_no_allocation_per_chunk),
		cmocka_unit_test(test_conn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
