/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange, from head to on_done. */
#include "llm_feed.h"

#include <stdlib.h>

#include "base/limits.h"
#include "cuts.h"
#include "guard.h"

static struct fed *fed_current;

static void on_call(void *arg, const struct exchange *x, const struct call *call)
{
	fed_current->calls++;
	fed_current->call = *call;
	fed_current->input += meters_input_total(&call->meters);
	fed_current->output += meters_output_total(&call->meters);
}

struct llm *llm_feed_new(void)
{
	static const struct llm_ops ops = {.on_call = on_call};

	return llm_new(&ops, NULL);
}

static void feed_unit(struct llm *l, struct exchange *x, enum http_dir dir, struct str name,
		      struct str body, unsigned int way, bool is_broken)
{
	struct cuts_rng rng = cuts_start(way);
	size_t at = 0;

	llm_on_unit(l, x, dir, UNIT_BEGIN, name);
	while (at < body.n) {
		size_t n = cuts_next(way, &rng, body.n - at);
		u8 *copy = guard_dup(body.p + at, n);

		for (size_t i = 0; i < n; i++)
			copy[i] = copy[i] == '\'' ? '"' : copy[i];
		llm_on_unit(l, x, dir, UNIT_DATA, (struct str){(char *)copy, n});
		guard_free(copy, n);
		at += n;
	}
	llm_on_unit(l, x, dir, is_broken ? UNIT_BROKEN : UNIT_END, STR(""));
}

/* Enough of SSE for tests: one data line per event, a blank line after each. */
static void feed_sse(struct llm *l, struct exchange *x, const struct feed *f, unsigned int way)
{
	struct str rest = str_of(f->sse), line, name = STR("");
	int event = 0;

	while (str_next(&rest, '\n', &line)) {
		if (str_starts(line, STR("event:")))
			name = str_trim(str_cut(line, 6, line.n));
		if (!line.n)
			name = STR("");
		if (!str_starts(line, STR("data:")))
			continue;

		struct str data = str_cut(line, 5, line.n);

		if (str_starts(data, STR(" ")))
			data = str_cut(data, 1, data.n);
		feed_unit(l, x, HTTP_RESPONSE, name, data, way, ++event == f->broken_event);
	}
}

static void feed_response(struct llm *l, struct exchange *x, const struct feed *f, unsigned int way)
{
	feed_unit(l, x, HTTP_RESPONSE, STR(""), str_of(f->response), way, f->is_broken);
}

/* A document per line; "name|document" names it. */
static void feed_lines(struct llm *l, struct exchange *x, const struct feed *f, unsigned int way)
{
	struct str rest = str_of(f->lines), line;
	int n = 0;

	while (str_next(&rest, '\n', &line)) {
		size_t bar = str_find_char(line, '|');
		struct str name = bar < line.n && bar < 40 ? str_cut(line, 0, bar) : STR("");

		if (!line.n)
			continue;
		n++;
		x->unit_flags[HTTP_RESPONSE] = n == f->exception_line ? (u32)UNIT_F_EXCEPTION : 0;
		feed_unit(l, x, HTTP_RESPONSE, name,
			  name.n ? str_cut(line, bar + 1, line.n) : line, way,
			  n == f->broken_event);
	}
}

static void feed_form(struct llm *l, struct exchange *x, const struct feed *f, unsigned int way)
{
	struct str rest = str_of(f->form), line;

	x->request_framing = FRAMING_MULTIPART;
	while (str_next(&rest, '\n', &line)) {
		size_t at = str_find_char(line, '=');

		feed_unit(l, x, HTTP_REQUEST, str_cut(line, 0, at),
			  str_cut(line, at + 1, line.n), way, false);
	}
}

struct fed llm_feed(struct llm *l, const struct feed *f, unsigned int way)
{
	struct fed fed = {.arena = arena_new(ARENA_MAX)};
	struct llm *own = l ? NULL : llm_feed_new();
	struct exchange x = {.arena = fed.arena, .request_start_ns = 1000, .end_ns = 9000};

	l = l ? l : own;
	fed_current = &fed;
	x.conn = f->conn;
	x.request_start_ns = f->start_ns ? f->start_ns : x.request_start_ns;
	x.end_ns = f->end_ns ? f->end_ns : x.end_ns;
	x.method = str_of(f->method ? f->method : "POST");
	x.authority = str_of(f->host ? f->host : "api.openai.com");
	x.path = str_of(f->path ? f->path : "/v1/chat/completions");
	x.query = str_of(f->query);
	for (size_t i = 0; i < ARRAY_LEN(f->header) && f->header[i].value; i++)
		x.header[f->header[i].dir][f->header[i].header] = str_of(f->header[i].value);
	x.flags = f->flags & EXCHANGE_F_HEAD_UNKNOWN;
	fed.is_wanted = llm_on_request(l, &x);
	x.body_bytes[HTTP_REQUEST] = f->request ? strlen(f->request) : 0;
	if (f->form)
		feed_form(l, &x, f, way);
	if (f->request)
		feed_unit(l, &x, HTTP_REQUEST, STR(""), str_of(f->request), way, false);
	if (f->status >= 0) {
		x.status = (u16)(f->status ? f->status : 200);
		x.framing = f->sse     ? FRAMING_SSE
			    : f->lines ? f->framing ? f->framing : FRAMING_NDJSON
				       : FRAMING_WHOLE;
		x.response_body_ns = 5000;
		llm_on_response(l, &x);
		if (f->sse)
			feed_sse(l, &x, f, way);
		else if (f->lines)
			feed_lines(l, &x, f, way);
		else if (f->response)
			feed_response(l, &x, f, way);
	}
	x.flags = f->flags | (f->sse ? EXCHANGE_F_STREAM : 0);
	fed.is_call = llm_is_call(&x);
	llm_on_done(l, &x);
	fed_current = NULL;
	llm_free(own);
	return fed;
}

void fed_free(struct fed *fed)
{
	arena_free(fed->arena);
}

void llm_feed_expect(struct fed *fed)
{
	fed_current = fed;
}
