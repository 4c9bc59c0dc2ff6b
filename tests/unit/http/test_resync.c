/* SPDX-License-Identifier: Apache-2.0 */
/* Missing bytes and late starts: what is broken says so, what comes after is exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/stats.h"
#include "cuts.h"
#include "http/transcript.h"

#define POST "POST /v1/chat HTTP/1.1\r\nHost: api.x\r\n"
#define POST_SAYS "> POST api.x /v1/chat\n"
#define NEXT "GET /next HTTP/1.1\r\nHost: n\r\n\r\n"
#define NEXT_SAYS "> GET n /next\n< 200 whole\n<[next]\n=\n"
#define OK "HTTP/1.1 200 OK\r\n"
#define NEXT_OK OK "Content-Length: 4\r\n\r\nnext"
#define SSE OK "Content-Type: text/event-stream\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

/* --- policy holes --- */

static void test_policy_in_sized_request(void **state)
{
	CHECK("! h1\n" POST_SAYS ">[{\"a\"~}]\n< 200 whole\n<[{}]\n= request_policy\n" NEXT_SAYS,
	      W(POST "Content-Length: 20000005\r\n\r\n{\"a\""), W_POLICY(20000000), W("}"),
	      R(OK "Content-Length: 2\r\n\r\n{}"), W(NEXT), R(NEXT_OK), CLOSE);
	/* the hole reaches the body's end, or is the whole of it */
	CHECK("! h1\n" POST_SAYS ">[ab~]\n< 200 whole\n<[{}]\n= request_policy\n" NEXT_SAYS,
	      W(POST "Content-Length: 9\r\n\r\nab"), W_POLICY(7),
	      R(OK "Content-Length: 2\r\n\r\n{}"), W(NEXT), R(NEXT_OK), CLOSE);
	CHECK("! h1\n" POST_SAYS ">[~]\n< 200 whole\n<[{}]\n= request_policy\n" NEXT_SAYS,
	      W(POST "Content-Length: 9\r\n\r\n"), W_POLICY(9),
	      R(OK "Content-Length: 2\r\n\r\n{}"), W(NEXT), R(NEXT_OK), CLOSE);
}

static void test_policy_in_chunk(void **state)
{
	CHECK("! h1\n" POST_SAYS ">[ab~cd]\n< 200 whole\n<[{}]\n= request_policy\n" NEXT_SAYS,
	      W(POST CHUNKED "104\r\nab"), W_POLICY(256), W("cd\r\n0\r\n\r\n"),
	      R(OK "Content-Length: 2\r\n\r\n{}"), W(NEXT), R(NEXT_OK), CLOSE);
	/* over chunk framing: the body is broken, the response still pairs */
	CHECK_WHOLE("! h1\n" POST_SAYS ">[ab}\n< 200 whole\n<[{}]\n= request_policy\n" NEXT_SAYS,
		    W(POST CHUNKED "10\r\nab"), W_POLICY(300), W("cd\r\n0\r\n\r\n"),
		    R(OK "Content-Length: 2\r\n\r\n{}"), W(NEXT), R(NEXT_OK), CLOSE);
}

/* --- losses --- */

static void test_loss_in_sized_response(void **state)
{
	CHECK("! h1\n" POST_SAYS "< 200 whole\n<[{\"a}\n= response_gap\n" NEXT_SAYS,
	      W(POST "\r\n"), R(OK "Content-Length: 20\r\n\r\n{\"a"), R_LOST(10), R("1234567"),
	      W(NEXT), R(NEXT_OK), CLOSE);
	CHECK("! h1\n" POST_SAYS "< 200 sse\n<[1]\n<[2}\n<[x|4]\n= response_gap\n" NEXT_SAYS,
	      W(POST "\r\n"), R(SSE "Content-Length: 52\r\n\r\ndata: 1\n\ndata: 2"),
	      R_LOST(10), R("ata: 3\n\nevent: x\ndata: 4\n\n"), W(NEXT), R(NEXT_OK), CLOSE);
	/* what follows the gap starts an event */
	CHECK("! h1\n" POST_SAYS "< 200 sse\n<[1]\n<[4]\n= response_gap\n" NEXT_SAYS,
	      W(POST "\r\n"), R(SSE "Content-Length: 27\r\n\r\ndata: 1\n\n"),
	      R_LOST(9), R("data: 4\n\n"), W(NEXT), R(NEXT_OK), CLOSE);
}

static void test_loss_over_sized_end(void **state)
{
	CHECK_WHOLE("! h1\n" POST_SAYS "< 200 whole\n<[{\"a}\n= response_gap\n" NEXT_SAYS,
		    W(POST "\r\n"), R(OK "Content-Length: 5\r\n\r\n{\"a"), R_LOST(300),
		    R("junk\r\nmore"), W(NEXT), R(NEXT_OK), CLOSE);
}

/* Records hold whole chunks: the framing is found again, and with it the event with the usage. */
static void test_loss_in_chunked_stream(void **state)
{
	CHECK_WHOLE("! h1\n" POST_SAYS "< 200 sse\n<[1]\n<[usage]\n= response_gap\n" NEXT_SAYS,
		    W(POST "\r\n"), R(SSE CHUNKED "9\r\ndata: 1\n\n\r\n"), R_LOST(100),
		    R("2a\r\n: this is not what it says, and not by chance\r\n"),
		    R("d\r\ndata: usage\n\n\r\n0\r\n\r\n"),
		    W(NEXT), R(NEXT_OK), CLOSE);
	/* not found again: the next head ends it */
	CHECK_WHOLE("! h1\n" POST_SAYS "< 200 sse\n<[1]\n> GET n /next\n= response_gap\n"
		    "< 200 whole\n<[next]\n=\n",
		    W(POST "\r\n"), R(SSE CHUNKED "9\r\ndata: 1\n\n\r\n"), R_LOST(100),
		    R("ata: 3\n\n\r\n0\r\n\r\n"), W(NEXT), R(NEXT_OK), CLOSE);
	CHECK_WHOLE("! h1\n" POST_SAYS
		    "< 200 sse\n<[1]\n= response_gap response_cut client_closed\n",
		    W(POST "\r\n"), R(SSE CHUNKED "9\r\ndata: 1\n\n\r\n"), R_LOST(100),
		    R("ata: 3\n\n\r\n0\r\n\r\n"), CLOSE);
}

static void test_loss_in_response_head(void **state)
{
	CHECK("! h1\n" POST_SAYS "= response_gap\n" NEXT_SAYS,
	      W(POST "\r\n"), R(OK "Content-Le"), R_LOST(10), R("\r\n\r\n{}{}{}"),
	      W(NEXT), R(NEXT_OK), CLOSE);
	/* the whole response */
	CHECK("! h1\n" POST_SAYS "> GET n /next\n= response_gap no_response\n"
	      "< 200 whole\n<[next]\n=\n",
	      W(POST "\r\n"), R_LOST(500), W(NEXT), R(NEXT_OK), CLOSE);
}

static void test_loss_in_request_head(void **state)
{
	CHECK("! h1\n" NEXT_SAYS,
	      W(POST "Content-"), W_LOST(20), W("{\"x\":\"y\"}"),
	      R(OK "Content-Length: 2\r\n\r\n{}"),
	      W(NEXT), R(NEXT_OK), CLOSE);
	CHECK("! h1\n" NEXT_SAYS,
	      W_LOST(200), W("{\"x\":\"y\"}"), R(OK "Content-Length: 2\r\n\r\n{}"),
	      W(NEXT), R(NEXT_OK), CLOSE);
}

/* A request that was lost whole must not lend its response to the next one. */
static void test_loss_of_a_request(void **state)
{
	CHECK("! h1\n" POST_SAYS "< 200 whole\n<[1]\n=\n" NEXT_SAYS NEXT_SAYS,
	      W(POST "\r\n"), R(OK "Content-Length: 1\r\n\r\n1"), W_LOST(100),
	      R(OK "Content-Length: 4\r\n\r\nlost"), W(NEXT), R(NEXT_OK), W(NEXT),
	      R(NEXT_OK), CLOSE);
	/* the same, delivered late: times tell */
	CHECK("! h1\n" POST_SAYS "< 200 whole\n<[1]\n=\n" NEXT_SAYS,
	      W(POST "\r\n"), R(OK "Content-Length: 1\r\n\r\n1"), W_LOST(100), W(NEXT),
	      AT_TIME(350), R(OK "Content-Length: 4\r\n\r\nlost"), R(NEXT_OK), CLOSE);
}

/* With pipelining and a hole nothing can be told apart: nobody gets the wrong answer. */
static void test_loss_with_pipelining(void **state)
{
	CHECK("! h1\n> GET a /1\n> GET n /next\n= no_response\n< 200 whole\n<[1]\n=\n" NEXT_SAYS,
	      W("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"), W_LOST(50), W(NEXT),
	      R(OK "Content-Length: 1\r\n\r\n1" OK "Content-Length: 1\r\n\r\n2"
		OK "Content-Length: 1\r\n\r\n3"),
	      W(NEXT), R(NEXT_OK), CLOSE);
}

/* --- late starts --- */

static void test_late(void **state)
{
	CHECK("! h1\n" NEXT_SAYS, LATE, W("\"text\":\"...\"}"), R("data: {}\n\n0\r\n\r\n"),
	      W(NEXT), R(NEXT_OK), CLOSE);
	CHECK("! h1\n" NEXT_SAYS, LATE, W(NEXT), R(NEXT_OK), CLOSE);
	/* the answer to a request that was sent before */
	CHECK("! h1\n" NEXT_SAYS, LATE, R(OK "Content-Length: 3\r\n\r\nold"), W(NEXT),
	      R(NEXT_OK), CLOSE);
	/* delivered before its request, but later in time */
	CHECK("! h1\n" NEXT_SAYS, LATE, AT_TIME(900), R(NEXT_OK), AT_TIME(800), W(NEXT), CLOSE);
	CHECK("! h1\n> GET n /next server\n< 200 whole\n<[next]\n=\n",
	      LATE, R("tail\r\n"), R(NEXT), W(NEXT_OK), CLOSE);
	CHECK("", LATE, W("nothing\r\nlike it"), R("HTTP/1.1 two\r\n"), CLOSE);
}

/* A line in a body that imitates a head, on either side. */
static void test_late_imitation(void **state)
{
	CHECK("! h1\n" NEXT_SAYS, LATE,
	      R("say:\r\nHTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{\"usage\":1}"),
	      W(NEXT), R(NEXT_OK), CLOSE);
	CHECK_WHOLE("! h1\n" NEXT_SAYS, LATE,
		    W("say:\r\nHTTP/1.1 200 OK\r\n\r\n"), W(NEXT), R(NEXT_OK), CLOSE);
}

/* Found by fuzzing: the other side must not become the request's in the middle of a request. */
static void test_roles_stay(void **state)
{
	CHECK("! h1\n" POST_SAYS "= response_gap no_response\n",
	      W(POST "X: y"), R_LOST(9), R("GET / HTTP/1.1\r\nHost: r\r\n\r\n"), W("\r\n\r\n"),
	      CLOSE);
}

static void test_late_h2(void **state)
{
	CHECK_WHOLE("! h2\n# h2 6\n", LATE, W("\0\0\2\0\1\0\0\0\1ab"), W("\0\0\2\0\1\0\0\0\1ab"),
		    R("\0\0\2\0\1\0\0\0\1ab"), CLOSE);
}

static void test_hold_overflow(void **state)
{
	size_t n = 400000;
	char *body = malloc(n);

	memset(body, 'x', n);
	stats_reset();
	CHECK_WHOLE("! h1\n" NEXT_SAYS, R(OK "Content-Length: 400000\r\n\r\n"), RRAW(body, 200000),
		    RRAW(body, 200000), W(NEXT), R(NEXT_OK), CLOSE);
	assert_int_equal(stats_get(STAT_HTTP_UNPAIRED), 1);
	/* one record larger than all that may be held */
	memcpy(body, NEXT_OK, sizeof(NEXT_OK) - 1);
	CHECK_WHOLE("! h1\n" NEXT_SAYS, RRAW(body, n), W(NEXT), R(NEXT_OK), CLOSE);
	CHECK_WHOLE("! h1\n" NEXT_SAYS, LATE, RRAW(body, n), W(NEXT), R(NEXT_OK), CLOSE);
	CHECK_WHOLE("! h1\n> CONNECT h:1 \n= no_response\n! none\n# other 400000\n",
		    W("CONNECT h:1 HTTP/1.1\r\n\r\n"), WRAW(body, n), CLOSE);
	free(body);
}

/* --- a gap anywhere --- */

static const char gap_request[] = POST "Content-Length: 11\r\n\r\n{\"q\":\"abc\"}";
static const char *const gap_responses[] = {
	SSE CHUNKED "f\r\ndata: {\"a\":1}\n\n\r\n1a\r\nevent: x\ndata: {\"b\":22}\n\n\r\n0\r\n\r\n",
	OK "Content-Length: 31\r\n\r\n{\"id\":1,\"text\":\"0123456789abc\"}",
	"HTTP/1.1 100 Continue\r\n\r\n" OK CHUNKED "5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\nT: x\r\n\r\n",
};

/* The exchange behind the gap is whole, paired and exact, wherever the gap was. */
static void gap_check(const char *request, const char *response, size_t at, size_t n,
      bool in_request,
		      unsigned int way)
{
	const char *text = in_request ? request : response;
	size_t len = strlen(text), end = at + n < len ? at + n : len;
	struct step before = {in_request ? 'w' : 'r', text, at};
	struct step gap = {in_request ? 'W' : 'R', NULL, end - at};
	struct step after = {before.kind, text + end, len - end};
	const struct step whole = in_request ? (struct step){'r', response, strlen(response)} :
					       (struct step){'w', request, strlen(request)};
	const struct step steps[] = {
		in_request ? before : whole, in_request ? gap : before, in_request ? after : gap,
		in_request ? whole : after, W(NEXT), R(NEXT_OK), W(NEXT), R(NEXT_OK), CLOSE,
	};
	char *got = transcript_run(steps, ARRAY_LEN(steps), way);
	const char *want = "< 200 whole\n<[next]\n=\n" NEXT_SAYS;
	const char *tail = strlen(got) < strlen(want) ? got : got + strlen(got) - strlen(want);

	if (strcmp(tail, want) != 0)
		print_error("gap of %zu at %zu of %s, way %u:\n%s", n, at,
			    in_request ? "request" : response, way, got);
	assert_string_equal(tail, want);
	free(got);
}

static void test_gap_everywhere(void **state)
{
	static const size_t sizes[] = {1, 3, 40, 1000};

	for (size_t r = 0; r < ARRAY_LEN(gap_responses); r++)
		for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
			for (size_t at = 0; at < strlen(gap_responses[r]); at++) {
				gap_check(gap_request, gap_responses[r], at, sizes[s], false, 0);
				gap_check(gap_request, gap_responses[r], at, sizes[s], false,
					  2 + (unsigned int)at % 7);
			}
			for (size_t at = 0; at < sizeof(gap_request) - 1; at++)
				gap_check(gap_request, gap_responses[r], at, sizes[s], true, 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_in_sized_request),
		cmocka_unit_test(test_policy_in_chunk),
		cmocka_unit_test(test_loss_in_sized_response),
		cmocka_unit_test(test_loss_over_sized_end),
		cmocka_unit_test(test_loss_in_chunked_stream),
		cmocka_unit_test(test_loss_in_response_head),
		cmocka_unit_test(test_loss_in_request_head),
		cmocka_unit_test(test_loss_of_a_request),
		cmocka_unit_test(test_loss_with_pipelining),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_late_imitation),
		cmocka_unit_test(test_roles_stay),
		cmocka_unit_test(test_late_h2),
		cmocka_unit_test(test_hold_overflow),
		cmocka_unit_test(test_gap_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
