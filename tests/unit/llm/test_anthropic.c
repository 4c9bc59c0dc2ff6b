/* SPDX-License-Identifier: Apache-2.0 */
/* Anthropic's rules: cumulative deltas, lifetimes, iterations, server tools, errors, aborts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "llm_expect.h"

#define START(usage)                                                                               \
	"event: message_start\n"                                                                   \
	"data: {'type':'message_start','message':{'id':'msg_1','model':'claude-a','usage':{" usage \
	"}}}\n\n"
#define DELTA(usage)                                                                               \
	"event: message_delta\n"                                                                   \
	"data: {'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':{" usage         \
	"}}\n\n"
#define STOP "event: message_stop\ndata: {'type':'message_stop'}\n\n"

static struct fed message_stream(const char *sse, u32 flags, int broken_event, unsigned int way)
{
	struct feed f = {
		.host = "api.anthropic.com",
		.path = "/v1/messages",
		.sse = sse,
		.flags = flags,
		.broken_event = broken_event,
	};

	return llm_feed(NULL, &f, way);
}

/* T4, T5: the placeholder output of message_start is replaced, never added. */
static void test_delta_is_cumulative(void **state)
{
	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed r = message_stream(
			START("'input_tokens':2479,'output_tokens':54")
				DELTA("'input_tokens':404500,'output_tokens':60") STOP,
			0, 0, way);

		HAS(r, INPUT, 404500);
		HAS(r, OUTPUT, 60);
		IS(r, completeness, COMPLETE_EXACT);
		fed_free(&r);
	}
}

/* T4: older streams repeat nothing of the input in message_delta. */
static void test_delta_without_input(void **state)
{
	struct fed r = message_stream(START("'input_tokens':12,'cache_read_input_tokens':9511,"
					    "'output_tokens':1,'service_tier':'priority'")
					      DELTA("'output_tokens':33") STOP,
				      0, 0, 0);

	HAS(r, INPUT, 12);
	HAS(r, CACHE_READ, 9511);
	HAS(r, OUTPUT, 33);
	TEXT(r.call.service_tier, "priority");
	IS(r, completeness, COMPLETE_EXACT);
	IS(r, cache_status, CACHE_HIT);
	fed_free(&r);
}

/* The split of message_start is scaled to message_delta's total; what is left over is 5m. */
static void test_lifetimes_are_scaled(void **state)
{
	static const struct {
		const char *sse;
		u64 five, hour;
	} rows[] = {
		{START("'input_tokens':1,'cache_creation_input_tokens':30,'cache_creation':{"
		       "'ephemeral_5m_input_tokens':10,'ephemeral_1h_input_tokens':20}")
			 DELTA("'cache_creation_input_tokens':100,'output_tokens':1") STOP,
		 34, 66},
		{START("'input_tokens':1,'cache_creation_input_tokens':0,'cache_creation':{"
		       "'ephemeral_5m_input_tokens':0,'ephemeral_1h_input_tokens':0}")
			 DELTA("'cache_creation_input_tokens':100,'output_tokens':1") STOP,
		 100, 0},
		{START("'input_tokens':1,'cache_creation_input_tokens':30,'cache_creation':{"
		       "'ephemeral_5m_input_tokens':0,'ephemeral_1h_input_tokens':30}")
			 DELTA("'cache_creation_input_tokens':0,'output_tokens':1") STOP,
		 0, 0},
		/* a lone hop knows better */
		{START("'input_tokens':1,'cache_creation':{'ephemeral_5m_input_tokens':0,"
		       "'ephemeral_1h_input_tokens':0}")
			 DELTA("'input_tokens':1,'cache_creation_input_tokens':90,'output_tokens':"
			       "1,"
			       "'iterations':[{'type':'message','cache_creation':{"
			       "'ephemeral_5m_input_tokens':40,'ephemeral_1h_input_tokens':50}}]")
				 STOP,
		 40, 50},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fed r = message_stream(rows[i].sse, 0, 0, 0);

		HAS(r, CACHE_WRITE_5M, rows[i].five);
		HAS(r, CACHE_WRITE_1H, rows[i].hour);
		HAS_NO(r, CACHE_WRITE);
		assert_int_equal(r.call.sub_cnt, 0);
		fed_free(&r);
	}
}

/* T6: an advisor is another model, and the top level leaves it out. */
static void test_advisor(void **state)
{
	static const char sse[] = START("'input_tokens':1128,'output_tokens':7") DELTA(
		"'input_tokens':2411,'output_tokens':145,'output_tokens_details':{"
		"'thinking_tokens':47},'server_tool_use':{'web_search_requests':2},'iterations':["
		"{'input_tokens':1128,'output_tokens':135,'type':'message'},"
		"{'input_tokens':2543,'output_tokens':18,'cache_read_input_tokens':5,"
		"'type':'advisor_message','model':'claude-b'},"
		"{'input_tokens':1283,'output_tokens':10,'type':'message','model':null}]") STOP;

	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed r = message_stream(sse, 0, 0, way);

		assert_int_equal(r.call.sub_cnt, 3);
		IS(r, flags, CALL_F_STREAM | CALL_F_ITERATED);
		HAS(r, INPUT, 1128 + 2543 + 1283);
		HAS(r, OUTPUT, 135 + 18 + 10);
		HAS(r, CACHE_READ, 5);
		HAS(r, WEB_SEARCH, 2);
		assert_null(r.call.sub[0].model.p);
		TEXT(r.call.sub[1].model, "claude-b");
		TEXT(r.call.sub[1].type, "advisor_message");
		assert_null(r.call.sub[2].model.p);
		assert_int_equal(r.call.sub[1].context_tokens, 2548);
		IS(r, context_tokens, 2548);
		assert_int_equal(r.call.sub[0].meters.count[METER_WEB_SEARCH], 2);
		assert_false(meters_has(&r.call.sub[2].meters, METER_WEB_SEARCH));
		TEXT(r.call.model_served, "claude-a");
		IS(r, completeness, COMPLETE_EXACT);
		fed_free(&r);
	}
}

/* T6: a compaction has no model of its own; the top level is 613 times too low. */
static void test_compaction(void **state)
{
	struct feed f = {
		.host = "api.anthropic.com",
		.path = "/v1/messages",
		.response =
			"{'type':'message','id':'msg_1','model':'claude-a','content':[],'usage':{"
			"'input_tokens':162,'output_tokens':11,'iterations':["
			"{'type':'compaction','input_tokens':99195,'output_tokens':81},"
			"{'type':'message','input_tokens':162,'output_tokens':11}]}}",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	HAS(r, INPUT, 99357);
	HAS(r, OUTPUT, 92);
	assert_int_equal(r.call.sub_cnt, 2);
	IS(r, completeness, COMPLETE_EXACT);
	fed_free(&r);
}

/* message_start names the model that declined; only the hop names the one that served. */
static void test_fallback(void **state)
{
	struct fed r = message_stream(
		START("'input_tokens':50,'output_tokens':1")
			DELTA("'input_tokens':60,'output_tokens':70,'iterations':["
			      "{'type':'message','input_tokens':50,'output_tokens':0},"
			      "{'type':'fallback_message','model':'claude-c','input_tokens':60,"
			      "'output_tokens':70}]") STOP,
		0, 0, 0);

	TEXT(r.call.model_served, "claude-c");
	TEXT(r.call.sub[0].model, "claude-a");
	TEXT(r.call.sub[1].model, "claude-c");
	HAS(r, INPUT, 110);
	fed_free(&r);
}

/* One message entry repeats the top level; counted once. */
static void test_lone_iteration(void **state)
{
	struct fed r = message_stream(
		START("'input_tokens':3,'output_tokens':1")
			DELTA("'input_tokens':3,'output_tokens':238,'iterations':[{"
			      "'type':'message','input_tokens':3,'output_tokens':238}]") STOP,
		0, 0, 1);

	assert_int_equal(r.call.sub_cnt, 0);
	HAS(r, INPUT, 3);
	HAS(r, OUTPUT, 238);
	fed_free(&r);
}

/* More hops than are kept: what is kept is a lower bound, and the call says so. */
static void test_too_many_hops(void **state)
{
	static char sse[16384];
	size_t n = (size_t)snprintf(
		sse, sizeof(sse), "%s",
		START("'input_tokens':1,'output_tokens':1") "data: "
							    "{'type':'message_delta','usage':{'"
							    "input_tokens':1,"
							    "'output_tokens':1,'iterations':[");

	for (int i = 0; i < CALL_SUB_MAX + 6; i++)
		n += (size_t)snprintf(sse + n, sizeof(sse) - n,
				      "%s{'type':'message','input_tokens':1,'output_tokens':2}",
				      i ? "," : "");
	snprintf(sse + n, sizeof(sse) - n, "]}}\n\n" STOP);

	struct fed r = message_stream(sse, 0, 0, 0);

	assert_int_equal(r.call.sub_cnt, CALL_SUB_MAX);
	HAS(r, INPUT, CALL_SUB_MAX);
	IS(r, completeness, COMPLETE_LOWER_BOUND);
	assert_true(r.call.flags & CALL_F_ARITHMETIC);
	fed_free(&r);
}

static void test_server_tools(void **state)
{
	struct fed r = message_stream(
		START("'input_tokens':3,'output_tokens':1") "data: "
							    "{'type':'content_block_start','"
							    "content_block':{'type':'server_tool_"
							    "use',"
							    "'name':'bash_code_execution'}}\n\n"
							    "data: "
							    "{'type':'content_block_start','"
							    "content_block':{'type':'server_tool_"
							    "use',"
							    "'name':'web_search'}}\n\n"
							    "data: "
							    "{'type':'content_block_start','"
							    "content_block':{'type':'tool_use',"
							    "'name':'code_execution'}}\n\n" DELTA(
								    "'output_tokens':9,'server_"
								    "tool_use':{'web_search_"
								    "requests':10,"
								    "'web_fetch_requests':3}") STOP,
		0, 0, 0);

	HAS(r, CODE_SESSION, 1);
	HAS(r, WEB_SEARCH, 10);
	HAS(r, WEB_FETCH, 3);
	fed_free(&r);
}

/* T33: what message_start said is exact for the input, and all that is known of the output. */
static void test_aborted(void **state)
{
	struct fed r = message_stream(START("'input_tokens':40,'output_tokens':2"),
				      EXCHANGE_F_RESPONSE_CUT | EXCHANGE_F_CLIENT_CLOSED, 0, 0);

	HAS(r, INPUT, 40);
	HAS(r, OUTPUT, 2);
	IS(r, completeness, COMPLETE_LOWER_BOUND);
	IS(r, flags, CALL_F_STREAM | CALL_F_ABORTED);
	fed_free(&r);

	/* closed right after the last event: nothing was missed */
	r = message_stream(START("'input_tokens':40,'output_tokens':2") DELTA("'output_tokens':9"),
			   EXCHANGE_F_RESPONSE_CUT | EXCHANGE_F_CLIENT_CLOSED, 0, 0);
	IS(r, completeness, COMPLETE_EXACT);
	IS(r, flags, CALL_F_STREAM);
	fed_free(&r);
}

/* T32: an error inside a stream that began well. */
static void test_error_event(void **state)
{
	struct fed r = message_stream(
		START("'input_tokens':40,'output_tokens':2") "event: error\n"
							     "data: "
							     "{'type':'error','error':{'type':'"
							     "overloaded_error','message':'secret'}"
							     "}\n\n",
		0, 0, 0);

	TEXT(r.call.error_type, "overloaded_error");
	HAS(r, INPUT, 40);
	IS(r, completeness, COMPLETE_LOWER_BOUND);
	fed_free(&r);
}

/* A hole in the stream: what follows still counts, and the last event makes it whole. */
static void test_lost_events(void **state)
{
	static const char sse[] =
		START("'input_tokens':40,'output_tokens':2") "data: {'type':'ping'}\n\n" DELTA(
			"'input_tokens':41,'output_tokens':9") STOP;
	struct fed r = message_stream(sse, EXCHANGE_F_RESPONSE_GAP, 2, 0);

	HAS(r, INPUT, 41);
	IS(r, completeness, COMPLETE_EXACT);
	assert_true(r.call.flags & CALL_F_TRUNCATED);
	fed_free(&r);

	r = message_stream(sse, EXCHANGE_F_RESPONSE_GAP, 1, 0);
	HAS(r, INPUT, 41);
	HAS(r, OUTPUT, 9);
	fed_free(&r);

	r = message_stream(sse, EXCHANGE_F_RESPONSE_GAP, 3, 0);
	HAS(r, INPUT, 40);
	IS(r, completeness, COMPLETE_LOWER_BOUND);
	fed_free(&r);
}

static void test_http_error(void **state)
{
	struct feed f = {
		.host = "api.anthropic.com",
		.path = "/v1/messages",
		.status = 429,
		.request = "{'model':'claude-a','messages':[]}",
		.response = "{'type':'error','error':{'type':'rate_limit_error','message':'no'}}",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	assert_int_equal(r.calls, 1);
	TEXT(r.call.error_type, "rate_limit_error");
	TEXT(r.call.model_requested, "claude-a");
	IS(r, completeness, COMPLETE_UNMETERED);
	IS(r, usage_source, USAGE_NONE);
	assert_int_equal(r.call.meters.present, 0);
	fed_free(&r);
}

/* T12: counting is free. */
static void test_count_tokens(void **state)
{
	struct feed f = {
		.host = "api.anthropic.com",
		.path = "/v1/messages/count_tokens",
		.request = "{'model':'claude-a','messages':[]}",
		.response = "{'input_tokens':2095}",
	};
	struct fed r = llm_feed(NULL, &f, 0);

	assert_int_equal(r.calls, 1);
	IS(r, completeness, COMPLETE_FREE_CALL);
	assert_int_equal(r.call.meters.present, 0);
	fed_free(&r);
}

/* T27: negative, fractional and huge counts are left out; a missing one makes a lower bound. */
static void test_absurd_counts(void **state)
{
	static const char *const absurd[] = {"-1",  "1.5", "1e3", "99999999999999999999",
					     "'x'", "true"};

	for (size_t i = 0; i < ARRAY_LEN(absurd); i++) {
		char sse[1024];

		snprintf(sse, sizeof(sse), "%s" DELTA("'output_tokens':%s") STOP,
			 START("'input_tokens':40,'output_tokens':2"), absurd[i]);

		struct fed r = message_stream(sse, 0, 0, 0);

		HAS(r, INPUT, 40);
		HAS_NO(r, OUTPUT);
		assert_true(r.call.flags & CALL_F_ARITHMETIC);
		IS(r, completeness, COMPLETE_LOWER_BOUND);
		fed_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delta_is_cumulative),
		cmocka_unit_test(test_delta_without_input),
		cmocka_unit_test(test_lifetimes_are_scaled),
		cmocka_unit_test(test_advisor),
		cmocka_unit_test(test_compaction),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_lone_iteration),
		cmocka_unit_test(test_too_many_hops),
		cmocka_unit_test(test_server_tools),
		cmocka_unit_test(test_aborted),
		cmocka_unit_test(test_error_event),
		cmocka_unit_test(test_lost_events),
		cmocka_unit_test(test_http_error),
		cmocka_unit_test(test_count_tokens),
		cmocka_unit_test(test_absurd_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
