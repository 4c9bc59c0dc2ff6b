/* SPDX-License-Identifier: Apache-2.0 */
/* Whole connections: pairing, bodies, protocols, ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/stats.h"
#include "http/transcript.h"

#define POST "POST /v1/chat?k=1 HTTP/1.1\r\nHost: api.x\r\n"
#define GET "GET / HTTP/1.1\r\nHost: api.x\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\n"
#define SSE OK "Content-Type: text/event-stream; charset=utf-8\r\n"
#define GET_SAYS "> GET api.x /\n"

static void test_sized(void **state)
{
	CHECK("! h1\n> POST api.x /v1/chat?k=1\n>[{\"a\":1}]\n< 200 whole\n<[{}]\n=\n",
	      W(POST "Content-Length: 7\r\n\r\n{\"a\":1}"),
	      R(OK "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"), CLOSE);
}

static void test_bare_line_feeds(void **state)
{
	CHECK("! h1\n> POST y /p\n>[ab]\n< 200 whole\n<[{}]\n=\n",
	      W("\r\nPOST /p HTTP/1.0\nhost:y\ncontent-length:2\n\nab"),
	      R("HTTP/1.0 200\nContent-Length: 2\n\n{}"), CLOSE);
}

static void test_server_side(void **state)
{
	CHECK("! h1\n> GET api.x / server\n< 200 whole\n<[{}]\n=\n",
	      R(GET), W(OK "Content-Length: 2\r\n\r\n{}"), CLOSE);
}

static void test_keep_alive(void **state)
{
	CHECK("! h1\n" GET_SAYS "< 200 whole\n<[1]\n=\n" GET_SAYS "< 200 whole\n<[2]\n=\n"
	      GET_SAYS "< 204 none\n=\n",
	      W(GET), R(OK "Content-Length: 1\r\n\r\n1"), W(GET),
	      R(OK "Content-Length: 1\r\n\r\n2\r\n"), W("\r\n" GET), R("HTTP/1.1 204 No\r\n\r\n"),
	      CLOSE);
}

/* A request under way, and the other side speaks like a client of HTTP/2: nobody's protocol. */
static void test_two_clients(void **state)
{
	CHECK("! h1\n> POST api.x /v1/chat?k=1\n>[{\"a\"}\n= request_cut no_response\n"
	      "! none\n# other 24\n",
	      W(POST "Content-Length: 7\r\n\r\n{\"a\""),
	      R("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), CLOSE);
}

static void test_pipelining(void **state)
{
	CHECK("! h1\n" GET_SAYS "> HEAD h /2\n> GET h /3\n"
	      "< 200 whole\n<[1]\n=\n< 200 none\n=\n< 200 whole\n<[3]\n=\n",
	      W(GET "HEAD /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n"),
	      R(OK "Content-Length: 1\r\n\r\n1" OK "Content-Length: 1\r\n\r\n"
		OK "Content-Length: 1\r\n\r\n3"), CLOSE);
}

static void test_pipeline_full(void **state)
{
	char all[sizeof(GET) * 70] = "";
	size_t n = 0;

	stats_reset();
	for (int i = 0; i < 65; i++, n += sizeof(GET) - 1)
		memcpy(all + n, GET, sizeof(GET) - 1);

	const struct step steps[] = {WRAW(all, n), CLOSE};
	char *text = transcript_run(steps, 2, 0);

	assert_non_null(strstr(text, "! none\n"));
	assert_non_null(strstr(text, "= no_response\n"));
	assert_int_equal(stats_get(STAT_HTTP_PIPELINE_FULL), 1);
	free(text);
}

static void test_chunked(void **state)
{
	CHECK("! h1\n> POST api.x /v1/chat?k=1\n>[abcde]\n< 200 whole\n<[0123456789abcdef!]\n=\n"
	      GET_SAYS "< 200 whole\n<[x]\n=\n",
	      W(POST "Transfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n2;name=\"v;\"\r\nde\r\n0\r\n\r\n"),
	      R(OK "transfer-encoding: Chunked\r\nContent-Length: 5\r\n\r\n"
		"0010\r\n0123456789abcdef\r\n1 \r\n!\r\n0;x\r\nTrailer: 1\r\nOther: 2\r\n\r\n"),
	      W(GET), R(OK "Content-Length: 1\r\n\r\nx"), CLOSE);
}

static void test_until_close(void **state)
{
	CHECK("! h1\n" GET_SAYS "< 200 sse\n<[one]\n<[two]\n=\n",
	      W(GET), R(SSE "\r\ndata: one\n\ndata: two"), CLOSE);
}

static void test_interim(void **state)
{
	CHECK("! h1\n> POST api.x /v1/chat?k=1\n>[ab]\n< 200 whole\n<[{}]\n=\n",
	      W(POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
	      R("HTTP/1.1 100 Continue\r\n\r\n"), W("ab"),
	      R("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" OK "Content-Length: 2\r\n\r\n{}"),
	      CLOSE);
}

static void test_expect_refused(void **state)
{
	CHECK_WHOLE("! h1\n> POST api.x /v1/chat?k=1\n< 401 whole\n<[no]\n=\n"
		    GET_SAYS "< 200 whole\n<[x]\n=\n",
		    W(POST "Expect: 100-continue\r\nContent-Length: 2000\r\n\r\n"),
		    R("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno"),
		    W(GET), R(OK "Content-Length: 1\r\n\r\nx"), CLOSE);
}

static void test_no_body(void **state)
{
	CHECK("! h1\n> HEAD h /\n< 200 none\n=\n> GET api.x /\n< 304 none\n=\n"
	      "> POST api.x /v1/chat?k=1\n< 200 whole\n=\n",
	      W("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), R(OK "Content-Length: 500\r\n\r\n"),
	      W(GET), R("HTTP/1.1 304 N\r\nTransfer-Encoding: chunked\r\n\r\n"),
	      W(POST "Content-Length: 0\r\n\r\n"), R(OK "Content-Length: 0\r\n\r\n"), CLOSE);
}

static void test_early_answer(void **state)
{
	CHECK("! h1\n> POST api.x /v1/chat?k=1\n>[ab\n< 413 whole\n<[big]\n>..cd]\n=\n"
	      GET_SAYS "< 200 whole\n<[x]\n=\n",
	      W(POST "Content-Length: 4\r\n\r\nab"),
	      R("HTTP/1.1 413 Big\r\nContent-Length: 3\r\n\r\nbig"), W("cd" GET),
	      R(OK "Content-Length: 1\r\n\r\nx"), CLOSE);
}

/* Two rings: answers may be delivered before their requests. Order within a direction decides. */
static void test_delivered_before_request(void **state)
{
	CHECK("! h1\n" GET_SAYS "< 200 whole\n<[1]\n=\n> GET h /2\n< 200 whole\n<[2]\n=\n",
	      R(OK "Content-Length: 1\r\n\r\n1" OK "Content-Length: 1\r\n\r\n"), R("2"),
	      W(GET), W("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"), CLOSE);
	CHECK("! h1\n> GET h /\n< 200 whole\n<[1]\n=\n",
	      W("GET / HT"), R(OK "Content-Length: 1\r\n\r\n1"), W("TP/1.1\r\nHost: h\r\n\r\n"),
	      CLOSE);
}

static void test_unwanted(void **state)
{
	CHECK("! h1\n> PUT h /unwanted\n< 200 none\n=\n" GET_SAYS "< 200 whole\n<[x]\n=\n",
	      W("PUT /unwanted HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"),
	      R(SSE "Content-Encoding: dcz\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nxyz\r\n0\r\n\r\n"),
	      W(GET), R(OK "Content-Length: 1\r\n\r\nx"), CLOSE);
}

static void test_target_forms(void **state)
{
	CHECK("! h1\n> GET h:8 /a?b=/c\n< 204 none\n=\n> GET h \n< 204 none\n=\n"
	      "> OPTIONS y *\n< 204 none\n=\n",
	      W("GET http://h:8/a?b=/c HTTP/1.1\r\nHost: other\r\n\r\n"),
	      R("HTTP/1.1 204 N\r\n\r\n"),
	      W("GET https://h HTTP/1.1\r\n\r\n"), R("HTTP/1.1 204 N\r\n\r\n"),
	      W("OPTIONS * HTTP/1.1\r\nHost: y\r\n\r\n"), R("HTTP/1.1 204 N\r\n\r\n"), CLOSE);
}

static void test_sse_events(void **state)
{
	CHECK("! h1\n" GET_SAYS "< 200 sse\n<[message_start|{\"a\": 1}]\n<[{}]\n<[DONE]\n=\n",
	      W(GET), R(SSE "Transfer-Encoding: chunked\r\n\r\n2d\r\nevent: message_start\n"
			"data: {\"a\": 1}\n\n: ping\n\n\r\n"
			"17\r\ndata:{}\r\n\r\ndata: DONE\n\n\r\n0\r\n\r\n"), CLOSE);
}

static void test_framing_override(void **state)
{
	CHECK("! h1\n> GET h /as-lines\n< 200 ndjson\n<[{1}]\n<[{2}]\n=\n",
	      W("GET /as-lines HTTP/1.1\r\nHost: h\r\n\r\n"),
	      R(OK "Content-Length: 8\r\n\r\n{1}\n{2}\n"), CLOSE);
	CHECK("! h1\n" GET_SAYS "< 200 ndjson\n<[{1}\r]\n<[{2}]\n=\n",
	      W(GET), R(OK "Content-Type: application/x-ndjson\r\nContent-Length: 11\r\n\r\n"
			"{1}\r\n\r\n\n{2}"), CLOSE);
	/* a wish for elements holds where the body is an array */
	CHECK("! h1\n> GET h /as-array\n< 200 array\n<[{1}]\n<[{2}]\n=\n",
	      W("GET /as-array HTTP/1.1\r\nHost: h\r\n\r\n"),
	      R(OK "Content-Length: 10\r\n\r\n[{1}\n,{2}]"), CLOSE);
	CHECK("! h1\n> GET h /as-array\n< 200 array\n<[{[1]}]\n=\n",
	      W("GET /as-array HTTP/1.1\r\nHost: h\r\n\r\n"),
	      R(OK "Content-Length: 5\r\n\r\n{[1]}"), CLOSE);
}

#define EVENT "\0\0\0\x1d\0\0\0\x0a\x71\xa6\x6f\xac\x01t\x07\0\x05" "abcde{1}"

/* Its label alone makes it frames; one that no checksum confirms is no unit. */
static void test_event_stream(void **state)
{
	CHECK("! h1\n" GET_SAYS "< 200 eventstream\n=\n", W(GET),
	      R(OK "Content-Type: application/vnd.amazon.eventstream\r\nContent-Length: 25\r\n\r\n"
		   EVENT), CLOSE);
}

static void test_form(void **state)
{
	CHECK("! h1\n> POST h /f\n>[model|m]\n< 204 none\n=\n",
	      W("POST /f HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=X\r\n"
		"Content-Length: 59\r\n\r\n"
		"--X\r\nContent-Disposition: form-data; name=model\r\n\r\nm\r\n--X--"),
	      R("HTTP/1.1 204 N\r\n\r\n"), CLOSE);
}

/* --- codings --- */

/* data: {"a":1}, a flush after GZ_FLUSH bytes, data: {"usage":7} */
#define GZ_FLUSH 31
static const u8 gz_stream[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4a, 0x49, 0x2c, 0x49,
	0xb4, 0x52, 0xa8, 0x56, 0x4a, 0x54, 0xb2, 0x32, 0xac, 0xe5, 0xe2, 0x02, 0x00, 0x00,
	0x00, 0xff, 0xff, 0x4b, 0x81, 0x72, 0x4b, 0x8b, 0x13, 0xd3, 0x53, 0x95, 0xac, 0xcc,
	0x81, 0x42, 0x00, 0x08, 0x1f, 0x5c, 0x09, 0x22, 0x00, 0x00, 0x00,
};

static void test_coded_bodies(void **state)
{
	CHECK("! h1\n" GET_SAYS "< 200 sse\n<[{\"a\":1}]\n<[{\"usage\":7}]\n=\n",
	      W(GET), R(SSE "Content-Encoding: gzip\r\n\r\n"), RRAW(gz_stream, sizeof(gz_stream)),
	      CLOSE);
	/* a request's body too */
	CHECK("! h1\n> POST api.x /v1/chat?k=1\n>[data: {\"a\":1}\n\ndata: {\"usage\":7}\n\n]\n"
	      "< 204 none\n=\n",
	      W(POST "Content-Encoding: gzip\r\nContent-Length: 53\r\n\r\n"),
	      WRAW(gz_stream, sizeof(gz_stream)), R("HTTP/1.1 204 N\r\n\r\n"), CLOSE);
}

static void test_codings_that_fail(void **state)
{
	stats_reset();
	CHECK("! h1\n" GET_SAYS "< 200 whole\n= decode_failed\n# coding 3\n",
	      W(GET), R(OK "Content-Encoding: dcz\r\nContent-Length: 3\r\n\r\nabc"), CLOSE);
	CHECK("! h1\n" GET_SAYS "< 200 whole\n= decode_failed\n# coding 3\n",
	      W(GET), R(OK "Transfer-Encoding: gzip, chunked\r\n\r\n"
			"3\r\nabc\r\n0\r\n\r\n"), CLOSE);
	CHECK("! h1\n" GET_SAYS "< 200 whole\n= decode_failed\n# coding 3\n",
	      W(GET), R(OK "Content-Encoding: gzip\r\nContent-Encoding: br\r\n"
			"Content-Length: 3\r\n\r\nabc"), CLOSE);
	assert_int_equal(stats_get(STAT_HTTP_DECODE_FAILED), 3 * (2 + 50));
	/* stops short of its end: what came stands, the rest is missing */
	CHECK("! h1\n" GET_SAYS "< 200 sse\n<[{\"a\":1}]\n= response_cut client_closed\n",
	      W(GET), R(SSE "Content-Encoding: gzip\r\n\r\n"), RRAW(gz_stream, GZ_FLUSH), CLOSE);
	/* a hole */
	CHECK("! h1\n" GET_SAYS "< 200 sse\n<[{\"a\":1}]\n= decode_failed\n",
	      W(GET), R(SSE "Content-Encoding: gzip\r\nContent-Length: 31\r\n\r\n"),
	      RRAW(gz_stream, 31), CLOSE);
	CHECK("! h1\n" GET_SAYS "< 200 sse\n<[{\"a\":1}]\n"
	      "= response_gap decode_failed\n# coding 9\n",
	      W(GET), R(SSE "Content-Encoding: gzip\r\n\r\n"), RRAW(gz_stream, GZ_FLUSH), R_LOST(5),
	      RRAW(gz_stream + GZ_FLUSH + 5, 9), CLOSE);
}

/* --- ends --- */

static void test_cut(void **state)
{
	CHECK("! h1\n" GET_SAYS "< 200 whole\n<[{}}\n= response_cut client_closed\n",
	      W(GET), R(OK "Content-Length: 9\r\n\r\n{}"), CLOSE);
	CHECK("! h1\n> POST api.x /v1/chat?k=1\n>[a}\n= request_cut no_response client_closed\n",
	      W(POST "Content-Length: 9\r\n\r\na"), CLOSE);
	CHECK("! h1\n" GET_SAYS "= no_response client_closed\n", W(GET), CLOSE);
	CHECK("! h1\n> GET api.x / server\n= no_response\n", R(GET), CLOSE);
	CHECK("! h1\n" GET_SAYS "= no_response client_closed\n", W(GET "GET /2 HTT"), CLOSE);
	CHECK("! h1\n" GET_SAYS "= response_cut client_closed\n", W(GET), R(OK "Content-Le"),
	      CLOSE);
	CHECK("", CLOSE);
}

/* --- what is not understood --- */

static void test_h2(void **state)
{
	CHECK("! h2\n", W("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	      R("\0\0\6\4\0\0\0\0\0\0\1\0\0\0\1"), W("abcd"), CLOSE);
	CHECK("! h2\n", R("\0\0\6\4\0\0\0\0\0\0\1\0\0\0\1"),
	      W("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), CLOSE);
}

static void test_websocket(void **state)
{
	/* agreed on: test_websocket.c; refused: */
	CHECK("! h1\n" GET_SAYS "< 426 whole\n=\n" GET_SAYS "< 204 none\n=\n",
	      W("GET / HTTP/1.1\r\nHost: api.x\r\nUpgrade: websocket\r\n\r\n"), W(GET),
	      R("HTTP/1.1 426 No\r\nContent-Length: 0\r\n\r\n"), R("HTTP/1.1 204 N\r\n\r\n"),
	      CLOSE);
}

static void test_h2c(void **state)
{
	CHECK("! h1\n" GET_SAYS "! h2\n= no_response client_closed\n",
	      W("GET / HTTP/1.1\r\nHost: api.x\r\nUpgrade: h2c\r\n\r\n"),
	      R("HTTP/1.1 101 Up\r\nUpgrade: h2c\r\n\r\n\0\0\0"), CLOSE);
	CHECK("! h1\n" GET_SAYS "< 101 none\n=\n! none\n# other 2\n",
	      W("GET / HTTP/1.1\r\nHost: api.x\r\nUpgrade: tcp\r\n\r\n"),
	      R("HTTP/1.1 101 Up\r\nUpgrade: tcp\r\n\r\nab"), CLOSE);
}

static void test_connect(void **state)
{
	CHECK("! h1\n> CONNECT h:443 \n< 200 none\n=\n! none\n# other 5\n",
	      W("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"), R(OK "\r\n"),
	      W("\x16\x03\x01\x02\x00"), CLOSE);
	/* plain HTTP inside; the client did not wait */
	CHECK("! h1\n> CONNECT h:80 \n< 200 none\n=\n" GET_SAYS "< 204 none\n=\n",
	      W("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"), W(GET), R(OK "\r\n"),
	      R("HTTP/1.1 204 N\r\n\r\n"), CLOSE);
	CHECK("! h1\n> CONNECT h:80 \n< 407 whole\n<[no]\n=\n" GET_SAYS
	      "= no_response client_closed\n",
	      W("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"),
	      R("HTTP/1.1 407 A\r\nContent-Length: 2\r\n\r\nno"), W(GET), CLOSE);
}

static void test_not_http(void **state)
{
	CHECK("! none\n# other 11\n", W("\x16\x03\x01hello"), R("abc"), CLOSE);
	CHECK("! none\n# other 8\n", W("SSH-2.0-"), CLOSE);
	CHECK("! none\n# other 8\n", W("HTTP"), W_LOST(0), R("GET\n"), CLOSE);
	CHECK("# other 7\n", W("HTTP"), R("GET"), CLOSE);
}

static void test_dead_reasons(void **state)
{
	static const char *const heads[] = {
		"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
		"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
		"POST / HTTP/1.1\r\nContent-Length : 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nContent-Length: 3\r\n 4\r\n\r\nabc",
		"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabc",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\nabc",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3x\r\nabcd\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1234567890123456\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\r\n",
		"POST / HTTP/1.1\r\nno colon\r\n\r\n", "POST / HTTP/3.0\r\n\r\n", "POST /\r\n\r\n",
		"POST / HTTP/1.1 \r\n\r\n", "POST  / HTTP/1.1\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		const struct step steps[] = {WRAW(heads[i], strlen(heads[i])), CLOSE};
		char *text = transcript_run(steps, 2, 1);

		if (!strstr(text, "! none\n"))
			print_error("%s\n%s\n", heads[i], text);
		assert_non_null(strstr(text, "! none\n"));
		free(text);
	}
}

static void test_harmless_oddities(void **state)
{
	CHECK("! h1\n> post a /\n< 204 none\n=\n",
	      W("post / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
	      R("HTTP/1.1 204 N\r\n\r\n"), CLOSE);
	CHECK("! h1\n> POST a /\n>[abc]\n< 200 whole\n<[x]\n=\n",
	      W("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\nX: y\r\n folded\r\n"
		"Bad Name: 1\r\nHost: b\r\nTransfer-Encoding: identity\r\n\r\nabc"),
	      R(OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"), CLOSE);
}

static void test_long_head(void **state)
{
	static const char start[] = "GET / HTTP/1.1\r\nHost: h\r\nCookie: ";
	size_t n = 200000, at = sizeof(start) - 1;
	char *head = malloc(n + 200);

	stats_reset();
	memcpy(head, start, at);
	memset(head + at, 'c', n);
	memcpy(head + at + n, "\r\n\r\n", 4);

	const struct step steps[] = {WRAW(head, at + n + 4), R("HTTP/1.1 204 N\r\n\r\n"), CLOSE};

	for (unsigned int way = 0; way < 4; way += 3) {
		char *text = transcript_run(steps, 3, way);

		assert_string_equal(text, "! h1\n> GET h /\n< 204 none\n=\n");
		free(text);
	}
	assert_int_equal(stats_get(STAT_HTTP_HEAD_TOO_LONG), 2);
	free(head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sized),
		cmocka_unit_test(test_bare_line_feeds),
		cmocka_unit_test(test_server_side),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_two_clients),
		cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_pipeline_full),
		cmocka_unit_test(test_chunked),
		cmocka_unit_test(test_until_close),
		cmocka_unit_test(test_interim),
		cmocka_unit_test(test_expect_refused),
		cmocka_unit_test(test_no_body),
		cmocka_unit_test(test_early_answer),
		cmocka_unit_test(test_delivered_before_request),
		cmocka_unit_test(test_unwanted),
		cmocka_unit_test(test_target_forms),
		cmocka_unit_test(test_sse_events),
		cmocka_unit_test(test_framing_override),
		cmocka_unit_test(test_event_stream),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_coded_bodies),
		cmocka_unit_test(test_codings_that_fail),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_h2),
		cmocka_unit_test(test_websocket),
		cmocka_unit_test(test_h2c),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_not_http),
		cmocka_unit_test(test_dead_reasons),
		cmocka_unit_test(test_harmless_oddities),
		cmocka_unit_test(test_long_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
