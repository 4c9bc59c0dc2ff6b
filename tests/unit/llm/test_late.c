/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 streams whose path could not be known: told by their answer, marked, or no call. */
#include "unit.h"

#include "http/h2_wire.h"
#include "joined.h"
#include "llm_expect.h"

#define PATHLESS .path = "", .flags = EXCHANGE_F_HEAD_UNKNOWN
#define ASKED    .request = "{'messages':[{'role':'user'}],'model':'m'}"
#define UNKNOWN  .host = "" /* nor could the authority be */

static const struct row {
	const char *what, *provider, *endpoint;
	u64 input, output;
	struct feed feed;
} rows[] = {
	{"chat", "openai", "chat", 7, 9,
	 {PATHLESS, UNKNOWN, ASKED,
	  .response = "{'id':'a','object':'chat.completion','model':'m','choices':[],'usage':"
		      "{'prompt_tokens':7,'completion_tokens':9,'total_tokens':16}}"}},
	{"chat stream", "openai", "chat", 7, 9,
	 {PATHLESS, UNKNOWN, ASKED,
	  .sse = "data: {'id':'a','object':'chat.completion.chunk','choices':[{'delta':{}}]}\n\n"
		 "data: {'id':'a','object':'chat.completion.chunk','choices':[],'usage':"
		 "{'prompt_tokens':7,'completion_tokens':9,'total_tokens':16}}\n\n"
		 "data: [DONE]\n\n"}},
	{"chat of a clone whose host is known", "groq", "chat", 7, 9,
	 {PATHLESS, ASKED, .host = "api.groq.com",
	  .response = "{'id':'a','object':'chat.completion','model':'m','choices':[],'usage':"
		      "{'prompt_tokens':7,'completion_tokens':9,'total_tokens':16}}"}},
	{"responses stream", "openai", "responses", 7, 9,
	 {PATHLESS, UNKNOWN, .request = "{'model':'m','input':'x'}",
	  .sse = "data: {'type':'response.created','response':{'id':'r','object':'response'}}\n\n"
		 "data: {'type':'response.completed','response':{'id':'r','object':'response',"
		 "'usage':{'input_tokens':7,'output_tokens':9,'total_tokens':16}}}\n\n"}},
	{"response", "openai", "responses", 7, 9,
	 {PATHLESS, UNKNOWN, .request = "{'model':'m','input':'x'}",
	  .response = "{'id':'r','object':'response','status':'completed','usage':"
		      "{'input_tokens':7,'output_tokens':9,'total_tokens':16}}"}},
	{"embeddings", "openai", "embeddings", 7, 0,
	 {PATHLESS, UNKNOWN, .request = "{'model':'m','input':'x'}",
	  .response = "{'object':'list','data':[{'object':'embedding'}],'model':'m','usage':"
		      "{'prompt_tokens':7,'total_tokens':7}}"}},
	{"message", "anthropic", "messages", 7, 9,
	 {PATHLESS, UNKNOWN, ASKED,
	  .response = "{'id':'a','type':'message','model':'m','content':[],'usage':"
		      "{'input_tokens':7,'output_tokens':9}}"}},
	{"message stream", "anthropic", "messages", 7, 9,
	 {PATHLESS, UNKNOWN, ASKED,
	  .sse = "data: {'type':'message_start','message':{'id':'a','model':'m','usage':"
		 "{'input_tokens':7,'output_tokens':1}}}\n\n"
		 "data: {'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':"
		 "{'output_tokens':9}}\n\ndata: {'type':'message_stop'}\n\n"}},
	{"Gemini's stream", "gemini", "generate_content", 7, 9,
	 {PATHLESS, UNKNOWN, .request = "{'contents':[{'parts':[]}]}",
	  .sse = "data: {'candidates':[{'finishReason':'STOP'}],'usageMetadata':"
		 "{'promptTokenCount':7,'candidatesTokenCount':9,'totalTokenCount':16}}\n\n"}},
	{"Gemini's stream as an array", "gemini", "generate_content", 7, 9,
	 {PATHLESS, UNKNOWN, .request = "{'contents':[{'parts':[]}]}", .framing = FRAMING_ARRAY,
	  .lines = "{'candidates':[{'finishReason':'STOP'}],'usageMetadata':"
		   "{'promptTokenCount':7,'candidatesTokenCount':9,'totalTokenCount':16}}\n"}},
	{"Converse", "bedrock", "converse", 7, 9,
	 {PATHLESS, UNKNOWN, .request = "{'messages':[{'role':'user'}]}",
	  .response = "{'output':{'message':{}},'stopReason':'end_turn','usage':"
		      "{'inputTokens':7,'outputTokens':9,'totalTokens':16}}"}},
	{"Ollama", "ollama", "chat", 7, 9,
	 {PATHLESS, UNKNOWN, ASKED,
	  .lines = "{'model':'m','done':false}\n"
		   "{'model':'m','done':true,'done_reason':'stop','prompt_eval_count':7,"
		   "'eval_count':9}\n"}},
};

static void test_told_by_the_answer(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned int way = 0; way < FEED_WAYS; way++) {
			struct fed r = llm_feed(NULL, &rows[i].feed, way);

			if (r.calls != 1 || !r.is_call)
				fail_msg("%s: %d calls", rows[i].what, r.calls);
			if (!str_eq(r.call.provider, str_of(rows[i].provider)) ||
			    !str_eq(r.call.endpoint, str_of(rows[i].endpoint)) ||
			    r.input != rows[i].input || r.output != rows[i].output)
				fail_msg("%s: " STR_FMT " " STR_FMT " %llu %llu", rows[i].what,
					 STR_ARG(r.call.provider), STR_ARG(r.call.endpoint),
					 (unsigned long long)r.input, (unsigned long long)r.output);
			assert_true(r.call.flags & CALL_F_HEAD_UNKNOWN);
			assert_int_equal(r.call.completeness, COMPLETE_EXACT);
			assert_int_equal(r.call.path.n, 0);
			fed_free(&r);
		}
}

static void test_no_call(void **state)
{
	static const struct feed feeds[] = {
		{PATHLESS, .response = "{'type':'message','id':'7','text':'hello'}"},
		{PATHLESS, ASKED, .response = "{'object':'list','data':[]}"},
		{PATHLESS, .request = "{'input':1}", .response = "{'usage':{'disk':3}}"},
		{PATHLESS, ASKED, .status = 500, .response = "{'error':{'type':'x'}}"},
		{PATHLESS, ASKED, .status = -1},
		{PATHLESS, .method = "GET", .response = "{'object':'response','id':'r'}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(feeds); i++) {
		struct fed r = llm_feed(NULL, &feeds[i], 0);

		if (r.calls)
			fail_msg("feed %zu: %d calls", i, r.calls);
		fed_free(&r);
	}
}

/* As Go sends it: the path of the first request is an entry of the table from then on. */
static void test_joined_late(void **state)
{
	static const char body[] = "{\"model\":\"asked\",\"messages\":[{\"role\":\"user\"}]}";
	static const char answer[] =
		"{\"id\":\"r\",\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[],"
		"\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":9,\"total_tokens\":16}}";
	struct h2_wire client, server;
	struct joined j;

	joined_start(&j);
	h2_wire_init(&client);
	h2_wire_init(&server);
	/* POST, https, entry 63, entry 62 */
	h2_wire_frame(&client, H2_HEADERS, H2_F_END_HEADERS, 3, "\x83\x87\xbf\xbe", 4);
	h2_wire_data(&client, 3, true, body);
	h2_wire_answer(&server, 3, false, "200", "application/json");
	h2_wire_data(&server, 3, true, answer);
	http_conn_late(j.http);
	joined_feed(&j, true, client.out.p, client.out.n);
	joined_feed(&j, false, server.out.p, server.out.n);
	joined_close(&j);
	assert_int_equal(j.call_cnt, 1);
	assert_string_equal(j.call[0].asked, "asked");
	assert_string_equal(j.call[0].id, "r");
	assert_int_equal(j.call[0].input, 7);
	assert_int_equal(j.call[0].output, 9);
	assert_int_equal(j.call[0].completeness, COMPLETE_EXACT);
	assert_true(j.call[0].flags & CALL_F_HEAD_UNKNOWN && j.call[0].flags & CALL_F_SHAPE);
	assert_int_equal(j.undecoded, 0);
	joined_stop(&j);
	h2_wire_fini(&client);
	h2_wire_fini(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told_by_the_answer),
		cmocka_unit_test(test_no_call),
		cmocka_unit_test(test_joined_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
