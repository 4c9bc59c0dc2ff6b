/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What user space costs: a streamed LLM call pushed through the whole pipeline, event by event, and
 * a large body pushed through it. Counts every allocation between the stream's head and its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/types.h"
#include "bpf/event.h"
#include "pipeline.h"

#define STREAM_EVENTS 20000
#define ROUNDS        7
#define BODY_BYTES    (8u << 20)
#define RECORD_BYTES  16384

static u64 alloc_cnt;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
	alloc_cnt++;
	return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	alloc_cnt++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	alloc_cnt++;
	return __real_realloc(p, n);
}

static u64 cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (u64)ts.tv_sec * 1000000000ull + (u64)ts.tv_nsec;
}

struct bench {
	struct pipeline *pipeline;
	struct chunk *chunk;
	u64 position[CHUNK_DIR_MAX];
	u64 ts_ns;
	u64 conn;
};

static void feed(struct bench *b, enum chunk_dir dir, const void *p, size_t n)
{
	struct chunk *c = b->chunk;

	*c = (struct chunk){
		.ev = {.size = (u32)(sizeof(*c) + n),
		       .kind = EVENT_CHUNK,
		       .flags = CHUNK_F_BORN,
		       .ts_ns = b->ts_ns++,
		       .tgid = 42,
		       .tid = 42,
		       .start_ns = 1},
		.conn = b->conn,
		.generation = 1,
		.dir = (u8)dir,
		.stack = STACK_OPENSSL,
		.form = FORM_REPLAY,
		.position = b->position[dir],
		.true_len = (u32)n,
		.data_len = (u32)n,
	};
	memcpy(c->data, p, n);
	b->position[dir] += n;
	pipeline_feed(b->pipeline, &c->ev);
}

static void feed_text(struct bench *b, enum chunk_dir dir, const char *z)
{
	feed(b, dir, z, strlen(z));
}

static void feed_request(struct bench *b)
{
	b->position[0] = b->position[1] = 0;
	b->conn++;
	feed_text(b, CHUNK_WRITE,
		  "POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Length: "
		  "80\r\n\r\n"
		  "{\"model\":\"gpt-4o-mini\",\"stream\":true,"
		  "\"messages\":[{\"role\":\"user\",\"content\":\"\"}]} ");
}

/* ns per event of a long stream; *ret_allocs: allocations per event between its head and its end.
 */
static double stream_round(struct bench *b, double *ret_allocs)
{
	char event[512];
	int n = snprintf(
		event, sizeof(event),
		"data: {\"id\":\"chatcmpl-X\",\"object\":\"chat.completion.chunk\",\"model\":"
		"\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello there\"},"
		"\"finish_reason\":null}],\"usage\":null}\n\n");
	char framed[640];

	feed_request(b);
	feed_text(b, CHUNK_READ,
		  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n");
	n = snprintf(framed, sizeof(framed), "%x\r\n%.*s\r\n", (unsigned int)n, n, event);
	for (int i = 0; i < 100; i++)
		feed(b, CHUNK_READ, framed, (size_t)n);

	u64 allocs = alloc_cnt;
	u64 from = cpu_ns();

	for (int i = 0; i < STREAM_EVENTS; i++)
		feed(b, CHUNK_READ, framed, (size_t)n);

	double ns = (double)(cpu_ns() - from) / STREAM_EVENTS;

	*ret_allocs = (double)(alloc_cnt - allocs) / STREAM_EVENTS;
	feed_text(b, CHUNK_READ, "0\r\n\r\n");
	return ns;
}

/* GB/s of one large JSON body, in TLS records. */
static double body_round(struct bench *b, const char *body)
{
	char head[128];

	feed_request(b);
	snprintf(head, sizeof(head),
		 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %u\r\n\r\n",
		 BODY_BYTES);
	feed_text(b, CHUNK_READ, head);

	u64 from = cpu_ns();

	for (size_t at = 0; at < BODY_BYTES; at += RECORD_BYTES)
		feed(b, CHUNK_READ, body + at, RECORD_BYTES);
	return (double)BODY_BYTES / (double)(cpu_ns() - from);
}

static char *make_body(void)
{
	static const char head[] =
		"{\"id\":\"x\",\"object\":\"chat.completion\",\"model\":\"gpt-4o-mini\","
		"\"choices\":[{\"message\":{\"content\":\"";
	static const char tail[] =
		"\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,"
		"\"completion_tokens\":1,\"total_tokens\":2}}";
	char *body = malloc(BODY_BYTES);

	for (size_t i = 0; i < BODY_BYTES; i++)
		body[i] = "some words of an answer, and more of them "[i % 42];
	memcpy(body, head, sizeof(head) - 1);
	memcpy(body + BODY_BYTES - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
	return body;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

int main(void)
{
	struct bench b = {.ts_ns = 1000, .chunk = malloc(sizeof(struct chunk) + RECORD_BYTES)};
	struct pipeline_options options = {.wall_offset_ns = 1700000000000000000ll};
	double stream[ROUNDS], body[ROUNDS], allocs = 0;
	struct price_book *book;
	char *text = make_body();

	if (price_book_load(NULL, 0, &book) != 0)
		return 1;
	options.book = book;
	options.sinks = sinks_new();
	if (sinks_start(options.sinks) != 0 || pipeline_new(&options, &b.pipeline) != 0)
		return 1;
	for (int i = 0; i < ROUNDS; i++) {
		stream[i] = stream_round(&b, &allocs);
		body[i] = body_round(&b, text);
	}
	printf("| user space | figure |\n|---|---|\n");
	printf("| whole pipeline, one SSE event per record, ns per event | %.0f |\n",
	       median(stream));
	printf("| allocations per event in a running stream | %g |\n", allocs);
	printf("| whole pipeline, 8 MiB JSON answer in 16 KiB records, GB/s | %.2f |\n",
	       median(body));
	pipeline_finish(b.pipeline);
	pipeline_free(b.pipeline);
	sinks_stop(options.sinks, 1000000000ull);
	sinks_free(options.sinks);
	price_book_free(book);
	free(b.chunk);
	free(text);
	return allocs > 0;
}
