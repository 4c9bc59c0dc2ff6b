/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 connections: interleaved streams, aborts, upgrades, out of step, cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/stats.h"
#include "http/h2_wire.h"
#include "http/transcript.h"

#define END H2_F_END_STREAM
#define SAYS_A "! h2\n> POST api.x /a\n"

struct pair {
	struct h2_wire c, s;
};

static void start(struct pair *p)
{
	h2_wire_init(&p->c);
	h2_wire_init(&p->s);
	h2_wire_preface(&p->c);
	h2_wire_frame(&p->s, H2_SETTINGS, 0, 0, NULL, 0);
}

static void stop(struct pair *p)
{
	h2_wire_fini(&p->c);
	h2_wire_fini(&p->s);
}

#define C(p) WRAW((p).c.out.p, (p).c.out.n)
#define S(p) RRAW((p).s.out.p, (p).s.out.n)

static void test_one(void **state)
{
	struct pair p;

	start(&p);
	h2_wire_post(&p.c, 1, false, "/a?k=1");
	h2_wire_data(&p.c, 1, true, "{\"q\":1}");
	h2_wire_answer(&p.s, 1, false, "200", "application/json");
	h2_wire_data(&p.s, 1, false, "{\"r\"");
	h2_wire_data(&p.s, 1, true, ":2}");
	CHECK("! h2\n> POST api.x /a?k=1\n>[{\"q\":1}]\n< 200 whole\n<[{\"r\":2}]\n=\n", C(p), S(p),
	      CLOSE);
	/* the server traced: it reads the request */
	CHECK("! h2\n> POST api.x /a?k=1 server\n>[{\"q\":1}]\n< 200 whole\n<[{\"r\":2}]\n=\n",
	      RRAW(p.c.out.p, p.c.out.n), WRAW(p.s.out.p, p.s.out.n), CLOSE);
	stop(&p);
}

/* The response is delivered first: it waits, with all that follows it. */
static void test_out_of_step(void **state)
{
	struct pair p;

	start(&p);
	h2_wire_post(&p.c, 1, true, "/a");
	h2_wire_post(&p.c, 3, true, "/b");
	h2_wire_answer(&p.s, 3, false, "200", "text/event-stream");
	h2_wire_data(&p.s, 3, true, "data: 3\n\n");
	h2_wire_answer(&p.s, 1, false, "200", "application/json");
	h2_wire_data(&p.s, 1, true, "1");
	CHECK("! h2\n> POST api.x /a\n> POST api.x /b\n< 200 sse\n<[3]\n=\n< 200 whole\n<[1]\n=\n",
	      S(p), C(p), CLOSE);
	stop(&p);
}

static void test_interleaved(void **state)
{
	struct pair p;

	start(&p);
	h2_wire_post(&p.c, 1, false, "/a");
	h2_wire_post(&p.c, 3, false, "/b");
	h2_wire_data(&p.c, 3, true, "B");
	h2_wire_data(&p.c, 1, true, "A");
	h2_wire_answer(&p.s, 3, false, "200", "application/json");
	h2_wire_answer(&p.s, 1, false, "429", "application/json");
	h2_wire_data(&p.s, 1, false, "a");
	h2_wire_data(&p.s, 3, false, "b");
	h2_wire_frame(&p.s, H2_WINDOW_UPDATE, 0, 0, "\0\0\1\0", 4);
	h2_wire_frame(&p.s, H2_PING, 0, 0, "12345678", 8);
	h2_wire_frame(&p.s, 0x2b, 0xff, 7, "grease", 6);
	h2_wire_data(&p.s, 3, true, "b");
	h2_wire_data(&p.s, 1, true, "a");
	CHECK("! h2\n> POST api.x /a\n> POST api.x /b\n>[B]\n>[A]\n< 200 whole\n< 429 whole\n<[a\n"
	      "<[bb]\n=\n<..a]\n=\n", C(p), S(p), CLOSE);
	stop(&p);
}

static void test_shapes(void **state)
{
	struct pair p;
	char big[3000];

	start(&p);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	/* CONTINUATIONs, priority, padding; trailers and 1xx */
	h2_wire_headers(&p.c, 1, 0, 100, (const char *const[]){":method", "POST", ":path", "/a",
			":scheme", "https", "host", "by.host", "x-big", big, NULL});
	h2_wire_frame(&p.c, H2_PRIORITY, 0, 1, "\0\0\0\0\x10", 5);
	h2_wire_frame(&p.c, H2_DATA, H2_F_PADDED, 1, "\3Q\0\0\0", 5);
	h2_wire_frame(&p.c, H2_DATA, H2_F_PADDED | END, 1, "\2\0\0", 3);
	HEADERS(&p.s, 1, 0, ":status", "103", "content-encoding", "br");
	HEADERS(&p.s, 1, 0, ":status", "200", "content-type", "application/json");
	h2_wire_data(&p.s, 1, false, "R");
	HEADERS(&p.s, 1, END, "grpc-status", "0", "x-more", "y");
	CHECK("! h2\n> POST by.host /a\n>[Q]\n< 200 whole\n<[R]\n=\n", C(p), S(p), CLOSE);
	stop(&p);
}

static void test_ends(void **state)
{
	struct pair p;

	start(&p);
	for (u32 id = 1; id <= 11; id += 2)
		h2_wire_post(&p.c, id, id != 9, "/a");
	h2_wire_answer(&p.s, 1, false, "200", "text/event-stream");
	h2_wire_data(&p.s, 1, false, "data: 1\n\ndata: 2");
	h2_wire_frame(&p.s, H2_RST_STREAM, 0, 1, "\0\0\0\2", 4);
	h2_wire_answer(&p.s, 9, true, "413", "application/json");
	h2_wire_frame(&p.s, H2_RST_STREAM, 0, 9, "\0\0\0\0", 4);
	h2_wire_frame(&p.s, H2_GOAWAY, 0, 0, "\0\0\0\x09\0\0\0\0", 8);

	size_t before = p.c.out.n;

	h2_wire_frame(&p.c, H2_RST_STREAM, 0, 3, "\0\0\0\x08", 4);
	CHECK("! h2\n> POST api.x /a\n> POST api.x /a\n> POST api.x /a\n> POST api.x /a\n"
	      "> POST api.x /a\n> POST api.x /a\n< 200 sse\n<[1]\n<[2}\n= response_cut\n"
	      "< 413 none\n"
	      "= request_cut\n= no_response\n= no_response client_closed\n"
	      "= no_response client_closed\n= no_response client_closed\n",
	      WRAW(p.c.out.p, before), S(p), WRAW(p.c.out.p + before, p.c.out.n - before), CLOSE);
	stop(&p);
}

static void test_upgrade(void **state)
{
	struct pair p;

	start(&p);
	h2_wire_post(&p.c, 3, true, "/b");
	h2_wire_answer(&p.s, 1, false, "200", "application/json");
	h2_wire_data(&p.s, 1, true, "1");
	h2_wire_answer(&p.s, 3, true, "204", "application/json");
	CHECK("! h1\n> GET h /a\n! h2\n< 200 whole\n<[1]\n=\n> POST api.x /b\n< 204 none\n=\n",
	      W("GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"),
	      R("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"), S(p),
	      C(p), CLOSE);
	stop(&p);
}

/* A tunnel and what the server pushes are no calls; every byte of them is counted. */
static void test_undecoded(void **state)
{
	struct pair p;

	start(&p);
	HEADERS(&p.c, 1, 0, ":method", "CONNECT", ":protocol", "websocket", ":path", "/v1/x",
		":authority", "api.x");
	h2_wire_data(&p.c, 1, true, "12345");
	h2_wire_answer(&p.s, 1, true, "200", "text/plain");
	h2_wire_frame(&p.s, H2_DATA, 0, 2, "pushed", 6);
	CHECK("! h2\n> CONNECT api.x \n>[12345]\n< 200 none\n=\n# h2 11\n", C(p), S(p), CLOSE);
	stop(&p);
}

/* --- losses ---------------------------------------------------------------------------------- */

/* Missing bytes within a body: the frames go on, the other stream is whole. */
static void test_gap_in_data(void **state)
{
	struct pair p;

	start(&p);
	h2_wire_post(&p.c, 1, true, "/a");
	h2_wire_post(&p.c, 3, true, "/b");
	h2_wire_answer(&p.s, 1, false, "200", "text/event-stream");
	h2_wire_answer(&p.s, 3, false, "200", "application/json");
	h2_wire_data(&p.s, 1, false, "data: 1\n\ndata: 22222\n\ndata: 3\n\n");

	size_t cut = p.s.out.n - 14;

	h2_wire_data(&p.s, 3, true, "b");
	h2_wire_data(&p.s, 1, true, "data: 4\n\n");
	CHECK("! h2\n> POST api.x /a\n> POST api.x /b\n< 200 sse\n< 200 whole\n<[1]\n<[22}\n<[3]\n"
	      "<[b]\n=\n<[4]\n= response_gap\n",
	      C(p), RRAW(p.s.out.p, cut), R_LOST(2), RRAW(p.s.out.p + cut + 2, p.s.out.n - cut - 2),
	      CLOSE);
	stop(&p);
}

/* How often a text occurs. */
static int times(const char *text, const char *what)
{
	int n = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

/* A gap at every byte, 1 and 40 long: nothing is invented, no stream claims to be whole wrongly. */
static void test_gap_everywhere(void **state)
{
	static const size_t lengths[] = {1, 40};
	struct pair p;

	start(&p);
	for (u32 id = 1; id <= 7; id += 2)
		h2_wire_post(&p.c, id, true, id % 4 == 1 ? "/a" : "/b");
	for (u32 id = 1; id <= 7; id += 2) {
		h2_wire_answer(&p.s, id, false, "200", "text/event-stream");
		h2_wire_data(&p.s, id, false, "data: 1\n\n");
	}
	for (u32 id = 1; id <= 7; id += 2)
		h2_wire_data(&p.s, id, true, "data: 2\n\n");
	for (size_t l = 0; l < ARRAY_LEN(lengths); l++)
		for (size_t at = 1; at + lengths[l] < p.s.out.n; at++) {
			size_t behind = at + lengths[l];
			const struct step steps[] = {
				C(p), RRAW(p.s.out.p, at), R_LOST(lengths[l]),
				RRAW(p.s.out.p + behind, p.s.out.n - behind), CLOSE,
			};
			char *text = transcript_run(steps, ARRAY_LEN(steps),
						    (unsigned int)(at % 7));

			assert_int_equal(times(text, "\n="), 4);
			assert_int_equal(times(text, "> POST api.x /"), 4);
			/* whole ones have both events */
			assert_true(times(text, "\n=\n") <= times(text, "2]"));
			assert_true(times(text, "1]") <= 4 && times(text, "2]") <= 4);
			free(text);
		}
	stop(&p);
}

/* Requests lost: what follows is exact or unknown, never the wrong path. */
static void test_gap_in_requests(void **state)
{
	struct pair p;
	size_t marks[8];

	start(&p);
	for (u32 id = 1; id <= 13; id += 2) {
		marks[id / 2] = p.c.out.n;
		h2_wire_post(&p.c, id, true, id <= 5 ? "/a" : "/b");
	}
	marks[7] = p.c.out.n;
	/* 3 and 5 are missing, and with them nothing that is not sent again */
	for (size_t at = marks[1]; at < marks[7] - 1; at++) {
		const struct step steps[] = {
			WRAW(p.c.out.p, marks[1]), W_LOST(at + 1 - marks[1]),
			WRAW(p.c.out.p + at + 1, p.c.out.n - at - 1), CLOSE,
		};
		char *text = transcript_run(steps, ARRAY_LEN(steps), 0);

		assert_int_equal(times(text, "> "), times(text, "> POST api.x /") +
				 times(text, "> POST  \n") + times(text, "> POST  /") +
				 times(text, "> POST api.x \n") + times(text, ">   \n"));
		assert_true(times(text, "/a\n") <= 3 && times(text, "/b\n") <= 4);
		if (at >= marks[3])
			assert_true(times(text, "/a\n") <= 1);
		free(text);
	}
	stop(&p);
}

/* Joined late: the first request refers to what was sent before. */
static void test_late(void **state)
{
	struct pair p;

	start(&p);
	h2_wire_post(&p.c, 1, true, "/a");
	h2_wire_answer(&p.s, 1, true, "200", "text/event-stream");

	size_t c = p.c.out.n, s = p.s.out.n;

	h2_wire_post(&p.c, 3, false, "/a");
	size_t c2 = p.c.out.n;
	h2_wire_data(&p.c, 3, true, "{}");
	h2_wire_answer(&p.s, 3, false, "200", "text/event-stream");
	h2_wire_data(&p.s, 3, true, "data: 1\n\n");

	size_t c3 = p.c.out.n, s3 = p.s.out.n;

	/* all new names and values: known again */
	HEADERS(&p.c, 5, END, ":method", "POST", ":path", "/new", ":authority", "new.x");
	HEADERS(&p.s, 5, 0, ":status", "200", "content-type", "application/json");
	h2_wire_data(&p.s, 5, true, "5");
	CHECK_WHOLE("! h2\n> POST  /a\n>[{}]\n< 200 whole\n<[1]\n= head_unknown\n"
		    "> POST new.x /new\n< 200 whole\n<[5]\n=\n", LATE,
		    WRAW(p.c.out.p + c, c2 - c), WRAW(p.c.out.p + c2, c3 - c2),
		    RRAW(p.s.out.p + s, s3 - s), WRAW(p.c.out.p + c3, p.c.out.n - c3),
		    RRAW(p.s.out.p + s3, p.s.out.n - s3), CLOSE);
	stop(&p);
}

/* --- attacks --------------------------------------------------------------------------------- */

static void test_continuation_flood(void **state)
{
	struct pair p;
	u64 before = stats_get(STAT_HTTP_FLOOD);

	start(&p);
	h2_wire_post(&p.c, 1, true, "/a");
	h2_wire_frame(&p.c, H2_HEADERS, 0, 3, "\x82", 1);
	for (int i = 0; i < 100; i++)
		h2_wire_frame(&p.c, H2_CONTINUATION, 0, 3, "\x82", 1);

	const struct step steps[] = {C(p), CLOSE};
	char *text = transcript_run(steps, 2, 0);

	assert_non_null(strstr(text, "! h2\n> POST api.x /a\n= no_response\n# h2 "));
	assert_int_equal(stats_get(STAT_HTTP_FLOOD), before + 1);
	free(text);
	stop(&p);
}

/* Opened and taken back at once, for ever: each is over when it is. */
static void test_rapid_reset(void **state)
{
	struct pair p;
	u64 full = stats_get(STAT_HTTP_STREAMS_FULL);

	start(&p);
	for (u32 id = 1; id < 20000; id += 2) {
		h2_wire_post(&p.c, id, true, "/unwanted");
		h2_wire_frame(&p.c, H2_RST_STREAM, 0, id, "\0\0\0\x08", 4);
	}

	const struct step steps[] = {C(p), CLOSE};
	char *text = transcript_run(steps, 2, 0);

	assert_int_equal(times(text, "= no_response client_closed\n"), 10000);
	assert_int_equal(stats_get(STAT_HTTP_STREAMS_FULL), full);
	free(text);
	stop(&p);
}

static void test_too_many_streams(void **state)
{
	struct pair p;
	u64 full = stats_get(STAT_HTTP_STREAMS_FULL);

	start(&p);
	for (u32 id = 1; id < 2 * H2_STREAMS_MAX + 20; id += 2)
		h2_wire_post(&p.c, id, true, "/unwanted");

	const struct step steps[] = {C(p), CLOSE};
	char *text = transcript_run(steps, 2, 0);

	assert_int_equal(times(text, "> POST"), H2_STREAMS_MAX);
	assert_int_equal(stats_get(STAT_HTTP_STREAMS_FULL), full + 10);
	free(text);
	stop(&p);
}

/* One byte of the wire stands for 4 KiB of header, again and again. */
static void test_hpack_bomb(void **state)
{
	struct pair p;
	char big[3900], bomb[16000];

	start(&p);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	HEADERS(&p.c, 1, END, ":method", "POST", ":path", "/a", "user-agent", big);
	memset(bomb, 0x80 | 62, sizeof(bomb));
	bomb[0] = (char)0x83;
	bomb[1] = (char)0x84;
	h2_wire_frame(&p.c, H2_HEADERS, H2_F_END_HEADERS | END, 3, bomb, sizeof(bomb));
	HEADERS(&p.c, 5, END, ":method", "POST", ":path", "/c");

	const struct step steps[] = {C(p), CLOSE};
	char *text = transcript_run(steps, 2, 0);

	assert_non_null(strstr(text, "> POST  /c\n"));
	assert_int_equal(times(text, "> POST"), 3);
	free(text);
	stop(&p);
}

static void test_floods_of_small_frames(void **state)
{
	struct pair p;

	start(&p);
	h2_wire_post(&p.c, 1, false, "/unwanted");
	for (int i = 0; i < 1000000; i++)
		h2_wire_frame(&p.c, H2_DATA, 0, 1, "x", 1);
	for (int i = 0; i < 100000; i++)
		h2_wire_frame(&p.c, H2_SETTINGS, 0, 0, "\0\1\0\0\0\0", 6);
	h2_wire_frame(&p.c, H2_DATA, END, 1, NULL, 0);
	h2_wire_answer(&p.s, 1, true, "200", "text/plain");
	CHECK_WHOLE("! h2\n> POST api.x /unwanted\n< 200 none\n=\n", C(p), S(p), CLOSE);
	stop(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_out_of_step),
		cmocka_unit_test(test_interleaved),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_upgrade),
		cmocka_unit_test(test_undecoded),
		cmocka_unit_test(test_gap_in_data),
		cmocka_unit_test(test_gap_everywhere),
		cmocka_unit_test(test_gap_in_requests),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_continuation_flood),
		cmocka_unit_test(test_rapid_reset),
		cmocka_unit_test(test_too_many_streams),
		cmocka_unit_test(test_hpack_bomb),
		cmocka_unit_test(test_floods_of_small_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
