/* SPDX-License-Identifier: Apache-2.0 */
/* Google's rules: which object counts, what stands beside what, enums as numbers, grounding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/state.h"
#include "llm_expect.h"

#define GEMINI                                             \
	.host = "generativelanguage.googleapis.com",       \
	.path = "/v1beta/models/gemini-2.5-flash:generateContent"
#define STREAM                                             \
	.host = "generativelanguage.googleapis.com",       \
	.path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
#define VERTEX(verb)                                                      \
	.host = "us-east5-aiplatform.googleapis.com",                     \
	.path = "/v1/projects/p/locations/us-east5/publishers/google/models/gemini-2.5-pro:" verb

/* The sample of the stream with a tool: thoughts and the tool's results stand beside. */
static void test_additive(void **state)
{
	static const struct feed f = {
		STREAM,
		.request = "{'contents':[{'parts':[{'text':'hi'}]}]}",
		.sse = "data: {'candidates':[{'content':{},'finishReason':'STOP'}],"
		       "'usageMetadata':{'promptTokenCount':46,'candidatesTokenCount':108,"
		       "'totalTokenCount':682,'toolUsePromptTokenCount':360,"
		       "'thoughtsTokenCount':168},'modelVersion':'gemini-2.5-flash-001',"
		       "'responseId':'r1'}\n\n",
	};

	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed r = llm_feed(NULL, &f, way);

		IS(r, completeness, COMPLETE_EXACT);
		TEXT(r.call.provider, "gemini");
		TEXT(r.call.endpoint, "generate_content");
		TEXT(r.call.model_requested, "gemini-2.5-flash");
		TEXT(r.call.model_served, "gemini-2.5-flash-001");
		TEXT(r.call.response_id, "r1");
		TEXT(r.call.finish[0], "STOP");
		HAS(r, INPUT, 46);
		HAS(r, INPUT_TOOL, 360);
		HAS(r, OUTPUT, 108);
		HAS(r, REASONING, 168);
		IS(r, residual, 0);
		fed_free(&r);
	}
}

/* Pictures come as DOCUMENT too; what of them was cached is no input; numbers for names. */
static void test_modalities(void **state)
{
	static const struct feed f = {
		GEMINI,
		.response =
			"{'candidates':[{'finishReason':1}],'usageMetadata':{'promptTokenCount':"
			"1000,"
			"'cachedContentTokenCount':400,'candidatesTokenCount':50,"
			"'totalTokenCount':1050,"
			"'promptTokensDetails':[{'modality':1,'tokenCount':300},{'tokenCount':500,"
			"'modality':2},{'modality':'DOCUMENT','tokenCount':100},{'modality':'"
			"AUDIO'},"
			"{'modality':'VIDEO','tokenCount':100}],"
			"'cacheTokensDetails':[{'modality':'IMAGE','tokenCount':250},{"
			"'modality':'TEXT','tokenCount':150}],"
			"'candidatesTokensDetails':[{'modality':'IMAGE','tokenCount':40}],"
			"'trafficType':2}}",
	};
	struct fed r = llm_feed(NULL, &f, 3);

	HAS(r, CACHE_READ, 150);
	HAS(r, CACHE_READ_IMAGE, 250);
	HAS(r, INPUT_IMAGE, 350);
	HAS(r, INPUT_VIDEO, 100);
	HAS_NO(r, INPUT_AUDIO);
	HAS(r, INPUT, 150);
	HAS(r, OUTPUT_IMAGE, 40);
	HAS(r, OUTPUT, 10);
	IS(r, residual, 0);
	IS(r, flags, 0);
	TEXT(r.call.finish[0], "STOP");
	TEXT(r.call.service_tier, "PROVISIONED_THROUGHPUT");
	fed_free(&r);
}

/* An answer that asks for numbers, as old clients do. */
static void test_enums(void **state)
{
	assert_true(str_eq(google_finish(2), STR("MAX_TOKENS")));
	assert_null(google_finish(0).p);
	assert_null(google_finish(99).p);
	assert_true(str_eq(google_traffic(1), STR("ON_DEMAND")));
	assert_null(google_traffic(7).p);
}

static void test_array(void **state)
{
	static const struct feed f = {
		VERTEX("streamGenerateContent"),
		.framing = FRAMING_ARRAY,
		.lines = "{'candidates':[{}],'usageMetadata':{'trafficType':'ON_DEMAND'}}\n"
			 "{'candidates':[{'finishReason':'STOP'}],'usageMetadata':{"
			 "'promptTokenCount':5,'candidatesTokenCount':7,'totalTokenCount':12,"
			 "'trafficType':'ON_DEMAND'},'modelVersion':'gemini-2.5-pro'}\n",
	};
	struct fed r = llm_feed(NULL, &f, 1);

	TEXT(r.call.provider, "vertex");
	TEXT(r.call.geo, "us-east5");
	IS(r, completeness, COMPLETE_EXACT);
	IS(r, usage_source, USAGE_SSE_FINAL);
	HAS(r, INPUT, 5);
	HAS(r, OUTPUT, 7);
	assert_true(r.call.flags & CALL_F_STREAM);
	fed_free(&r);
}

static void test_embeddings(void **state)
{
	static const struct feed batch = {
		.host = "generativelanguage.googleapis.com",
		.path = "/v1beta/models/gemini-embedding-001:batchEmbedContents",
		.response = "{'embeddings':[{'values':[1]}],'usageMetadata':{'promptTokenCount':9,"
			    "'promptTokenDetails':[{'modality':'TEXT','tokenCount':9}]}}",
	};
	static const struct feed none = {
		.host = "generativelanguage.googleapis.com",
		.path = "/v1beta/models/gemini-embedding-001:embedContent",
		.response = "{'embedding':{'values':[1]}}",
	};
	static const struct feed predict = {
		.host = "aiplatform.googleapis.com",
		.path = "/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:"
			"predict",
		.response = "{'predictions':[{'embeddings':{'statistics':{'truncated':false,"
			    "'token_count':3},'values':[1]}},{'embeddings':{'statistics':{"
			    "'token_count':4}}}],'metadata':{'billableCharacterCount':11}}",
	};
	struct fed r = llm_feed(NULL, &batch, 2);

	HAS(r, INPUT, 9);
	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);

	r = llm_feed(NULL, &none, 2);
	IS(r, completeness, COMPLETE_UNMETERED);
	fed_free(&r);

	r = llm_feed(NULL, &predict, 2);
	HAS(r, INPUT, 7);
	HAS(r, CHAR_IN, 11);
	TEXT(r.call.endpoint, "predict");
	fed_free(&r);
}

static void test_counting(void **state)
{
	static const struct feed f = {VERTEX("countTokens"),
				      .response = "{'totalTokens':13,'promptTokensDetails':[]}"};
	struct fed r = llm_feed(NULL, &f, 0);

	IS(r, completeness, COMPLETE_FREE_CALL);
	fed_free(&r);
}

static void test_grounding(void **state)
{
	static const struct {
		const char *path;
		bool is_by_prompt;
	} rows[] = {
		{"/v1beta/models/gemini-2.5-flash:generateContent", true},
		{"/v1beta/models/gemini-3-pro-preview:generateContent", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct feed f = {
			.host = "generativelanguage.googleapis.com",
			.path = rows[i].path,
			.response =
				"{'candidates':[{'groundingMetadata':{'webSearchQueries':['a','b'"
				"]},"
				"'finishReason':'STOP'}],'usageMetadata':{'promptTokenCount':1}}",
		};
		struct fed r = llm_feed(NULL, &f, 0);

		if (rows[i].is_by_prompt)
			HAS(r, GROUNDED_PROMPT, 1);
		else
			HAS(r, WEB_SEARCH, 2);
		fed_free(&r);
	}
}

/* The event's object, or its twin in metadata: one of them. */
static void test_interactions(void **state)
{
	static const struct feed f = {
		.host = "generativelanguage.googleapis.com",
		.path = "/v1beta/interactions",
		.request = "{'model':'gemini-2.5-flash','input':'x'}",
		.sse = "event: interaction.created\ndata: {'interaction':{'id':'v1_1','model':"
		       "'gemini-2.5-flash','status':'in_progress'},'event_type':"
		       "'interaction.created'}\n\n"
		       "event: interaction.completed\ndata: {'interaction':{'id':'v1_1','status':"
		       "'completed','usage':{'total_tokens':233,'total_input_tokens':9,"
		       "'total_output_tokens':13,'total_thought_tokens':211,'total_cached_tokens'"
		       ":0,"
		       "'total_tool_use_tokens':0}},'metadata':{'usage':{'total_input_tokens':9,"
		       "'total_output_tokens':13}},'event_type':'interaction.completed'}\n\n"
		       "event: done\ndata: [DONE]\n\n",
	};
	struct fed r = llm_feed(NULL, &f, 1);

	TEXT(r.call.endpoint, "interactions");
	HAS(r, INPUT, 9);
	HAS(r, OUTPUT, 13);
	HAS(r, REASONING, 211);
	IS(r, residual, 0);
	IS(r, completeness, COMPLETE_EXACT);
	TEXT(r.call.finish[0], "completed");
	fed_free(&r);
}

/* Claude on Vertex: the publisher in the path decides, and counting stays free. */
static void test_publishers(void **state)
{
	static const struct feed claude = {
		.host = "us-east5-aiplatform.googleapis.com",
		.path = "/v1/projects/p/locations/us-east5/publishers/anthropic/models/"
			"claude-3-7-sonnet@20250219:rawPredict",
		.response = "{'model':'claude-3-7-sonnet-20250219','id':'msg_vrtx_1','type':'"
			    "message',"
			    "'stop_reason':'end_turn','usage':{'input_tokens':394,"
			    "'cache_read_input_tokens':10,'output_tokens':68}}",
	};
	static const struct feed count = {
		.host = "us-east5-aiplatform.googleapis.com",
		.path = "/v1/projects/p/locations/us-east5/publishers/anthropic/models/"
			"count-tokens:rawPredict",
		.response = "{'input_tokens':14}",
	};
	struct fed r = llm_feed(NULL, &claude, 0);

	TEXT(r.call.provider, "vertex");
	TEXT(r.call.endpoint, "messages");
	TEXT(r.call.model_requested, "claude-3-7-sonnet@20250219");
	HAS(r, INPUT, 394);
	HAS(r, CACHE_READ, 10);
	fed_free(&r);

	r = llm_feed(NULL, &count, 0);
	IS(r, completeness, COMPLETE_FREE_CALL);
	fed_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_additive),  cmocka_unit_test(test_modalities),
		cmocka_unit_test(test_enums),	  cmocka_unit_test(test_array),
		cmocka_unit_test(test_embeddings), cmocka_unit_test(test_counting),
		cmocka_unit_test(test_grounding), cmocka_unit_test(test_interactions),
		cmocka_unit_test(test_publishers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
