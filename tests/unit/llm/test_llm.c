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

/* --- responses ------------------------------------------------------------------------------- */

/* Only the terminal event counts: earlier ones show a tier and items that are not final. */
static void test_responses_stream(void **state)
{
	struct feed f = {
		.path = "/v1/responses",
		.request = "{'model':'gpt-5','input':'hi','service_tier':'fast','stream':true}",
		.sse = "event: response.created\n"
		       "data: "
		       "{'type':'response.created','response':{'id':'resp_1','object':'response',"
		       "'model':'gpt-5','status':'in_progress','service_tier':'auto','usage':null,"
		       "'output':[]}}\n\n"
		       "event: response.completed\n"
		       "data: {'type':'response.completed','response':{'id':'resp_1','model':"
		       "'gpt-5-2025-08-07','status':'completed','service_tier':'priority','output':"
		       "["
		       "{'type':'web_search_call','action':{'type':'search'}},"
		       "{'type':'web_search_call','action':{'type':'open_page'}},"
		       "{'type':'web_search_call'},{'type':'file_search_call'},"
		       "{'type':'code_interpreter_call','container_id':'c1'},"
		       "{'type':'code_interpreter_call','container_id':'c1'},"
		       "{'type':'code_interpreter_call','container_id':'c2'},{'type':'message'}],"
		       "'usage':{'input_tokens':19,'input_tokens_details':{'cached_tokens':4,"
		       "'cache_write_tokens':5},'output_tokens':102,'output_tokens_details':{"
		       "'reasoning_tokens':64},'total_tokens':121}}}\n\n"
		       "data: {'type':'response.audit'}\n\n",
	};

	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed r = llm_feed(NULL, &f, way);

		TEXT(r.call.endpoint, "responses");
		TEXT(r.call.service_tier, "priority");
		TEXT(r.call.model_served, "gpt-5-2025-08-07");
		TEXT(r.call.finish[0], "completed");
		HAS(r, INPUT, 10);
		HAS(r, CACHE_READ, 4);
		HAS(r, CACHE_WRITE, 5);
		HAS(r, OUTPUT, 38);
		HAS(r, REASONING, 64);
		HAS(r, WEB_SEARCH, 2);
		HAS(r, FILE_SEARCH, 1);
		HAS(r, CODE_SESSION, 2);
		IS(r, completeness, COMPLETE_EXACT);
		IS(r, flags, CALL_F_STREAM);
		fed_free(&r);
	}
}

static void test_responses_incomplete_and_failed(void **state)
{
	struct feed f = {
		.path = "/v1/responses",
		.response = "{'id':'resp_1','object':'response','status':'incomplete',"
			    "'incomplete_details':{'reason':'max_output_tokens'},'output':[],"
			    "'usage':{'input_tokens':9,'output_tokens':16,'total_tokens':25}}",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	TEXT(r.call.finish[0], "max_output_tokens");
	HAS(r, OUTPUT, 16);
	fed_free(&r);

	f.response = NULL;
	f.sse = "event: response.failed\ndata: {'type':'response.failed','response':{'id':'resp_1',"
		"'status':'failed','error':{'code':'server_error','message':'x'},'usage':null}}"
		"\n\n";
	r = llm_feed(NULL, &f, 0);
	TEXT(r.call.error_code, "server_error");
	TEXT(r.call.error_type, "server_error");
	TEXT(r.call.finish[0], "failed");
	IS(r, completeness, COMPLETE_UNMETERED);
	fed_free(&r);
}

/* T33: zero reported is not zero billed. OpenAI answers so when it stops at max_output_tokens. */
static void test_usage_of_zeros(void **state)
{
	struct feed f = {
		.path = "/v1/responses",
		.response = "{'id':'resp_1','object':'response','status':'incomplete','output':["
			    "{'type':'message'}],'usage':{'input_tokens':0,'input_tokens_details':{"
			    "'cached_tokens':0},'output_tokens':0,'total_tokens':0}}",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	IS(r, completeness, COMPLETE_UNMETERED);
	IS(r, usage_source, USAGE_NONE);
	assert_int_equal(r.call.meters.present, 0);
	fed_free(&r);
}

static void test_responses_aborted(void **state)
{
	struct feed f = {
		.path = "/v1/responses",
		.sse = "data: {'type':'response.created','response':{'id':'resp_1','model':'gpt-5',"
		       "'status':'in_progress','service_tier':'auto'}}\n\n",
		.flags = EXCHANGE_F_RESPONSE_CUT | EXCHANGE_F_CLIENT_CLOSED,
	};
	struct fed r = llm_feed(NULL, &f, 0);

	IS(r, flags, CALL_F_STREAM | CALL_F_ABORTED);
	IS(r, completeness, COMPLETE_UNMETERED);
	IS(r, finish_cnt, 0);
	assert_null(r.call.service_tier.p);
	TEXT(r.call.response_id, "resp_1");
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

/* --- chat and its clones --------------------------------------------------------------------- */

/* T11: more than half of all streams report nothing. That is no zero. */
static void test_stream_without_usage(void **state)
{
	struct feed f = {
		.request = chat_request,
		.sse = "data: "
		       "{'id':'c','model':'m','choices':[{'index':0,'finish_reason':'stop'}]}\n\n"
		       "data: [DONE]\n\n",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	IS(r, completeness, COMPLETE_UNMETERED);
	IS(r, usage_source, USAGE_NONE);
	assert_int_equal(r.call.meters.present, 0);
	IS(r, flags, CALL_F_STREAM);
	fed_free(&r);
}

/* T9: usage for everything so far on every chunk; the last one counts. */
static void test_cumulative_usage(void **state)
{
	struct feed f = {
		.host = "api.perplexity.ai",
		.path = "/chat/completions",
		.sse = "data: {'id':'c','choices':[{'index':0}],'usage':{'prompt_tokens':5,"
		       "'completion_tokens':1,'total_tokens':6}}\n\n"
		       "data: {'id':'c','choices':[{'index':0,'finish_reason':'stop'}],'usage':{"
		       "'prompt_tokens':5,'completion_tokens':8,'total_tokens':13,"
		       "'num_search_queries':2,'cost':{'total_cost':0.006}}}\n\n",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	TEXT(r.call.provider, "perplexity");
	HAS(r, OUTPUT, 8);
	HAS(r, WEB_SEARCH, 2);
	IS(r, usage_source, USAGE_SSE_CUMULATIVE);
	IS(r, completeness, COMPLETE_EXACT);
	assert_true(r.call.has_provider_cost);
	IS(r, provider_cost_pico_usd, 6000000000);
	fed_free(&r);

	/* cut in between: at least this much */
	f.sse = "data: {'id':'c','choices':[{'index':0}],'usage':{'prompt_tokens':5,"
		"'completion_tokens':1,'total_tokens':6}}\n\n";
	f.flags = EXCHANGE_F_RESPONSE_CUT;
	r = llm_feed(NULL, &f, 0);
	HAS(r, OUTPUT, 1);
	IS(r, completeness, COMPLETE_LOWER_BOUND);
	IS(r, usage_source, USAGE_SSE_PARTIAL);
	fed_free(&r);
}

/* T10: the same figures under two names. */
static void test_groq_twin(void **state)
{
	static const char *const sse[] = {
		"data: {'id':'c','choices':[{'index':0,'finish_reason':'stop'}],'x_groq':{'usage':{"
		"'prompt_tokens':5,'completion_tokens':8,'total_tokens':13}}}\n\n"
		"data: {'id':'c','choices':[],'usage':{'prompt_tokens':5,'completion_tokens':8,"
		"'total_tokens':13}}\n\ndata: [DONE]\n\n",
		"data: {'id':'c','choices':[{'index':0,'finish_reason':'stop'}],'x_groq':{'usage':{"
		"'prompt_tokens':5,'completion_tokens':8,'total_tokens':13}}}\n\ndata: [DONE]\n\n",
		"data: {'id':'c','choices':[],'usage':{'prompt_tokens':5,'completion_tokens':8,"
		"'total_tokens':13},'x_groq':{'usage':{'prompt_tokens':5,'completion_tokens':8}}}"
		"\n\n",
		"data: {'id':'c','choices':[],'usage':{'prompt_tokens':5,'completion_tokens':8,"
		"'total_tokens':13}}\n\n"
		"data: {'x_groq':{'usage':{'prompt_tokens':99,'completion_tokens':99}}}\n\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(sse); i++) {
		struct feed f = {.host = "api.groq.com", .sse = sse[i]};
		struct fed r = llm_feed(NULL, &f, 0);

		TEXT(r.call.provider, "groq");
		HAS(r, INPUT, 5);
		HAS(r, OUTPUT, 8);
		IS(r, completeness, COMPLETE_EXACT);
		fed_free(&r);
	}
}

/* T41: Azure opens with an empty chunk. T14: the deployment is what was asked for. */
static void test_azure(void **state)
{
	struct feed f = {
		.host = "acme.openai.azure.com",
		.path = "/openai/deployments/chat-prod/chat/completions",
		.request = chat_request,
		.sse = "data: {'choices':[],'created':0,'id':'','model':'','object':'',"
		       "'prompt_filter_results':[{'prompt_index':0}]}\n\n"
		       "data: {'id':'chatcmpl-7','model':'gpt-4.1-mini','choices':[{'index':0,"
		       "'finish_reason':'stop'}]}\n\n"
		       "data: {'id':'','model':'','choices':[],'usage':{'prompt_tokens':1,"
		       "'completion_tokens':2,'total_tokens':3}}\n\ndata: [DONE]\n\n",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	TEXT(r.call.provider, "azure");
	TEXT(r.call.model_requested, "chat-prod");
	TEXT(r.call.model_served, "gpt-4.1-mini");
	TEXT(r.call.response_id, "chatcmpl-7");
	HAS(r, OUTPUT, 2);
	fed_free(&r);
}

/* T28: several choices, one usage. */
static void test_choices(void **state)
{
	struct feed f = {
		.sse = "data: {'id':'c','choices':[{'index':1,'finish_reason':'length'}]}\n\n"
		       "data: {'id':'c','choices':[{'index':0,'finish_reason':'stop'}]}\n\n"
		       "data: {'id':'c','choices':[{'index':99,'finish_reason':'stop'}]}\n\n"
		       "data: "
		       "{'id':'c','choices':[],'usage':{'prompt_tokens':1,'completion_tokens':2,"
		       "'total_tokens':3}}\n\n",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	IS(r, finish_cnt, 2);
	TEXT(r.call.finish[0], "stop");
	TEXT(r.call.finish[1], "length");
	fed_free(&r);
}

/* A usage object that comes twice in one document: the last one, whole. */
static void test_duplicate_usage_key(void **state)
{
	struct feed f = {
		.response =
			"{'id':'c','choices':[],'usage':{'prompt_tokens':9,'completion_tokens':9,"
			"'total_tokens':18,'prompt_tokens_details':{'cached_tokens':5}},"
			"'usage':{'prompt_tokens':'1','completion_tokens':2,'completion_tokens':3}"
			"}",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS(r, INPUT, 1);
	HAS(r, OUTPUT, 3);
	HAS_NO(r, CACHE_READ);
	assert_false(r.call.has_provider_total);
	fed_free(&r);
}

static void test_embeddings(void **state)
{
	struct feed f = {
		.path = "/v1/embeddings",
		.request = "{'input':['a'],'model':'text-embedding-3-small'}",
		.response =
			"{'object':'list','data':[{'object':'embedding','embedding':[0.1,-2e-5]}],"
			"'model':'text-embedding-3-small','usage':{'prompt_tokens':8191,"
			"'total_tokens':8191}}",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	TEXT(r.call.operation, "embeddings");
	HAS(r, INPUT, 8191);
	HAS_NO(r, OUTPUT);
	IS(r, residual, 0);
	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);
}

static void test_openrouter_cost(void **state)
{
	struct feed f = {
		.host = "openrouter.ai",
		.path = "/api/v1/chat/completions",
		.response = "{'id':'gen-1','choices':[],'usage':{'prompt_tokens':9,'completion_"
			    "tokens':9,"
			    "'total_tokens':18,'cost':0.0042}}",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	IS(r, provider_cost_pico_usd, 4200000000);
	IS(r, billing, BILLING_METERED);
	fed_free(&r);

	f.response = "{'id':'gen-1','choices':[],'usage':{'prompt_tokens':9,'completion_tokens':9,"
		     "'total_tokens':18,'cost':0,'is_byok':true,'cost_details':{"
		     "'upstream_inference_cost':0.00417}}}";
	r = llm_feed(NULL, &f, 0);
	IS(r, provider_cost_pico_usd, 4170000000);
	IS(r, billing, BILLING_BYOK);
	fed_free(&r);
}

static void test_xai_ticks(void **state)
{
	struct feed f = {
		.host = "api.x.ai",
		.response =
			"{'id':'x','choices':[],'usage':{'prompt_tokens':10,'completion_tokens':5,"
			"'total_tokens':22,'completion_tokens_details':{'reasoning_tokens':7},"
			"'cost_in_usd_ticks':'225000'}}",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS(r, OUTPUT, 5);
	HAS(r, REASONING, 7);
	IS(r, residual, 0);
	IS(r, provider_cost_pico_usd, 22500000);
	fed_free(&r);
}

/* --- what goes wrong ------------------------------------------------------------------------- */

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
		cmocka_unit_test(test_responses_stream),
		cmocka_unit_test(test_responses_incomplete_and_failed),
		cmocka_unit_test(test_usage_of_zeros),
		cmocka_unit_test(test_responses_aborted),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_stream_without_usage),
		cmocka_unit_test(test_cumulative_usage),
		cmocka_unit_test(test_groq_twin),
		cmocka_unit_test(test_azure),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_duplicate_usage_key),
		cmocka_unit_test(test_embeddings),
		cmocka_unit_test(test_openrouter_cost),
		cmocka_unit_test(test_xai_ticks),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_no_response),
		cmocka_unit_test(test_server_side),
		cmocka_unit_test(test_broken_body),
		cmocka_unit_test(test_usage_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
