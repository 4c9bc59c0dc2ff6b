/* SPDX-License-Identifier: Apache-2.0 */
/* Whole calls of the two main providers, streamed and not, fed in every cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "llm_expect.h"

static const char chat_request[] = "{'messages':[{'role':'user','content':'hi'}],'model':'gpt-4o'}";

static void test_chat(void **state)
{
	struct feed f = {
		.request = chat_request,
		.response = "{'id':'chatcmpl-1','object':'chat.completion',"
			    "'model':'gpt-4o-2024-08-06','choices':[{'index':0,'message':"
			    "{'content':'yo'},'finish_reason':'stop'}],'usage':{"
			    "'prompt_tokens':2006,'completion_tokens':300,'total_tokens':2306,"
			    "'prompt_tokens_details':{'cached_tokens':1920,'audio_tokens':0},"
			    "'completion_tokens_details':{'reasoning_tokens':0}},"
			    "'service_tier':'default'}",
	};

	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed r = llm_feed(NULL, &f, way);

		assert_int_equal(r.calls, 1);
		assert_true(r.is_call);
		TEXT(r.call.provider, "openai");
		TEXT(r.call.endpoint, "chat");
		TEXT(r.call.operation, "chat");
		TEXT(r.call.host, "api.openai.com");
		TEXT(r.call.path, "/v1/chat/completions");
		TEXT(r.call.model_requested, "gpt-4o");
		TEXT(r.call.model_served, "gpt-4o-2024-08-06");
		TEXT(r.call.response_id, "chatcmpl-1");
		TEXT(r.call.service_tier, "default");
		assert_int_equal(r.call.finish_cnt, 1);
		TEXT(r.call.finish[0], "stop");
		HAS(r, INPUT, 86);
		HAS(r, CACHE_READ, 1920);
		HAS(r, OUTPUT, 300);
		HAS(r, REASONING, 0);
		assert_int_equal(r.call.context_tokens, 2006);
		assert_int_equal(r.call.residual, 0);
		assert_int_equal(r.call.flags, 0);
		assert_int_equal(r.call.completeness, COMPLETE_EXACT);
		assert_int_equal(r.call.usage_source, USAGE_BODY_JSON);
		assert_int_equal(r.call.cache_status, CACHE_HIT);
		assert_int_equal(r.call.billing, BILLING_METERED);
		assert_int_equal(r.call.first_token_ns, 0);
		fed_free(&r);
	}
}

static void test_chat_stream(void **state)
{
	struct feed f = {
		.request = chat_request,
		.sse = "data: {'id':'chatcmpl-2','object':'chat.completion.chunk','model':"
		       "'gpt-4o-mini-2024-07-18','service_tier':'default','choices':[{"
		       "'index':0,'delta':{'content':'hi'},'finish_reason':null}],"
		       "'usage':null,'obfuscation':'Lq8'}\n\n"
		       "data: {'id':'chatcmpl-2','model':'gpt-4o-mini-2024-07-18','choices':"
		       "[{'index':0,'delta':{},'finish_reason':'length'}],'usage':null}\n\n"
		       "data: {'id':'chatcmpl-2','model':'gpt-4o-mini-2024-07-18','choices':"
		       "[],'usage':{'prompt_tokens':12,'completion_tokens':34,'total_tokens':46,"
		       "'completion_tokens_details':{'reasoning_tokens':30}}}\n\n"
		       "data: [DONE]\n\n",
	};

	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed r = llm_feed(NULL, &f, way);

		assert_int_equal(r.calls, 1);
		HAS(r, INPUT, 12);
		HAS(r, OUTPUT, 4);
		HAS(r, REASONING, 30);
		HAS_NO(r, CACHE_READ);
		TEXT(r.call.finish[0], "length");
		assert_int_equal(r.call.flags, CALL_F_STREAM);
		assert_int_equal(r.call.completeness, COMPLETE_EXACT);
		assert_int_equal(r.call.usage_source, USAGE_SSE_FINAL);
		assert_int_equal(r.call.first_token_ns, 5000);
		fed_free(&r);
	}
}

static const char message_request[] =
	"{'model':'claude-sonnet-4-5','max_tokens':9,'messages':[],'metadata':{"
	"'user_id':'user_ab_account__session_0e1f'}}";

static void test_message(void **state)
{
	struct feed f = {
		.host = "api.anthropic.com",
		.path = "/v1/messages",
		.request = message_request,
		.response = "{'type':'message','id':'msg_1','model':"
			    "'claude-sonnet-4-5-20250929','content':[],'stop_reason':'end_turn',"
			    "'usage':{'input_tokens':100,'cache_creation_input_tokens':3000,"
			    "'cache_creation':{'ephemeral_5m_input_tokens':1000,"
			    "'ephemeral_1h_input_tokens':2000},'cache_read_input_tokens':10000,"
			    "'output_tokens':500,'service_tier':'standard'}}",
	};

	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed r = llm_feed(NULL, &f, way);

		assert_int_equal(r.calls, 1);
		TEXT(r.call.provider, "anthropic");
		TEXT(r.call.endpoint, "messages");
		TEXT(r.call.session_id, "0e1f");
		TEXT(r.call.session_source, "body");
		HAS(r, INPUT, 100);
		HAS(r, CACHE_WRITE_5M, 1000);
		HAS(r, CACHE_WRITE_1H, 2000);
		HAS(r, CACHE_READ, 10000);
		HAS(r, OUTPUT, 500);
		HAS_NO(r, CACHE_WRITE);
		HAS_NO(r, REASONING);
		assert_int_equal(r.call.context_tokens, 13100);
		assert_int_equal(r.call.completeness, COMPLETE_EXACT);
		fed_free(&r);
	}
}

static const char message_start[] =
	"event: message_start\n"
	"data: {'type':'message_start','message':{'id':'msg_X','type':'message',"
	"'model':'claude-x','content':[],'stop_reason':null,'usage':{'input_tokens':3,"
	"'cache_creation_input_tokens':3271,'cache_read_input_tokens':0,'cache_creation':{"
	"'ephemeral_5m_input_tokens':1271,'ephemeral_1h_input_tokens':2000},'output_tokens':7,"
	"'service_tier':'standard','inference_geo':'global'}}}        \n\n";

static void test_message_stream(void **state)
{
	char sse[4096];
	struct feed f = {.host = "api.anthropic.com", .path = "/v1/messages", .sse = sse};

	snprintf(sse, sizeof(sse), "%s%s", message_start,
		 "event: message_delta\n"
		 "data: {'type':'message_delta','delta':{'stop_reason':'tool_use'},"
		 "'usage':{'input_tokens':5,'cache_creation_input_tokens':3271,"
		 "'cache_read_input_tokens':0,'output_tokens':238,'output_tokens_details':{"
		 "'thinking_tokens':83}}}\n\n"
		 "event: message_stop\n"
		 "data: {'type':'message_stop' }\n\n");
	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed r = llm_feed(NULL, &f, way);

		assert_int_equal(r.calls, 1);
		TEXT(r.call.response_id, "msg_X");
		TEXT(r.call.geo, "global");
		TEXT(r.call.finish[0], "tool_use");
		HAS(r, INPUT, 5);
		HAS(r, CACHE_WRITE_5M, 1271);
		HAS(r, CACHE_WRITE_1H, 2000);
		HAS(r, OUTPUT, 155);
		HAS(r, REASONING, 83);
		assert_int_equal(r.call.completeness, COMPLETE_EXACT);
		assert_int_equal(r.call.usage_source, USAGE_SSE_FINAL);
		assert_int_equal(r.call.cache_status, CACHE_WRITTEN);
		fed_free(&r);
	}
}

static void test_message_aborted(void **state)
{
	struct feed f = {
		.host = "api.anthropic.com",
		.path = "/v1/messages",
		.sse = message_start,
		.flags = EXCHANGE_F_RESPONSE_CUT | EXCHANGE_F_CLIENT_CLOSED,
	};
	struct fed r = llm_feed(NULL, &f, 0);

	assert_int_equal(r.calls, 1);
	HAS(r, INPUT, 3);
	HAS(r, OUTPUT, 7);
	assert_int_equal(r.call.completeness, COMPLETE_LOWER_BOUND);
	assert_int_equal(r.call.usage_source, USAGE_SSE_PARTIAL);
	assert_true(r.call.flags & CALL_F_ABORTED);
	fed_free(&r);
}

/* T13: a response that is fetched again is billed once, wherever its usage was first seen. */
static void test_views(void **state)
{
	struct feed create = {
		.path = "/v1/responses",
		.response = "{'id':'resp_1','object':'response','status':'completed','output':[],"
			    "'usage':{'input_tokens':9,'output_tokens':16}}",
	};
	struct feed view = create, queued = create, later = create, poll = create;
	struct llm *l = llm_feed_new();
	struct fed r = llm_feed(l, &create, 0);

	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);

	view.method = "GET";
	view.path = "/v1/responses/resp_1";
	r = llm_feed(l, &view, 0);
	assert_int_equal(r.calls, 1);
	IS(r, completeness, COMPLETE_DUPLICATE_VIEW);
	fed_free(&r);

	/* made before tolltap was there, and not in the background: billed then */
	view.response = "{'id':'resp_0','object':'response','status':'completed','output':[],"
			"'usage':{'input_tokens':9,'output_tokens':16}}";
	r = llm_feed(l, &view, 0);
	IS(r, completeness, COMPLETE_DUPLICATE_VIEW);
	fed_free(&r);

	queued.response = "{'id':'resp_2','object':'response','status':'queued','background':true,"
			  "'usage':null}";
	r = llm_feed(l, &queued, 0);
	IS(r, completeness, COMPLETE_UNMETERED);
	IS(r, finish_cnt, 0);
	fed_free(&r);

	poll.method = later.method = "GET";
	poll.path = later.path = "/v1/responses/resp_2";
	poll.response = queued.response;
	r = llm_feed(l, &poll, 0);
	IS(r, completeness, COMPLETE_DUPLICATE_VIEW);
	fed_free(&r);

	later.response =
		"{'id':'resp_2','object':'response','status':'completed','background':true,"
		"'output':[],'usage':{'input_tokens':9,'output_tokens':16}}";
	r = llm_feed(l, &later, 0);
	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);
	r = llm_feed(l, &later, 0);
	IS(r, completeness, COMPLETE_DUPLICATE_VIEW);
	fed_free(&r);
	llm_free(l);
}

/* --- what goes wrong ------------------------------------------------------------------------- */

#define RUN "'id':'run_1','object':'thread.run','model':'gpt-4o-mini'"
#define RUN_USAGE "'usage':{'prompt_tokens':7,'completion_tokens':9,'total_tokens':16}"

/* A run of an assistant is billed once: when it is over, whoever asks. */
static void test_runs(void **state)
{
	static const struct {
		struct feed feed;
		enum completeness completeness;
	} steps[] = {
		{{.path = "/v1/threads/t/runs", .request = "{'assistant_id':'a'}",
		  .response = "{" RUN ",'status':'queued','usage':null}"}, COMPLETE_UNMETERED},
		{{.method = "GET", .path = "/v1/threads/t/runs/run_1",
		  .response = "{" RUN ",'status':'in_progress','usage':null}"},
		 COMPLETE_DUPLICATE_VIEW},
		{{.method = "GET", .path = "/v1/threads/t/runs/run_1",
		  .response = "{" RUN ",'status':'completed'," RUN_USAGE "}"}, COMPLETE_EXACT},
		{{.method = "GET", .path = "/v1/threads/t/runs/run_1",
		  .response = "{" RUN ",'status':'completed'," RUN_USAGE "}"},
		 COMPLETE_DUPLICATE_VIEW},
	};
	static const struct feed stream = {
		.path = "/v1/threads/t/runs",
		.request = "{'assistant_id':'a','stream':true}",
		.sse = "event: thread.run.created\ndata: {" RUN ",'usage':null}\n\n"
		       "event: thread.run.step.completed\ndata: {'id':'step_1','object':"
		       "'thread.run.step','usage':{'prompt_tokens':3,'completion_tokens':4}}\n\n"
		       "event: thread.message.completed\ndata: {'id':'msg_1'}\n\n"
		       "event: thread.run.completed\ndata: {" RUN "," RUN_USAGE "}\n\n"
		       "event: done\ndata: [DONE]\n\n"};
	struct llm *l = llm_feed_new();

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct fed r = llm_feed(l, &steps[i].feed, 1);

		IS(r, completeness, steps[i].completeness);
		TEXT(r.call.endpoint, "runs");
		fed_free(&r);
	}
	llm_free(l);
	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed r = llm_feed(NULL, &stream, way);

		IS(r, completeness, COMPLETE_EXACT);
		TEXT(r.call.response_id, "run_1");
		assert_true(r.input == 7 && r.output == 9);
		fed_free(&r);
	}
}

static void test_errors(void **state)
{
	static const struct {
		int status;
		const char *response, *type, *code;
	} rows[] = {
		{429, "{'error':{'message':'x','type':'insufficient_quota','code':'quota'}}",
		 "insufficient_quota", "quota"},
		{401, "{'error':{'message':'x','type':null,'code':'invalid_api_key'}}",
		 "invalid_api_key", "invalid_api_key"},
		{400, "{'error':{'message':'x','code':400}}", "400", "400"},
		{500, "{'error':'internal'}", "500", NULL},
		{502, "<html>bad gateway</html>", "502", NULL},
		{503, "", "503", NULL},
		{200, "{'error':{'type':'content_filter','code':'c'}}", "content_filter", "c"},
		{200, "{'id':'c','choices':[],'error':null}", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct feed f = {
			.request = chat_request,
			.status = rows[i].status,
			.response = rows[i].response,
		};
		struct fed r = llm_feed(NULL, &f, 0);

		assert_int_equal(r.calls, 1);
		assert_true(str_eq(r.call.error_type, str_of(rows[i].type)));
		assert_true(str_eq(r.call.error_code, str_of(rows[i].code)));
		IS(r, completeness, COMPLETE_UNMETERED);
		assert_int_equal(r.call.meters.present, 0);
		fed_free(&r);
	}
}

static void test_no_response(void **state)
{
	struct feed f = {
		.request = "{'stream':true,'model':'gpt-4o','messages':[]}",
		.status = -1,
		.flags = EXCHANGE_F_NO_RESPONSE,
	};
	struct fed r = llm_feed(NULL, &f, 0);

	assert_int_equal(r.calls, 1);
	IS(r, http_status, 0);
	IS(r, flags, CALL_F_STREAM | CALL_F_ABORTED);
	IS(r, completeness, COMPLETE_UNMETERED);
	fed_free(&r);
}

/* A traced server's answer is its client's call, or somebody else's: not billed a second time. */
static void test_server_side(void **state)
{
	struct feed f = {
		.request = "{'model':'gpt-4o','messages':[]}",
		.response = "{'id':'c','choices':[],"
			    "'usage':{'prompt_tokens':9,'completion_tokens':8}}",
		.flags = EXCHANGE_F_SERVER_SIDE,
	};
	struct fed r = llm_feed(NULL, &f, 0);

	assert_int_equal(r.calls, 1);
	HAS(r, INPUT, 9);
	IS(r, completeness, COMPLETE_DUPLICATE_VIEW);
	assert_true(r.call.flags & CALL_F_SERVER_SIDE);
	fed_free(&r);
}

/* A body that breaks off behind its usage: true, but perhaps not all. */
static void test_broken_body(void **state)
{
	struct feed f = {
		.response =
			"{'id':'c','choices':[],'usage':{'prompt_tokens':9,'completion_tokens':9},",
		.is_broken = true,
		.flags = EXCHANGE_F_RESPONSE_CUT,
	};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS(r, INPUT, 9);
	IS(r, completeness, COMPLETE_LOWER_BOUND);
	assert_true(r.call.flags & CALL_F_TRUNCATED);
	fed_free(&r);

	/* inside its usage: nothing */
	f.response = "{'id':'c','choices':[],'usage':{'prompt_tokens':9,'completion_tokens':";
	r = llm_feed(NULL, &f, 0);
	IS(r, completeness, COMPLETE_UNMETERED);
	fed_free(&r);
}

/* T25: usage behind two megabytes of JSON. */
static void test_usage_at_the_end(void **state)
{
	size_t fill = 2u << 20;
	char *body = malloc(fill + 512);
	size_t n = (size_t)snprintf(body, 256, "{'id':'c','choices':[{'message':{'content':'");

	for (size_t i = 0; i < fill; i++)
		body[n + i] = "usage: \\\\n{}[]"[i % 12];
	n += fill;
	while (body[n - 1] == '\\')
		n--;
	snprintf(body + n, 256, "'}}],'usage':{'prompt_tokens':9,'completion_tokens':8}}");

	struct feed f = {.request = chat_request, .response = body};
	struct fed r = llm_feed(NULL, &f, 3);

	HAS(r, INPUT, 9);
	HAS(r, OUTPUT, 8);
	assert_true(arena_used(r.arena) < 32768);
	fed_free(&r);
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chat),
		cmocka_unit_test(test_chat_stream),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_message_stream),
		cmocka_unit_test(test_message_aborted),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_no_response),
		cmocka_unit_test(test_server_side),
		cmocka_unit_test(test_broken_body),
		cmocka_unit_test(test_usage_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
