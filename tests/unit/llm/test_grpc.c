/* SPDX-License-Identifier: Apache-2.0 */
/* Calls by gRPC: Vertex, Gemini and xAI, whole and streamed; errors in trailers, losses. */
#include "unit.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "cuts.h"
#include "llm_expect.h"

/* A message that is being built: fields of numbers, texts and messages. */
static void put_varint(struct buf *b, u64 v)
{
	for (; v > 0x7f; v >>= 7)
		buf_append_char(b, (char)(0x80 | (v & 0x7f)));
	buf_append_char(b, (char)v);
}

static void put_number(struct buf *b, u32 field, u64 v)
{
	put_varint(b, (u64)field << 3);
	put_varint(b, v);
}

static void put_bytes(struct buf *b, u32 field, struct str s)
{
	put_varint(b, (u64)field << 3 | 2);
	put_varint(b, s.n);
	buf_append(b, s.p, s.n);
}

static void put_message(struct buf *b, u32 field, struct buf *message)
{
	put_bytes(b, field, buf_str(message));
	buf_fini(message);
}

static struct buf message(void)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	return b;
}

/* { a, b, ... }: pairs of field and number, up to a field 0 */
static struct buf numbers(const u32 *pairs)
{
	struct buf b = message();

	for (; pairs[0]; pairs += 2)
		put_number(&b, pairs[0], pairs[1]);
	return b;
}

#define NUMBERS(...) numbers((const u32[]){__VA_ARGS__, 0, 0})

static void unit(struct llm *l, struct exchange *x, enum http_dir dir, struct buf *b,
		 unsigned int way, bool is_broken)
{
	struct cuts_rng rng = cuts_start(way);

	llm_on_unit(l, x, dir, UNIT_BEGIN, STR(""));
	for (size_t at = 0; at < b->n;) {
		size_t n = cuts_next(way, &rng, b->n - at);

		llm_on_unit(l, x, dir, UNIT_DATA, (struct str){b->p + at, n});
		at += n;
	}
	llm_on_unit(l, x, dir, is_broken ? UNIT_BROKEN : UNIT_END, STR(""));
}

struct call_by {
	const char *host, *path, *status;
	struct buf request, answers[3];		/* without bytes: none */
	bool is_broken;				/* the last answer */
};

static struct fed play(const struct call_by *c, unsigned int way)
{
	struct fed fed = {.arena = arena_new(ARENA_MAX)};
	struct llm *l = llm_feed_new();
	struct exchange x = {
		.arena = fed.arena,
		.method = STR("POST"),
		.authority = str_of(c->host),
		.path = str_of(c->path),
		.request_framing = FRAMING_GRPC,
		.end_ns = 9000,
	};

	llm_feed_expect(&fed);
	fed.is_wanted = llm_on_request(l, &x);
	unit(l, &x, HTTP_REQUEST, (struct buf *)&c->request, way, false);
	x.status = 200;
	x.framing = FRAMING_GRPC;
	llm_on_response(l, &x);
	for (size_t i = 0; i < ARRAY_LEN(c->answers) && c->answers[i].n; i++)
		unit(l, &x, HTTP_RESPONSE, (struct buf *)&c->answers[i], way,
		     c->is_broken && (i + 1 == ARRAY_LEN(c->answers) || !c->answers[i + 1].n));
	x.header[HTTP_RESPONSE][HTTP_H_GRPC_STATUS] = str_of(c->status ? c->status : "0");
	llm_on_done(l, &x);
	llm_feed_expect(NULL);
	llm_free(l);
	return fed;
}

static void call_fini(struct call_by *c)
{
	buf_fini(&c->request);
	for (size_t i = 0; i < ARRAY_LEN(c->answers); i++)
		buf_fini(&c->answers[i]);
}

static struct buf vertex_answer(u32 output, bool is_last)
{
	struct buf b = message(), candidate = message();
	struct buf usage = NUMBERS(1, 100, 2, output, 3, 100 + output + 7, 5, 40, 14, 7, 8, 1);
	struct buf detail = NUMBERS(1, 4, 2, 10);

	put_bytes(&candidate, 2, STR("the answer's text"));
	if (is_last)
		put_number(&candidate, 3, 1);
	put_message(&b, 2, &candidate);
	put_message(&usage, 9, &detail);
	put_message(&b, 4, &usage);
	put_bytes(&b, 11, STR("gemini-2.5-flash"));
	put_bytes(&b, 13, STR("resp-1"));
	return b;
}

static void test_vertex(void **state)
{
	struct call_by c = {
		.host = "us-central1-aiplatform.googleapis.com",
		.path = "/google.cloud.aiplatform.v1.PredictionService/StreamGenerateContent",
		.request = message(),
		.answers = {vertex_answer(5, false), vertex_answer(30, true)},
	};

	put_bytes(&c.request, 5, STR("projects/p/locations/l/publishers/google/models/gemini-2.5"));
	put_bytes(&c.request, 2, STR("a prompt"));
	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed fed = play(&c, way);

		assert_int_equal(fed.calls, 1);
		TEXT(fed.call.provider, "vertex");
		TEXT(fed.call.endpoint, "generate_content");
		TEXT(fed.call.model_requested, "gemini-2.5");
		TEXT(fed.call.model_served, "gemini-2.5-flash");
		TEXT(fed.call.response_id, "resp-1");
		TEXT(fed.call.finish[0], "STOP");
		TEXT(fed.call.service_tier, "ON_DEMAND");
		HAS(fed, INPUT, 50);
		HAS(fed, INPUT_AUDIO, 10);
		HAS(fed, CACHE_READ, 40);
		HAS(fed, OUTPUT, 30);
		HAS(fed, REASONING, 7);
		IS(fed, residual, 0);
		IS(fed, usage_source, USAGE_GRPC);
		IS(fed, completeness, COMPLETE_EXACT);
		assert_true(fed.call.flags & CALL_F_STREAM);
		assert_false(fed.call.flags & CALL_F_ABORTED);
		fed_free(&fed);
	}
	call_fini(&c);
}

static void test_gemini(void **state)
{
	struct call_by c = {
		.host = "generativelanguage.googleapis.com",
		.path = "/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent",
		.request = message(),
		.answers = {message()},
	};
	struct buf candidate = NUMBERS(2, 2), usage = NUMBERS(1, 9, 2, 3, 3, 20, 8, 8);

	put_bytes(&c.request, 1, STR("models/gemini-2.0"));
	put_message(&c.answers[0], 1, &candidate);
	put_message(&c.answers[0], 3, &usage);
	put_bytes(&c.answers[0], 4, STR("gemini-2.0-flash"));
	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed fed = play(&c, way);

		TEXT(fed.call.model_requested, "gemini-2.0");
		TEXT(fed.call.finish[0], "MAX_TOKENS");
		HAS(fed, INPUT, 9);
		HAS(fed, INPUT_TOOL, 8);
		HAS(fed, OUTPUT, 3);
		IS(fed, residual, 0);
		IS(fed, completeness, COMPLETE_EXACT);
		assert_false(fed.call.flags & CALL_F_STREAM);
		fed_free(&fed);
	}
	call_fini(&c);
}

/* Every message counts all so far: the last one counts. */
static struct buf xai_chunk(u32 output, u32 finish)
{
	struct buf b = message(), out = message();
	struct buf usage = NUMBERS(1, output, 2, 50, 3, 50 + output + 4, 6, 4, 7, 20, 11, 12345);

	put_bytes(&usage, 9, STR("\1\3\1"));
	if (finish)
		put_number(&out, 3, finish);
	put_bytes(&b, 1, STR("x-1"));
	put_message(&b, 2, &out);
	put_bytes(&b, 4, STR("grok-4"));
	put_message(&b, 6, &usage);
	put_number(&b, 12, 2);
	return b;
}

static void test_xai_stream(void **state)
{
	struct call_by c = {
		.host = "api.x.ai",
		.path = "/xai_api.Chat/GetCompletionChunk",
		.request = message(),
		.answers = {xai_chunk(1, 0), xai_chunk(2, 0), xai_chunk(9, 3)},
	};

	put_bytes(&c.request, 2, STR("grok"));
	put_bytes(&c.request, 1, STR("a prompt"));
	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed fed = play(&c, way);

		TEXT(fed.call.provider, "xai");
		TEXT(fed.call.model_requested, "grok");
		TEXT(fed.call.model_served, "grok-4");
		TEXT(fed.call.finish[0], "REASON_STOP");
		TEXT(fed.call.service_tier, "priority");
		HAS(fed, INPUT, 30);
		HAS(fed, CACHE_READ, 20);
		HAS(fed, OUTPUT, 9);
		HAS(fed, REASONING, 4);
		HAS(fed, WEB_SEARCH, 2);
		HAS(fed, CODE_SESSION, 1);
		IS(fed, residual, 0);
		IS(fed, completeness, COMPLETE_EXACT);
		assert_true(fed.call.has_provider_cost);
		IS(fed, provider_cost_femto_usd, 1234500000);
		fed_free(&fed);
	}
	call_fini(&c);
}

static void test_xai_whole(void **state)
{
	struct call_by c = {
		.host = "10.0.0.1:50051",
		.path = "/xai_api.Chat/GetCompletion",
		.request = message(),
		.answers = {message()},
	};
	struct buf out = NUMBERS(1, 1), usage = NUMBERS(1, 5, 2, 6, 3, 11);

	put_bytes(&c.request, 2, STR("grok"));
	put_message(&c.answers[0], 2, &out);
	put_bytes(&c.answers[0], 6, STR("grok-4"));
	put_message(&c.answers[0], 9, &usage);

	struct fed fed = play(&c, 3);

	IS(fed, provider.n, 3);
	TEXT(fed.call.finish[0], "REASON_MAX_LEN");
	HAS(fed, INPUT, 6);
	HAS(fed, OUTPUT, 5);
	assert_true(fed.call.flags & CALL_F_SHAPE);
	fed_free(&fed);
	call_fini(&c);
}

static void test_failed(void **state)
{
	struct call_by c = {
		.host = "api.x.ai",
		.path = "/xai_api.Chat/GetCompletion",
		.status = "8",
		.request = message(),
	};

	put_bytes(&c.request, 2, STR("grok"));

	struct fed fed = play(&c, 0);

	assert_int_equal(fed.calls, 1);
	TEXT(fed.call.error_type, "8");
	IS(fed, completeness, COMPLETE_UNMETERED);
	fed_free(&fed);
	call_fini(&c);
}

/* The last message was cut: what the ones before it counted is a lower bound. */
static void test_broken(void **state)
{
	struct call_by c = {
		.host = "api.x.ai",
		.path = "/xai_api.Chat/GetCompletionChunk",
		.request = message(),
		.answers = {xai_chunk(1, 0), xai_chunk(2, 0), xai_chunk(9, 3)},
		.is_broken = true,
	};
	struct fed fed = play(&c, 4);

	HAS(fed, OUTPUT, 2);
	IS(fed, completeness, COMPLETE_LOWER_BOUND);
	fed_free(&fed);
	c.is_broken = false;
	c.answers[2].n -= 3;		/* its end does not fit its lengths */
	fed = play(&c, 4);
	HAS(fed, OUTPUT, 2);
	assert_true(fed.call.flags & CALL_F_TRUNCATED);
	fed_free(&fed);
	c.answers[2].n += 3;
	call_fini(&c);
}

/* The path alone is not enough: JSON at it is nobody's. */
static void test_not_grpc(void **state)
{
	struct llm *l = llm_feed_new();
	struct exchange x = {
		.arena = arena_new(ARENA_MAX),
		.method = STR("POST"),
		.authority = STR("api.x.ai"),
		.path = STR("/xai_api.Chat/GetCompletion"),
		.request_framing = FRAMING_WHOLE,
	};

	assert_false(llm_on_request(l, &x));
	arena_free(x.arena);
	llm_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vertex),	   cmocka_unit_test(test_gemini),
		cmocka_unit_test(test_xai_stream), cmocka_unit_test(test_xai_whole),
		cmocka_unit_test(test_failed),	   cmocka_unit_test(test_broken),
		cmocka_unit_test(test_not_grpc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
