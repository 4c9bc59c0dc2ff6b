/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hole anywhere in a connection of three calls: each call is exact, or says that it is not; the
 * call that the hole did not touch is exact, or of HTTP/2 marked where its head could not be known.
 */
#include "unit.h"

#include <stdarg.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/stats.h"
#include "cuts.h"
#include "http/h2_wire.h"
#include "joined.h"

#define CALLS 3

/* Bytes of one direction that were read or written at once, and whose they are. */
struct piece {
	bool is_write;
	int call; /* -1: nobody's */
	size_t at, n;	/* in wire[is_write] */
};

struct connection {
	struct buf wire[2];
	struct piece piece[64];
	size_t piece_cnt;
	bool is_h2;
	bool is_at_once; /* any of its calls may have lost what no frame's head told of */
	bool touched[CALLS];
};

enum body {
	BODY_JSON,
	BODY_JSON_CHUNKED,
	BODY_JSON_GZIP,
	BODY_EVENTS,
	BODY_EVENTS_GZIP,
	BODY_MESSAGE_EVENTS, /* Anthropic's: usage at the start and at the end */
	BODY_MAX,
};

/* What a call says: different in every call, so that none can be taken for another. */
static u64 true_input(int call)
{
	return 1000 + 100 * (u64)call;
}

static u64 true_output(int call)
{
	return 20 + (u64)call;
}

static void put(struct connection *c, bool is_write, int call, struct str s)
{
	struct buf *wire = &c->wire[is_write];

	assert_true(c->piece_cnt < ARRAY_LEN(c->piece));
	c->piece[c->piece_cnt++] = (struct piece){is_write, call, wire->n, s.n};
	buf_append_str(wire, s);
}

/* --- bodies ---------------------------------------------------------------------------------- */

/* In these texts ' stands for ". */
static void say(struct buf *b, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *p = text; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	buf_append(b, text, strlen(text));
}

static void say_usage(struct buf *b, int call)
{
	u64 in = true_input(call), out = true_output(call);

	say(b, "'usage':{'prompt_tokens':%llu,'completion_tokens':%llu,'total_tokens':%llu}}",
	    (unsigned long long)in, (unsigned long long)out, (unsigned long long)(in + out));
}

static void say_events(struct buf *b, int call)
{
	static const char chunk[] = "data: {'id':'id-%d','object':'chat.completion.chunk',"
				    "'model':'served-%d','choices':[";

	for (int i = 0; i < 4; i++) {
		say(b, chunk, call, call);
		say(b, "{'index':0,'delta':{'content':'word %d'}}]}\n\n", i);
	}
	say(b, chunk, call, call);
	say(b, "],");
	say_usage(b, call);
	say(b, "\n\ndata: [DONE]\n\n");
}

static void say_message_events(struct buf *b, int call)
{
	say(b, "event: message_start\ndata: {'type':'message_start','message':{'id':'id-%d',"
	       "'type':'message','role':'assistant','model':'served-%d','content':[],'usage':"
	       "{'input_tokens':%llu,'output_tokens':1}}}\n\n",
	    call, call, (unsigned long long)true_input(call));
	for (int i = 0; i < 3; i++)
		say(b, "event: content_block_delta\ndata: {'type':'content_block_delta','index':0,"
		       "'delta':{'type':'text_delta','text':'%d'}}\n\n", i);
	say(b, "event: message_delta\ndata: {'type':'message_delta','delta':{'stop_reason':"
	       "'end_turn'},'usage':{'output_tokens':%llu}}\n\n"
	       "event: message_stop\ndata: {'type':'message_stop'}\n\n",
	    (unsigned long long)true_output(call));
}

static void say_json(struct buf *b, int call)
{
	say(b, "{'id':'id-%d','object':'chat.completion','model':'served-%d','choices':[{'index':0,"
	       "'message':{'role':'assistant','content':'\\'usage\\':{\\'prompt_tokens\\':7}'},"
	       "'finish_reason':'stop'}],", call, call);
	say_usage(b, call);
}

static bool is_gzip(enum body body)
{
	return body == BODY_JSON_GZIP || body == BODY_EVENTS_GZIP;
}

static bool is_events(enum body body)
{
	return body >= BODY_EVENTS;
}

static const char *path_of(enum body body)
{
	return body == BODY_MESSAGE_EVENTS ? "/v1/messages" : "/v1/chat/completions";
}

static const char *type_of(enum body body)
{
	return is_events(body) ? "text/event-stream" : "application/json";
}

static void gzip(struct buf *b)
{
	z_stream z = {.next_in = (u8 *)b->p, .avail_in = (uInt)b->n};
	u8 out[8192];

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = out;
	z.avail_out = sizeof(out);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_clear(b);
	buf_append(b, out, sizeof(out) - z.avail_out);
	deflateEnd(&z);
}

static void say_body(struct buf *b, enum body body, int call)
{
	if (body == BODY_MESSAGE_EVENTS)
		say_message_events(b, call);
	else if (is_events(body))
		say_events(b, call);
	else
		say_json(b, call);
	if (is_gzip(body))
		gzip(b);
}

static void say_request(struct buf *b, enum body body, int call)
{
	say(b, "{'model':'asked-%d','messages':[{'role':'user','content':'Hello, hello'}],"
	       "'stream':%s}", call, is_events(body) ? "true" : "false");
}

/* --- HTTP/1 ---------------------------------------------------------------------------------- */

static void h1_request(struct connection *c, enum body body, int call)
{
	struct buf json, all;

	buf_init(&json, 1 << 16);
	buf_init(&all, 1 << 16);
	say_request(&json, body, call);
	buf_printf(&all, "POST %s HTTP/1.1\r\nHost: api.openai.com\r\nContent-Length: %zu\r\n\r\n",
		   path_of(body), json.n);
	buf_append_str(&all, buf_str(&json));
	put(c, true, call, buf_str(&all));
	buf_fini(&json);
	buf_fini(&all);
}

/* Sized at once; or chunk by chunk, as it is made. */
static void h1_response(struct connection *c, enum body body, int call)
{
	bool is_sized = body == BODY_JSON || body == BODY_JSON_GZIP;
	struct buf text, all;

	buf_init(&text, 1 << 16);
	buf_init(&all, 1 << 16);
	say_body(&text, body, call);
	buf_printf(&all, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s", type_of(body),
		   is_gzip(body) ? "Content-Encoding: gzip\r\n" : "");
	if (is_sized) {
		buf_printf(&all, "Content-Length: %zu\r\n\r\n", text.n);
		buf_append_str(&all, buf_str(&text));
	} else {
		buf_printf(&all, "Transfer-Encoding: chunked\r\n\r\n");
	}
	put(c, false, call, buf_str(&all));
	for (size_t at = 0; !is_sized && at < text.n; at += 150) {
		buf_clear(&all);
		buf_printf(&all, "%zx\r\n", text.n - at < 150 ? text.n - at : 150);
		buf_append_str(&all, str_cut(buf_str(&text), at, 150));
		buf_append_str(&all, STR("\r\n"));
		put(c, false, call, buf_str(&all));
	}
	if (!is_sized)
		put(c, false, call, STR("0\r\n\r\n"));
	buf_fini(&text);
	buf_fini(&all);
}

static void h1_connection(struct connection *c, const enum body body[CALLS])
{
	for (int call = 0; call < CALLS; call++) {
		h1_request(c, body[call], call);
		h1_response(c, body[call], call);
	}
}

/* --- HTTP/2 ---------------------------------------------------------------------------------- */

/* What was written since the last time becomes a piece. */
static void h2_put(struct connection *c, struct h2_wire *w, bool is_write, int call)
{
	put(c, is_write, call, buf_str(&w->out));
	buf_clear(&w->out);
}

static void h2_request(struct connection *c, struct h2_wire *w, enum body body, int call)
{
	struct buf json;
	u32 id = 2 * (u32)call + 1;

	buf_init(&json, 1 << 16);
	say_request(&json, body, call);
	HEADERS(w, id, 0, ":method", "POST", ":scheme", "https", ":authority", "api.openai.com",
		":path", path_of(body), "content-type", "application/json", "user-agent", "test/1");
	h2_wire_frame(w, H2_DATA, H2_F_END_STREAM, id, json.p, json.n);
	h2_put(c, w, true, call);
	buf_fini(&json);
}

static void h2_response_head(struct connection *c, struct h2_wire *w, enum body body, int call)
{
	u32 id = 2 * (u32)call + 1;

	if (is_gzip(body))
		HEADERS(w, id, 0, ":status", "200", "content-type", type_of(body),
			"content-encoding", "gzip");
	else
		HEADERS(w, id, 0, ":status", "200", "content-type", type_of(body));
	h2_put(c, w, false, call);
}

/* One frame of a body; false: it was the last. */
static bool h2_response_data(struct connection *c, struct h2_wire *w, enum body body, int call,
			     size_t n)
{
	struct buf text;
	size_t at = 200 * n;

	buf_init(&text, 1 << 16);
	say_body(&text, body, call);

	struct str part = str_cut(buf_str(&text), at, 200);
	bool is_last = at + 200 >= text.n;

	h2_wire_frame(w, H2_DATA, is_last ? H2_F_END_STREAM : 0, 2 * (u32)call + 1, part.p, part.n);
	h2_put(c, w, false, call);
	buf_fini(&text);
	return !is_last;
}

/* One call after the other, or all at once. */
static void h2_connection(struct connection *c, const enum body body[CALLS], bool is_at_once)
{
	struct h2_wire client, server;
	bool goes_on[CALLS] = {true, true, true};

	c->is_h2 = true;
	c->is_at_once = is_at_once;
	h2_wire_init(&client);
	h2_wire_init(&server);
	h2_wire_preface(&client);
	h2_put(c, &client, true, -1);
	h2_wire_frame(&server, H2_SETTINGS, 0, 0, NULL, 0);
	h2_put(c, &server, false, -1);
	for (int call = 0; call < CALLS; call++) {
		h2_request(c, &client, body[call], call);
		h2_response_head(c, &server, body[call], call);
		for (size_t n = 0; !is_at_once && goes_on[call]; n++)
			goes_on[call] = h2_response_data(c, &server, body[call], call, n);
	}
	for (size_t n = 0; is_at_once && (goes_on[0] || goes_on[1] || goes_on[2]); n++)
		for (int call = 0; call < CALLS; call++)
			goes_on[call] = goes_on[call] &&
					h2_response_data(c, &server, body[call], call, n);
	h2_wire_fini(&client);
	h2_wire_fini(&server);
}

/* --- playing it ------------------------------------------------------------------------------ */

static void connection_start(struct connection *c)
{
	*c = (struct connection){.piece_cnt = 0};
	buf_init(&c->wire[0], 1 << 20);
	buf_init(&c->wire[1], 1 << 20);
}

static void connection_stop(struct connection *c)
{
	buf_fini(&c->wire[0]);
	buf_fini(&c->wire[1]);
}

static void feed_copy(struct joined *j, bool is_write, const char *p, size_t n)
{
	char *copy = n ? malloc(n) : NULL;

	if (!n)
		return;
	memcpy(copy, p, n);
	joined_feed(j, is_write, copy, n);
	free(copy);
}

struct hole {
	bool is_write;
	size_t at, n;
};

/* What of the piece lies before, in and behind the hole. */
static void play_piece(struct joined *j, struct connection *c, const struct piece *p,
		       const struct hole *hole)
{
	size_t end = p->at + p->n, from = hole->at, to = hole->at + hole->n;
	const char *bytes = c->wire[p->is_write].p;

	if (p->is_write != hole->is_write || to <= p->at || from >= end) {
		feed_copy(j, p->is_write, bytes + p->at, p->n);
		return;
	}
	if (p->call >= 0)
		c->touched[p->call] = true;
	from = from > p->at ? from : p->at;
	to = to < end ? to : end;
	feed_copy(j, p->is_write, bytes + p->at, from - p->at);
	joined_gap(j, p->is_write, to - from);
	feed_copy(j, p->is_write, bytes + to, end - to);
}

static void say_hole(const struct connection *c, const struct hole *hole)
{
	print_error("%s, hole of %zu at %zu of %zu of the %s\n", c->is_h2 ? "HTTP/2" : "HTTP/1",
		    hole->n, hole->at, c->wire[hole->is_write].n,
		    hole->is_write ? "requests" : "responses");
}

static void say_record(const struct joined_call *r)
{
	print_error("  id %s asked %s served %s %s: %llu in, %llu out, completeness %d, flags %x, "
		    "status %u\n", r->id, r->asked, r->served, r->provider,
		    (unsigned long long)r->input, (unsigned long long)r->output, r->completeness,
		    r->flags, r->status);
}

/* --- what must hold -------------------------------------------------------------------------- */

/* Which call a record is of, by every name in it: -1 none, -2 of two at once. */
static int whose(const struct joined_call *r)
{
	const char *const names[] = {r->id, r->asked, r->served};
	int call = -1;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *dash = strchr(names[i], '-');
		int its = dash ? dash[1] - '0' : -1;

		if (its >= 0 && call >= 0 && its != call)
			return -2;
		call = its >= 0 ? its : call;
	}
	return call;
}

/* Nothing in it is wrong, whatever the hole took. */
static bool is_true(const struct joined_call *r, int call)
{
	bool is_marked = r->flags & (CALL_F_TRUNCATED | CALL_F_REQUEST_GAP | CALL_F_HEAD_UNKNOWN |
				     CALL_F_ABORTED);

	if (call == -2)
		return false;
	if (r->completeness == COMPLETE_EXACT)
		return call >= 0 && r->input == true_input(call) && r->output == true_output(call);
	if (r->completeness == COMPLETE_UNMETERED)
		return !r->input && !r->output && is_marked;
	return r->completeness == COMPLETE_LOWER_BOUND && is_marked && call >= 0 &&
	       r->input <= true_input(call) && r->output <= true_output(call);
}

static bool is_exact(const struct connection *c, const struct joined_call *r)
{
	u32 bad = CALL_F_TRUNCATED | CALL_F_REQUEST_GAP | CALL_F_ABORTED;

	if (r->completeness != COMPLETE_EXACT || r->flags & bad)
		return false;
	if (c->is_h2 && r->flags & CALL_F_HEAD_UNKNOWN)
		return r->asked[0] && r->served[0] && r->id[0];
	return r->asked[0] && r->served[0] && r->id[0] && r->status == 200 &&
	       !(r->flags & (CALL_F_SHAPE | CALL_F_HEAD_UNKNOWN));
}

static const enum stat_id losses[] = {
	STAT_HTTP_HEAD_LOST, STAT_HTTP_UNPAIRED, STAT_HTTP_RESYNC_BYTES, STAT_HTTP_HEAD_UNKNOWN,
	STAT_HTTP_DECODE_FAILED,
};

static u64 losses_counted(const struct joined *j)
{
	u64 n = j->undecoded;

	for (size_t i = 0; i < ARRAY_LEN(losses); i++)
		n += stats_get(losses[i]);
	return n;
}

static const char *check(const struct connection *c, const struct joined *j)
{
	int seen[CALLS] = {0};

	for (size_t i = 0; i < j->call_cnt; i++) {
		int call = whose(&j->call[i]);

		if (!is_true(&j->call[i], call))
			return "a wrong record";
		if (call >= 0 && seen[call]++)
			return "two records of one call";
		if (call >= 0 && !c->touched[call] && !c->is_at_once && !is_exact(c, &j->call[i]))
			return "an untouched call is not exact";
	}
	for (int call = 0; call < CALLS; call++) {
		if (!seen[call] && !c->touched[call] && !c->is_at_once)
			return "no record of an untouched call";
		if (!seen[call] && !losses_counted(j))
			return "a call lost in silence";
	}
	return NULL;
}

static void play(struct joined *j, struct connection *c, const struct hole *hole)
{
	stats_reset();
	memset(c->touched, 0, sizeof(c->touched));
	joined_reopen(j);
	for (size_t i = 0; i < c->piece_cnt; i++)
		play_piece(j, c, &c->piece[i], hole);
	joined_close(j);

	const char *why = check(c, j);

	for (size_t i = 0; why && i < j->call_cnt; i++)
		say_record(&j->call[i]);
	if (why)
		say_hole(c, hole);
	if (why)
		fail_msg("%s", why);
}

/* --- the tests ------------------------------------------------------------------------------- */

/* One call after the other on HTTP/1, on HTTP/2; or all at once on HTTP/2. */
enum way {
	WAY_H1,
	WAY_H2,
	WAY_H2_AT_ONCE,
	WAY_MAX,
};

static void connection_make(struct connection *c, enum way way, unsigned int seed)
{
	struct cuts_rng rng = cuts_start(seed);
	enum body body[CALLS];

	connection_start(c);
	for (int i = 0; i < CALLS; i++)
		body[i] = (enum body)(cuts_random(&rng) % BODY_MAX);
	body[seed % CALLS] = (enum body)(seed % BODY_MAX);
	if (way == WAY_H1)
		h1_connection(c, body);
	else
		h2_connection(c, body, way == WAY_H2_AT_ONCE);
}

static void test_no_hole(void **state)
{
	struct hole none = {false, SIZE_MAX, 0};
	struct joined j;

	joined_start(&j);
	for (unsigned int seed = 0; seed < 20 * WAY_MAX; seed++) {
		struct connection c;

		connection_make(&c, (enum way)(seed % WAY_MAX), seed);
		play(&j, &c, &none);
		assert_int_equal(j.call_cnt, CALLS);
		connection_stop(&c);
	}
	joined_stop(&j);
}

/* Every position of both directions, of a length that is different each time. */
static size_t play_everywhere(struct joined *j, struct connection *c, struct cuts_rng *rng)
{
	size_t plays = 0;

	for (int is_write = 0; is_write < 2; is_write++)
		for (size_t at = 0; at < c->wire[is_write].n; at++, plays++) {
			size_t left = c->wire[is_write].n - at;
			size_t n = 1 + cuts_random(rng) % (cuts_random(rng) % 3 ? 30 : 700);
			struct hole hole = {is_write, at, n < left ? n : left};

			play(j, c, &hole);
		}
	return plays;
}

static void check_way(enum way way)
{
	struct joined j;
	size_t plays = 0;

	joined_start(&j);
	for (unsigned int seed = 0; seed < BODY_MAX; seed++) {
		struct cuts_rng rng = cuts_start(seed);
		struct connection c;

		connection_make(&c, way, seed);
		plays += play_everywhere(&j, &c, &rng);
		connection_stop(&c);
	}
	joined_stop(&j);
	print_message("%zu holes\n", plays);
}

static void test_h1(void **state)
{
	check_way(WAY_H1);
}

static void test_h2(void **state)
{
	check_way(WAY_H2);
}

static void test_h2_at_once(void **state)
{
	check_way(WAY_H2_AT_ONCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_hole),
		cmocka_unit_test(test_h1),
		cmocka_unit_test(test_h2),
		cmocka_unit_test(test_h2_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
