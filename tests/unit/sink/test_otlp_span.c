/* SPDX-License-Identifier: Apache-2.0 */
/* Records as spans: what is there, what must not be, and the same as JSON. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "sink/otlp_attr.h"
#include "sink/otlp_fixture.h"
#include "sink/otlp_json.h"
#include "sink/otlp_span.h"

static const struct otlp_pairs no_pairs;

static char *as_json(const struct record *const *records, size_t n, const struct otlp_pairs *pairs)
{
	struct arena *a = arena_new(8 << 20);
	otlp_request *request = otlp_request_make(a, records, n, pairs, "9.9.9");
	struct buf b;

	assert_non_null(request);
	buf_init(&b, 8 << 20);
	otlp_json_write(&b, &request->base);
	buf_append_char(&b, '\0');
	assert_int_equal(b.failed, 0);
	arena_free(a);
	return b.p;
}

static char *one_as_json(struct record *r)
{
	const struct record *list = r;
	char *json = as_json(&list, 1, &no_pairs);

	free(r);
	return json;
}

static void expect_in(const char *json, const char *part)
{
	if (!strstr(json, part))
		fail_msg("%s\nis not in\n%s", part, json);
}

static void expect_not_in(const char *json, const char *part)
{
	if (strstr(json, part))
		fail_msg("%s\nis in\n%s", part, json);
}

static void test_full(void **state)
{
	char *json = one_as_json(otlp_fixture_full());

	expect_in(json, "\"traceId\":\"0af7651916cd43dd8448eb211c80319c\"");
	expect_in(json, "\"spanId\":\"00f067aa0ba902b7\"");
	expect_in(json, "\"parentSpanId\":\"b7ad6b7169203331\"");
	expect_in(json, "\"traceState\":\"vendor=1\"");
	expect_in(json, "\"flags\":257");
	expect_in(json, "\"name\":\"chat gpt-4o\",\"kind\":3");
	expect_in(json, "\"startTimeUnixNano\":\"1795309323123456789\"");
	expect_in(json, "\"endTimeUnixNano\":\"1795309323935856789\"");
	expect_in(json, "{\"key\":\"gen_ai.usage.input_tokens\","
		  "\"value\":{\"intValue\":\"2006\"}}");
	expect_in(json, "{\"key\":\"gen_ai.usage.cache_write.input_tokens\","
		  "\"value\":{\"intValue\":\"10\"}}");
	expect_in(json, "{\"key\":\"gen_ai.usage.cost\",\"value\":{\"doubleValue\":0.005615}}");
	expect_in(json, "{\"key\":\"tolltap.cost.amount\","
		  "\"value\":{\"stringValue\":\"0.005615\"}}");
	expect_in(json, "{\"key\":\"gen_ai.response.time_to_first_chunk\","
		  "\"value\":{\"doubleValue\":0.1902}}");
	expect_in(json, "{\"key\":\"gen_ai.response.finish_reasons\",\"value\":{\"arrayValue\":"
		  "{\"values\":[{\"stringValue\":\"stop\"},{\"stringValue\":\"length\"}]}}}");
	expect_in(json, "{\"key\":\"gen_ai.request.stream\",\"value\":{\"boolValue\":true}}");
	expect_in(json, "{\"key\":\"user_agent.original\",\"value\":{\"stringValue\":"
		  "\"OpenAI/Python 1.0 \xef\xbf\xbd\xc3\xa9\"}}");
	expect_in(json, "{\"key\":\"server.port\",\"value\":{\"intValue\":\"443\"}}");
	expect_in(json, "{\"key\":\"tolltap.tag.team\",\"value\":{\"stringValue\":\"payments\"}}");
	expect_in(json, "{\"key\":\"process.creation.time\",\"value\":{\"stringValue\":"
		  "\"2026-11-22T01:00:00.000000000Z\"}}");
	expect_not_in(json, "status\":");
	expect_not_in(json, "error.type");
	expect_not_in(json, "notional");
	free(json);
}

static void test_small(void **state)
{
	char *json = one_as_json(otlp_fixture_small(7, 0));

	expect_in(json, "\"name\":\"chat\"");
	expect_in(json, "\"flags\":1}");
	expect_in(json, "{\"key\":\"server.address\",\"value\":{\"stringValue\":\"::1\"}}");
	expect_in(json, "{\"key\":\"server.port\",\"value\":{\"intValue\":\"8443\"}}");
	expect_not_in(json, "parentSpanId");
	expect_not_in(json, "gen_ai.request.stream");
	expect_not_in(json, "gen_ai.usage");
	expect_not_in(json, "http.request.resend_count");
	expect_not_in(json, "\"\"");
	free(json);
}

static void test_failed(void **state)
{
	char *json = one_as_json(otlp_fixture_failed());

	expect_in(json, "\"status\":{\"code\":2}");
	expect_in(json, "{\"key\":\"error.type\",\"value\":{\"stringValue\":\"429\"}}");
	expect_in(json, "{\"key\":\"gen_ai.provider.name\",\"value\":{\"stringValue\":"
		  "\"aws.bedrock\"}}");
	expect_in(json, "{\"key\":\"tolltap.cost.notional\",\"value\":{\"doubleValue\":0.0015}}");
	/* a guessed session is no conversation; a second view has no tokens; notional is no cost */
	expect_in(json, "{\"key\":\"tolltap.session.id\",\"value\":{\"stringValue\":\"guess\"}}");
	expect_not_in(json, "gen_ai.conversation.id");
	expect_not_in(json, "gen_ai.usage");
	/* no ids: fields that are not there, not zeros */
	expect_not_in(json, "traceId");
	free(json);
}

static size_t count(const char *json, const char *part)
{
	size_t n = 0;

	for (const char *at = json; (at = strstr(at, part)); at++)
		n++;
	return n;
}

static void test_one_resource_per_process(void **state)
{
	struct record *r[4] = {otlp_fixture_small(1, 0), otlp_fixture_small(2, 1),
			       otlp_fixture_small(1, 2), otlp_fixture_small(1, 3)};
	struct otlp_pairs pairs = {
		.pair = {{(char *)"service.name", (char *)"shop"},
			 {(char *)"deployment.environment.name", (char *)"prod"}},
		.n = 2,
	};
	char *json = as_json((const struct record *const *)r, 4, &pairs);

	assert_int_equal(count(json, "\"resource\":"), 2);
	assert_int_equal(count(json, "\"spanId\":"), 4);
	assert_int_equal(count(json, "\"service.name\""), 2);
	assert_int_equal(count(json, "\"deployment.environment.name\""), 2);
	expect_in(json, "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}}");
	free(json);
	for (int i = 0; i < 4; i++)
		free(r[i]);
}

static void test_no_room(void **state)
{
	struct record *r = otlp_fixture_full();
	const struct record *list = r;

	size_t full_attrs = 0, max = 16;

	/* whatever allocation fails, there is no half request */
	for (; !full_attrs && max < 100000; max += 16) {
		struct arena *a = arena_new(max);
		otlp_request *q = otlp_request_make(a, &list, 1, &no_pairs, "9.9.9");

		if (q)
			full_attrs = q->resource_spans[0]->scope_spans[0]->spans[0]->n_attributes;
		arena_free(a);
	}
	assert_int_equal(full_attrs, 52);
	assert_true(max > 4000);
	free(r);
}

static void test_text(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		const char *out;
	} rows[] = {
		{"plain", 5, "plain"},
		{"a\0b", 3, "a\xef\xbf\xbd" "b"},
		{"\xc3\xa9", 2, "\xc3\xa9"},
		{"\xc3", 1, "\xef\xbf\xbd"},
		{"\xc0\x80", 2, "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf0\x9f\x92\xb0", 4, "\xf0\x9f\x92\xb0"},
		{"\xf4\x90\x80\x80", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe0\x80\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new(4096);

		assert_string_equal(otlp_text(a, (struct str){rows[i].in, rows[i].n}), rows[i].out);
		arena_free(a);
	}
}

/* OTLP_TEST_OUT=FILE: the bytes that tests/run-otlp gives to an independent decoder. */
static void test_bytes(void **state)
{
	struct record *r[2] = {otlp_fixture_full(), otlp_fixture_failed()};
	struct arena *a = arena_new(8 << 20);
	otlp_request *request = otlp_request_make(a, (const struct record *const *)r, 2, &no_pairs,
						  "9.9.9");
	size_t n = protobuf_c_message_get_packed_size(&request->base);
	u8 *bytes = malloc(n);
	const char *path = getenv("OTLP_TEST_OUT");

	assert_int_equal(protobuf_c_message_pack(&request->base, bytes), n);
	if (path) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		assert_int_equal(fwrite(bytes, 1, n, f), n);
		assert_int_equal(fclose(f), 0);
	}

	otlp_request *again = (otlp_request *)protobuf_c_message_unpack(request->base.descriptor,
									NULL, n, bytes);

	assert_non_null(again);
	assert_int_equal(again->n_resource_spans, 2);
	protobuf_c_message_free_unpacked(&again->base, NULL);
	free(bytes);
	arena_free(a);
	free(r[0]);
	free(r[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_one_resource_per_process),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
