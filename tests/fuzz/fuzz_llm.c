/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The llm room: a first line picks method, host, path and how it ends; the lines after it are the
 * request's document and the response's. Whatever comes, the call adds up.
 */
/* covers: user/llm/llm.c user/llm/request.c user/llm/response.c user/llm/assemble.c */
/* covers: user/llm/anthropic.c user/llm/usage.c user/llm/shape.c user/llm/state.c */
/* covers: user/llm/dialect.c user/llm/endpoints.c user/llm/providers.c user/llm/recent.c */
/* covers: user/llm/identity.c user/llm/headers.c user/llm/counts.c user/llm/google.c */
/* covers: user/llm/asked.c user/llm/again.c */
/* covers: user/llm/bedrock.c user/llm/base64.c user/llm/form.c user/llm/estimate.c */
#include <stdlib.h>

#include "base/limits.h"
#include "llm/llm.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const struct {
	const char *method, *host, *path;
} heads[] = {
	{"POST", "api.openai.com", "/v1/chat/completions"},
	{"POST", "api.openai.com", "/v1/responses"},
	{"GET", "api.openai.com", "/v1/responses/resp_1"},
	{"POST", "api.openai.com:443", "/v1/embeddings"},
	{"POST", "api.anthropic.com", "/v1/messages"},
	{"POST", "API.anthropic.com", "/v1/messages/count_tokens"},
	{"POST", "10.0.0.1:8080", "/v1/chat/completions"},
	{"POST", "10.0.0.1:8080", "/v1/messages"},
	{"POST", "10.0.0.1:8080", "/x/v1/responses/"},
	{"POST", "a.openai.azure.com", "/openai/deployments/d/chat/completions"},
	{"POST", "api.x.ai", "/v1/chat/completions"},
	{"POST", "generativelanguage.googleapis.com", "/v1beta/openai/chat/completions"},
	{"POST", "localhost:11434", "/v1/completions"},
	{"POST", "chatgpt.com", "/backend-api/codex/responses"},
	{"GET", "example.com", "/"},
	{"POST", "generativelanguage.googleapis.com", "/v1beta/models/gemini-3:generateContent"},
	{"POST", "aiplatform.googleapis.com", "/v1/publishers/google/models/e:predict"},
	{"POST", "generativelanguage.googleapis.com", "/v1beta/interactions"},
	{"POST", "bedrock-runtime.us-east-1.amazonaws.com", "/model/us.a%3A1/converse"},
	{"POST", "bedrock-runtime.us-east-1.amazonaws.com", "/model/x/invoke"},
	{"POST", "bedrock-runtime.us-east-1.amazonaws.com",
	 "/model/x.embed/invoke-with-response-stream"},
	{"POST", "bedrock-agent-runtime.us-east-1.amazonaws.com",
	 "/agents/A/agentAliases/B/sessions/C/text"},
	{"POST", "api.cohere.com", "/v2/chat"},
	{"POST", "localhost", "/api/chat"},
	{"POST", "api.openai.com", "/v1/images/edits"},
	{"POST", "api.openai.com", "/v1/audio/transcriptions"},
	{"GET", "api.openai.com", "/v1/videos/v"},
	{"GET", "api.openai.com", "/v1/files/f/content"},
	{"GET", "api.anthropic.com", "/v1/messages/batches/b/results"},
	{"POST", "localhost:8080", "/generate"},
	{"POST", "gateway.ai.cloudflare.com", "/v1/a/g/anthropic/v1/messages"},
	{"POST", "api.perplexity.ai", "/chat/completions"},
};

static u64 sum(const struct meters *m)
{
	return meters_input_total(m) + meters_output_total(m);
}

static void on_call(void *arg, const struct exchange *x, const struct call *call)
{
	struct meters subs = {0};

	for (size_t i = 0; i < call->sub_cnt; i++)
		for (int m = 0; m < METER_MAX; m++)
			subs.count[m] += call->sub[i].meters.count[m];
	for (int m = 0; call->sub_cnt && m < METER_MAX; m++)
		if (subs.count[m] !=
		    (meters_has(&call->meters, (enum meter)m) ? call->meters.count[m] : 0))
			abort();
	if (call->finish_cnt > CALL_FINISH_MAX || call->sub_cnt > CALL_SUB_MAX)
		abort();
	if (call->completeness == COMPLETE_EXACT && call->usage_source == USAGE_NONE)
		abort();
	if (call->has_provider_total && !call->sub_cnt &&
	    (s64)(call->provider_total - sum(&call->meters)) != call->residual)
		abort();
	if (!call->provider.n || !call->endpoint.n || call->model_served.n > LLM_TEXT_MAX)
		abort();
	++*(int *)arg;
}

static void feed(struct llm *l, struct exchange *x, enum http_dir dir, struct str line, u8 how)
{
	struct str name = STR("");
	size_t piece = how & 1 ? 1 + how % 13 : line.n + 1;

	/* "name|document" is an event with a name */
	size_t bar = str_find_char(line, '|');

	if (bar < line.n && bar < 40) {
		name = str_cut(line, 0, bar);
		line = str_cut(line, bar + 1, line.n);
	}
	llm_on_unit(l, x, dir, UNIT_BEGIN, name);
	for (size_t at = 0; at < line.n; at += piece)
		llm_on_unit(l, x, dir, UNIT_DATA, str_cut(line, at, piece));
	if (how & 0x40)
		llm_on_unit(l, x, dir, UNIT_POLICY, STR(""));
	llm_on_unit(l, x, dir, how & 0x80 ? UNIT_BROKEN : UNIT_END, STR(""));
}

/* The second line is every header that is read, so that each may be odd. */
static void set_headers(struct exchange *x, struct str value, u8 which)
{
	for (int h = 0; h < HTTP_H_MAX; h++)
		if (value.n && h % 8 == which % 8)
			x->header[which >> 3 & 1][h] = value;
}

static const enum http_framing framings[] = {
	FRAMING_WHOLE, FRAMING_SSE, FRAMING_NDJSON, FRAMING_EVENTSTREAM, FRAMING_ARRAY,
};

static void exchange(struct llm *l, const u8 head[4], struct str rest)
{
	size_t pick = head[0] % ARRAY_LEN(heads);
	struct exchange x = {.arena = arena_new(64u << 10), .end_ns = 5};
	struct str line;

	x.method = str_of(heads[pick].method);
	x.authority = str_of(heads[pick].host);
	x.path = str_of(heads[pick].path);
	if (head[3] & 0x10)
		x.authority = STR("10.0.0.1:8080");	/* nobody's host: by its shape */
	if (str_next(&rest, '\n', &line))
		set_headers(&x, line, head[3]);
	x.request_framing = head[3] & 0x40 ? FRAMING_MULTIPART : FRAMING_WHOLE;
	x.unit_flags[HTTP_RESPONSE] = head[3] & 0x20 ? (u32)UNIT_F_EXCEPTION : 0;
	x.body_bytes[HTTP_REQUEST] = rest.n;
	if (llm_on_request(l, &x)) {
		if (str_next(&rest, '\n', &line))
			feed(l, &x, HTTP_REQUEST, line, head[1] & 0xcf);
		x.status = head[2] & 1 ? 200 : head[2] & 2 ? 429 : 0;
		x.framing = framings[(head[2] >> 2 & 3) + (head[3] >> 7 & head[2] >> 3)];
		llm_on_response(l, &x);
		for (int i = 0; str_next(&rest, '\n', &line); i++)
			feed(l, &x, HTTP_RESPONSE, line,
			     i == head[1] >> 4 ? head[1] : head[1] & 15);
		x.flags = (u32)(head[2] >> 4) << 2;
	}
	llm_is_call(&x);
	llm_on_done(l, &x);
	arena_free(x.arena);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct llm_ops ops = {.on_call = on_call};
	int calls = 0;
	struct llm *l;

	if (size < 4)
		return 0;
	l = llm_new(&ops, &calls);
	for (int i = 0; i < 2; i++)
		exchange(l, data, (struct str){(const char *)data + 4, size - 4});
	llm_free(l);
	return 0;
}
