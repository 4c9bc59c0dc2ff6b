/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traps of the wire, as far as they are this room's: interleaved calls, padding, odd chunks,
 * unknown hosts, forms. One test per trap, named for it; docs/TRAPS.md lists them all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "llm_expect.h"

#define OPEN "'usage':{'prompt_tokens':11,'completion_tokens':22,'total_tokens':33}"

static void unit(struct llm *l, struct exchange *x, enum http_dir dir, const char *json)
{
	llm_on_unit(l, x, dir, UNIT_BEGIN, STR(""));
	for (; *json; json++) {
		char c = *json == '\'' ? '"' : *json;

		llm_on_unit(l, x, dir, UNIT_DATA, (struct str){&c, 1});
	}
	llm_on_unit(l, x, dir, UNIT_END, STR(""));
}

/* Calls of one connection that overlap keep what they know to themselves. */
static void trap_T30_many_calls_one_connection(void **state)
{
	struct llm *l = llm_feed_new();
	struct exchange x[2] = {0};

	for (int i = 0; i < 2; i++) {
		x[i].arena = arena_new(ARENA_MAX);
		x[i].method = STR("POST");
		x[i].authority = STR("api.openai.com");
		x[i].path = STR("/v1/chat/completions");
		assert_true(llm_on_request(l, &x[i]));
	}
	unit(l, &x[0], HTTP_REQUEST, "{'model':'first','messages':[]}");
	unit(l, &x[1], HTTP_REQUEST, "{'model':'second','messages':[]}");
	for (int i = 0; i < 2; i++) {
		x[i].status = 200;
		x[i].framing = FRAMING_SSE;
		llm_on_response(l, &x[i]);
	}
	unit(l, &x[0], HTTP_RESPONSE, "{'id':'1','choices':[{'finish_reason':'stop'}]}");
	unit(l, &x[1], HTTP_RESPONSE, "{'id':'2','choices':[{'finish_reason':'length'}]}");
	unit(l, &x[1], HTTP_RESPONSE, "{'id':'2','choices':[],'usage':{'prompt_tokens':5,"
				      "'completion_tokens':6}}");
	unit(l, &x[0], HTTP_RESPONSE, "{'id':'1','choices':[],'usage':{'prompt_tokens':7,"
				      "'completion_tokens':8}}");
	for (int i = 0; i < 2; i++) {
		struct fed fed = {0};

		llm_feed_expect(&fed);
		llm_on_done(l, &x[i]);
		assert_int_equal(fed.calls, 1);
		assert_true(str_eq(fed.call.model_requested, i ? STR("second") : STR("first")));
		assert_true(str_eq(fed.call.finish[0], i ? STR("length") : STR("stop")));
		assert_int_equal(fed.input, i ? 5 : 7);
		assert_int_equal(fed.output, i ? 6 : 8);
		arena_free(x[i].arena);
	}
	llm_free(l);
}

#define PAD "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"

/* Bytes say nothing of tokens: padding changes no figure, no estimate. */
static void trap_T40_padding(void **state)
{
	static const char *const streams[] = {
		"data: {'id':'1','choices':[{'delta':{'content':'a'}}],'obfuscation':''}\n\n"
		"data: {'id':'1','choices':[{'delta':{},'finish_reason':'stop'}]}\n\n",
		"data: {'id':'1','choices':[{'delta':{'content':'a'}}],'obfuscation':'" PAD "'}"
		"          \n\n"
		"data: {'id':'1','choices':[{'delta':{},'finish_reason':'stop'}],'obfuscation':'"
		PAD PAD "'}\n\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct feed f = {.sse = streams[i]};
		struct fed r = llm_feed(NULL, &f, 1);

		HAS(r, OUTPUT, 1);
		IS(r, completeness, COMPLETE_ESTIMATED);
		fed_free(&r);
	}
}

/* Azure's first chunk is empty; pings and a missing end are nothing. */
static void trap_T41_odd_chunks(void **state)
{
	static const struct feed azure = {
		.host = "acme.openai.azure.com",
		.sse = "data: {'choices':[],'created':0,'id':'','model':'','object':'',"
		       "'prompt_filter_results':[]}\n\n"
		       "data: {'id':'chatcmpl-1','model':'gpt-4o','choices':[{'finish_reason':"
		       "'stop'}]}\n\n"
		       "data: {'id':'','model':'','choices':[]," OPEN "}\n\n"};
	static const struct feed claude = {
		.host = "api.anthropic.com",
		.path = "/v1/messages",
		.sse = "event: message_start\ndata: {'type':'message_start','message':{'id':"
		       "'msg_1','model':'c','usage':{'input_tokens':11,'output_tokens':1}}}\n\n"
		       "event: ping\ndata: {'type':'ping'}\n\n"
		       "event: message_delta\ndata: {'type':'message_delta','delta':{'stop_reason':"
		       "'end_turn'},'usage':{'output_tokens':22}}\n\n"};
	struct fed r = llm_feed(NULL, &azure, 0);

	TEXT(r.call.response_id, "chatcmpl-1");
	TEXT(r.call.model_served, "gpt-4o");
	HAS(r, INPUT, 11);
	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);
	r = llm_feed(NULL, &claude, 0);
	HAS(r, OUTPUT, 22);
	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);
}

/* A host that is nobody's is known by its path and shapes, or by a header; and nobody else is. */
static void trap_T42_unknown_hosts(void **state)
{
#define AT .host = "llm.corp.example"
#define ASKED .request = "{'model':'m','messages':[]}"
	static const struct {
		struct feed feed;
		const char *provider;
	} rows[] = {
		{{AT, ASKED, .response = "{'object':'chat.completion','choices':[]," OPEN "}"},
		 "openai"},
		{{AT, .path = "/openai/deployments/d/chat/completions", ASKED,
		  .response = "{'object':'chat.completion','choices':[]," OPEN "}"},
		 "azure"},
		{{AT, ASKED, .response = "{'choices':[]," OPEN "}",
		  .header = {{HTTP_RESPONSE, HTTP_H_X_GROQ_REGION, "us"}}},
		 "groq"},
		{{AT, ASKED, .response = "{'choices':[]," OPEN "}",
		  .header = {{HTTP_RESPONSE, HTTP_H_MISTRAL_CORRELATION_ID, "x"}}},
		 "mistral"},
		{{AT, .path = "/v1beta/models/g:generateContent",
		  .response = "{'candidates':[],'usageMetadata':{'promptTokenCount':1}}"},
		 "gemini"},
		{{AT, .path = "/model/m/converse",
		  .response = "{'output':{},'usage':{'inputTokens':1,'outputTokens':1}}"},
		 "bedrock"},
		{{AT, .path = "/api/chat", .request = "{'model':'m','messages':[]}",
		  .response = "{'model':'m','done':true,'prompt_eval_count':1,'eval_count':1}"},
		 "ollama"},
		{{AT, .path = "/v2/chat", .request = "{'model':'m','messages':[]}",
		  .response = "{'usage':{'billed_units':{'input_tokens':1,'output_tokens':1}}}"},
		 "cohere"},
		{{AT, .path = "/generate", .request = "{'inputs':'x'}", .response = "{'"
			"generated_text':''}",
		  .header = {{HTTP_RESPONSE, HTTP_H_X_COMPUTE_TYPE, "gpu"},
			     {HTTP_RESPONSE, HTTP_H_X_PROMPT_TOKENS, "4"},
			     {HTTP_RESPONSE, HTTP_H_X_GENERATED_TOKENS, "5"}}},
		 "tgi"},
		{{AT, ASKED,
		  .response = "{'id':'chatcmpl-0123456789abcdef0123456789abcdef','object':"
			      "'chat.completion','choices':[]," OPEN "}",
		  .header = {{HTTP_RESPONSE, HTTP_H_SERVER, "uvicorn"}}},
		 "vllm"},
		{{.host = "gateway.ai.cloudflare.com",
		  .path = "/v1/acct/gw/anthropic/v1/messages",
		  .response = "{'type':'message','usage':{'input_tokens':1,'output_tokens':1}}"},
		 "anthropic"},
		{{AT, .path = "/api/chat", .request = "{'text':'hi'}", .response = "{'message':'"
			"hi'}"},
		 NULL},
		{{AT, .path = "/model/m/converse", .response = "{'output':{}}"}, NULL},
		{{AT, .path = "/v2/chat", .request = "{'model':'m','messages':[]}",
		  .response = "{'message':'hi'}"},
		 NULL},
		{{AT, .path = "/generate", .response = "{'generated_text':'x'}"}, NULL},
		{{AT, .path = "/v1/videos", .response = "{'id':'1','status':'x'}"}, NULL},
		{{AT, .path = "/files/a/content", .method = "GET", .lines = "{'a':1}\n"}, NULL},
		{{AT, .path = "/rerank", .response = "{'results':[]}"}, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fed r = llm_feed(NULL, &rows[i].feed, 0);

		if (r.calls != !!rows[i].provider ||
		    (r.calls && !str_eq(r.call.provider, str_of(rows[i].provider))))
			fail_msg("row %zu: %d " STR_FMT, i, r.calls, STR_ARG(r.call.provider));
		fed_free(&r);
	}
}

static void trap_T43_forms(void **state)
{
	static const struct feed f = {
		.path = "/v1/images/edits",
		.form = "image[]=PNG{'model':'evil'}\nprompt=a cat, model=evil\nmodel=gpt-image-1",
		.response = "{'data':[{}],'usage':{'input_tokens':11,'output_tokens':22,"
			    "'total_tokens':33}}"};
	struct fed r = llm_feed(NULL, &f, 1);

	TEXT(r.call.model_requested, "gpt-image-1");
	HAS(r, OUTPUT_IMAGE, 22);
	fed_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trap_T30_many_calls_one_connection),
		cmocka_unit_test(trap_T40_padding),
		cmocka_unit_test(trap_T41_odd_chunks),
		cmocka_unit_test(trap_T42_unknown_hosts),
		cmocka_unit_test(trap_T43_forms),
	};

	cmocka_set_test_filter(getenv("TRAP"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
