/* SPDX-License-Identifier: Apache-2.0 */
/* The traps of the wire that are this room's: one test per trap, named for it (docs/TRAPS.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transcript.h"

#define GET "GET / HTTP/1.1\r\nHost: api.x\r\n\r\n"
#define SSE "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
#define SAYS "! h1\n> GET api.x /\n< 200 sse\n"

/* data: {"a":1}, a flush, data: {"usage":7}: plaintext after TLS is not plain text. */
static const u8 coded[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4a, 0x49, 0x2c, 0x49,
	0xb4, 0x52, 0xa8, 0x56, 0x4a, 0x54, 0xb2, 0x32, 0xac, 0xe5, 0xe2, 0x02, 0x00, 0x00,
	0x00, 0xff, 0xff, 0x4b, 0x81, 0x72, 0x4b, 0x8b, 0x13, 0xd3, 0x53, 0x95, 0xac, 0xcc,
	0x81, 0x42, 0x00, 0x08, 0x1f, 0x5c, 0x09, 0x22, 0x00, 0x00, 0x00,
};

static void trap_T23_coded_streams(void **state)
{
	CHECK(SAYS "<[{\"a\":1}]\n<[{\"usage\":7}]\n=\n", W(GET),
	      R(SSE "Content-Encoding: gzip\r\n\r\n"), RRAW(coded, sizeof(coded)), CLOSE);
}

/* HTTP/2 is seen for what it is, never taken for noise. */
static void trap_T24_http2(void **state)
{
	const struct step steps[] = {
		W("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"), CLOSE};
	char *says = transcript_run(steps, ARRAY_LEN(steps), 0);

	assert_non_null(strstr(says, "! h2"));
	free(says);
}

/* CRLF, comments, a space or none behind the colon, no last blank line: all are events. */
static void trap_T41_odd_events(void **state)
{
	CHECK(SAYS "<[{\"a\":1}]\n<[{\"b\":2}]\n<[ping|{}]\n<[{\"c\":3}]\n=\n", W(GET),
	      R(SSE "\r\n: keep-alive\r\n\r\ndata: {\"a\":1}\r\n\r\ndata:{\"b\":2}\n\n"
		    "event: ping\r\ndata: {}\r\n\r\n: OPENROUTER PROCESSING\n\ndata: {\"c\":3}\n"),
	      CLOSE);
}

/* Joined in the middle: nothing is made of what came before the next head. */
static void trap_T44_joined_late(void **state)
{
	CHECK("! h1\n> GET api.x /\n< 200 sse\n<[{\"a\":1}]\n=\n", LATE,
	      W("\"text\":\"...\"}"), R("data: {\"usage\":9}\n\n0\r\n\r\n"), W(GET),
	      R(SSE "\r\ndata: {\"a\":1}\n\n"), CLOSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trap_T23_coded_streams),
		cmocka_unit_test(trap_T24_http2),
		cmocka_unit_test(trap_T41_odd_events),
		cmocka_unit_test(trap_T44_joined_late),
	};

	cmocka_set_test_filter(getenv("TRAP"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
