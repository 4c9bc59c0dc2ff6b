/* SPDX-License-Identifier: Apache-2.0 */
/* Whole calls of the two main providers, streamed and not, fed in every cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "llm_feed.h"

#define HAS(fed, meter, n) \
	do { \
		assert_true(meters_has(&(fed).call.meters, METER_##meter)); \
		assert_int_equal((fed).call.meters.count[METER_##meter], n); \
	} while (0)
#define HAS_NO(fed, meter) assert_false(meters_has(&(fed).call.meters, METER_##meter))
#define TEXT(str, literal) assert_true(str_eq(str, STR(literal)))

static const char chat_request[] =
	"{'messages':[{'role':'user','content':'hi'}],'model':'gpt-4o'}";

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chat),
		cmocka_unit_test(test_chat_stream),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_message_stream),
		cmocka_unit_test(test_message_aborted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
