/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many calls on one WebSocket: lanes, order, errors, ends; realtime, transcriptions, Gemini
 * Live.
 */
#include "unit.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/stats.h"
#include "cuts.h"
#include "guard.h"
#include "llm/llm.h"

struct socket {
	const char *host, *path, *query;
	bool is_late;
};

static const struct socket responses = {"api.openai.com", "/v1/responses", NULL, false};
static const struct socket realtime = {"api.openai.com", "/v1/realtime", "model=gpt-realtime",
				       false};
static const struct socket live = {
	"generativelanguage.googleapis.com",
	"/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", "key=x",
	false,
};

static void say_meters(struct buf *b, const struct meters *m)
{
	for (int i = 0; i < METER_MAX; i++)
		if (meters_has(m, (enum meter)i) && m->count[i])
			buf_printf(b, " %s=%llu", meter_name((enum meter)i),
				   (unsigned long long)m->count[i]);
}

/* endpoint model>served id finish meters flags (start first end) */
static void on_call(void *arg, const struct exchange *x, const struct call *c)
{
	struct buf *b = arg;

	buf_printf(b, STR_FMT " " STR_FMT ">" STR_FMT " " STR_FMT, STR_ARG(c->endpoint),
		   STR_ARG(c->model_requested), STR_ARG(c->model_served), STR_ARG(c->response_id));
	for (u32 i = 0; i < c->finish_cnt; i++)
		buf_printf(b, " " STR_FMT, STR_ARG(c->finish[i]));
	say_meters(b, &c->meters);
	buf_printf(b, " %s", completeness_name(c->completeness));
	if (c->service_tier.n)
		buf_printf(b, " tier=" STR_FMT, STR_ARG(c->service_tier));
	if (c->error_type.n)
		buf_printf(b, " error=" STR_FMT, STR_ARG(c->error_type));
	if (c->http_status != 101)
		buf_printf(b, " status=%u", c->http_status);
	if (c->flags & CALL_F_ABORTED)
		buf_append_str(b, STR(" aborted"));
	if (c->flags & CALL_F_TRUNCATED)
		buf_append_str(b, STR(" truncated"));
	buf_printf(b, " %llu-%llu-%llu\n", (unsigned long long)c->start_ns,
		   (unsigned long long)c->first_token_ns, (unsigned long long)c->end_ns);
	assert_true(c->usage_source == USAGE_WS || c->usage_source == USAGE_NONE);
}

/* One message a line: '>' the client's, '<' the server's; a '}' behind it: it is broken there. */
static void feed_line(struct llm *l, struct exchange *x, struct str line, unsigned int way)
{
	enum http_dir dir = line.p[0] == '>' ? HTTP_REQUEST : HTTP_RESPONSE;
	struct cuts_rng rng = cuts_start(way);
	bool is_broken = line.p[1] == '}';

	line = str_cut(line, 2, line.n);
	llm_on_unit(l, x, dir, UNIT_BEGIN, STR(""));
	for (size_t at = 0; at < line.n;) {
		size_t n = cuts_next(way, &rng, line.n - at);
		u8 *copy = guard_dup(line.p + at, n);

		for (size_t i = 0; i < n; i++)
			copy[i] = copy[i] == '\'' ? '"' : copy[i];
		llm_on_unit(l, x, dir, UNIT_DATA, (struct str){(char *)copy, n});
		guard_free(copy, n);
		at += n;
	}
	llm_on_unit(l, x, dir, is_broken ? UNIT_BROKEN : UNIT_END, STR(""));
}

static void play(struct llm *l, const struct socket *s, const char *script, unsigned int way)
{
	struct exchange x = {.arena = arena_new(ARENA_MAX), .method = STR("GET"), .end_ns = 9000};
	struct str rest = str_of(script), line;
	u64 now = 100;

	x.authority = str_of(s->host);
	x.path = str_of(s->path ? s->path : "");
	x.query = str_of(s->query);
	if (s->is_late)
		x.framing = FRAMING_WEBSOCKET;
	assert_true(llm_on_request(l, &x));
	x.request_framing = x.framing = FRAMING_WEBSOCKET;
	if (!s->is_late) {
		x.status = 101;
		llm_on_response(l, &x);
	}
	while (str_next(&rest, '\n', &line)) {
		if (!line.n)
			continue;
		x.unit_ns[line.p[0] == '>' ? HTTP_REQUEST : HTTP_RESPONSE] = now += 100;
		feed_line(l, &x, line, way);
	}
	llm_on_done(l, &x);
	arena_free(x.arena);
}

static void check(const struct socket *s, const char *script, const char *want)
{
	static const struct llm_ops ops = {.on_call = on_call};

	for (unsigned int way = 0; way < 12; way++) {
		struct buf text;
		struct llm *l = llm_new(&ops, &text);

		buf_init(&text, 1 << 20);
		play(l, s, script, way);
		buf_append_char(&text, '\0');
		assert_string_equal(text.p, want);
		buf_fini(&text);
		llm_free(l);
	}
}

#define USAGE(in, out) \
	"'usage':{'input_tokens':" in ",'input_tokens_details':{'cached_tokens':0}," \
	"'output_tokens':" out ",'output_tokens_details':{'reasoning_tokens':0}}"
#define CREATE(model) "> {'type':'response.create','model':'" model "','input':'hi'}\n"
#define CREATED(id) "< {'type':'response.created','response':{'id':'" id "','usage':null}}\n"
#define COMPLETED(id, in, out) \
	"< {'type':'response.completed','response':{'id':'" id "','model':'m-1'," \
	"'status':'completed','service_tier':'default'," USAGE(in, out) "}}\n"

static void test_one_after_another(void **state)
{
	check(&responses,
	      CREATE("m") CREATED("resp_1")
	      "< {'type':'response.output_text.delta','delta':'x'}\n"
	      COMPLETED("resp_1", "19", "102")
	      CREATE("n") CREATED("resp_2") COMPLETED("resp_2", "5", "6"),
	      "responses m>m-1 resp_1 completed input=19 output=102 exact "
	      "tier=default 200-400-500\n"
	      "responses n>m-1 resp_2 completed input=5 output=6 exact tier=default 600-0-800\n");
}

static void test_lanes_interleave(void **state)
{
	check(&responses,
	      "> {'type':'response.create','stream_id':'a','model':'ma'}\n"
	      "> {'type':'response.create','stream_id':'b','model':'mb'}\n"
	      "< {'type':'response.created','stream_id':'b','response':{'id':'rb'}}\n"
	      "< {'type':'response.created','stream_id':'a','response':{'id':'ra'}}\n"
	      "< {'type':'response.output_text.delta','stream_id':'a','delta':'x'}\n"
	      "< {'type':'response.completed','stream_id':'a','response':{'id':'ra',"
	      USAGE("1", "2")
	      "}}\n"
	      "< {'type':'response.incomplete','stream_id':'b','response':{'id':'rb','status':"
	      "'incomplete','incomplete_details':{'reason':'max_output_tokens'}," USAGE("3", "4")
	      "}}\n",
	      "responses ma> ra input=1 output=2 exact 200-600-700\n"
	      "responses mb> rb max_output_tokens input=3 output=4 exact 300-0-800\n");
}

static void test_errors(void **state)
{
	check(&responses,
	      CREATE("m") "< {'type':'error','status':429,'error':{'type':'rate_limit_error',"
			  "'code':'slow_down'}}\n"
	      CREATE("m") CREATED("r2")
	      "< {'type':'response.failed','response':{'id':'r2','status':'failed','error':"
	      "{'code':'server_error'}}}\n",
	      "responses m>  unmetered error=rate_limit_error status=429 200-0-300\n"
	      "responses m> r2 failed unmetered error=server_error 400-0-600\n");
	/* an error of nothing that was asked */
	check(&responses, "< {'type':'error','status':400,'error':{'type':'x'}}\n", "");
}

static void test_aborted(void **state)
{
	check(&responses, CREATE("m") CREATED("r1") CREATE("n"),
	      "responses m> r1 unmetered aborted 200-0-300\n"
	      "responses n>  unmetered aborted 400-0-9000\n");
}

static void test_broken(void **state)
{
	/* the end of one was lost on the way: what came of it names it */
	check(&responses,
	      CREATE("m") CREATED("r1")
	      "<}{'type':'response.completed','response':{'id':'r1',"
	      "'usage':{'input_to\n" CREATE("n")
	      CREATED("r2") COMPLETED("r2", "1", "2"),
	      "responses m> r1 unmetered aborted truncated 200-0-400\n"
	      "responses n>m-1 r2 completed input=1 output=2 exact tier=default 500-0-700\n");
	/* a message that could not be read at all says nothing */
	check(&responses, CREATE("m") "<}\n" COMPLETED("r1", "1", "2"),
	      "responses m>m-1 r1 completed input=1 output=2 exact tier=default 200-0-400\n");
	/* a cut request still opens its lane */
	check(&responses,
	      ">}{'type':'response.create','model':'m','input':'lo\n" COMPLETED("r1", "1", "2"),
	      "responses m>m-1 r1 completed input=1 output=2 exact tier=default 200-0-300\n");
}

static void test_out_of_step(void **state)
{
	check(&responses, CREATED("r1") COMPLETED("r1", "1", "2"),
	      "responses >m-1 r1 completed input=1 output=2 exact tier=default 200-0-300\n");
	/* the client's message comes behind the answer's beginning */
	check(&responses, CREATED("r1") CREATE("m") COMPLETED("r1", "1", "2") CREATED("r2")
	      CREATE("n") COMPLETED("r2", "3", "4"),
	      "responses m>m-1 r1 completed input=1 output=2 exact tier=default 200-0-400\n"
	      "responses n>m-1 r2 completed input=3 output=4 exact tier=default 500-0-700\n");
	check(&responses, CREATED("r1") CREATED("r1") COMPLETED("r1", "1", "2")
	      COMPLETED("r1", "1", "2"),
	      "responses >m-1 r1 completed input=1 output=2 exact tier=default 200-0-400\n"
	      "responses >m-1 r1 completed input=1 output=2 duplicate_view "
	      "tier=default 500-0-500\n");
}

static void test_imitation(void **state)
{
	check(&responses,
	      CREATE("m") CREATED("r1")
	      "< {'type':'response.output_text.delta',"
	      "'delta':'{\\'type\\':\\'response.completed\\'}'"
	      ",'item':{'response':{'id':'evil'," USAGE("9", "9") "}}}\n" COMPLETED("r1", "1", "2"),
	      "responses m>m-1 r1 completed input=1 output=2 exact tier=default 200-400-500\n");
}

static void test_too_many(void **state)
{
	static const struct llm_ops ops = {.on_call = on_call};
	struct buf text, script;
	u64 lost = stats_get(STAT_CALLS_LOST);
	struct llm *l = llm_new(&ops, &text);

	buf_init(&text, 1 << 20);
	buf_init(&script, 1 << 20);
	for (int i = 0; i < LLM_LANES_MAX + 2; i++)
		buf_printf(&script, "> {'type':'response.create','model':'m%d'}\n", i);
	buf_append_char(&script, '\0');
	play(l, &responses, script.p, 0);
	assert_int_equal(stats_get(STAT_CALLS_LOST) - lost, 2);
	assert_true(str_starts(buf_str(&text), STR("responses m2>  unmetered aborted")));
	buf_fini(&text);
	buf_fini(&script);
	llm_free(l);
}

#define REALTIME_USAGE \
	"'usage':{'total_tokens':253,'input_tokens':132,'output_tokens':121," \
	"'input_token_details':" \
	"{'text_tokens':119,'audio_tokens':13,'image_tokens':0,'cached_tokens':64," \
	"'cached_tokens_details':{'text_tokens':60,'audio_tokens':4,'image_tokens':0}}," \
	"'output_token_details':{'text_tokens':30,'audio_tokens':91}}"

/* A transcription has a model of its own, a cancelled response its usage, each its context. */
static void trap_T29_realtime(void **state)
{
	check(&realtime,
	      "< {'type':'session.created','session':{'model':'gpt-realtime-1'}}\n"
	      "> {'type':'session.update','session':{'audio':{'input':{'transcription':"
	      "{'model':'whisper-1'}}}}}\n"
	      "> {'type':'input_audio_buffer.append','audio':'AAAA'}\n"
	      "< {'type':'response.created','response':{'id':'r1','status':'in_progress'}}\n"
	      "< {'type':'response.output_audio.delta','response_id':'r1','item_id':'i1'}\n"
	      "< {'type':'conversation.item.input_audio_transcription.completed','item_id':'i0',"
	      "'transcript':'hi','usage':{'type':'duration','seconds':3}}\n"
	      "< {'type':'response.done','response':{'id':'r1','status':'completed'," REALTIME_USAGE
	      "}}\n"
	      "> {'type':'response.create'}\n"
	      "< {'type':'response.created','response':{'id':'r2'}}\n"
	      "< {'type':'response.done','response':{'id':'r2','status':'cancelled',"
	      "'status_details':"
	      "{'type':'cancelled','reason':'turn_detected'}," USAGE("7", "1") "}}\n",
	      "transcription whisper-1>  audio_s_in=3 exact 700-0-700\n"
	      "realtime gpt-realtime-1> r1 completed input=59 cache_read=60 "
	      "output=30 input_audio=9 "
	      "cache_read_audio=4 output_audio=91 exact 500-600-800\n"
	      "realtime gpt-realtime-1> r2 turn_detected input=7 output=1 exact 900-0-1100\n");
}

static void test_realtime_errors(void **state)
{
	/* what a session does wrong is no call; nor is one begun that is refused */
	check(&realtime,
	      "< {'type':'error','error':{'type':'invalid_request_error','code':'x'}}\n"
	      "> {'type':'response.create'}\n"
	      "< {'type':'error','error':{'type':'invalid_request_error','code':'active'}}\n", "");
}

/* xAI tells usage beside the response. */
static void test_xai(void **state)
{
	static const struct socket xai = {"api.x.ai", "/v1/realtime", "model=grok-voice", false};

	check(&xai,
	      "< {'type':'response.created','response':{'id':'r1'}}\n"
	      "< {'type':'response.done','response':{'id':'r1','status':'completed'},"
	      "'usage':{'input_tokens':4,'output_tokens':5,'total_tokens':9}}\n",
	      "realtime grok-voice> r1 completed input=4 output=5 exact 200-0-300\n");
}

static void test_azure(void **state)
{
	static const struct socket azure = {"x.openai.azure.com", "/openai/realtime",
					    "api-version=1&deployment=mine", false};

	check(&azure,
	      "< {'type':'response.done','response':{'id':'r1','status':'completed',"
	      USAGE("4", "5") "}}\n",
	      "realtime mine> r1 completed input=4 output=5 exact 200-0-200\n");
}

static void test_live(void **state)
{
	check(&live,
	      "> {'setup':{'model':'models/gemini-live'}}\n< {'setupComplete':{}}\n"
	      "> {'clientContent':{'turns':[]}}\n"
	      "< {'serverContent':{'modelTurn':{'parts':[{'text':'x'}]}}}\n"
	      "< {'serverContent':{'turnComplete':true},'usageMetadata':{'promptTokenCount':10,"
	      "'responseTokenCount':20,'totalTokenCount':30,'responseTokensDetails':"
	      "[{'modality':'AUDIO','tokenCount':20}]}}\n"
	      "> {'clientContent':{}}\n"
	      "< {'serverContent':{},'usageMetadata':{'promptTokenCount':40,'responseTokenCount':2,"
	      "'totalTokenCount':42}}\n",
	      "live models/gemini-live>  input=10 output_audio=20 exact 400-0-600\n"
	      "live models/gemini-live>  input=40 output=2 exact 700-0-800\n");
}

/* The upgrade was not seen: OpenAI's messages name themselves. */
static void test_late(void **state)
{
	static const struct socket late = {NULL, NULL, NULL, true};

	check(&late, CREATE("m") CREATED("r1") COMPLETED("r1", "1", "2"),
	      "responses m>m-1 r1 completed input=1 output=2 exact tier=default status=0 "
	      "200-0-400\n");
	check(&late, "> {'hello':1}\n< {'type':'message','usage':{'input_tokens':1}}\n", "");
	check(&late, "> {'type':'response.create'}\n", "");
}

static void test_not_upgraded(void **state)
{
	static const struct llm_ops ops = {.on_call = on_call};
	struct buf text;
	struct llm *l = llm_new(&ops, &text);
	struct exchange x = {
		.arena = arena_new(ARENA_MAX),
		.method = STR("GET"),
		.authority = STR("api.openai.com"),
		.path = STR("/v1/realtime"),
	};

	buf_init(&text, 4096);
	assert_true(llm_on_request(l, &x));
	x.status = 401;
	x.framing = FRAMING_WHOLE;
	llm_on_response(l, &x);
	assert_int_equal(x.framing, FRAMING_NONE);
	llm_on_done(l, &x);
	assert_int_equal(text.n, 0);
	arena_free(x.arena);
	llm_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_after_another),
		cmocka_unit_test(test_lanes_interleave),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_aborted),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_out_of_step),
		cmocka_unit_test(test_imitation),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(trap_T29_realtime),
		cmocka_unit_test(test_realtime_errors),
		cmocka_unit_test(test_xai),
		cmocka_unit_test(test_azure),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_not_upgraded),
	};

	cmocka_set_test_filter(getenv("TRAP"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
