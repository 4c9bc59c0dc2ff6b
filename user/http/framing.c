/* SPDX-License-Identifier: Apache-2.0 */
/* Which parser a body's units come from; the two that need none: the whole, and lines. */
#include "http/framing.h"

#include <stdlib.h>

#include "base/stats.h"
#include "http/eventstream.h"
#include "http/grpc.h"
#include "http/json_array.h"
#include "http/multipart.h"
#include "http/sse.h"

struct framing_ops {
	size_t bytes;		/* of its parser, which starts zeroed */
	void (*feed)(void *parser, const u8 *p, size_t n, struct units *to);
	void (*gap)(void *parser, struct units *to);
	void (*end)(void *parser, bool is_complete, struct units *to);
};

/* The parser of a framing, by the names of its functions. */
#define FRAMING_PARSER(name) \
	static void framing_##name##_feed(void *parser, const u8 *p, size_t n, struct units *to) \
	{ \
		name##_feed(parser, p, n, to); \
	} \
	static void framing_##name##_gap(void *parser, struct units *to) \
	{ \
		name##_gap(parser, to); \
	} \
	static void framing_##name##_end(void *parser, bool is_complete, struct units *to) \
	{ \
		name##_end(parser, is_complete, to); \
	} \
	static const struct framing_ops framing_##name = { \
		sizeof(struct name), framing_##name##_feed, framing_##name##_gap, \
		framing_##name##_end, \
	};

FRAMING_PARSER(eventstream)
FRAMING_PARSER(grpc)
FRAMING_PARSER(json_array)
FRAMING_PARSER(multipart)
FRAMING_PARSER(sse)

static const struct framing_ops *const framing_ops[FRAMING_MAX] = {
	[FRAMING_SSE] = &framing_sse,
	[FRAMING_ARRAY] = &framing_json_array,
	[FRAMING_EVENTSTREAM] = &framing_eventstream,
	[FRAMING_GRPC] = &framing_grpc,
	[FRAMING_MULTIPART] = &framing_multipart,
};

static void framing_set_kind(struct framing *f, enum http_framing kind)
{
	const struct framing_ops *ops = framing_ops[kind];

	framing_fini(f);
	f->kind = kind;
	if (!ops)
		return;
	f->parser = calloc(1, ops->bytes);
	if (f->parser)
		return;
	stats_add(STAT_HTTP_NO_MEMORY, 1);
	f->kind = FRAMING_NONE;
}

void framing_init(struct framing *f, enum http_framing kind, const struct framing_label *label)
{
	bool is_whole = kind == FRAMING_WHOLE || kind == FRAMING_ARRAY;

	*f = (struct framing){
		.may_differ = is_whole && label->is_response,
		.may_be_array = kind == FRAMING_ARRAY,
	};
	framing_set_kind(f, is_whole ? FRAMING_WHOLE : kind);
	if (f->kind == FRAMING_GRPC)
		((struct grpc *)f->parser)->kind = coding_kind_of(label->grpc_encoding);
	if (f->kind == FRAMING_MULTIPART && !multipart_init(f->parser, label->content_type))
		framing_set_kind(f, FRAMING_NONE);
}

void framing_fini(struct framing *f)
{
	if (f->kind == FRAMING_GRPC && f->parser)
		grpc_fini(f->parser);
	free(f->parser);
	f->parser = NULL;
}

/* --- lines --- */

static size_t lines_step(struct framing *f, const u8 *p, size_t n)
{
	const u8 *lf = memchr(p, '\n', n);
	size_t len = lf ? (size_t)(lf - p) : n, blank = 0;

	while (!f->to.in_unit && blank < len && (p[blank] == ' ' || p[blank] == '\r'))
		blank++;
	if (blank < len && !f->is_lost) {
		if (!f->to.in_unit)
			units_begin(&f->to, 0, STR(""));
		units_data(&f->to, p + blank, len - blank);
	}
	if (!lf)
		return n;
	units_finish(&f->to, UNIT_END);
	f->is_lost = false;
	return len + 1;
}

/* --- the whole --- */

static void whole_begin(struct framing *f)
{
	if (f->to.in_unit)
		return;
	units_begin(&f->to, 0, STR(""));
	units_data(&f->to, (const u8 *)f->head, f->head_n);
}

/*
 * Some servers and proxies label a stream as JSON, or not at all. No JSON begins with these, so a
 * body that does is one of events, whatever its label says.
 */
static bool whole_is_sse_so_far(const char *p, size_t n)
{
	return memcmp(p, "data:", n < 5 ? n : 5) == 0 || memcmp(p, "event:", n) == 0;
}

static size_t whole_sniff(struct framing *f, const u8 *p)
{
	char held[sizeof("event:") - 1];
	size_t n = f->head_n;

	if (n == 0 && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		return 1;		/* means nothing before JSON */
	if (n == 0 && f->may_be_array && *p == '[') {
		framing_set_kind(f, FRAMING_ARRAY);
		return 0;
	}
	memcpy(held, f->head, n);
	held[n++] = (char)*p;
	if (!whole_is_sse_so_far(held, n)) {
		whole_begin(f);
		return 0;
	}
	if (held[n - 1] == ':') {
		framing_set_kind(f, FRAMING_SSE);
		if (f->parser)
			sse_feed(f->parser, (const u8 *)held, n, &f->to);
		return 1;
	}
	f->head[f->head_n++] = (char)*p;
	return 1;
}

static size_t whole_step(struct framing *f, const u8 *p, size_t n)
{
	if (f->is_lost)
		return n;
	if (!f->to.in_unit && f->may_differ)
		return whole_sniff(f, p);
	whole_begin(f);
	units_data(&f->to, p, n);
	return n;
}

static void whole_gap(struct framing *f, bool is_policy)
{
	if (f->is_lost)
		return;
	if (f->head_n || is_policy)
		whole_begin(f);
	if (is_policy)
		f->to.on_unit(f->to.arg, UNIT_POLICY, STR(""));
	else
		units_finish(&f->to, UNIT_BROKEN);
	f->is_lost = !is_policy;
}

/* --- public --- */

void framing_feed(struct framing *f, const u8 *p, size_t n, unit_fn unit, void *arg)
{
	size_t at = 0;

	f->to.on_unit = unit;
	f->to.arg = arg;
	while (at < n && !framing_ops[f->kind]) {
		if (f->kind == FRAMING_NDJSON)
			at += lines_step(f, p + at, n - at);
		else if (f->kind == FRAMING_WHOLE)
			at += whole_step(f, p + at, n - at);
		else
			return;
	}
	if (at < n)
		framing_ops[f->kind]->feed(f->parser, p + at, n - at, &f->to);
}

void framing_gap(struct framing *f, bool is_policy, unit_fn unit, void *arg)
{
	f->to.on_unit = unit;
	f->to.arg = arg;
	if (framing_ops[f->kind]) {
		framing_ops[f->kind]->gap(f->parser, &f->to);
	} else if (f->kind == FRAMING_WHOLE) {
		whole_gap(f, is_policy);
	} else {
		units_finish(&f->to, UNIT_BROKEN);
		f->is_lost = true;
	}
}

void framing_end(struct framing *f, bool is_complete, unit_fn unit, void *arg)
{
	f->to.on_unit = unit;
	f->to.arg = arg;
	if (f->kind == FRAMING_WHOLE && !f->is_lost && f->head_n)
		whole_begin(f);
	if (framing_ops[f->kind])
		framing_ops[f->kind]->end(f->parser, is_complete, &f->to);
	else
		units_finish(&f->to, is_complete ? UNIT_END : UNIT_BROKEN);
}

enum http_framing framing_of(struct str type, enum http_dir dir)
{
	enum { REQUEST = 1 << HTTP_REQUEST, RESPONSE = 1 << HTTP_RESPONSE };
	static const struct {
		struct str type;
		enum http_framing framing;
		u8 dirs;
	} types[] = {
		{{"application/vnd.amazon.eventstream", 34}, FRAMING_EVENTSTREAM,
		 REQUEST | RESPONSE},
		{{"multipart/form-data", 19}, FRAMING_MULTIPART, REQUEST},
		{{"text/event-stream", 17}, FRAMING_SSE, RESPONSE},
		{{"application/x-ndjson", 20}, FRAMING_NDJSON, RESPONSE},
		{{"application/ndjson", 18}, FRAMING_NDJSON, RESPONSE},
		{{"application/jsonl", 17}, FRAMING_NDJSON, RESPONSE},
		{{"application/x-jsonl", 19}, FRAMING_NDJSON, RESPONSE},
		{{"application/stream+json", 23}, FRAMING_NDJSON, RESPONSE},
		{{"application/json-lines", 22}, FRAMING_NDJSON, RESPONSE},
		{{"application/jsonlines", 21}, FRAMING_NDJSON, RESPONSE},
	};

	type = str_trim(str_cut(type, 0, str_find_char(type, ';')));
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].dirs & 1 << dir && str_eq_nocase(type, types[i].type))
			return types[i].framing;
	if (str_starts_nocase(type, STR("application/grpc")))
		return FRAMING_GRPC;		/* +proto, -web+proto */
	return FRAMING_WHOLE;
}

bool framing_is_stream(enum http_framing kind)
{
	return kind == FRAMING_SSE || kind == FRAMING_NDJSON || kind == FRAMING_ARRAY ||
	       kind == FRAMING_EVENTSTREAM;
}
