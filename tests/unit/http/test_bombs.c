/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer may send to fill, stop or slow us: memory stays within bounds, time is linear, what
 * is lost is counted, and a call's usage behind it all is exact where nothing was lost.
 */
#include "unit.h"

#include <stdlib.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>

#include "base/stats.h"
#include "http/h2_wire.h"
#include "http/ws_build.h"
#include "joined.h"
#include "peak.h"

#define RECORD 16384 /* bytes at a time, as TLS gives them */
#define POST "POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\n"
#define JSON "Content-Type: application/json\r\n"
#define SSE "Content-Type: text/event-stream\r\n"
#define ID "\"id\":\"r\",\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[]"
#define USAGE "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":9,\"total_tokens\":16}"
#define DOCUMENT "{" ID "," USAGE "}"
#define CHUNK "\"id\":\"r\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[]"
#define LAST_EVENTS "data: {" CHUNK "," USAGE "}\n\ndata: [DONE]\n\n"

/* One connection, [is_write]; all that is written comes first. */
struct wire {
	struct buf way[2];
};

static void put(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

static void put_times(struct buf *b, size_t n, const char *text)
{
	static char block[65536];
	size_t len = strlen(text), in_block = sizeof(block) / len;

	for (size_t i = 0; i < in_block && i < n; i++)
		memcpy(block + i * len, text, len);
	for (size_t take; n; n -= take) {
		take = n < in_block ? n : in_block;
		buf_append(b, block, take * len);
	}
}

static void h1(struct wire *w, const char *head)
{
	put(&w->way[1], POST);
	put(&w->way[0], head);
}

/* --- content codings ------------------------------------------------------------------------- */

/* A document with n bytes in front of its usage: all alike, or with one in 64 that is not. */
static struct buf padded_document(size_t n, bool is_alike)
{
	struct buf b;

	buf_init(&b, n + 4096);
	put(&b, "{" ID ",\"pad\":\"");
	size_t from = b.n;

	put_times(&b, n, "x");
	for (size_t i = 0; i < n && !is_alike; i += 64)
		b.p[from + i] = (char)('a' + i / 64 * 7919 % 26);
	put(&b, "\"," USAGE "}");
	return b;
}

static void gzip(struct wire *w, struct buf text)
{
	z_stream z = {.next_in = (u8 *)text.p, .avail_in = (uInt)text.n};
	size_t room = text.n / 8 + 4096;
	u8 *out = malloc(room);

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	h1(w, OK JSON "Content-Encoding: gzip\r\n\r\n");
	buf_append(&w->way[0], out, room - z.avail_out);
	buf_fini(&text);
	free(out);
}

static void gzip_bomb(struct wire *w, size_t n)
{
	gzip(w, padded_document(n, true));
}

static void gzip_large(struct wire *w, size_t n)
{
	gzip(w, padded_document(n, false));
}

static void zstd_bomb(struct wire *w, size_t n)
{
	struct buf text = padded_document(n, true);
	size_t room = ZSTD_compressBound(text.n);
	u8 *out = malloc(room);

	h1(w, OK JSON "Content-Encoding: zstd\r\n\r\n");
	buf_append(&w->way[0], out, ZSTD_compress(out, room, text.p, text.n, 3));
	buf_fini(&text);
	free(out);
}

static void br_bomb(struct wire *w, size_t n)
{
	/* 8 MiB of zeros */
	static const u8 zeros[] = {0x9b, 0xff, 0xff, 0x7f, 0x00, 0x24, 0x00,
				   0xe2, 0xb1, 0x40, 0x72, 0xef, 0xff, 0x00};

	(void)n;
	h1(w, OK JSON "Content-Encoding: br\r\n\r\n");
	buf_append(&w->way[0], zeros, sizeof(zeros));
}

/* --- WebSocket ------------------------------------------------------------------------------- */

#define DONE \
	"{\"type\":\"response.done\",\"response\":{\"id\":\"r\",\"object\":\"realtime.response\"," \
	"\"status\":\"completed\",\"usage\":{\"total_tokens\":16,\"input_tokens\":7," \
	"\"output_tokens\":9}}"

static void ws(struct wire *w)
{
	put(&w->way[1], "GET /v1/realtime?model=m HTTP/1.1\r\nHost: api.openai.com\r\n"
			"Upgrade: websocket\r\n\r\n");
	put(&w->way[0], "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n"
			"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
}

static void ws_take(struct wire *w, struct ws_build *b)
{
	buf_append_str(&w->way[0], buf_str(&b->out));
	ws_build_fini(b);
}

static void ws_bomb(struct wire *w, size_t n)
{
	struct ws_build b;
	char *text = malloc(n + 1);

	memset(text, 'x', n);
	text[n] = 0;
	ws(w);
	ws_build_init(&b, false);
	ws_put_deflated(&b, text, Z_SYNC_FLUSH);
	ws_put_text(&b, DONE "}");
	ws_take(w, &b);
	free(text);
}

static void ws_fragments(struct wire *w, size_t n)
{
	struct ws_build b;

	ws(w);
	ws_build_init(&b, false);
	ws_put_frame(&b, 1, STR(DONE ",\"pad\":\""));
	for (size_t i = 0; i < n; i++) {
		ws_put_frame(&b, 0, STR("x"));
		if (i % 2)
			ws_put_frame(&b, WS_FIN | 9, STR("")); /* a ping between them */
	}
	ws_put_frame(&b, WS_FIN, STR("\"}"));
	ws_take(w, &b);
}

/* --- HTTP/2 ---------------------------------------------------------------------------------- */

struct h2 {
	struct h2_wire client, server;
};

static void h2_begin(struct h2 *h)
{
	h2_wire_init(&h->client);
	h2_wire_init(&h->server);
	h2_wire_preface(&h->client);
	h2_wire_frame(&h->server, H2_SETTINGS, 0, 0, NULL, 0);
}

static void h2_ask(struct h2 *h, u32 id)
{
	HEADERS(&h->client, id, H2_F_END_STREAM, ":method", "POST", ":scheme", "https",
		":authority", "api.openai.com", ":path", "/v1/chat/completions");
}

static void h2_answer(struct h2 *h, u32 id)
{
	h2_wire_answer(&h->server, id, false, "200", "application/json");
	h2_wire_data(&h->server, id, true, DOCUMENT);
}

static void h2_take(struct wire *w, struct h2 *h)
{
	buf_append_str(&w->way[1], buf_str(&h->client.out));
	buf_append_str(&w->way[0], buf_str(&h->server.out));
	h2_wire_fini(&h->client);
	h2_wire_fini(&h->server);
}

/* One byte of the wire stands for 3.9 KiB of header; the call behind is read. */
static void hpack_bomb(struct wire *w, size_t n)
{
	char big[3900], *bomb = malloc(n);
	struct h2 h;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	memset(bomb, 0x80 | 62, n);
	h2_begin(&h);
	HEADERS(&h.client, 1, H2_F_END_STREAM, ":method", "POST", ":path", "/x", "user-agent", big);
	h2_wire_frame(&h.client, H2_HEADERS, H2_F_END_HEADERS | H2_F_END_STREAM, 3, bomb, n);
	h2_ask(&h, 5);
	h2_answer(&h, 5);
	h2_take(w, &h);
	free(bomb);
}

static void continuation_flood(struct wire *w, size_t n)
{
	struct h2 h;

	h2_begin(&h);
	h2_ask(&h, 1);
	h2_wire_frame(&h.client, H2_HEADERS, 0, 3, "\x82", 1);
	for (size_t i = 0; i < n; i++)
		h2_wire_frame(&h.client, H2_CONTINUATION, 0, 3, "\x82", 1);
	h2_take(w, &h);
}

/* A frame for each byte, an empty one behind it. */
static void data_frames(struct wire *w, size_t n)
{
	struct h2 h;

	h2_begin(&h);
	h2_ask(&h, 1);
	h2_wire_answer(&h.server, 1, false, "200", "text/event-stream");
	for (size_t i = 0; i < n / 2; i++) {
		h2_wire_frame(&h.server, H2_DATA, 0, 1, i % 4 == 3 ? "\n" : ":", 1);
		h2_wire_frame(&h.server, H2_DATA, 0, 1, NULL, 0);
	}
	h2_wire_data(&h.server, 1, true, "\n\n" LAST_EVENTS);
	h2_take(w, &h);
}

/* --- documents ------------------------------------------------------------------------------- */

static void json_string(struct wire *w, size_t n)
{
	struct buf text = padded_document(n, true);

	h1(w, OK JSON "\r\n");
	buf_append_str(&w->way[0], buf_str(&text));
	buf_fini(&text);
}

static void json_depth(struct wire *w, size_t n)
{
	h1(w, OK JSON "\r\n{" ID ",\"a\":");
	put_times(&w->way[0], n, "[");
	put_times(&w->way[0], n, "]");
	put(&w->way[0], "," USAGE "}");
}

static void json_keys(struct wire *w, size_t n)
{
	h1(w, OK JSON "\r\n{" ID ",");
	put_times(&w->way[0], n, "\"usage\":{},");
	put(&w->way[0], USAGE "}");
}

static void events(struct wire *w, size_t n)
{
	h1(w, OK SSE "\r\n");
	put_times(&w->way[0], n, "data: {}\n\n");
	put(&w->way[0], LAST_EVENTS);
}

static void event_line(struct wire *w, size_t n)
{
	h1(w, OK SSE "\r\nevent: ");
	put_times(&w->way[0], n, "x");
	put(&w->way[0], "\n: ");
	put_times(&w->way[0], n, "x");
	put(&w->way[0], "\n\n" LAST_EVENTS);
}

/* --- HTTP/1 ---------------------------------------------------------------------------------- */

static void header_lines(struct wire *w, size_t n)
{
	h1(w, OK);
	put_times(&w->way[0], n, "x-more: and more\r\n");
	put(&w->way[0], JSON "\r\n" DOCUMENT);
}

static void header_line(struct wire *w, size_t n)
{
	h1(w, OK JSON "X-Long: ");
	put_times(&w->way[0], n, "x");
	put(&w->way[0], "\r\n\r\n" DOCUMENT);
}

static void chunk_extension(struct wire *w, size_t n)
{
	h1(w, OK JSON "Transfer-Encoding: chunked\r\n\r\n1;");
	put_times(&w->way[0], n, "x");
	buf_printf(&w->way[0], "\r\n{\r\n%zx\r\n%s\r\n0\r\n\r\n", strlen(DOCUMENT) - 1,
		   &DOCUMENT[1]);
}

static void chunks(struct wire *w, size_t n)
{
	h1(w, OK JSON "Transfer-Encoding: chunked\r\n\r\n");
	put_times(&w->way[0], n, "1\r\n \r\n");
	buf_printf(&w->way[0], "%zx\r\n%s\r\n0\r\n\r\n", strlen(DOCUMENT), DOCUMENT);
}

static void trailers(struct wire *w, size_t n)
{
	chunks(w, 1);
	w->way[0].n -= 2;
	put_times(&w->way[0], n, "x-more: and more\r\n");
	put(&w->way[0], "\r\n");
}

static void interim(struct wire *w, size_t n)
{
	put(&w->way[1], POST);
	put_times(&w->way[0], n, "HTTP/1.1 102 Wait\r\n\r\n");
	put(&w->way[0], OK JSON "\r\n" DOCUMENT);
}

/* --- the table ------------------------------------------------------------------------------- */

#define KIB 1024
#define MIB (1024 * 1024)

static const struct bomb {
	const char *name;
	void (*make)(struct wire *w, size_t n);
	size_t n;
	size_t peak_max;
	enum stat_id counter; /* that moves; STAT_MAX: nothing is lost */
	bool is_exact;	      /* the last call's usage is */
} bombs[] = {
	{"gzip, 1030 : 1", gzip_bomb, 16 * MIB, 64 * KIB, STAT_HTTP_DECODE_FAILED, false},
	{"gzip, 16 MiB within the ratio", gzip_large, 16 * MIB, 64 * KIB, STAT_MAX, true},
	/* what their windows may need: limits.h */
	{"zstd", zstd_bomb, 16 * MIB, 10 * MIB, STAT_HTTP_DECODE_FAILED, false},
	{"br, 8 MiB of 14 bytes", br_bomb, 0, 20 * MIB, STAT_HTTP_DECODE_FAILED, false},
	{"permessage-deflate", ws_bomb, 8 * MIB, 96 * KIB, STAT_HTTP_WS_UNDECODED, true},
	{"1 M WebSocket frames of a byte", ws_fragments, 1000000, 64 * KIB, STAT_MAX, true},
	{"HPACK, 60 MB of 16 KB", hpack_bomb, 16000, 64 * KIB, STAT_HTTP_HEAD_UNKNOWN, true},
	{"CONTINUATION without end", continuation_flood, 1000000, 64 * KIB, STAT_HTTP_FLOOD, false},
	{"1 M DATA frames of a byte and none", data_frames, 1000000, 64 * KIB, STAT_MAX, true},
	{"JSON string of 10 MB", json_string, 10000000, 64 * KIB, STAT_MAX, true},
	{"JSON 1 M deep", json_depth, 1000000, 64 * KIB, STAT_MAX, true},
	{"usage 1 M times", json_keys, 1000000, 64 * KIB, STAT_MAX, true},
	{"1 M events", events, 1000000, 64 * KIB, STAT_MAX, true},
	{"event's name and comment of 10 MB", event_line, 10000000, 64 * KIB, STAT_MAX, true},
	{"1 M header lines", header_lines, 1000000, 64 * KIB, STAT_HTTP_DEAD, false},
	{"header line of 64 MiB", header_line, 64 * MIB, 160 * KIB, STAT_HTTP_HEAD_TOO_LONG, true},
	{"chunk extension of 64 MiB", chunk_extension, 64 * MIB, 64 * KIB, STAT_MAX, true},
	{"1 M chunks of a byte", chunks, 1000000, 64 * KIB, STAT_MAX, true},
	{"1 M trailers", trailers, 1000000, 64 * KIB, STAT_MAX, true},
	{"1 M interim answers", interim, 1000000, 64 * KIB, STAT_MAX, true},
};

static void feed(struct joined *j, bool is_write, const struct buf *b)
{
	for (size_t at = 0; at < b->n; at += RECORD)
		joined_feed(j, is_write, b->p + at, b->n - at < RECORD ? b->n - at : RECORD);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool is_last_exact(const struct joined *j)
{
	const struct joined_call *c = &j->call[(j->call_cnt - 1) % JOINED_CALLS_MAX];

	return j->call_cnt && c->completeness == COMPLETE_EXACT && c->input == 7 && c->output == 9;
}

/* Nothing but what was counted is claimed. */
static bool is_any_wrong(const struct joined *j)
{
	for (size_t i = 0; i < j->call_cnt && i < JOINED_CALLS_MAX; i++)
		if (j->call[i].completeness == COMPLETE_EXACT &&
		    (j->call[i].input != 7 || j->call[i].output != 9))
			return true;
	return false;
}

/* CPU seconds; the bytes are freed before they are believed to be the program's. */
static double play(const struct bomb *b, size_t n, size_t *ret_peak)
{
	struct wire w;
	struct joined j;
	double took;

	stats_reset();
	for (int i = 0; i < 2; i++)
		buf_init(&w.way[i], 512 * MIB);
	b->make(&w, n);
	assert_false(w.way[0].failed || w.way[1].failed);
	joined_start(&j);
	peak_start();
	took = seconds();
	feed(&j, true, &w.way[1]);
	feed(&j, false, &w.way[0]);
	joined_close(&j);
	took = seconds() - took;
	*ret_peak = peak_bytes();
	if (is_any_wrong(&j) || (n == b->n && is_last_exact(&j) != b->is_exact))
		fail_msg("%s: %zu calls, exact %d", b->name, j.call_cnt, is_last_exact(&j));
	joined_stop(&j);
	for (int i = 0; i < 2; i++)
		buf_fini(&w.way[i]);
	return took;
}

static void test_bounds(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
		const struct bomb *b = &bombs[i];
		size_t peak;
		double took = play(b, b->n, &peak);

		print_message("%7.0f ms %8zu bytes  %s\n", took * 1000, peak, b->name);
		if (peak > b->peak_max)
			fail_msg("%s: %zu bytes held", b->name, peak);
		if (b->counter < STAT_MAX && !stats_get(b->counter))
			fail_msg("%s: %s is 0", b->name, stats_info(b->counter)->name);
	}
}

/* Four times as much takes no more than eight times as long. */
static void test_time_is_linear(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
		const struct bomb *b = &bombs[i];
		size_t peak;
		double fourth = play(b, b->n / 4, &peak), whole = play(b, b->n, &peak);

		if (whole > 8 * fourth + 0.05)
			fail_msg("%s: %.3f s, a fourth of it %.3f s", b->name, whole, fourth);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_time_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
