/* SPDX-License-Identifier: Apache-2.0 */
/* Units: events, lines, whole bodies; every line end, every cut, with and without holes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "http/units_text.h"

/* before, then, when gap is not 0, a hole ('l'ost or 'p'olicy) and after */
static void check_gap(enum http_framing kind, const char *before, char gap, const char *after,
		      bool is_complete, const char *want)
{
	const struct units_body body = {
		.framing = kind,
		.label = {.is_response = true},
		.before = str_of(before),
		.gap = gap,
		.after = str_of(after),
		.is_cut = !is_complete,
	};

	units_check(&body, want);
}

static void sse(const char *in, const char *want)
{
	check_gap(FRAMING_SSE, in, 0, "", true, want);
}

static void test_line_ends(void **state)
{
	sse("data: 1\n\ndata: 2\n\n", "[ 1][ 2]");
	sse("data: 1\r\n\r\ndata: 2\r\n\r\n", "[ 1][ 2]");
	sse("data: 1\r\rdata: 2\r\r", "[ 1][ 2]");
	sse("data: 1\r\n\ndata: 2\n\r\n", "[ 1][ 2]");
	sse("\n\n\r\n\rdata: 1\n\n\n\n", "[ 1]");
}

static void test_fields(void **state)
{
	sse("data:1\n\ndata: 2\n\ndata:  3\n\n", "[ 1][ 2][  3]");
	sse("event: a\ndata: 1\n\ndata: 2\n\nevent:b\nid: 7\nretry: 1\ndata: 3\n\n",
	    "[a|1][ 2][b|3]");
	sse(": OPENROUTER PROCESSING\n\n: x\ndata: 1\n:\ndata: 2\n\n", "[ 1\n2]");
	sse("data: {\ndata: }\ndata\ndata:\n\n", "[ {\n}\n\n]");
	sse("data\n\ndata:\n\n", "[ ][ ]");
	sse("event: only\n\ndata: 1\n\n", "[ 1]");
	sse("event: a\nevent: b\ndata: 1\n\n", "[b|1]");
	sse("event\ndatax: 1\ndat: 2\ndata x: 3\n data: 4\nDATA: 5\naveryverylongfield: 6\n\n", "");
	sse("data: a:b: c\n\n", "[ a:b: c]");
	/* the name comes too late for this event, and is not kept for the next */
	sse("data: 1\nevent: late\n\ndata: 2\n\n", "[ 1][ 2]");
}

static void test_byte_order_mark(void **state)
{
	sse("\xef\xbb\xbf" "data: 1\n\n", "[ 1]");
	sse("\xef\xbb" "data: 1\n\ndata: 2\n\n", "[ 2]");
	sse("data: 1\n\n\xef\xbb\xbf" "data: 2\n\n", "[ 1]");
}

static void test_missing_end(void **state)
{
	sse("data: 1\n\ndata: 2", "[ 1][ 2]");
	sse("data: 1\n\ndata: 2\n", "[ 1][ 2]");
	sse("data", "[ ]");
	check_gap(FRAMING_SSE, "data: 1\n\ndata: 2", 0, "", false, "[ 1][ 2}");
	check_gap(FRAMING_SSE, "data: 1\n\ndata: 2\n", 0, "", false, "[ 1][ 2]");
	sse("", "");
}

static void test_long_name(void **state)
{
	char in[400], want[400];
	size_t at = 0;

	memcpy(in, "event: ", 7);
	memset(in + 7, 'n', 300);
	memcpy(in + 307, "\ndata: 1\n\n", 11);
	want[at++] = '[';
	memset(want + at, 'n', HTTP_UNIT_NAME_MAX);
	at += HTTP_UNIT_NAME_MAX;
	memcpy(want + at, "|1]", 4);
	sse(in, want);
}

static void test_sse_gap(void **state)
{
	check_gap(FRAMING_SSE, "data: 1\n\ndata: {\"us", 'l', "age\":1}\n\ndata: 3\n\n", true,
		  "[ 1][ {\"us}[ 3]");
	check_gap(FRAMING_SSE, "event: x\n", 'l', "data: 2\n\n", true, "[ 2]");
	check_gap(FRAMING_SSE, "data: 1\n", 'p', "\ndata: 2\n\n", true, "[ 1}[ 2]");
	check_gap(FRAMING_SSE, "da", 'l', "ta: 1\n\n", true, "");
	check_gap(FRAMING_SSE, "data: 1\r", 'l', "\ndata: 2\n\n", true, "[ 1}[ 2]");
}

static void test_lines(void **state)
{
	check_gap(FRAMING_NDJSON, "{1}\n\n{2}\r\n  \n{3}", 0, "", true, "[ {1}][ {2}\r][ {3}]");
	check_gap(FRAMING_NDJSON, "{1}\n{2}", 0, "", false, "[ {1}][ {2}}");
	check_gap(FRAMING_NDJSON, "{1}\n{2", 'l', "x}\n{3}\n", true, "[ {1}][ {2}[ {3}]");
	check_gap(FRAMING_NDJSON, "{1}\n", 'p', "x}\n{3}\n", true, "[ {1}][ {3}]");
}

static void test_whole(void **state)
{
	check_gap(FRAMING_WHOLE, "{\"a\":\n", 0, "1}", true, "[ {\"a\":\n1}]");
	check_gap(FRAMING_WHOLE, "", 0, "", true, "");
	check_gap(FRAMING_WHOLE, "{", 0, "", false, "[ {}");
	check_gap(FRAMING_WHOLE, "{", 'p', "}", true, "[ {~}]");
	check_gap(FRAMING_WHOLE, "", 'p', "}", true, "[ ~}]");
	check_gap(FRAMING_WHOLE, "{", 'l', "}", true, "[ {}");
	check_gap(FRAMING_WHOLE, "dat", 'p', "}", true, "[ dat~}]");
	check_gap(FRAMING_WHOLE, "dat", 'l', "}", true, "[ dat}");
	check_gap(FRAMING_WHOLE, "even", 0, "", true, "[ even]");
	check_gap(FRAMING_WHOLE, "eventually", 0, "", true, "[ eventually]");
	check_gap(FRAMING_NONE, "{", 'l', "}", true, "");
}

static void type(struct str content_type, enum http_framing want)
{
	assert_int_equal(framing_of(content_type, HTTP_RESPONSE), want);
}

static void test_types(void **state)
{
	type(STR("text/event-stream;charset=UTF-8"), FRAMING_SSE);
	type(STR(" Text/Event-Stream "), FRAMING_SSE);
	type(STR("application/x-ndjson"), FRAMING_NDJSON);
	type(STR("application/jsonl"), FRAMING_NDJSON);
	type(STR("application/stream+json; x=y"), FRAMING_NDJSON);
	type(STR("application/json"), FRAMING_WHOLE);
	type(STR_NONE, FRAMING_WHOLE);
	type(STR("application/vnd.amazon.eventstream"), FRAMING_EVENTSTREAM);
	type(STR("application/grpc"), FRAMING_GRPC);
	type(STR("application/grpc-web+proto"), FRAMING_GRPC);
	type(STR("multipart/form-data; boundary=x"), FRAMING_WHOLE);
	assert_int_equal(framing_of(STR("multipart/form-data; boundary=x"), HTTP_REQUEST),
			 FRAMING_MULTIPART);
	/* a request's events are nobody's: only what asks is read */
	assert_int_equal(framing_of(STR("text/event-stream"), HTTP_REQUEST), FRAMING_WHOLE);
	assert_int_equal(framing_of(STR("application/vnd.amazon.eventstream"), HTTP_REQUEST),
			 FRAMING_EVENTSTREAM);
}

/* A stream labelled as JSON, or not at all. */
static void test_events_by_their_look(void **state)
{
	(void)state;
	check_gap(FRAMING_WHOLE, "data: {}\n\ndata: 1\n\n", 0, "", true, "[ {}][ 1]");
	check_gap(FRAMING_WHOLE, "event: x\ndata: 1\n\n", 0, "", true, "[x|1]");
	check_gap(FRAMING_WHOLE, "data: 1\n\ndata: 2", 'l', "\ndata: 3\n\n", true,
		  "[ 1][ 2}[ 3]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_by_their_look),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_missing_end),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_sse_gap),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
