/* SPDX-License-Identifier: Apache-2.0 */
/* From documents to one usage: responses, chat and its clones, what each reports and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm_expect.h"

static const char chat_request[] = "{'messages':[{'role':'user','content':'hi'}],'model':'gpt-4o'}";

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
	IS(r, provider_cost_femto_usd, 6000000000000);
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

	IS(r, provider_cost_femto_usd, 4200000000000);
	IS(r, billing, BILLING_METERED);
	fed_free(&r);

	f.response = "{'id':'gen-1','choices':[],'usage':{'prompt_tokens':9,'completion_tokens':9,"
		     "'total_tokens':18,'cost':0,'is_byok':true,'cost_details':{"
		     "'upstream_inference_cost':0.00417}}}";
	r = llm_feed(NULL, &f, 0);
	IS(r, provider_cost_femto_usd, 4170000000000);
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
	IS(r, provider_cost_femto_usd, 22500000000);
	fed_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_responses_stream),
		cmocka_unit_test(test_responses_incomplete_and_failed),
		cmocka_unit_test(test_usage_of_zeros),
		cmocka_unit_test(test_responses_aborted),
		cmocka_unit_test(test_stream_without_usage),
		cmocka_unit_test(test_cumulative_usage),
		cmocka_unit_test(test_groq_twin),
		cmocka_unit_test(test_azure),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_duplicate_usage_key),
		cmocka_unit_test(test_embeddings),
		cmocka_unit_test(test_openrouter_cost),
		cmocka_unit_test(test_xai_ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
