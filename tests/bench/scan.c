/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a byte of JSON costs: GB/s of the matcher on 16 KiB of text, on a 1 MiB request whose model
 * comes last, on an embedding's numbers; ns per streamed chunk through the llm room.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/limits.h"
#include "llm/llm.h"

static const struct json_path paths[] = {
	{.path = "model", .tag = 1}, {.path = "usage.prompt_tokens", .tag = 2},
	{.path = "id", .tag = 3},
};
static u64 events;

static void on_event(void *arg, const struct json_event *e)
{
	events += e->tag;
}

static void on_call(void *arg, const struct exchange *x, const struct call *call)
{
	events += call->meters.count[METER_OUTPUT];
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Prose with an escape every so often, as a completion is. */
static size_t fill_text(char *dst, size_t n, size_t escape_every)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = "the quick brown fox "[i % 20];
	for (size_t i = escape_every; i + 2 < n; i += escape_every) {
		dst[i] = '\\';
		dst[i + 1] = 'n';
	}
	return n;
}

static void bench_document(const char *name, const char *text, size_t n, size_t piece)
{
	struct json_paths *set = json_paths_new(paths, ARRAY_LEN(paths));
	static struct json j;
	double best = 1e9;

	json_init(&j, set, on_event, NULL);
	for (int round = 0; round < 7; round++) {
		size_t times = (64u << 20) / n + 1;
		double start = now();

		for (size_t t = 0; t < times; t++) {
			json_reset(&j);
			for (size_t at = 0; at < n; at += piece)
				json_feed(&j, text + at, n - at < piece ? n - at : piece);
			if (json_finish(&j))
				abort();
		}
		start = (now() - start) / (double)(times * n);
		best = start < best ? start : best;
	}
	printf("| %s, GB/s | %.2f |\n", name, 1e-9 / best);
	json_paths_free(set);
}

static void bench_text(const char *name, size_t n, size_t escape_every, size_t piece)
{
	char *text = malloc(n + 256);
	size_t at = (size_t)snprintf(text, 128, "{\"messages\":[{\"content\":\"");

	at += fill_text(text + at, n, escape_every);
	at += (size_t)snprintf(text + at, 128, "\"}],\"model\":\"gpt-4o\"}");
	bench_document(name, text, at, piece);
	free(text);
}

static void bench_numbers(void)
{
	size_t n = 64u << 10, at = 0;
	char *text = malloc(n + 64);

	at += (size_t)snprintf(text, 64, "{\"data\":[{\"embedding\":[");
	while (at < n)
		at += (size_t)snprintf(text + at, 64, "-0.0123%04zu,", at % 9999);
	at += (size_t)snprintf(text + at, 64, "0]}],\"model\":\"e\"}");
	bench_document("embedding, 64 KiB of numbers", text, at, at);
	free(text);
}

static void bench_stream(void)
{
	static const char chunk[] =
		"{\"id\":\"chatcmpl-X\",\"object\":\"chat.completion.chunk\",\"created\":1,"
		"\"model\":"
		"\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":"
		"\"fp\","
		"\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\"logprobs\":null,"
		"\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"Lq8aaaa\"}";
	static const struct llm_ops ops = {.on_call = on_call};
	struct llm *l = llm_new(&ops, NULL);
	double best = 1e9;

	for (int round = 0; round < 7; round++) {
		struct exchange x = {
			.arena = arena_new(ARENA_MAX),
			.method = STR("POST"),
			.authority = STR("api.openai.com"),
			.path = STR("/v1/chat/completions"),
			.status = 200,
			.framing = FRAMING_SSE,
		};
		int times = 200000;

		llm_on_request(l, &x);
		llm_on_response(l, &x);

		double start = now();

		for (int i = 0; i < times; i++) {
			llm_on_unit(l, &x, HTTP_RESPONSE, UNIT_BEGIN, STR(""));
			llm_on_unit(l, &x, HTTP_RESPONSE, UNIT_DATA, STR(chunk));
			llm_on_unit(l, &x, HTTP_RESPONSE, UNIT_END, STR(""));
		}
		start = (now() - start) / times;
		best = start < best ? start : best;
		if (round == 0)
			printf("| arena after 200,000 streamed chunks, bytes | %zu |\n",
			       arena_used(x.arena));
		llm_on_done(l, &x);
		arena_free(x.arena);
	}
	printf("| streamed chunk of %zu bytes through the llm room, ns | %.0f |\n",
	       sizeof(chunk) - 1, best * 1e9);
	llm_free(l);
}

int main(void)
{
	printf("| JSON | |\n|---|---|\n");
	bench_text("16 KiB of text, an escape per 80 bytes", 16u << 10, 80, 16u << 10);
	bench_text("16 KiB of text, no escape", 16u << 10, 1u << 30, 16u << 10);
	bench_text("1 MiB request, model last, in 16 KiB pieces", 1u << 20, 80, 16u << 10);
	bench_numbers();
	bench_stream();
	return events == 42;
}
