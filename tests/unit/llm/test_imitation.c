/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that pretends to be structure: usage objects, events and endings inside prompts,
 * completions, tool arguments and errors. No token, id, model or call may come of it.
 *
 * Every text stands in every place of every dialect; places where the imitation is real JSON, but
 * not where usage stands, are exchanges of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "llm_feed.h"

#define EVIL_USAGE                                                                                 \
	"\\'usage\\':{\\'prompt_tokens\\':666,\\'completion_tokens\\':666,"                        \
	"\\'input_tokens\\':666,\\'output_tokens\\':666,\\'total_tokens\\':1332}"
#define EVIL_U                                                                                     \
	"\\u0022usage\\u0022:{\\u0022prompt_tokens\\u0022:666,\\u0022output_tokens\\u0022:666}"

static const char *const texts[] = {
	EVIL_USAGE,
	"\\'," EVIL_USAGE ",\\'x\\':\\'",
	"\\'}}]," EVIL_USAGE "}",
	"\\'}]}\\n{" EVIL_USAGE "}",
	EVIL_U,
	"\\u0022}]," EVIL_U "}",
	"\\\\\\'," EVIL_USAGE,
	"\\\\\\\\\\'}],\\'model\\':\\'evil\\',\\'id\\':\\'evil\\'",
	"\\n\\ndata: {\\'id\\':\\'evil\\',\\'choices\\':[]," EVIL_USAGE "}\\n\\n",
	"\\r\\n\\r\\nevent: message_delta\\r\\ndata: {\\'type\\':\\'message_delta\\'," EVIL_USAGE
	"}\\r\\n\\r\\n",
	"event: response.completed\\ndata: "
	"{\\'type\\':\\'response.completed\\',\\'response\\':{" EVIL_USAGE "}}",
	"data: [DONE]\\n\\n",
	"[DONE]",
	"\\r\\n0\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\n{" EVIL_USAGE "}",
	"POST /v1/responses HTTP/1.1\\r\\nHost: api.openai.com\\r\\n\\r\\n{\\'model\\':\\'evil\\'}",
	"}}}]]]}{{{[[[,,,:::",
	"\\\\",
	"\\\\\\\\",
	"\\ud83d\\ude00\\',\\'model\\':\\'evil\\'",
	"\\ud83d\\',\\'model\\':\\'evil\\'",
	"\\u005c\\',\\'model\\':\\'evil\\'",
	"\\t\\b\\f\\/\\',\\'error\\':{\\'type\\':\\'evil\\'}",
	"{\\'iterations\\':[{\\'type\\':\\'compaction\\',\\'input_tokens\\':666}]}",
	"\\'type\\':\\'web_search_call\\'",
};

struct place {
	const char *name;
	struct feed feed; /* %s is the text */
};

#define CHAT_TRUE "'usage':{'prompt_tokens':11,'completion_tokens':22,'total_tokens':33}"
#define RESP_TRUE "'usage':{'input_tokens':11,'output_tokens':22,'total_tokens':33}"
#define ANTH_TRUE "'usage':{'input_tokens':11,'output_tokens':22}"
#define ANTH_START                                                                                 \
	"event: message_start\n"                                                                   \
	"data: {'type':'message_start','message':{'id':'true','model':'m',"                        \
	"'usage':{'input_tokens':11,'output_tokens':1}}}\n\n"
#define ANTH_END                                                                                   \
	"event: message_delta\n"                                                                   \
	"data: {'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':{"               \
	"'output_tokens':22}}\n\n"                                                                 \
	"event: message_stop\ndata: {'type':'message_stop'}\n\n"
#define CHAT_END "data: {'id':'true','model':'m','choices':[]," CHAT_TRUE "}\n\ndata: [DONE]\n\n"
#define RESP_END                                                                                   \
	"event: response.completed\n"                                                              \
	"data: {'type':'response.completed','response':{'id':'true','model':'m',"                  \
	"'status':'completed','output':[]," RESP_TRUE "}}\n\n"
#define CHAT_OK "{'id':'true','model':'m','choices':[{'index':0,'message':{}}]," CHAT_TRUE "}"

#define GEMINI_TRUE \
	"'usageMetadata':{'promptTokenCount':11,'candidatesTokenCount':22,'totalTokenCount':33}," \
	"'modelVersion':'m','responseId':'true'"
#define GEMINI(verb) \
	.host = "generativelanguage.googleapis.com", .path = "/v1beta/models/asked:" verb

static const struct place places[] = {
	{"gemini prompt",
	 {GEMINI("generateContent"),
	  .request = "{'contents':[{'parts':[{'text':'%s'}]}]}",
	  .response = "{'candidates':[{'finishReason':'STOP'}]," GEMINI_TRUE "}"}},
	{"gemini text",
	 {GEMINI("generateContent"),
	  .response = "{'candidates':[{'content':{'parts':[{'text':'%s'}]},'finishReason':"
		      "'STOP'}]," GEMINI_TRUE "}"}},
	{"gemini stream text",
	 {GEMINI("streamGenerateContent"),
	  .sse = "data: {'candidates':[{'content':{'parts':[{'text':'%s'}]}}]}\n\n"
		 "data: {'candidates':[{'finishReason':'STOP'}]," GEMINI_TRUE "}\n\n"}},
	{"bedrock invoke text",
	 {.host = "bedrock-runtime.us-east-1.amazonaws.com",
	  .path = "/model/asked/invoke",
	  .response = "{'type':'message','id':'true','model':'m','content':[{'type':'text',"
		      "'text':'%s'}]," ANTH_TRUE "}"}},
	{"chat prompt",
	 {.request = "{'messages':[{'role':'user','content':'%s'}],'model':'asked'}",
	  .response = CHAT_OK}},
	{"chat prompt part, model first",
	 {.request = "{'model':'asked','messages':[{'content':[{'type':'text','text':'%s'}]}]}",
	  .response = CHAT_OK}},
	{"tool description",
	 {.request = "{'tools':[{'function':{'description':'%s'}}],'messages':[],'model':'asked'}",
	  .response = CHAT_OK}},
	{"chat completion",
	 {.response = "{'choices':[{'index':0,'message':{'content':'%s'}}]," CHAT_TRUE
		      ",'id':'true','model':'m'}"}},
	{"chat tool arguments",
	 {.response = "{'id':'true','model':'m','choices':[{'message':{'tool_calls':[{'function':{"
		      "'name':'f','arguments':'{%s}'}}]}}]," CHAT_TRUE "}"}},
	{"chat after usage",
	 {.response = "{'id':'true','model':'m'," CHAT_TRUE ",'choices':[{'message':{"
		      "'content':'%s'}}],'note':'%s'}"}},
	{"chat stream delta",
	 {.sse = "data: {'id':'true','model':'m','choices':[{'delta':{'content':'%s'}}],"
		 "'usage':null,'obfuscation':'%s'}\n\n" CHAT_END}},
	{"chat stream tool arguments",
	 {.sse = "data: {'id':'true','choices':[{'delta':{'tool_calls':[{'function':{"
		 "'arguments':'%s'}}]}}]}\n\n" CHAT_END}},
	{"a key of an object",
	 {.response = "{'id':'true','model':'m','choices':[],'metadata':{'%s':1}," CHAT_TRUE "}"}},
	{"responses output text",
	 {.path = "/v1/responses",
	  .response = "{'id':'true','object':'response','model':'m','output':[{'type':'message',"
		      "'content':[{'type':'output_text','text':'%s'}]}]," RESP_TRUE "}"}},
	{"responses stream",
	 {.path = "/v1/responses",
	  .sse = "event: response.output_text.delta\n"
		 "data: {'type':'response.output_text.delta','delta':'%s'}\n\n" RESP_END}},
	{"responses instructions echoed",
	 {.path = "/v1/responses",
	  .sse = "event: response.created\n"
		 "data: {'type':'response.created','response':{'id':'true','instructions':'%s',"
		 "'usage':null}}\n\n" RESP_END}},
	{"message text",
	 {.path = "/v1/messages",
	  .host = "api.anthropic.com",
	  .response = "{'type':'message','id':'true','model':'m','content':[{'type':'text',"
		      "'text':'%s'}]," ANTH_TRUE "}"}},
	{"message prompt",
	 {.path = "/v1/messages",
	  .host = "api.anthropic.com",
	  .request = "{'system':[{'type':'text','text':'%s'}],'messages':[{'role':'user',"
		     "'content':'%s'}],'model':'asked'}",
	  .response = "{'type':'message','id':'true','model':'m','content':[]," ANTH_TRUE "}"}},
	{"message stream text",
	 {.path = "/v1/messages",
	  .host = "api.anthropic.com",
	  .sse = ANTH_START "event: content_block_delta\n"
			    "data: {'type':'content_block_delta','index':0,'delta':{"
			    "'type':'text_delta','text':'%s'}}\n\n" ANTH_END}},
	{"message stream tool input",
	 {.path = "/v1/messages",
	  .host = "api.anthropic.com",
	  .sse = ANTH_START
	  "event: content_block_delta\n"
	  "data: {'type':'content_block_delta','delta':{'type':'input_json_delta',"
	  "'partial_json':'%s'}}\n\n" ANTH_END}},
};

/* Puts the text wherever the template says %s. */
static char *fill(const char *template, const char *text)
{
	size_t n = template ? strlen(template) + 4 * strlen(text) + 1 : 0, at = 0;
	char *out = template ? malloc(n) : NULL;

	for (const char *p = template; p && *p; p++) {
		if (p[0] == '%' && p[1] == 's') {
			memcpy(out + at, text, strlen(text));
			at += strlen(text);
			p++;
		} else {
			out[at++] = *p;
		}
	}
	if (out)
		out[at] = 0;
	return out;
}

static void check(const struct fed *r, const char *place, const char *what)
{
	const struct call *c = &r->call;
	bool is_asked = !c->model_requested.p || str_eq(c->model_requested, STR("asked"));

	if (r->calls != 1)
		fail_msg("%s, %s: %d calls", place, what, r->calls);
	if (meters_input_total(&c->meters) != 11 || meters_output_total(&c->meters) != 22)
		fail_msg("%s, %s: %llu in, %llu out", place, what,
			 (unsigned long long)meters_input_total(&c->meters),
			 (unsigned long long)meters_output_total(&c->meters));
	if (!str_eq(c->response_id, STR("true")) || !str_eq(c->model_served, STR("m")) || !is_asked)
		fail_msg("%s, %s: id or model", place, what);
	if (c->sub_cnt || c->error_type.p || c->error_code.p || c->completeness != COMPLETE_EXACT ||
	    c->flags & ~(u32)CALL_F_STREAM)
		fail_msg("%s, %s: flags %x", place, what, c->flags);
	for (int m = METER_TOKENS_MAX; m < METER_MAX; m++)
		assert_false(meters_has(&c->meters, (enum meter)m));
}

static void test_texts_in_places(void **state)
{
	for (size_t p = 0; p < ARRAY_LEN(places); p++) {
		for (size_t t = 0; t < ARRAY_LEN(texts); t++) {
			struct feed f = places[p].feed;
			char *request = fill(f.request, texts[t]);
			char *response = fill(f.response, texts[t]), *sse = fill(f.sse, texts[t]);

			f.request = request;
			f.response = response;
			f.sse = sse;
			for (unsigned int way = 0; way < 4; way++) {
				struct fed r = llm_feed(NULL, &f, way);

				check(&r, places[p].name, texts[t]);
				fed_free(&r);
			}
			free(request);
			free(response);
			free(sse);
		}
	}
}

/* Real objects with the right names in the wrong places: tool input is JSON of the model's own. */
#define ANTHROPIC .host = "api.anthropic.com", .path = "/v1/messages"
#define EVIL \
	"{'input_tokens':666,'output_tokens':666,'prompt_tokens':666,'completion_tokens':666}"

static const struct feed misplaced[] = {
	{GEMINI("generateContent"),
	 .response = "{'candidates':[{'content':{'parts':[{'functionCall':{'args':{"
		     "'usageMetadata':{'promptTokenCount':666,'candidatesTokenCount':666},"
		     "'modelVersion':'evil','error':{'status':'evil'}}}}]},'finishReason':"
		     "'STOP'}]," GEMINI_TRUE "}"},
	{GEMINI("streamGenerateContent"),
	 .sse = "data: {'candidates':[{'usageMetadata':{'promptTokenCount':666},"
		"'groundingMetadata':{'x':{'webSearchQueries':['evil']}}}]}\n\n"
		"data: {'candidates':[{'finishReason':'STOP'}]," GEMINI_TRUE "}\n\n"},
	{.host = "bedrock-runtime.us-east-1.amazonaws.com",
	 .path = "/model/asked/invoke",
	 .response = "{'type':'message','id':'true','model':'m','content':[{'type':'tool_use',"
		     "'input':{'amazon-bedrock-invocationMetrics':{'inputTokenCount':666},"
		     "'inputTextTokenCount':666,'usage':{'inputTokens':666}}}]," ANTH_TRUE "}"},
	{.response = "{'id':'true','model':'m','choices':[{'usage':" EVIL "}]," CHAT_TRUE "}"},
	{.response = "{'id':'true','model':'m','choices':[{'message':{'usage':" EVIL ",'id':'evil',"
		     "'model':'evil','error':{'type':'evil'}}}]," CHAT_TRUE "}"},
	{.response = "{'id':'true','model':'m','x':{'usage':" EVIL "},'choices':[]," CHAT_TRUE "}"},
	{.response =
		 "{'id':'true','model':'m','choices':[],'x':[{'usage':" EVIL "}]," CHAT_TRUE "}"},
	{.response = "{'id':'true','model':'m','choices':[],'usage':{'usage':" EVIL
		     ",'prompt_tokens':11,'completion_tokens':22}}"},
	{.response = "{'id':'true','model':'m','choices':[],'usage':{'prompt_tokens':11,"
		     "'completion_tokens':22,'x':{'prompt_tokens':666}}}"},
	{.sse = "data: {'id':'true','choices':[{'delta':{'usage':" EVIL "}}]}\n\n" CHAT_END},
	{.sse = "data: {'id':'true','response':{'usage':" EVIL "},'choices':[{}]}\n\n" CHAT_END},
	{.sse = "data: {'id':'true','message':{'usage':" EVIL "},'choices':[{}]}\n\n" CHAT_END},
	{ANTHROPIC,
	 .response =
		 "{'type':'message','id':'true','model':'m','content':[{'type':'tool_use',"
		 "'input':{'usage':" EVIL ",'type':'message_delta','id':'evil'}}]," ANTH_TRUE "}"},
	{ANTHROPIC,
	 .response =
		 "{'type':'message','id':'true','model':'m','content':[{'type':'tool_use','input':"
		 "{'usage':{'iterations':[{'type':'compaction','input_tokens':666}]}}}]," ANTH_TRUE
		 "}"},
	{ANTHROPIC,
	 .response =
		 "{'type':'message','id':'true','model':'m','content':[{'type':'tool_use','name':"
		 "'code_execution','input':{'type':'server_tool_use'}}]," ANTH_TRUE "}"},
	{ANTHROPIC, .sse = ANTH_START
		    "event: content_block_start\ndata: {'type':'content_block_start',"
		    "'content_block':{'type':'tool_use','usage':" EVIL ",'input':{'usage':" EVIL
		    "}}}\n\n" ANTH_END},
	{ANTHROPIC, .sse = ANTH_START
		    "event: content_block_delta\ndata: {'type':'content_block_delta','delta':{"
		    "'usage':" EVIL "}}\n\n" ANTH_END},
	{ANTHROPIC,
	 .sse = ANTH_START "event: ping\ndata: {'type':'ping','usage':" EVIL "}\n\n" ANTH_END},
	{.path = "/v1/responses",
	 .response =
		 "{'id':'true','object':'response','model':'m','output':[{'type':'function_call',"
		 "'usage':" EVIL ",'arguments':{'type':'web_search_call'}}]," RESP_TRUE "}"},
	{.path = "/v1/responses",
	 .response =
		 "{'id':'true','object':'response','model':'m','output':[{'type':'message',"
		 "'content':[{'type':'web_search_call','action':{'type':'search'}}]}]," RESP_TRUE
		 "}"},
	{.path = "/v1/responses",
	 .sse = "event: response.in_progress\ndata: {'type':'response.in_progress','response':{"
		"'id':'true','usage':" EVIL "}}\n\n" RESP_END},
	{.path = "/v1/responses",
	 .sse = "event: response.output_item.done\ndata: "
		"{'type':'response.output_item.done','item':{"
		"'type':'web_search_call','usage':" EVIL "},'usage':" EVIL "}\n\n" RESP_END},
	{.path = "/v1/responses",
	 .sse = "event: response.created\ndata: {'type':'response.created','response':{'id':'true',"
		"'metadata':{'type':'response.completed'},'output':[{'type':'web_search_call'}]}}"
		"\n\n" RESP_END},
};

static void test_misplaced(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(misplaced); i++) {
		for (unsigned int way = 0; way < 4; way++) {
			struct fed r = llm_feed(NULL, &misplaced[i], way);
			char name[24];

			snprintf(name, sizeof(name), "misplaced %zu", i);
			check(&r, name, "");
			fed_free(&r);
		}
	}
}

/* A page, an API and a chat program that look like a provider from afar. */
static void test_no_phantom(void **state)
{
	static const struct feed others[] = {
		{.host = "shop.example",
		 .path = "/api/messages",
		 .request = "{'messages':[],'model':'x'}"},
		{.host = "shop.example",
		 .path = "/v1/messages",
		 .response = "{'type':'message','id':'1'}"},
		{.host = "shop.example",
		 .path = "/v1/messages",
		 .request = "{'messages':[{'to':'bob'}]}",
		 .response = "{'ok':true}"},
		{.host = "shop.example",
		 .path = "/v1/responses",
		 .request = "{'model':'form','input':'x'}",
		 .response = "{'ok':true}"},
		{.host = "shop.example",
		 .path = "/forms/responses/12",
		 .method = "GET",
		 .response = "{'id':12,'status':'completed'}"},
		{.host = "shop.example",
		 .path = "/v1/completions",
		 .request = "{'q':'sho'}",
		 .response = "{'choices':['shop','show']}"},
		{.host = "shop.example", .path = "/v1/embeddings", .response = "{'data':[1,2,3]}"},
		{.host = "shop.example",
		 .path = "/v1/chat/completions",
		 .response = "<html>no</html>"},
		{.host = "shop.example",
		 .path = "/v1/chat/completions",
		 .status = 404,
		 .response = "{'error':'not found'}"},
		{.host = "shop.example",
		 .path = "/v1/chat/completions",
		 .request = "{'text':'{\\'model\\':\\'m\\',\\'messages\\':[]}'}",
		 .status = 500},
		{.host = "api.openai.com", .path = "/v1/models", .method = "GET"},
		{.host = "api.openai.com", .path = "/v1/chat/completions", .method = "OPTIONS"},
		{.host = "api.openai.com", .path = "/v1/threads/t/messages"},
		{.host = "api.openai.com",
		 .path = "/v1/responses/resp_1/input_items",
		 .method = "GET"},
		{.host = "api.anthropic.com", .path = "/api/hello", .method = "HEAD"},
		{.host = "api.openai.com", .path = "/"},
		{.host = "api.openai.com", .path = ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct fed r = llm_feed(NULL, &others[i], 0);

		if (r.calls)
			fail_msg("phantom %zu: %s", i, others[i].path);
		fed_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_in_places),
		cmocka_unit_test(test_misplaced),
		cmocka_unit_test(test_no_phantom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
