/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket on a connection: the upgrade's exchange, both roles, out of step, late, unwanted. */
#include "unit.h"

#include "http/transcript.h"
#include "http/ws_build.h"

#define UPGRADE "GET /v1/realtime?model=m HTTP/1.1\r\nHost: api.x\r\nUpgrade: websocket\r\n\r\n"
#define SWITCH "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n"
#define SAYS "> GET api.x /v1/realtime?model=m"

static void test_messages(void **state)
{
	/* "{}" masked with zeros */
	CHECK("! h1\n" SAYS "\n< 101 websocket\n! websocket\n>[{}]\n<[{1}]\n>[]\n<[{2}]\n=\n",
	      W(UPGRADE), R(SWITCH "\r\n"), W("\x81\x82\0\0\0\0{}"), R("\x81\x03{1}"),
	      W("\x81\x80\0\0\0\0\x89\x80\0\0\0\0"), R("\x8a\x00\x01\x01{\x80\x02"), R("2}"),
	      W("\x88\x80\0\0\0\0"), CLOSE);
	CHECK("! h1\n" SAYS " server\n< 101 websocket\n! websocket\n>[{}]\n<[{1}]\n=\n", R(UPGRADE),
	      W(SWITCH "\r\n"), R("\x81\x82\0\0\0\0{}"), W("\x81\x03{1}"), CLOSE);
}

static void test_out_of_step(void **state)
{
	CHECK_WHOLE("! h1\n" SAYS "\n< 101 websocket\n! websocket\n<[{1}]\n>[{}]\n=\n", W(UPGRADE),
		    W("\x81\x82\0\0\0\0{}"), R(SWITCH "\r\n\x81\x03{1}"), CLOSE);
}

static void test_cut(void **state)
{
	CHECK("! h1\n" SAYS "\n< 101 websocket\n! websocket\n<[{1}\n=\n", W(UPGRADE),
	      R(SWITCH "\r\n"), R("\x81\x09{1"), CLOSE);
	CHECK("! h1\n" SAYS "\n< 101 websocket\n! websocket\n<[{1}\n<[{2}]\n= response_gap\n",
	      W(UPGRADE), R(SWITCH "\r\n"), R("\x81\x09{1"), R_LOST(7), R("\x81\x03{2}"), CLOSE);
	CHECK("! h1\n" SAYS "\n< 101 websocket\n! websocket\n>[{~}]\n= request_policy\n",
	      W(UPGRADE), R(SWITCH "\r\n"), W("\x81\x89\0\0\0\0{"), W_POLICY(7), W("}"), CLOSE);
}

static void test_unwanted(void **state)
{
	CHECK("! h1\n> GET api.x /unwanted\n< 101 none\n=\n! websocket\n# websocket 12\n",
	      W("GET /unwanted HTTP/1.1\r\nHost: api.x\r\nUpgrade: websocket\r\n\r\n"),
	      R(SWITCH "\r\n\x81\x02{}"), W("\x81\x82\0\0\0\0{}"), CLOSE);
}

static void test_deflate(void **state)
{
	struct ws_build b;

	ws_build_init(&b, false);
	ws_put_deflated(&b, "{\"type\":\"x\"}", Z_SYNC_FLUSH);
	ws_put_deflated(&b, "{\"type\":\"x\"}", Z_SYNC_FLUSH);

	const struct step steps[] = {
		W(UPGRADE),
		R(SWITCH "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
		RRAW(b.out.p, b.out.n),
		CLOSE,
	};

	transcript_check(steps, ARRAY_LEN(steps),
			 "! h1\n" SAYS "\n< 101 websocket\n! websocket\n"
			 "<[{\"type\":\"x\"}]\n<[{\"type\":\"x\"}]\n=\n");
	ws_build_fini(&b);
}

/* The upgrade was not seen: one record that starts with JSON, or two of plausible frames. */
static void test_late(void **state)
{
	struct ws_build b;

	CHECK_WHOLE("! websocket\n> GET  \n>[{}]\n<[{1}]\n=\n", LATE, R("\x81\x03{0}"),
		    W("\x81\x82\0\0\0\0{}"), R("\x81\x03{1}"), CLOSE);
	CHECK_WHOLE("! websocket\n> GET  \n>[x]\n=\n", LATE, W("\x89\x80\0\0\0\0"),
		    W("\x82\x81\0\0\0\0x"), CLOSE);
	CHECK_WHOLE("! websocket\n> GET   server\n>[{}]\n<[{1}]\n=\n", LATE,
		    R("\x81\x82\0\0\0\0{}"), W("\x81\x03{1}"), CLOSE);
	CHECK_WHOLE("", LATE, W("\x89\x80\0\0\0\0"), W("something else"), W("\x89\x80\0\0\0\0"),
		    CLOSE);

	ws_build_init(&b, true);
	ws_put_text(&b, "{\"a\":1}");
	ws_put_deflated(&b, "{\"a\":1}", Z_SYNC_FLUSH);

	const struct step steps[] = {LATE, WRAW(b.out.p, b.out.n), CLOSE};

	transcript_check_whole(steps, ARRAY_LEN(steps),
			       "! websocket\n> GET  \n>[{\"a\":1}]\n>[}\n=\n# websocket 9\n");
	ws_build_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages), cmocka_unit_test(test_out_of_step),
		cmocka_unit_test(test_cut),	 cmocka_unit_test(test_unwanted),
		cmocka_unit_test(test_deflate),	 cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
