/* SPDX-License-Identifier: Apache-2.0 */
/* Bedrock: Converse, wrapped documents of every vendor, metrics, headers, models, exceptions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "llm/state.h"
#include "llm_expect.h"

#define HOST .host = "bedrock-runtime.us-east-1.amazonaws.com"
#define CONVERSE(model) HOST, .path = "/model/" model "/converse"
#define INVOKE(model) HOST, .path = "/model/" model "/invoke"
#define STREAM(model) HOST, .path = "/model/" model "/invoke-with-response-stream", \
			    .framing = FRAMING_EVENTSTREAM

static void put64(char *out, const char *text)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i += 3) {
		u32 v = 0;

		for (size_t k = 0; k < 3; k++) {
			char c = i + k < n ? text[i + k] : 0;

			v = v << 8 | (u8)(c == '\'' ? '"' : c);
		}
		for (size_t k = 0; k < 4; k++)
			*out++ = i + k > n ? '=' : set[v >> (18 - 6 * k) & 63];
	}
	*out = 0;
}

/* Wraps each line as Bedrock does; to be freed. */
static char *wrap(const char *lines)
{
	char *out = calloc(1, 4 * strlen(lines) + 4096), *at = out, text[4096], coded[8192];
	struct str rest = str_of(lines), line;

	while (str_next(&rest, '\n', &line)) {
		str_to_c(line, text, sizeof(text));
		put64(coded, text);
		at += snprintf(at, sizeof(coded) + 64,
			       "chunk|{\"bytes\":\"%s\",\"p\":\"abcdefgh\"}\n", coded);
	}
	return out;
}

static void test_converse(void **state)
{
	static const struct feed f = {
		CONVERSE("us.anthropic.claude-sonnet-4-20250514-v1%3A0"),
		.request = "{'messages':[],'serviceTier':{'type':'flex'}}",
		.response =
			"{'metrics':{'latencyMs':608},'output':{'message':{'content':[]}},"
			"'stopReason':'end_turn','usage':{'inputTokens':3,'outputTokens':10,"
			"'totalTokens':9524,'cacheReadInputTokens':9501,"
			"'cacheReadInputTokenCount':9501,'cacheWriteInputTokens':10,"
			"'cacheWriteInputTokenCount':10,'cacheDetails':[{'ttl':'1h',"
			"'inputTokens':4},{'inputTokens':6,'ttl':'5m'}]}}",
	};

	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed r = llm_feed(NULL, &f, way);

		TEXT(r.call.provider, "bedrock");
		TEXT(r.call.endpoint, "converse");
		TEXT(r.call.model_requested, "us.anthropic.claude-sonnet-4-20250514-v1:0");
		TEXT(r.call.geo, "us");
		TEXT(r.call.service_tier, "flex");
		TEXT(r.call.finish[0], "end_turn");
		HAS(r, INPUT, 3);
		HAS(r, CACHE_READ, 9501);
		HAS(r, CACHE_WRITE_5M, 6);
		HAS(r, CACHE_WRITE_1H, 4);
		HAS(r, OUTPUT, 10);
		IS(r, residual, 0);
		IS(r, completeness, COMPLETE_EXACT);
		fed_free(&r);
	}
}

static void test_converse_stream(void **state)
{
	static const struct feed f = {
		HOST,
		.path = "/model/amazon.nova-micro-v1%3A0/converse-stream",
		.framing = FRAMING_EVENTSTREAM,
		.lines = "messageStart|{'p':'abc','role':'assistant'}\n"
			 "contentBlockDelta|{'delta':{'text':'hi'},'p':'abcdefg'}\n"
			 "messageStop|{'p':'ab','stopReason':'tool_use'}\n"
			 "metadata|{'metrics':{},'usage':{'inputTokens':415,'outputTokens':202,"
			 "'totalTokens':617}}\n",
	};
	struct fed r = llm_feed(NULL, &f, 1);

	HAS(r, INPUT, 415);
	HAS(r, OUTPUT, 202);
	TEXT(r.call.finish[0], "tool_use");
	IS(r, completeness, COMPLETE_EXACT);
	IS(r, usage_source, USAGE_EVENTSTREAM);
	fed_free(&r);
}

/* The inner dialect's figures, or where it has none the metrics of the last document. */
static void test_wrapped(void **state)
{
	static const struct {
		const char *what, *path, *lines;
		u64 input, output;
	} rows[] = {
		{"Claude", "/model/anthropic.claude-v3/invoke-with-response-stream",
		 "{'type':'message_start','message':{'id':'msg_bdrk_1','model':'claude','usage':{"
		 "'input_tokens':16,'output_tokens':1}}}\n"
		 "{'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':{"
		 "'output_tokens':133}}\n"
		 "{'type':'message_stop','amazon-bedrock-invocationMetrics':{'inputTokenCount':16,"
		 "'outputTokenCount':97,'invocationLatency':690,'firstByteLatency':512}}",
		 16, 133},
		{"Titan", "/model/amazon.titan-text-lite-v1/invoke-with-response-stream",
		 "{'outputText':' a','index':0,'totalOutputTextTokenCount':10,'completionReason':"
		 "'LENGTH','inputTextTokenCount':5,'amazon-bedrock-invocationMetrics':{"
		 "'inputTokenCount':5,'outputTokenCount':10}}",
		 5, 10},
		{"Llama", "/model/meta.llama3-8b/invoke-with-response-stream",
		 "{'generation':'a','prompt_token_count':25,'generation_token_count':1,"
		 "'stop_reason':null}\n"
		 "{'generation':'','prompt_token_count':null,'generation_token_count':7,"
		 "'stop_reason':'stop','amazon-bedrock-invocationMetrics':{'inputTokenCount':25,"
		 "'outputTokenCount':7}}",
		 25, 7},
		{"Nova", "/model/amazon.nova-micro-v1%3A0/invoke-with-response-stream",
		 "{'messageStart':{'role':'assistant'}}\n"
		 "{'messageStop':{'stopReason':'max_tokens'}}\n"
		 "{'metadata':{'usage':{'inputTokens':5,'outputTokens':10,"
		 "'cacheReadInputTokenCount':0,'cacheWriteInputTokenCount':0},'metrics':{}},"
		 "'amazon-bedrock-invocationMetrics':{'inputTokenCount':5,'outputTokenCount':10}}",
		 5, 10},
		{"Mistral", "/model/mistral.mistral-7b/invoke-with-response-stream",
		 "{'outputs':[{'text':'a','stop_reason':null}]}\n"
		 "{'outputs':[{'text':'','stop_reason':'stop'}],"
		 "'amazon-bedrock-invocationMetrics':{'inputTokenCount':31,'outputTokenCount':10}}",
		 31, 10},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *lines = wrap(rows[i].lines);

		for (unsigned int way = 0; way < FEED_WAYS; way++) {
			struct feed f = {HOST,
					 .path = rows[i].path,
					 .lines = lines,
					 .framing = FRAMING_EVENTSTREAM};
			struct fed r = llm_feed(NULL, &f, way);

			if (r.call.completeness != COMPLETE_EXACT || r.input != rows[i].input ||
			    r.output != rows[i].output)
				fail_msg("%s: %d %llu %llu", rows[i].what, r.call.completeness,
					 (unsigned long long)r.input,
					 (unsigned long long)r.output);
			fed_free(&r);
		}
		free(lines);
	}
}

/* Bodies of Invoke, not streamed; those without counts have headers. */
static void test_bodies(void **state)
{
#define COUNTS(in, out)                                                                    \
	.header = {{HTTP_RESPONSE, HTTP_H_X_AMZN_BEDROCK_INPUT_TOKEN_COUNT, in},           \
		   {HTTP_RESPONSE, HTTP_H_X_AMZN_BEDROCK_OUTPUT_TOKEN_COUNT, out}}
	static const struct {
		struct feed feed;
		u64 input, output;
		enum usage_source source;
	} rows[] = {
		{{INVOKE("anthropic.claude-3"),
		  .response = "{'type':'message','id':'msg_bdrk_1','usage':{'input_tokens':9,"
			      "'output_tokens':4}}",
		  COUNTS("9", "4")},
		 9, 4, USAGE_BODY_JSON},
		{{INVOKE("meta.llama3"),
		  .response = "{'generation':'x','prompt_token_count':12,"
			      "'generation_token_count':3}"},
		 12, 3, USAGE_BODY_JSON},
		{{INVOKE("amazon.titan-text"),
		  .response = "{'inputTextTokenCount':5,'results':[{'tokenCount':7},{"
			      "'tokenCount':8}]}"},
		 5, 15, USAGE_BODY_JSON},
		{{INVOKE("amazon.titan-embed-text-v2"),
		  .response = "{'embedding':[1,2],'inputTextTokenCount':6}"},
		 6, 0, USAGE_BODY_JSON},
		{{INVOKE("ai21.jamba-1-5"),
		  .response = "{'choices':[{'finish_reason':'stop'}],'usage':{'prompt_tokens':20,"
			      "'completion_tokens':5,'total_tokens':25,'prompt_tokens_details':{"
			      "'cached_tokens':8}}}"},
		 20, 5, USAGE_BODY_JSON},
		{{INVOKE("cohere.command-r"),
		  .response = "{'text':'x','generations':[]}",
		  COUNTS("30", "6")},
		 30, 6, USAGE_HEADER},
		/* a body cut short: the headers had told it all */
		{{INVOKE("mistral.large"),
		  .response = "{'outputs':[{'text':'x",
		  .is_broken = true,
		  .flags = EXCHANGE_F_RESPONSE_CUT,
		  COUNTS("31", "10")},
		 31, 10, USAGE_HEADER},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fed r = llm_feed(NULL, &rows[i].feed, 2);

		if (r.input != rows[i].input || r.output != rows[i].output ||
		    r.call.completeness != COMPLETE_EXACT || r.call.usage_source != rows[i].source)
			fail_msg("row %zu: %llu %llu %d %d", i, (unsigned long long)r.input,
				 (unsigned long long)r.output, r.call.completeness,
				 r.call.usage_source);
		IS(r, residual, 0);
		fed_free(&r);
	}
}

static void test_exception(void **state)
{
	static const struct feed f = {
		HOST,
		.path = "/model/amazon.nova-micro-v1%3A0/converse-stream",
		.framing = FRAMING_EVENTSTREAM,
		.lines = "messageStart|{'role':'assistant'}\n"
			 "throttlingException|{'message':'too many'}\n",
		.exception_line = 2,
	};
	struct fed r = llm_feed(NULL, &f, 0);

	TEXT(r.call.error_type, "throttlingException");
	IS(r, completeness, COMPLETE_UNMETERED);
	fed_free(&r);
}

static void test_http_error(void **state)
{
	static const struct feed f = {
		CONVERSE("x"),
		.status = 400,
		.response = "{'message':'no'}",
		.header = {{HTTP_RESPONSE, HTTP_H_X_AMZN_ERRORTYPE,
			    "ValidationException:http://internal.amazon.com/coral/"},
			   {HTTP_REQUEST, HTTP_H_AMZ_SDK_REQUEST, "attempt=3; max=3"},
			   {HTTP_RESPONSE, HTTP_H_X_AMZN_REQUESTID, "c357"}},
	};
	struct fed r = llm_feed(NULL, &f, 0);

	TEXT(r.call.error_type, "ValidationException");
	TEXT(r.call.request_id, "c357");
	IS(r, retry_seq, 2);
	fed_free(&r);
}

static void test_models(void **state)
{
	static const struct {
		const char *model, *geo;
	} rows[] = {
		{"us.anthropic.claude-v1:0", "us"},
		{"global.anthropic.claude-v1:0", "global"},
		{"anthropic.claude-v1:0", NULL},
		{"meta.llama3", NULL},
		{"arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude", "eu"},
		{"arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", NULL},
		{"us", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_true(str_eq(bedrock_geo(str_of(rows[i].model)), str_of(rows[i].geo)));

	static const struct feed f = {
		CONVERSE("arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprompt-router%2Fdefault"),
		.response = "{'output':{},'usage':{'inputTokens':1,'outputTokens':1},'trace':{"
			    "'promptRouter':{'invokedModelId':'anthropic.claude-haiku'}}}",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	TEXT(r.call.model_requested, "arn:aws:bedrock:us-east-1:1:prompt-router/default");
	TEXT(r.call.model_served, "anthropic.claude-haiku");
	fed_free(&r);
}

/* What an agent's trace shows is summed: each is another call of the model. */
static void test_agent(void **state)
{
	static const struct feed f = {
		.host = "bedrock-agent-runtime.us-east-1.amazonaws.com",
		.path = "/agents/A/agentAliases/B/sessions/C/text",
		.framing = FRAMING_EVENTSTREAM,
		.lines = "trace|{'trace':{'orchestrationTrace':{'modelInvocationOutput':{'"
			 "metadata':{"
			 "'usage':{'inputTokens':100,'outputTokens':10}}}}}}\n"
			 "trace|{'trace':{'postProcessingTrace':{'modelInvocationOutput':{'"
			 "metadata':{"
			 "'usage':{'inputTokens':50,'outputTokens':5}}}}}}\n"
			 "chunk|{'bytes':'aGk='}\n",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	TEXT(r.call.endpoint, "agent");
	HAS(r, INPUT, 150);
	HAS(r, OUTPUT, 15);
	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);
}

static void test_counting(void **state)
{
	static const struct feed f = {HOST, .path = "/model/x/count-tokens",
				      .response = "{'inputTokens':11}"};
	struct fed r = llm_feed(NULL, &f, 0);

	IS(r, completeness, COMPLETE_FREE_CALL);
	fed_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_converse),   cmocka_unit_test(test_converse_stream),
		cmocka_unit_test(test_wrapped),	   cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_exception),  cmocka_unit_test(test_http_error),
		cmocka_unit_test(test_models),	   cmocka_unit_test(test_agent),
		cmocka_unit_test(test_counting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
