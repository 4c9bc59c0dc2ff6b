/* SPDX-License-Identifier: Apache-2.0 */
/* What was asked for: wherever it stands in the request, and not beyond a hole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/stats.h"
#include "llm_expect.h"

/* SDKs write messages first: the model comes after a megabyte of them. */
static void test_model_last(void **state)
{
	size_t n = 1u << 20;
	char *body = malloc(n + 256);
	static const char head[] = "{'messages':[{'content':'", tail[] = "'}],'model':'gpt-4o'}";

	memcpy(body, head, sizeof(head) - 1);
	memset(body + sizeof(head) - 1, 'x', n);
	memcpy(body + sizeof(head) - 1 + n, tail, sizeof(tail));

	struct feed f = {.request = body, .status = 500};
	struct fed r = llm_feed(NULL, &f, 3);

	TEXT(r.call.model_requested, "gpt-4o");
	fed_free(&r);
	free(body);
}

/* Behind a hole nothing has a place that could be proven. */
static void test_policy_hole(void **state)
{
	static const char before[] = "{\"stream\":true,\"messages\":[{\"content\":\"aaaa";
	static const char after[] = "\"}],\"model\":\"gpt-4o\"}";
	struct arena *arena = arena_new(ARENA_MAX);
	struct llm *l = llm_feed_new();
	struct exchange x = {
		.arena = arena,
		.method = STR("POST"),
		.authority = STR("api.openai.com"),
		.path = STR("/v1/chat/completions"),
	};
	struct fed fed = {0};

	assert_true(llm_on_request(l, &x));
	llm_on_unit(l, &x, HTTP_REQUEST, UNIT_BEGIN, STR(""));
	llm_on_unit(l, &x, HTTP_REQUEST, UNIT_DATA, STR(before));
	llm_on_unit(l, &x, HTTP_REQUEST, UNIT_POLICY, STR(""));
	llm_on_unit(l, &x, HTTP_REQUEST, UNIT_DATA, STR(after));
	llm_on_unit(l, &x, HTTP_REQUEST, UNIT_END, STR(""));
	x.flags = EXCHANGE_F_REQUEST_POLICY | EXCHANGE_F_NO_RESPONSE;
	llm_feed_expect(&fed);
	llm_on_done(l, &x);
	assert_int_equal(fed.calls, 1);
	assert_null(fed.call.model_requested.p);
	assert_true(fed.call.flags & CALL_F_REQUEST_POLICY);
	assert_true(fed.call.flags & CALL_F_STREAM);
	llm_free(l);
	arena_free(arena);
}

static void test_wishes(void **state)
{
	static const struct {
		const char *request, *tier;
	} rows[] = {
		{"{'service_tier':'flex','inference_geo':'us','speed':'fast'}", "flex"},
		{"{'service_tier':'auto','inference_geo':'us','speed':'fast'}", NULL},
		{"{'service_tier':'standard_only','inference_geo':'us','speed':'fast'}",
		 "standard"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct feed f = {.request = rows[i].request, .response = "{}"};
		struct fed r = llm_feed(NULL, &f, 1);

		assert_true(str_eq(r.call.service_tier, str_of(rows[i].tier)));
		TEXT(r.call.geo, "us");
		TEXT(r.call.speed, "fast");
		fed_free(&r);
	}
}

/* A known host is a call from its head on; an unknown one once it is proven; nothing twice. */
static void test_started(void **state)
{
	struct feed known = {.response = "{}"};
	struct feed shaped = {
		.host = "gw.example",
		.request = "{'model':'m','messages':[]}",
		.response = "{'object':'chat.completion','choices':[]}",
	};
	struct feed other = {.host = "gw.example", .response = "{'ok':1}"};
	struct fed r;

	stats_reset();
	r = llm_feed(NULL, &known, 0);
	fed_free(&r);
	assert_int_equal(stats_get(STAT_CALLS_STARTED), 1);
	r = llm_feed(NULL, &shaped, 0);
	IS(r, flags, CALL_F_SHAPE);
	TEXT(r.call.provider, "openai");
	fed_free(&r);
	assert_int_equal(stats_get(STAT_CALLS_STARTED), 2);
	r = llm_feed(NULL, &other, 0);
	assert_true(r.is_wanted);
	assert_false(r.is_call);
	fed_free(&r);
	assert_int_equal(stats_get(STAT_CALLS_STARTED), 2);
}

/* An arena that is full before it begins: the loss is counted where somebody pays. */
static void test_no_memory(void **state)
{
	struct llm *l = llm_feed_new();
	struct exchange x = {.arena = arena_new(64), .method = STR("POST")};

	x.authority = STR("api.openai.com");
	x.path = STR("/v1/chat/completions");
	stats_reset();
	assert_false(llm_on_request(l, &x));
	assert_int_equal(stats_get(STAT_CALLS_STARTED), 1);
	assert_int_equal(stats_get(STAT_CALLS_LOST), 1);
	x.authority = STR("shop.example");
	assert_false(llm_on_request(l, &x));
	assert_int_equal(stats_get(STAT_CALLS_LOST), 1);
	llm_on_done(l, &x);
	llm_free(l);
	arena_free(x.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_last),
		cmocka_unit_test(test_policy_hole),
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_started),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
