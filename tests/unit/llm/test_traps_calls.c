/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traps of telling calls: which of them count, once, at whose price, and how sure. One test per
 * trap, named for it; docs/TRAPS.md lists them all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "llm_expect.h"

#define CLAUDE	.host = "api.anthropic.com", .path = "/v1/messages"
#define BEDROCK .host = "bedrock-runtime.us-east-1.amazonaws.com"
#define GATEWAY .host = "10.0.0.1:4000"
#define OPEN	"'usage':{'prompt_tokens':11,'completion_tokens':22,'total_tokens':33}"
#define CHAT	"{'id':'chatcmpl-1','model':'m','object':'chat.completion','choices':[{'index':0," \
		"'finish_reason':'stop'}]," OPEN "}"
#define DELTA(text) \
	"data: {'id':'1','model':'gpt-4o','choices':[{'index':0,'delta':{'content':" text \
	"},'finish_reason':null}]}\n\n"
#define END \
	"data: {'id':'1','model':'gpt-4o','choices':[{'index':0,'delta':{},'finish_reason':" \
	"'stop'}]}\n\ndata: [DONE]\n\n"
#define LITELLM {HTTP_RESPONSE, HTTP_H_X_LITELLM_CALL_ID, "c"}

/* Half of the streams tell no usage: pieces of text are tokens at OpenAI, nowhere else. */
static void trap_T11_streams_without_usage(void **state)
{
	static const struct {
		const char *what, *sse;
		struct feed feed;
		enum completeness completeness;
		u64 output;
	} rows[] = {
		{"text", DELTA("''") DELTA("'a'") DELTA("'b'") END,
		 {.request = "{'model':'gpt-4o'}"}, COMPLETE_ESTIMATED, 2},
		{"tool call",
		 DELTA("'a'") "data: {'choices':[{'delta':{'tool_calls':[{}]}}]}\n\n" END,
		 {0}, COMPLETE_UNMETERED, 0},
		{"another provider", DELTA("'a'") END, {.host = "api.mistral.ai"},
		 COMPLETE_UNMETERED, 0},
		{"hidden reasoning", DELTA("'a'") END,
		 {.request = "{'model':'x','reasoning_effort':'high'}"}, COMPLETE_LOWER_BOUND, 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct feed f = rows[i].feed;
		struct fed r;

		f.sse = rows[i].sse;
		r = llm_feed(NULL, &f, 1);
		if (r.call.completeness != rows[i].completeness || r.output != rows[i].output)
			fail_msg("%s: %d %llu", rows[i].what, r.call.completeness,
				 (unsigned long long)r.output);
		HAS_NO(r, INPUT);
		fed_free(&r);
	}
}

static void trap_T12_counting_is_free(void **state)
{
	static const struct feed rows[] = {
		{.host = "api.anthropic.com", .path = "/v1/messages/count_tokens",
		 .response = "{'input_tokens':14}"},
		{.path = "/v1/responses/input_tokens",
		 .response = "{'object':'response.input_tokens','input_tokens':14}"},
		{.host = "generativelanguage.googleapis.com",
		 .path = "/v1beta/models/gemini-2.5-flash:countTokens",
		 .response = "{'totalTokens':14}"},
		{.host = "us-east5-aiplatform.googleapis.com",
		 .path = "/v1/projects/p/locations/l/publishers/anthropic/models/"
			 "count-tokens:rawPredict",
		 .response = "{'input_tokens':14}"},
		{BEDROCK, .path = "/model/m/count-tokens", .response = "{'inputTokens':14}"},
		{.host = "api.cohere.com",
		 .path = "/v1/tokenize",
		 .response = "{'tokens':[1,2],'meta':{'api_version':{}}}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fed r = llm_feed(NULL, &rows[i], 0);

		assert_int_equal(r.calls, 1);
		IS(r, completeness, COMPLETE_FREE_CALL);
		fed_free(&r);
	}
}

/* A second look at a response costs nothing; a background one is billed by the first that tells. */
static void trap_T13_views(void **state)
{
#define RESPONSE(status, usage) \
	"{'id':'resp_1','object':'response','background':true,'status':" status ",'model':'m'," \
	"'usage':" usage "}"
	static const struct feed post = {.path = "/v1/responses",
					 .response = RESPONSE("'queued'", "null")};
	static const struct feed get = {
		.method = "GET",
		.path = "/v1/responses/resp_1",
		.response = RESPONSE("'completed'", "{'input_tokens':11,'output_tokens':22}")};
	static const struct feed job = {
		.method = "GET",
		.path = "/v1/videos/video_1",
		.response = "{'id':'video_1','object':'video','status':'completed','seconds':'4',"
			    "'model':'sora-2'}"};
	struct llm *l = llm_feed_new();
	static const struct {
		const struct feed *feed;
		enum completeness want;
	} steps[] = {
		{&post, COMPLETE_UNMETERED},
		{&get, COMPLETE_EXACT},
		{&get, COMPLETE_DUPLICATE_VIEW},
		{&job, COMPLETE_EXACT},
		{&job, COMPLETE_DUPLICATE_VIEW},
	};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct fed r = llm_feed(l, steps[i].feed, 0);

		IS(r, completeness, steps[i].want);
		fed_free(&r);
	}
	llm_free(l);
}

/* The model that served, not the one asked for; a deployment's or an ARN's name is no model. */
static void trap_T14_which_model(void **state)
{
	static const struct feed azure = {
		.host = "acme.openai.azure.com",
		.path = "/openai/deployments/chat-prod/chat/completions",
		.request = "{'model':'ignored','messages':[]}",
		.response = "{'id':'1','model':'gpt-4.1-mini-2025-04-14','choices':[]," OPEN "}"};
	static const struct feed header = {
		.host = "acme.openai.azure.com",
		.path = "/openai/v1/embeddings",
		.response = "{'data':[],'usage':{'prompt_tokens':3}}",
		.header = {{HTTP_RESPONSE, HTTP_H_X_MS_SERVED_MODEL, "text-embedding-3"}}};
	static const struct feed arn = {
		BEDROCK, .path = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3A"
				 "application-inference-profile%2Fabc/converse",
		.response = "{'output':{},'usage':{'inputTokens':1,'outputTokens':1}}"};
	struct fed r = llm_feed(NULL, &azure, 0);

	TEXT(r.call.model_requested, "chat-prod");
	TEXT(r.call.model_served, "gpt-4.1-mini-2025-04-14");
	fed_free(&r);
	r = llm_feed(NULL, &header, 0);
	TEXT(r.call.model_served, "text-embedding-3");
	fed_free(&r);
	r = llm_feed(NULL, &arn, 0);
	TEXT(r.call.model_requested,
	     "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc");
	assert_null(r.call.model_served.p);
	fed_free(&r);
}

static void trap_T15_effective_tier(void **state)
{
	static const struct feed f = {
		.path = "/v1/responses",
		.request = "{'model':'m','input':'x','service_tier':'fast'}",
		.sse = "data: {'type':'response.created','response':{'id':'1','service_tier':"
		       "'auto'}}\n\n"
		       "data: {'type':'response.completed','response':{'id':'1','status':"
		       "'completed','service_tier':'default','usage':{'input_tokens':1,"
		       "'output_tokens':1}}}\n\n"};
	struct fed r = llm_feed(NULL, &f, 0);

	TEXT(r.call.service_tier, "default");
	fed_free(&r);
}

/* Speed, place, spill-over, regions and traffic: all of them change the price. */
static void trap_T16_price_modifiers(void **state)
{
	static const struct feed claude = {
		CLAUDE, .response = "{'type':'message','id':'1','usage':{'input_tokens':1,"
				    "'output_tokens':1,'speed':'fast','inference_geo':'us'}}"};
	static const struct feed bedrock = {
		BEDROCK, .path = "/model/eu.anthropic.claude-v1/converse",
		.request = "{'messages':[],'performanceConfig':{'latency':'optimized'}}",
		.response = "{'output':{},'usage':{'inputTokens':1,'outputTokens':1},"
			    "'serviceTier':{'type':'priority'}}"};
	static const struct feed azure = {
		.host = "acme.openai.azure.com",
		.response = CHAT,
		.header = {{HTTP_RESPONSE, HTTP_H_X_MS_IS_SPILLED_OVER, "true"}}};
	static const struct feed late = {.flags = EXCHANGE_F_HEAD_UNKNOWN, .response = CHAT};
	static const struct feed vertex = {
		.host = "aiplatform.googleapis.com",
		.path = "/v1/projects/p/locations/global/publishers/google/models/g:"
			"generateContent",
		.response = "{'candidates':[],'usageMetadata':{'promptTokenCount':1,"
			    "'trafficType':'ON_DEMAND_PRIORITY'}}"};
	struct fed r = llm_feed(NULL, &claude, 0);

	TEXT(r.call.speed, "fast");
	TEXT(r.call.geo, "us");
	fed_free(&r);
	r = llm_feed(NULL, &bedrock, 0);
	TEXT(r.call.geo, "eu");
	TEXT(r.call.speed, "optimized");
	TEXT(r.call.service_tier, "priority");
	fed_free(&r);
	r = llm_feed(NULL, &azure, 0);
	assert_true(r.call.flags & CALL_F_SPILLED && !(r.call.flags & CALL_F_HEAD_UNKNOWN));
	fed_free(&r);
	r = llm_feed(NULL, &late, 0);
	assert_true(r.call.flags & CALL_F_HEAD_UNKNOWN);
	fed_free(&r);
	r = llm_feed(NULL, &vertex, 0);
	TEXT(r.call.service_tier, "ON_DEMAND_PRIORITY");
	TEXT(r.call.geo, "global");
	fed_free(&r);
}

/* Feeds a call whose times and connection are given: the outer one of a gateway, or the inner. */
static struct fed feed_at(struct llm *l, const struct feed *f, void *conn, u64 start, u64 end)
{
	struct feed at = *f;

	at.conn = conn;
	at.start_ns = start;
	at.end_ns = end;
	return llm_feed(l, &at, 0);
}

/* Both hops of a gateway are one call; what it reports as cost is the cost; a key of one's own. */
static void trap_T20_gateways(void **state)
{
	static const struct feed inner = {.response = CHAT};
	static const struct feed outer = {GATEWAY, .response = CHAT};
	static const struct feed byok = {
		.host = "openrouter.ai",
		.path = "/api/v1/chat/completions",
		.response = "{'id':'gen-1','model':'m','choices':[],'usage':{'prompt_tokens':1,"
			    "'completion_tokens':1,'cost':0,'is_byok':true,'cost_details':{"
			    "'upstream_inference_cost':0.00417}}}"};
	struct llm *l = llm_feed_new();
	struct fed r = feed_at(l, &inner, "a", 2000, 8000);

	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);
	r = feed_at(l, &outer, "b", 1000, 9000);
	IS(r, completeness, COMPLETE_DUPLICATE_VIEW);
	fed_free(&r);
	/* the same again, later: another call */
	r = feed_at(l, &outer, "b", 11000, 19000);
	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);
	r = feed_at(l, &inner, "a", 12000, 18000);
	IS(r, completeness, COMPLETE_DUPLICATE_VIEW);
	fed_free(&r);
	llm_free(l);

	r = llm_feed(NULL, &byok, 0);
	IS(r, billing, BILLING_BYOK);
	IS(r, provider_cost_femto_usd, 4170000000000);
	fed_free(&r);
}

static void trap_T21_gateway_cache(void **state)
{
	static const struct feed_header told[] = {
		{HTTP_RESPONSE, HTTP_H_CF_AIG_CACHE_STATUS, "HIT"},
		{HTTP_RESPONSE, HTTP_H_X_PORTKEY_CACHE_STATUS, "HIT"},
		{HTTP_RESPONSE, HTTP_H_HELICONE_CACHE, "HIT"},
		{HTTP_RESPONSE, HTTP_H_X_LITELLM_CACHE_KEY, "k"},
	};

	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		struct feed f = {GATEWAY, .response = CHAT, .header = {told[i]}};
		struct fed r = llm_feed(NULL, &f, 0);

		IS(r, cache_status, CACHE_GATEWAY_HIT);
		fed_free(&r);
	}
}

/* LiteLLM makes up ids, and speaks OpenAI in front of Anthropic: tokens and times tell. */
static void trap_T22_rewritten_hops(void **state)
{
	static const struct feed inner = {
		CLAUDE, .response = "{'type':'message','id':'msg_1','model':'claude','usage':{"
				    "'input_tokens':4,'cache_read_input_tokens':7,"
				    "'output_tokens':22}}"};
	static const struct feed outer = {GATEWAY, .response = CHAT, .header = {LITELLM}};
	static const struct feed other = {
		GATEWAY, .response = "{'id':'2','object':'chat.completion','choices':[],'usage':{"
				     "'prompt_tokens':11,'completion_tokens':23}}",
		.header = {LITELLM}};
	struct llm *l = llm_feed_new();
	struct fed r = feed_at(l, &inner, "a", 2000, 8000);

	fed_free(&r);
	r = feed_at(l, &other, "b", 1000, 9000);
	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);
	r = feed_at(l, &outer, "c", 1000, 9000);
	IS(r, completeness, COMPLETE_DUPLICATE_VIEW);
	fed_free(&r);
	llm_free(l);
}

/* Each attempt is a call; the SDK counts, or the same is asked again after a failure. */
static void trap_T31_retries(void **state)
{
	static const struct feed busy = {
		.request = "{'model':'m','messages':[]}",
		.status = 429,
		.response = "{'error':{'code':'rate_limit_exceeded'}}",
		.header = {{HTTP_RESPONSE, HTTP_H_X_REQUEST_ID, "req_1"}}};
	static const struct feed good = {.request = "{'model':'m','messages':[]}",
					 .response = CHAT};
	static const struct feed told = {
		.request = "{'model':'x','messages':[]}",
		.response = CHAT,
		.header = {{HTTP_REQUEST, HTTP_H_X_STAINLESS_RETRY_COUNT, "2"}}};
	static const struct feed aws = {
		BEDROCK, .path = "/model/m/converse", .request = "{'messages':[]}",
		.response = "{'output':{},'usage':{'inputTokens':1,'outputTokens':1}}",
		.header = {{HTTP_REQUEST, HTTP_H_AMZ_SDK_REQUEST, "attempt=2; max=3"}}};
	struct llm *l = llm_feed_new();
	static const struct {
		const struct feed *feed;
		u32 seq;
		const char *of;
	} steps[] = {
		{&busy, 0, NULL}, {&busy, 1, "req_1"}, {&good, 2, "req_1"},
		{&good, 0, NULL}, {&told, 2, NULL},    {&aws, 1, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct fed r = llm_feed(l, steps[i].feed, 0);

		assert_int_equal(r.calls, 1);
		IS(r, retry_seq, steps[i].seq);
		assert_true(str_eq(r.call.retry_of, str_of(steps[i].of)));
		fed_free(&r);
	}
	llm_free(l);
}

/* 200, and yet a failure. */
static void trap_T32_errors_in_good_guise(void **state)
{
	static const struct {
		struct feed feed;
		const char *type;
	} rows[] = {
		{{.host = "acme.openai.azure.com",
		  .response = "{'error':{'code':'content_filter','message':'x'}}"},
		 "content_filter"},
		{{.host = "api.groq.com",
		  .sse = "event: error\ndata: {'error':{'message':'x','type':"
			 "'invalid_request_error','status_code':400}}\n\n"},
		 "invalid_request_error"},
		{{CLAUDE, .sse = "event: error\ndata: {'type':'error','error':{'type':"
				 "'overloaded_error'}}\n\n"},
		 "overloaded_error"},
		{{.host = "openrouter.ai",
		  .path = "/api/v1/chat/completions",
		  .sse = "data: {'id':'1','error':{'code':502,'message':'x'},'choices':[{"
			 "'finish_reason':'error'}]}\n\n"},
		 "502"},
		{{BEDROCK, .path = "/model/m/converse-stream", .framing = FRAMING_EVENTSTREAM,
		  .lines = "modelStreamErrorException|{'message':'x'}\n", .exception_line = 1},
		 "modelStreamErrorException"},
		{{.host = "generativelanguage.googleapis.com",
		  .path = "/v1beta/models/g:streamGenerateContent",
		  .sse = "data: {'error':{'code':503,'status':'UNAVAILABLE'}}\n\n"},
		 "UNAVAILABLE"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fed r = llm_feed(NULL, &rows[i].feed, 0);

		if (!str_eq(r.call.error_type, str_of(rows[i].type)))
			fail_msg("%zu: " STR_FMT, i, STR_ARG(r.call.error_type));
		fed_free(&r);
	}
}

/* What was told before the client hung up is a lower bound; nothing told is not nothing billed. */
static void trap_T33_aborted(void **state)
{
	static const struct feed claude = {
		CLAUDE,
		.flags = EXCHANGE_F_RESPONSE_CUT,
		.sse = "data: {'type':'message_start','message':{'id':'1','usage':{"
		       "'input_tokens':30,'output_tokens':1}}}\n\n"};
	static const struct feed gemini = {
		.host = "generativelanguage.googleapis.com",
		.path = "/v1beta/models/g:streamGenerateContent",
		.flags = EXCHANGE_F_RESPONSE_CUT,
		.sse = "data: {'candidates':[{}],'usageMetadata':{'promptTokenCount':30,"
		       "'candidatesTokenCount':5}}\n\n"};
	static const struct feed openai = {
		.path = "/v1/responses",
		.flags = EXCHANGE_F_RESPONSE_CUT,
		.sse = "data: {'type':'response.created','response':{'id':'1','usage':null}}\n\n"};
	const struct feed *const bound[] = {&claude, &gemini};
	struct fed r;

	for (size_t i = 0; i < ARRAY_LEN(bound); i++) {
		r = llm_feed(NULL, bound[i], 0);
		HAS(r, INPUT, 30);
		IS(r, completeness, COMPLETE_LOWER_BOUND);
		assert_true(r.call.flags & CALL_F_ABORTED);
		fed_free(&r);
	}
	r = llm_feed(NULL, &openai, 0);
	IS(r, completeness, COMPLETE_UNMETERED);
	assert_true(r.call.flags & CALL_F_ABORTED);
	fed_free(&r);
}

static void trap_T35_subscriptions(void **state)
{
	static const struct feed rows[] = {
		{CLAUDE, .header = {{HTTP_REQUEST, HTTP_H_AUTHORIZATION, "Bearer sk-ant-oat01-x"}},
		 .response = "{'type':'message','usage':{'input_tokens':1,'output_tokens':1}}"},
		{.host = "chatgpt.com",
		 .path = "/backend-api/codex/responses",
		 .response = "{'object':'response'}"},
		{.host = "api.githubcopilot.com", .path = "/chat/completions", .response = CHAT},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fed r = llm_feed(NULL, &rows[i], 0);

		IS(r, billing, BILLING_SUBSCRIPTION);
		fed_free(&r);
	}
}

static void trap_T36_somebody_else_pays(void **state)
{
	static const struct feed f = {
		CLAUDE,
		.request = "{'model':'m','messages':[],'billing_policy':{'bill_to':"
			   "'user_profile'}}",
		.response = "{'type':'message','usage':{'input_tokens':1,'output_tokens':1}}"};
	static const struct feed own = {
		CLAUDE,
		.request = "{'model':'m','messages':[],'billing_policy':{'bill_to':'self'}}",
		.response = "{'type':'message','usage':{'input_tokens':1,'output_tokens':1}}"};
	struct fed r = llm_feed(NULL, &f, 0);

	IS(r, billing, BILLING_BYOK);
	fed_free(&r);
	r = llm_feed(NULL, &own, 0);
	IS(r, billing, BILLING_METERED);
	fed_free(&r);
}

/* What the provider keeps of a conversation is in no request: its size is never made up. */
static void trap_T39_history_at_the_server(void **state)
{
	static const struct feed f = {
		.request = "{'model':'gpt-4o','previous_response_id':'resp_0','input':'hi'}",
		.sse = DELTA("'a'") END};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS_NO(r, INPUT);
	IS(r, context_tokens, 0);
	fed_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trap_T11_streams_without_usage),
		cmocka_unit_test(trap_T12_counting_is_free),
		cmocka_unit_test(trap_T13_views),
		cmocka_unit_test(trap_T14_which_model),
		cmocka_unit_test(trap_T15_effective_tier),
		cmocka_unit_test(trap_T16_price_modifiers),
		cmocka_unit_test(trap_T20_gateways),
		cmocka_unit_test(trap_T21_gateway_cache),
		cmocka_unit_test(trap_T22_rewritten_hops),
		cmocka_unit_test(trap_T31_retries),
		cmocka_unit_test(trap_T32_errors_in_good_guise),
		cmocka_unit_test(trap_T33_aborted),
		cmocka_unit_test(trap_T35_subscriptions),
		cmocka_unit_test(trap_T36_somebody_else_pays),
		cmocka_unit_test(trap_T39_history_at_the_server),
	};

	cmocka_set_test_filter(getenv("TRAP"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
