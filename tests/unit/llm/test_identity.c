/* SPDX-License-Identifier: Apache-2.0 */
/* Headers, credentials, sessions, billing, cache status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "llm_expect.h"

#define CHAT_OK                                                                                    \
	"{'id':'c','choices':[],'usage':{'prompt_tokens':1,'completion_tokens':2,'total_tokens':"  \
	"3}}"
#define REQ(id, value)                                                                             \
	{                                                                                          \
		HTTP_REQUEST, HTTP_H_##id, value                                                   \
	}
#define RESP(id, value)                                                                            \
	{                                                                                          \
		HTTP_RESPONSE, HTTP_H_##id, value                                                  \
	}

static void test_headers(void **state)
{
	struct feed f = {
		.host = "API.OpenAI.com:443",
		.response = CHAT_OK,
		.flags = EXCHANGE_F_SERVER_SIDE,
		.header =
			{
				REQ(AUTHORIZATION, "Bearer sk-secret"),
				REQ(USER_AGENT, "OpenAI/Python 1.0"),
				REQ(TRACEPARENT,
				    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
				REQ(TRACESTATE, "a=b"),
				REQ(BAGGAGE, "tenant.id=7"),
				REQ(X_STAINLESS_RETRY_COUNT, "2"),
				REQ(OPENAI_ORGANIZATION, "org-asked"),
				RESP(OPENAI_ORGANIZATION, "org-1"),
				RESP(OPENAI_PROJECT, "proj_1"),
				RESP(X_REQUEST_ID, "req_1"),
			},
	};
	struct fed r = llm_feed(NULL, &f, 0);

	TEXT(r.call.host, "api.openai.com");
	TEXT(r.call.provider, "openai");
	TEXT(r.call.credential, "sk-secret");
	TEXT(r.call.credential_scheme, "bearer");
	TEXT(r.call.user_agent, "OpenAI/Python 1.0");
	assert_int_equal(r.call.traceparent.n, 55);
	TEXT(r.call.tracestate, "a=b");
	TEXT(r.call.baggage, "tenant.id=7");
	IS(r, retry_seq, 2);
	TEXT(r.call.organization, "org-1");
	TEXT(r.call.project, "proj_1");
	TEXT(r.call.request_id, "req_1");
	IS(r, flags, CALL_F_SERVER_SIDE);
	IS(r, start_ns, 1000);
	IS(r, end_ns, 9000);
	fed_free(&r);
}

static void test_credentials(void **state)
{
	static const struct {
		struct feed_header header;
		const char *secret, *scheme;
		enum billing billing;
	} rows[] = {
		{REQ(AUTHORIZATION, "bearer  sk-1 "), "sk-1", "bearer", BILLING_METERED},
		{REQ(AUTHORIZATION, "Token abc"), "abc", "authorization", BILLING_METERED},
		{REQ(AUTHORIZATION, "lonely"), NULL, NULL, BILLING_METERED},
		{REQ(X_API_KEY, "sk-ant-api03-x"), "sk-ant-api03-x", "x-api-key", BILLING_METERED},
		{REQ(AUTHORIZATION, "Bearer sk-ant-oat01-x"), "sk-ant-oat01-x", "bearer",
		 BILLING_SUBSCRIPTION},
		{REQ(API_KEY, "az"), "az", "api-key", BILLING_METERED},
		{REQ(X_GOOG_API_KEY, "g"), "g", "x-goog-api-key", BILLING_METERED},
		{RESP(SERVER, "llama.cpp"), NULL, NULL, BILLING_SELF_HOSTED},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct feed f = {.response = CHAT_OK, .header = {rows[i].header}};
		struct fed r = llm_feed(NULL, &f, 0);

		assert_true(str_eq(r.call.credential, str_of(rows[i].secret)));
		assert_true(str_eq(r.call.credential_scheme, str_of(rows[i].scheme)));
		IS(r, billing, rows[i].billing);
		fed_free(&r);
	}
}

static void test_billing_by_host(void **state)
{
	static const struct {
		const char *host, *path;
		enum billing billing;
	} rows[] = {
		{"chatgpt.com", "/backend-api/codex/responses", BILLING_SUBSCRIPTION},
		{"api.githubcopilot.com", "/chat/completions", BILLING_SUBSCRIPTION},
		{"127.0.0.1:11434", "/v1/chat/completions", BILLING_SELF_HOSTED},
		{"127.0.0.1:8443", "/v1/chat/completions", BILLING_METERED},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct feed f = {
			.host = rows[i].host,
			.path = rows[i].path,
			.request = "{'model':'m','messages':[]}",
			.status = 500,
		};
		struct fed r = llm_feed(NULL, &f, 0);

		assert_int_equal(r.calls, 1);
		IS(r, billing, rows[i].billing);
		fed_free(&r);
	}
}

static void test_sessions(void **state)
{
	static const struct {
		struct feed_header header;
		const char *user_id, *id, *source;
	} rows[] = {
		{REQ(X_CLAUDE_CODE_SESSION_ID, "cc-1"), "user_a_account_b_session_no", "cc-1",
		 "header"},
		{REQ(SESSION_ID, "s-1"), "", "s-1", "header"},
		{REQ(SESSION_ID_UNDERSCORE, "s_1"), "", "s_1", "header"},
		{REQ(X_OPENCODE_SESSION_ID, "oc"), "", "oc", "header"},
		{{0}, "user_a_account_b_session_0e1f-2", "0e1f-2", "body"},
		{{0}, "{\\'device_id\\':\\'d\\',\\'session_id\\':\\'js-1\\'}", "js-1", "body"},
		{{0}, "{\\'x\\':{\\'session_id\\':\\'no\\'}}", NULL, NULL},
		{{0}, "user-42", NULL, NULL},
		{{0}, "user_session_", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char request[256];
		struct feed f = {
			.host = "api.anthropic.com",
			.path = "/v1/messages",
			.request = request,
			.response = "{}",
			.header = {rows[i].header},
		};

		snprintf(request, sizeof(request),
			 "{'model':'m','messages':[],'metadata':{'user_id':'%s'}}",
			 rows[i].user_id);

		struct fed r = llm_feed(NULL, &f, 1);

		assert_true(str_eq(r.call.session_id, str_of(rows[i].id)));
		assert_true(str_eq(r.call.session_source, str_of(rows[i].source)));
		fed_free(&r);
	}
}

static void test_cache_status(void **state)
{
	static const struct {
		const char *usage;
		struct feed_header header;
		enum cache_status status;
	} rows[] = {
		{"'prompt_tokens':2000", {0}, CACHE_NONE},
		{"'prompt_tokens':2000,'prompt_tokens_details':{'cached_tokens':0}",
		 {0},
		 CACHE_MISS},
		{"'prompt_tokens':1023,'prompt_tokens_details':{'cached_tokens':0}",
		 {0},
		 CACHE_NONE},
		{"'prompt_tokens':2000,'prompt_tokens_details':{'cached_tokens':1899}",
		 {0},
		 CACHE_PARTIAL},
		{"'prompt_tokens':2000,'prompt_tokens_details':{'cached_tokens':1900}",
		 {0},
		 CACHE_HIT},
		{"'prompt_tokens':2000,'prompt_tokens_details':{'cache_write_tokens':9}",
		 {0},
		 CACHE_WRITTEN},
		{"'prompt_tokens':2000", RESP(CF_AIG_CACHE_STATUS, "HIT"), CACHE_GATEWAY_HIT},
		{"'prompt_tokens':2000", RESP(CF_AIG_CACHE_STATUS, "MISS"), CACHE_NONE},
		{"'prompt_tokens':2000", RESP(HELICONE_CACHE, "hit"), CACHE_GATEWAY_HIT},
		{"'prompt_tokens':2000", RESP(X_LITELLM_CACHE_KEY, "k"), CACHE_GATEWAY_HIT},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char body[256];
		struct feed f = {.response = body, .header = {rows[i].header}};

		snprintf(body, sizeof(body), "{'choices':[],'usage':{%s,'completion_tokens':1}}",
			 rows[i].usage);

		struct fed r = llm_feed(NULL, &f, 0);

		IS(r, cache_status, rows[i].status);
		fed_free(&r);
	}
}

static void test_gateway_cost(void **state)
{
	struct feed f = {
		.response = CHAT_OK,
		.header = {RESP(X_LITELLM_RESPONSE_COST, "4.25e-05")},
	};
	struct fed r = llm_feed(NULL, &f, 0);

	assert_true(r.call.has_provider_cost);
	IS(r, provider_cost_femto_usd, 42500000000);
	fed_free(&r);
}

/* What is too long to be an id, or would break a line of output, is left out. */
static void test_unclean_text(void **state)
{
	char long_id[600], body[1200];
	struct feed f = {
		.response = body,
		.header = {RESP(X_REQUEST_ID, "a\x1b[31mred"), REQ(USER_AGENT, long_id)},
	};

	memset(long_id, 'x', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = 0;
	snprintf(body, sizeof(body),
		 "{'id':'%s','model':'m\\u0000','service_tier':'\xc3\x28','choices':[]}", long_id);

	struct fed r = llm_feed(NULL, &f, 0);

	assert_null(r.call.response_id.p);
	assert_null(r.call.model_served.p);
	assert_null(r.call.service_tier.p);
	assert_null(r.call.request_id.p);
	assert_int_equal(r.call.user_agent.n, 256);
	fed_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),         cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_billing_by_host), cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_cache_status),    cmocka_unit_test(test_gateway_cost),
		cmocka_unit_test(test_unclean_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
