/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traps of counting: one test per trap, named for it. docs/TRAPS.md lists them all;
 * tests/run-mutants switches each rule off and sees its test fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "llm_expect.h"

#define CLAUDE	.host = "api.anthropic.com", .path = "/v1/messages"
#define GEMINI	.host = "generativelanguage.googleapis.com", \
		.path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
#define VERTEX	.host = "us-central1-aiplatform.googleapis.com", \
		.path = "/v1/projects/p/locations/us-central1/publishers/google/models/" \
			"gemini-2.5-pro:streamGenerateContent"
#define BEDROCK .host = "bedrock-runtime.us-east-1.amazonaws.com"
#define XAI	.host = "api.x.ai"

#define USAGE(prompt, completion, total, more) \
	"'usage':{'prompt_tokens':" prompt ",'completion_tokens':" completion \
	",'total_tokens':" total more "}"
#define CHAT(usage) "{'id':'1','model':'m','choices':[]," usage "}"

/* Anthropic's and Converse's input is the uncached part alone. */
static void trap_T01_input_is_not_all_input(void **state)
{
	static const struct feed claude = {
		CLAUDE, .response = "{'type':'message','id':'1','usage':{'input_tokens':3,"
				    "'cache_read_input_tokens':9511,'output_tokens':5}}"};
	static const struct feed converse = {
		BEDROCK, .path = "/model/m/converse",
		.response = "{'output':{},'usage':{'inputTokens':3,'outputTokens':5,"
			    "'cacheReadInputTokens':9511,'totalTokens':9519}}"};
	struct fed r = llm_feed(NULL, &claude, 0);

	HAS(r, INPUT, 3);
	HAS(r, CACHE_READ, 9511);
	IS(r, context_tokens, 9514);
	fed_free(&r);
	r = llm_feed(NULL, &converse, 0);
	HAS(r, INPUT, 3);
	HAS(r, CACHE_READ, 9511);
	fed_free(&r);
}

/* OpenAI's and Gemini's cached tokens are in the prompt. */
static void trap_T02_cached_is_in_the_prompt(void **state)
{
	static const struct feed openai = {
		.response = CHAT(USAGE("2006", "300", "2306",
				       ",'prompt_tokens_details':{'cached_tokens':1920}"))};
	static const struct feed gemini = {
		GEMINI, .sse = "data: {'candidates':[{'finishReason':'STOP'}],'usageMetadata':{"
			       "'promptTokenCount':2006,'cachedContentTokenCount':1920,"
			       "'candidatesTokenCount':300,'totalTokenCount':2306}}\n\n"};
	const struct feed *const both[] = {&openai, &gemini};

	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		struct fed r = llm_feed(NULL, both[i], 0);

		HAS(r, INPUT, 86);
		HAS(r, CACHE_READ, 1920);
		HAS(r, OUTPUT, 300);
		IS(r, residual, 0);
		fed_free(&r);
	}
}

/* Reasoning is in the output of some, beside that of others; at xAI one of each. */
static void trap_T03_reasoning_in_or_beside(void **state)
{
	static const struct {
		struct feed feed;
		u64 output, reasoning;
	} rows[] = {
		{{.response = CHAT(USAGE("10", "100", "110",
					 ",'completion_tokens_details':{'reasoning_tokens':64}"))},
		 36, 64},
		{{.host = "api.deepseek.com",
		  .response = CHAT(USAGE("10", "100", "110",
					 ",'completion_tokens_details':{'reasoning_tokens':64}"))},
		 36, 64},
		{{XAI, .path = "/v1/responses",
		  .response = "{'id':'1','object':'response','status':'completed','usage':{"
			      "'input_tokens':10,'output_tokens':100,'total_tokens':110,"
			      "'output_tokens_details':{'reasoning_tokens':64}}}"},
		 36, 64},
		{{XAI, .response = CHAT(USAGE("10", "100", "174",
					      ",'completion_tokens_details':{"
					      "'reasoning_tokens':64}"))},
		 100, 64},
		/* without a total only the family tells */
		{{XAI, .response = "{'id':'1','model':'m','choices':[],'usage':{'prompt_tokens':10,"
				   "'completion_tokens':100,'completion_tokens_details':{"
				   "'reasoning_tokens':64}}}"},
		 100, 64},
		{{GEMINI, .sse = "data: {'candidates':[{'finishReason':'STOP'}],'usageMetadata':{"
				 "'promptTokenCount':10,'candidatesTokenCount':100,"
				 "'thoughtsTokenCount':64,'totalTokenCount':174}}\n\n"},
		 100, 64},
		{{.host = "ai-gateway.vercel.sh",
		  .response = "{'id':'1','model':'google/gemini-3-pro','choices':[],"
			      USAGE("28", "9", "37",
				    ",'completion_tokens_details':{'reasoning_tokens':75}") "}"},
		 9, 75},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fed r = llm_feed(NULL, &rows[i].feed, 0);

		HAS(r, OUTPUT, rows[i].output);
		HAS(r, REASONING, rows[i].reasoning);
		fed_free(&r);
	}
}

#define START(usage) \
	"data: {'type':'message_start','message':{'id':'1','model':'claude','usage':{" usage \
	"}}}\n\n"
#define DELTA(usage) \
	"data: {'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':{" usage \
	"}}\n\n"
#define STOP "data: {'type':'message_stop'}\n\n"

/* message_start alone is the first hop of a tool loop; message_delta alone has no lifetimes. */
static void trap_T04_start_and_delta(void **state)
{
	static const struct feed loop = {
		CLAUDE, .sse = START("'input_tokens':2479,'output_tokens':3")
				DELTA("'input_tokens':404500,'output_tokens':900") STOP};
	static const struct feed split = {
		CLAUDE, .sse = START("'input_tokens':3,'cache_creation_input_tokens':100,"
				     "'cache_creation':{'ephemeral_5m_input_tokens':40,"
				     "'ephemeral_1h_input_tokens':60},'service_tier':'priority',"
				     "'output_tokens':1")
				DELTA("'cache_creation_input_tokens':100,'output_tokens':9") STOP};
	struct fed r = llm_feed(NULL, &loop, 0);

	HAS(r, INPUT, 404500);
	HAS(r, OUTPUT, 900);
	fed_free(&r);
	r = llm_feed(NULL, &split, 0);
	HAS(r, INPUT, 3);
	HAS(r, CACHE_WRITE_5M, 40);
	HAS(r, CACHE_WRITE_1H, 60);
	TEXT(r.call.service_tier, "priority");
	fed_free(&r);
}

static void trap_T05_delta_is_cumulative(void **state)
{
	static const struct feed f = {
		CLAUDE, .sse = START("'input_tokens':3,'output_tokens':50")
				DELTA("'output_tokens':238") STOP};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS(r, OUTPUT, 238);
	HAS(r, INPUT, 3);
	fed_free(&r);
}

/* A compaction is billed though the top level leaves it out; an advisor at its own model. */
static void trap_T06_iterations(void **state)
{
	static const struct feed f = {
		CLAUDE,
		.response = "{'type':'message','id':'1','model':'claude-a','usage':{"
			    "'input_tokens':162,'output_tokens':11,'iterations':[{'type':"
			    "'compaction','input_tokens':99195,'output_tokens':81},{'type':"
			    "'message','input_tokens':162,'output_tokens':11},{'type':"
			    "'advisor_message','model':'claude-b','input_tokens':5,"
			    "'output_tokens':6}]}}"};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS(r, INPUT, 99362);
	HAS(r, OUTPUT, 98);
	IS(r, sub_cnt, 3);
	TEXT(r.call.sub[2].model, "claude-b");
	fed_free(&r);
}

/* The last object that counts the prompt, whole: not the largest, and no field of another. */
static void trap_T07_last_whole_object(void **state)
{
	static const struct feed f = {
		GEMINI, .sse = "data: {'candidates':[{}],'usageMetadata':{'promptTokenCount':78,"
			       "'thoughtsTokenCount':419,'candidatesTokenCount':21,"
			       "'totalTokenCount':518}}\n\n"
			       "data: {'candidates':[{'finishReason':'STOP'}],'usageMetadata':{"
			       "'promptTokenCount':33,'candidatesTokenCount':7,"
			       "'totalTokenCount':40}}\n\n"};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS(r, INPUT, 33);
	HAS(r, OUTPUT, 7);
	HAS_NO(r, REASONING);
	IS(r, residual, 0);
	fed_free(&r);
}

static void trap_T08_traffic_type_alone(void **state)
{
	static const struct feed f = {
		VERTEX, .sse = "data: {'candidates':[{}],'usageMetadata':{'promptTokenCount':8,"
			       "'candidatesTokenCount':2,'totalTokenCount':10,"
			       "'trafficType':'ON_DEMAND'}}\n\n"
			       "data: {'candidates':[{'finishReason':'STOP'}],'usageMetadata':{"
			       "'trafficType':'ON_DEMAND'}}\n\n"};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS(r, INPUT, 8);
	HAS(r, OUTPUT, 2);
	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);
}

static void trap_T09_cumulative_chunks(void **state)
{
	static const struct feed f = {
		.host = "api.perplexity.ai",
		.path = "/chat/completions",
		.sse = "data: {'id':'1','model':'sonar','choices':[{'delta':{'content':'a'}}],"
		       USAGE("9", "1", "10", "") "}\n\n"
		       "data: {'id':'1','model':'sonar','choices':[{'delta':{'content':'b'},"
		       "'finish_reason':'stop'}]," USAGE("9", "2", "11", "") "}\n\n"};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS(r, INPUT, 9);
	HAS(r, OUTPUT, 2);
	IS(r, usage_source, USAGE_SSE_CUMULATIVE);
	fed_free(&r);
}

/* The same figures under two names. */
static void trap_T10_twin_usage(void **state)
{
	static const struct feed rows[] = {
		{.host = "api.groq.com",
		 .path = "/openai/v1/chat/completions",
		 .sse = "data: {'id':'1','model':'m','choices':[{'finish_reason':'stop'}],'"
			"x_groq':{"
			USAGE("20", "30", "50", "") "}}\n\n"
			"data: {'id':'1','model':'m','choices':[]," USAGE("20", "30", "50", "")
			"}\n\ndata: [DONE]\n\n"},
		{BEDROCK, .path = "/model/m/converse",
		 .response = "{'output':{},'usage':{'inputTokens':12,'outputTokens':30,"
			     "'cacheReadInputTokens':8,'cacheReadInputTokenCount':8,"
			     "'totalTokens':50}}"},
		{.host = "generativelanguage.googleapis.com",
		 .path = "/v1beta/interactions",
		 .sse = "data: {'event_type':'interaction.completed','interaction':{'id':'1',"
			"'status':'completed','usage':{'total_input_tokens':20,"
			"'total_output_tokens':30,'total_tokens':50}},'metadata':{'usage':{"
			"'total_input_tokens':20,'total_output_tokens':30}}}\n\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fed r = llm_feed(NULL, &rows[i], 0);

		assert_int_equal(r.input, 20);
		assert_int_equal(r.output, 30);
		fed_free(&r);
	}
}

/* The tier of a price goes by one hop's prompt, not by the sum of a tool loop. */
static void trap_T17_context_of_a_hop(void **state)
{
	static const struct feed f = {
		CLAUDE,
		.response = "{'type':'message','id':'1','model':'c','usage':{'input_tokens':9,"
			    "'output_tokens':1,'iterations':[{'type':'compaction','input_tokens':"
			    "150000,'output_tokens':1},{'type':'message','input_tokens':120000,"
			    "'output_tokens':1}]}}"};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS(r, INPUT, 270000);
	IS(r, context_tokens, 150000);
	IS(r, sub[1].context_tokens, 120000);
	fed_free(&r);
}

/* What usage never counts: items of the output, searches that ground. */
static void trap_T18_server_tools(void **state)
{
	static const struct feed openai = {
		.path = "/v1/responses",
		.response = "{'id':'1','object':'response','status':'completed','model':'m',"
			    "'output':[{'type':'web_search_call','action':{'type':'search'}},{"
			    "'type':'web_search_call','action':{'type':'open_page'}},{'type':"
			    "'file_search_call'},{'type':'code_interpreter_call','container_id':"
			    "'c1'},{'type':'code_interpreter_call','container_id':'c1'}],'usage':{"
			    "'input_tokens':1,'output_tokens':1,'total_tokens':2}}"};
	static const struct feed gemini = {
		.host = "generativelanguage.googleapis.com",
		.path = "/v1beta/models/gemini-3-pro:generateContent",
		.response = "{'candidates':[{'finishReason':'STOP','groundingMetadata':{"
			    "'webSearchQueries':['a','b','c']}}],'usageMetadata':{"
			    "'promptTokenCount':1,'candidatesTokenCount':1}}"};
	struct fed r = llm_feed(NULL, &openai, 0);

	HAS(r, WEB_SEARCH, 1);
	HAS(r, FILE_SEARCH, 1);
	HAS(r, CODE_SESSION, 1);
	fed_free(&r);
	r = llm_feed(NULL, &gemini, 0);
	HAS(r, WEB_SEARCH, 3);
	fed_free(&r);
}

/* What is billed is not what was read; and some bill no tokens at all. */
static void trap_T19_billed_units(void **state)
{
	static const struct feed cohere = {
		.host = "api.cohere.com",
		.path = "/v2/chat",
		.sse = "event: message-end\ndata: {'type':'message-end','delta':{'finish_reason':"
		       "'COMPLETE','usage':{'billed_units':{'input_tokens':7,'output_tokens':109},"
		       "'tokens':{'input_tokens':69,'output_tokens':110}}}}\n\n"};
	static const struct feed rerank = {
		.host = "api.cohere.com",
		.path = "/v2/rerank",
		.response = "{'id':'1','results':[],'meta':{'billed_units':{'search_units':2}}}"};
	static const struct feed picture = {
		.path = "/v1/images/generations",
		.request = "{'model':'dall-e-3','prompt':'x','n':2}",
		.response = "{'created':1,'data':[{'url':'x'},{'url':'y'}]}"};
	static const struct feed page = {
		.host = "api.mistral.ai",
		.path = "/v1/ocr",
		.response = "{'pages':[],'model':'ocr','usage_info':{'pages_processed':3}}"};
	struct fed r = llm_feed(NULL, &cohere, 0);

	HAS(r, INPUT, 7);
	HAS(r, OUTPUT, 109);
	IS(r, context_tokens, 69);
	fed_free(&r);
	r = llm_feed(NULL, &rerank, 0);
	HAS(r, RERANK_SEARCH, 2);
	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);
	r = llm_feed(NULL, &picture, 0);
	HAS(r, IMAGE, 2);
	fed_free(&r);
	r = llm_feed(NULL, &page, 0);
	HAS(r, PAGE, 3);
	fed_free(&r);
}

/* The figures come behind a megabyte of picture, or of vectors. */
static void trap_T25_usage_at_the_end(void **state)
{
	static char body[1500000];
	size_t n = 0;
	struct feed f = {.path = "/v1/images/generations", .response = body};
	struct fed r;

	n += (size_t)snprintf(body, 100, "{'data':[{'b64_json':'");
	memset(body + n, 'A', sizeof(body) - 200 - n);
	n = sizeof(body) - 200;
	snprintf(body + n, 200, "'}],'usage':{'input_tokens':10,'input_tokens_details':{"
			  "'image_tokens':4,'text_tokens':6},'output_tokens':20,"
			  "'total_tokens':30}}");
	r = llm_feed(NULL, &f, 0);
	HAS(r, INPUT, 6);
	HAS(r, INPUT_IMAGE, 4);
	HAS(r, OUTPUT_IMAGE, 20);
	IS(r, residual, 0);
	fed_free(&r);
}

/* See test_imitation.c for every place; here once. */
static void trap_T26_text_is_not_structure(void **state)
{
	static const struct feed f = {
		.response = "{'id':'1','model':'m','choices':[{'message':{'content':'\\'}}],\\'"
			    "usage\\':{"
			    "\\'prompt_tokens\\':666,\\'completion_tokens\\':666}','usage':{"
			    "'prompt_tokens':667}}}]," USAGE("11", "22", "33", "") "}"};
	struct fed r = llm_feed(NULL, &f, 1);

	HAS(r, INPUT, 11);
	HAS(r, OUTPUT, 22);
	fed_free(&r);
}

/* Escaped names, names that come twice, counts as text or null, numbers for names. */
static void trap_T27_odd_json(void **state)
{
	static const struct feed openai = {
		.response = "{'id':'1','model':'m','choices':[],'\\u0075sage':{'prompt_tokens':5,"
			    "'prompt_tokens':'11','completion_tokens':22,'total_tokens':33,"
			    "'completion_tokens_details':{'reasoning_tokens':null}}}"};
	static const struct feed google = {
		GEMINI, .sse = "data: {'candidates':[{'finishReason':2}],'usageMetadata':{"
			       "'promptTokenCount':300,'promptTokensDetails':[{'modality':2,"
			       "'tokenCount':258},{'modality':1,'tokenCount':42}]}}\n\n"};
	struct fed r = llm_feed(NULL, &openai, 1);

	HAS(r, INPUT, 11);
	HAS(r, OUTPUT, 22);
	HAS_NO(r, REASONING);
	fed_free(&r);
	r = llm_feed(NULL, &google, 1);
	HAS(r, INPUT_IMAGE, 258);
	HAS(r, INPUT, 42);
	TEXT(r.call.finish[0], "MAX_TOKENS");
	fed_free(&r);
}

/* Several choices, one usage; a choice's reason may stand before its index. */
static void trap_T28_several_choices(void **state)
{
	static const struct feed f = {
		.response = "{'id':'1','model':'m','choices':[{'finish_reason':'length','index':1},"
			    "{'finish_reason':'stop','index':0}]," USAGE("11", "22", "33", "")
			    "}"};
	struct fed r = llm_feed(NULL, &f, 1);

	HAS(r, OUTPUT, 22);
	IS(r, finish_cnt, 2);
	TEXT(r.call.finish[0], "stop");
	TEXT(r.call.finish[1], "length");
	fed_free(&r);
}

/* Ticks, credits, an object, a header with an exponent. */
static void trap_T34_units_of_cost(void **state)
{
	static const struct {
		struct feed feed;
		s64 femto;
	} rows[] = {
		{{XAI, .response = CHAT(USAGE("1", "2", "3", ",'cost_in_usd_ticks':'22500'"))},
		 2250000000},
		{{.host = "openrouter.ai",
		  .path = "/api/v1/chat/completions",
		  .response = CHAT(USAGE("1", "2", "3", ",'cost':0.0042"))},
		 4200000000000},
		{{.host = "api.perplexity.ai",
		  .response = CHAT(USAGE("1", "2", "3", ",'cost':{'total_cost':0.006}"))},
		 6000000000000},
		{{.host = "10.0.0.1:4000",
		  .response = CHAT(USAGE("1", "2", "3", "")),
		  .header = {{HTTP_RESPONSE, HTTP_H_X_LITELLM_RESPONSE_COST, "4.25e-05"}}},
		 42500000000},
	};
	static const struct feed untold = {
		XAI, .response = CHAT(USAGE("1", "2", "3", ",'cost_in_usd_ticks':0"))};
	struct fed r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		r = llm_feed(NULL, &rows[i].feed, 0);
		assert_true(r.call.has_provider_cost);
		IS(r, provider_cost_femto_usd, rows[i].femto);
		fed_free(&r);
	}
	r = llm_feed(NULL, &untold, 0);
	assert_false(r.call.has_provider_cost);
	fed_free(&r);
}

static void trap_T37_never_negative(void **state)
{
	static const struct feed f = {
		.host = "openrouter.ai",
		.path = "/api/v1/chat/completions",
		.response = CHAT(USAGE("2168", "5", "2173",
				       ",'prompt_tokens_details':{'cached_tokens':2161,"
				       "'cache_write_tokens':2161}"))};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS(r, INPUT, 0);
	HAS(r, CACHE_READ, 2161);
	assert_true(r.call.flags & CALL_F_CLAMPED);
	fed_free(&r);
}

/* A prompt out of the server's memory is not counted: unknown, not zero. */
static void trap_T38_prompt_out_of_a_cache(void **state)
{
	static const struct feed ollama = {
		.host = "localhost:11434",
		.path = "/api/chat",
		.lines = "{'model':'g','message':{'content':'a'},'done':false}\n"
			 "{'model':'g','message':{'content':''},'done':true,'done_reason':'stop',"
			 "'eval_count':205}"};
	static const struct feed llama = {
		.host = "10.0.0.1:8080",
		.response = "{'id':'1','object':'chat.completion','choices':[],'timings':{"
			    "'cache_n':83,'prompt_n':1,'predicted_n':9}," USAGE("84", "9", "93", "")
			    "}"};
	static const struct feed untold = {
		.host = "10.0.0.1:8080",
		.sse = "data: {'id':'1','object':'chat.completion.chunk','choices':[{"
		       "'finish_reason':'stop','index':0}],'timings':{'cache_n':83,'prompt_n':1,"
		       "'predicted_n':9}}\n\ndata: [DONE]\n\n"};
	struct fed r = llm_feed(NULL, &ollama, 0);

	HAS(r, OUTPUT, 205);
	HAS_NO(r, INPUT);
	IS(r, completeness, COMPLETE_LOWER_BOUND);
	fed_free(&r);
	for (int i = 0; i < 2; i++) {
		r = llm_feed(NULL, i ? &untold : &llama, 0);
		HAS(r, INPUT, 1);
		HAS(r, CACHE_READ, 83);
		HAS(r, OUTPUT, 9);
		TEXT(r.call.provider, "llamacpp");
		IS(r, billing, BILLING_SELF_HOSTED);
		fed_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trap_T01_input_is_not_all_input),
		cmocka_unit_test(trap_T02_cached_is_in_the_prompt),
		cmocka_unit_test(trap_T03_reasoning_in_or_beside),
		cmocka_unit_test(trap_T04_start_and_delta),
		cmocka_unit_test(trap_T05_delta_is_cumulative),
		cmocka_unit_test(trap_T06_iterations),
		cmocka_unit_test(trap_T07_last_whole_object),
		cmocka_unit_test(trap_T08_traffic_type_alone),
		cmocka_unit_test(trap_T09_cumulative_chunks),
		cmocka_unit_test(trap_T10_twin_usage),
		cmocka_unit_test(trap_T17_context_of_a_hop),
		cmocka_unit_test(trap_T18_server_tools),
		cmocka_unit_test(trap_T19_billed_units),
		cmocka_unit_test(trap_T25_usage_at_the_end),
		cmocka_unit_test(trap_T26_text_is_not_structure),
		cmocka_unit_test(trap_T27_odd_json),
		cmocka_unit_test(trap_T28_several_choices),
		cmocka_unit_test(trap_T34_units_of_cost),
		cmocka_unit_test(trap_T37_never_negative),
		cmocka_unit_test(trap_T38_prompt_out_of_a_cache),
	};

	cmocka_set_test_filter(getenv("TRAP"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
