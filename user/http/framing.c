/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units of a body. Server-sent events, as they come:
 *
 *	event: message_delta\n          FIELD --"event:"--> EVENT_SPACE --> EVENT --+
 *	data: {"usage":{...}}\n           |  \--"data:"---> DATA_SPACE ---> DATA ---+
 *	: keep-alive\n                    |  \--other-----> SKIP -------------------+
 *	\n                                +--blank line: the unit ends              |
 *	                                  ^--------------- CR, LF or CR LF ---------+
 */
#include "http/framing.h"

enum sse_state {
	SSE_BOM,		/* the very first bytes */
	SSE_FIELD,		/* at a line's start, or in its field name */
	SSE_SKIP,
	SSE_DATA_SPACE,		/* behind "data:"; one space may follow */
	SSE_DATA,
	SSE_EVENT_SPACE,
	SSE_EVENT,
};

enum ndjson_state {
	NDJSON_LINE,
	NDJSON_LOST,		/* until the next line */
};

static const char sse_bom[] = "\xef\xbb\xbf";

void framing_init(struct framing *f, enum http_framing kind)
{
	f->kind = kind;
	f->state = 0;
	f->in_unit = f->is_after_cr = f->is_broken = f->may_be_events = false;
	f->field_n = f->name_n = 0;
}

static void framing_begin(struct framing *f, struct str name, framing_unit_fn unit, void *arg)
{
	f->in_unit = true;
	unit(arg, UNIT_BEGIN, name);
}

static void framing_finish(struct framing *f, enum unit_step step, framing_unit_fn unit, void *arg)
{
	if (f->in_unit)
		unit(arg, step, STR(""));
	f->in_unit = false;
}

/* --- server-sent events --- */

static bool sse_field_is(const struct framing *f, const char *name, size_t n)
{
	return f->field_n == n && memcmp(f->field, name, n) == 0;
}

static void sse_data_begin(struct framing *f, framing_unit_fn unit, void *arg)
{
	if (f->in_unit)
		unit(arg, UNIT_DATA, STR("\n"));
	else
		framing_begin(f, (struct str){f->name, f->name_n}, unit, arg);
}

static void sse_line_end(struct framing *f, framing_unit_fn unit, void *arg)
{
	if (f->state == SSE_FIELD && f->field_n == 0) {
		framing_finish(f, UNIT_END, unit, arg);
		f->name_n = 0;
	} else if (f->state == SSE_FIELD && sse_field_is(f, "data", 4)) {
		sse_data_begin(f, unit, arg);	/* a field without colon has an empty value */
	}
	f->state = SSE_FIELD;
	f->field_n = 0;
}

/* One byte of a field's name. */
static void sse_field(struct framing *f, u8 c, framing_unit_fn unit, void *arg)
{
	if (c != ':') {
		if (f->field_n == sizeof(f->field))
			f->state = SSE_SKIP;
		else
			f->field[f->field_n++] = (char)c;
	} else if (sse_field_is(f, "data", 4)) {
		sse_data_begin(f, unit, arg);
		f->state = SSE_DATA_SPACE;
	} else if (sse_field_is(f, "event", 5)) {
		f->name_n = 0;
		f->state = SSE_EVENT_SPACE;
	} else {
		f->state = SSE_SKIP;
	}
}

static void sse_name(struct framing *f, const u8 *p, size_t n)
{
	size_t room = sizeof(f->name) - f->name_n;

	if (n > room)
		n = room;
	memcpy(f->name + f->name_n, p, n);
	f->name_n = (u8)(f->name_n + n);
}

/* The bytes up to the next line end, at most n. */
static size_t sse_run(const u8 *p, size_t n)
{
	const u8 *lf = memchr(p, '\n', n);
	size_t len = lf ? (size_t)(lf - p) : n;
	const u8 *cr = memchr(p, '\r', len);

	return cr ? (size_t)(cr - p) : len;
}

static size_t sse_bom_step(struct framing *f, const u8 *p, framing_unit_fn unit, void *arg)
{
	if (*p == (u8)sse_bom[f->field_n]) {
		if (++f->field_n == sizeof(sse_bom) - 1) {
			f->field_n = 0;
			f->state = SSE_FIELD;
		}
		return 1;
	}
	/* not a mark: a field name cannot start with these bytes, so nothing is lost */
	f->state = f->field_n ? SSE_SKIP : SSE_FIELD;
	f->field_n = 0;
	return 0;
}

/* Takes at least one byte, except when it only changes state. */
static size_t sse_step(struct framing *f, const u8 *p, size_t n, framing_unit_fn unit, void *arg)
{
	if (f->state == SSE_BOM)
		return sse_bom_step(f, p, unit, arg);
	if (*p == '\n' && f->is_after_cr) {
		f->is_after_cr = false;
		return 1;
	}
	f->is_after_cr = *p == '\r';
	if (*p == '\r' || *p == '\n') {
		sse_line_end(f, unit, arg);
		return 1;
	}
	if (f->state == SSE_FIELD) {
		sse_field(f, *p, unit, arg);
		return 1;
	}
	if (f->state == SSE_DATA_SPACE || f->state == SSE_EVENT_SPACE) {
		f->state++;
		return *p == ' ';
	}

	size_t run = sse_run(p, n);

	if (f->state == SSE_DATA)
		unit(arg, UNIT_DATA, (struct str){(const char *)p, run});
	else if (f->state == SSE_EVENT)
		sse_name(f, p, run);
	return run;
}

/* --- lines --- */

static size_t ndjson_step(struct framing *f, const u8 *p, size_t n, framing_unit_fn unit, void *arg)
{
	const u8 *lf = memchr(p, '\n', n);
	size_t len = lf ? (size_t)(lf - p) : n, blank = 0;

	while (!f->in_unit && blank < len && (p[blank] == ' ' || p[blank] == '\r'))
		blank++;
	if (blank < len && f->state == NDJSON_LINE) {
		if (!f->in_unit)
			framing_begin(f, STR(""), unit, arg);
		unit(arg, UNIT_DATA, (struct str){(const char *)p + blank, len - blank});
	}
	if (!lf)
		return n;
	framing_finish(f, UNIT_END, unit, arg);
	f->state = NDJSON_LINE;
	return len + 1;
}

/* --- the whole --- */

static void whole_begin(struct framing *f, framing_unit_fn unit, void *arg)
{
	if (f->in_unit)
		return;
	framing_begin(f, STR(""), unit, arg);
	if (f->field_n)
		unit(arg, UNIT_DATA, (struct str){f->field, f->field_n});
}

/*
 * Some servers and proxies label a stream as JSON, or not at all. No JSON begins with these, so a
 * body that does is one of events, whatever its label says.
 */
static bool whole_is_sse_so_far(const char *p, size_t n)
{
	return memcmp(p, "data:", n < 5 ? n : 5) == 0 || memcmp(p, "event:", n) == 0;
}

static size_t whole_sniff(struct framing *f, const u8 *p, framing_unit_fn unit, void *arg)
{
	char held[sizeof("event:") - 1];
	size_t n = f->field_n;

	memcpy(held, f->field, n);
	held[n++] = (char)*p;
	if (!whole_is_sse_so_far(held, n)) {
		whole_begin(f, unit, arg);
		return 0;
	}
	if (held[n - 1] == ':') {
		framing_init(f, FRAMING_SSE);
		framing_feed(f, (const u8 *)held, n, unit, arg);
		return 1;
	}
	f->field[f->field_n++] = (char)*p;
	return 1;
}

static size_t whole_step(struct framing *f, const u8 *p, size_t n, framing_unit_fn unit, void *arg)
{
	if (f->is_broken)
		return n;
	if (!f->in_unit && f->may_be_events)
		return whole_sniff(f, p, unit, arg);
	whole_begin(f, unit, arg);
	unit(arg, UNIT_DATA, (struct str){(const char *)p, n});
	return n;
}

/* --- public --- */

void framing_feed(struct framing *f, const u8 *p, size_t n, framing_unit_fn unit, void *arg)
{
	size_t at = 0;

	while (at < n) {
		if (f->kind == FRAMING_SSE)
			at += sse_step(f, p + at, n - at, unit, arg);
		else if (f->kind == FRAMING_NDJSON)
			at += ndjson_step(f, p + at, n - at, unit, arg);
		else if (f->kind == FRAMING_WHOLE)
			at += whole_step(f, p + at, n - at, unit, arg);
		else
			return;
	}
}

void framing_gap(struct framing *f, bool is_policy, framing_unit_fn unit, void *arg)
{
	if (f->kind == FRAMING_WHOLE && !f->is_broken && f->field_n)
		whole_begin(f, unit, arg);
	if (f->kind == FRAMING_WHOLE && is_policy && !f->is_broken) {
		whole_begin(f, unit, arg);
		unit(arg, UNIT_POLICY, STR(""));
		return;
	}
	framing_finish(f, UNIT_BROKEN, unit, arg);
	f->is_broken = true;
	f->is_after_cr = false;
	f->field_n = f->name_n = 0;
	/* Servers write whole events, so what follows a gap mostly starts a line. */
	f->state = f->kind == FRAMING_SSE ? SSE_FIELD : NDJSON_LOST;
}

void framing_end(struct framing *f, bool is_complete, framing_unit_fn unit, void *arg)
{
	if (f->kind == FRAMING_WHOLE && !f->is_broken && f->field_n)
		whole_begin(f, unit, arg);

	bool at_line_start = f->kind == FRAMING_SSE && f->state == SSE_FIELD && f->field_n == 0;

	/* the last line of a stream may lack its line end */
	if (is_complete && f->kind == FRAMING_SSE && f->state == SSE_FIELD && f->field_n)
		sse_line_end(f, unit, arg);
	framing_finish(f, is_complete || at_line_start ? UNIT_END : UNIT_BROKEN, unit, arg);
}

enum http_framing framing_of(struct str type)
{
	static const struct str lines[] = {
		{"application/x-ndjson", 20}, {"application/ndjson", 18}, {"application/jsonl", 17},
		{"application/x-jsonl", 19}, {"application/stream+json", 23},
		{"application/json-lines", 22}, {"application/jsonlines", 21},
	};

	type = str_trim(str_cut(type, 0, str_find_char(type, ';')));
	if (str_eq_nocase(type, STR("text/event-stream")))
		return FRAMING_SSE;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (str_eq_nocase(type, lines[i]))
			return FRAMING_NDJSON;
	return FRAMING_WHOLE;
}
