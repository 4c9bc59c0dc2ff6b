/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many calls on a WebSocket, and calls by gRPC. Input: which endpoint, how to cut, then messages of
 * a direction ('>' or '<', lower bits of the next byte: broken, policy), a length byte times 4 (or
 * up to the line's end for JSON) and the bytes. Every call must be in step with what is counted.
 *
 * covers: user/llm/lanes.c user/llm/grpc.c
 */
#include <stdlib.h>
#include <string.h>

#include "base/stats.h"
#include "llm/llm.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const struct {
	const char *method, *host, *path;
} heads[] = {
	{"GET", "api.openai.com", "/v1/responses"},
	{"GET", "other", "/v1/realtime"},
	{"GET", "generativelanguage.googleapis.com", "/ws/g.GenerativeService.BidiGenerateContent"},
	{"GET", "", ""},
	{"POST", "a", "/google.cloud.aiplatform.v1.PredictionService/StreamGenerateContent"},
	{"POST", "a", "/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent"},
	{"POST", "api.x.ai", "/xai_api.Chat/GetCompletion"},
	{"POST", "api.x.ai", "/xai_api.Chat/GetCompletionChunk"},
};

#define SOCKETS 4		/* of them */

static void on_call(void *arg, const struct exchange *x, const struct call *call)
{
	u64 *calls = arg;

	if (call->completeness == COMPLETE_EXACT && call->usage_source == USAGE_NONE)
		abort();
	if (call->end_ns < call->start_ns && call->end_ns)
		abort();
	if (!call->provider.n || !call->endpoint.n || call->finish_cnt > CALL_FINISH_MAX)
		abort();
	++*calls;
}

static void message(struct llm *l, struct exchange *x, enum http_dir dir, u8 how, const u8 *p,
		    size_t n, size_t cut)
{
	x->unit_ns[dir] += x->unit_ns[!dir] + 1;
	llm_on_unit(l, x, dir, UNIT_BEGIN, STR(""));
	while (n) {
		size_t piece = cut && cut < n ? cut : n;
		char *copy = malloc(piece);

		memcpy(copy, p, piece);
		llm_on_unit(l, x, dir, UNIT_DATA, (struct str){copy, piece});
		free(copy);
		p += piece;
		n -= piece;
	}
	if (how & 2)
		llm_on_unit(l, x, dir, UNIT_POLICY, STR(""));
	llm_on_unit(l, x, dir, how & 1 ? UNIT_BROKEN : UNIT_END, STR(""));
}

static void messages(struct llm *l, struct exchange *x, bool is_text, size_t cut, const u8 *p,
		     size_t n)
{
	for (size_t at = 0; n - at > 3;) {
		enum http_dir dir = p[at] == '>' ? HTTP_REQUEST : HTTP_RESPONSE;
		const u8 *lf = is_text ? memchr(p + at + 3, '\n', n - at - 3) : NULL;
		size_t len = is_text ? (lf ? (size_t)(lf - p) - at - 3 : n) : p[at + 2];
		u8 how = p[at + 1];

		at += 3;
		len = len < n - at ? len : n - at;
		message(l, x, dir, how, p + at, len, cut);
		at += len + (is_text && at + len < n);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct llm_ops ops = {.on_call = on_call};
	u64 calls = 0, started = stats_get(STAT_CALLS_STARTED), lost = stats_get(STAT_CALLS_LOST);
	struct exchange x = {.arena = arena_new(512u << 10), .end_ns = 1u << 30};
	struct llm *l = llm_new(&ops, &calls);

	if (size >= 2) {
		size_t pick = data[0] % ARRAY_LEN(heads);
		bool is_socket = pick < SOCKETS;

		x.method = str_of(heads[pick].method);
		x.authority = str_of(heads[pick].host);
		x.path = str_of(heads[pick].path);
		x.query = STR("a=b&model=m%20n");
		x.framing = x.path.n ? FRAMING_NONE : FRAMING_WEBSOCKET;
		x.request_framing = is_socket ? FRAMING_WHOLE : FRAMING_GRPC;
		if (!llm_on_request(l, &x))
			abort();
		x.status = is_socket ? 101 : 200;
		x.framing = x.request_framing = is_socket ? FRAMING_WEBSOCKET : FRAMING_GRPC;
		if (data[1] & 0x80)
			x.header[HTTP_RESPONSE][HTTP_H_GRPC_STATUS] = STR("13");
		llm_on_response(l, &x);
		messages(l, &x, is_socket, data[1] & 0x0f, data + 2, size - 2);
		llm_is_call(&x);
		llm_on_done(l, &x);
	}
	if (stats_get(STAT_CALLS_STARTED) - started != calls + stats_get(STAT_CALLS_LOST) - lost &&
	    data[0] % ARRAY_LEN(heads) < SOCKETS)
		abort();
	arena_free(x.arena);
	llm_free(l);
	return 0;
}
