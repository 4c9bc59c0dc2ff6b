/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events, as they come:
 *
 *	event: message_delta\n          FIELD --"event:"--> EVENT_SPACE --> EVENT --+
 *	data: {"usage":{...}}\n           |  \--"data:"---> DATA_SPACE ---> DATA ---+
 *	: keep-alive\n                    |  \--other-----> SKIP -------------------+
 *	\n                                +--blank line: the unit ends              |
 *	                                  ^--------------- CR, LF or CR LF ---------+
 */
#include "http/sse.h"

enum sse_state {
	SSE_BOM,		/* the very first bytes */
	SSE_FIELD,		/* at a line's start, or in its field name */
	SSE_SKIP,
	SSE_DATA_SPACE,		/* behind "data:"; one space may follow */
	SSE_DATA,
	SSE_EVENT_SPACE,
	SSE_EVENT,
};

static const char sse_bom[] = "\xef\xbb\xbf";

static bool sse_field_is(const struct sse *s, const char *name, size_t n)
{
	return s->field_n == n && memcmp(s->field, name, n) == 0;
}

static void sse_data_begin(struct sse *s, struct units *to)
{
	if (to->in_unit)
		units_data(to, (const u8 *)"\n", 1);
	else
		units_begin(to, 0, (struct str){s->name, s->name_n});
}

static void sse_line_end(struct sse *s, struct units *to)
{
	if (s->state == SSE_FIELD && s->field_n == 0) {
		units_finish(to, UNIT_END);
		s->name_n = 0;
	} else if (s->state == SSE_FIELD && sse_field_is(s, "data", 4)) {
		sse_data_begin(s, to);	/* a field without colon has an empty value */
	}
	s->state = SSE_FIELD;
	s->field_n = 0;
}

/* One byte of a field's name. */
static void sse_field(struct sse *s, u8 c, struct units *to)
{
	if (c != ':') {
		if (s->field_n == sizeof(s->field))
			s->state = SSE_SKIP;
		else
			s->field[s->field_n++] = (char)c;
	} else if (sse_field_is(s, "data", 4)) {
		sse_data_begin(s, to);
		s->state = SSE_DATA_SPACE;
	} else if (sse_field_is(s, "event", 5)) {
		s->name_n = 0;
		s->state = SSE_EVENT_SPACE;
	} else {
		s->state = SSE_SKIP;
	}
}

static void sse_name(struct sse *s, const u8 *p, size_t n)
{
	size_t room = sizeof(s->name) - s->name_n;

	if (n > room)
		n = room;
	memcpy(s->name + s->name_n, p, n);
	s->name_n = (u8)(s->name_n + n);
}

/* The bytes up to the next line end, at most n. */
static size_t sse_run(const u8 *p, size_t n)
{
	const u8 *lf = memchr(p, '\n', n);
	size_t len = lf ? (size_t)(lf - p) : n;
	const u8 *cr = memchr(p, '\r', len);

	return cr ? (size_t)(cr - p) : len;
}

static size_t sse_bom_step(struct sse *s, const u8 *p)
{
	if (*p == (u8)sse_bom[s->field_n]) {
		if (++s->field_n == sizeof(sse_bom) - 1) {
			s->field_n = 0;
			s->state = SSE_FIELD;
		}
		return 1;
	}
	/* not a mark: a field name cannot start with these bytes, so nothing is lost */
	s->state = s->field_n ? SSE_SKIP : SSE_FIELD;
	s->field_n = 0;
	return 0;
}

/* Takes at least one byte, except when it only changes state. */
static size_t sse_step(struct sse *s, const u8 *p, size_t n, struct units *to)
{
	if (s->state == SSE_BOM)
		return sse_bom_step(s, p);
	if (*p == '\n' && s->is_after_cr) {
		s->is_after_cr = false;
		return 1;
	}
	s->is_after_cr = *p == '\r';
	if (*p == '\r' || *p == '\n') {
		sse_line_end(s, to);
		return 1;
	}
	if (s->state == SSE_FIELD) {
		sse_field(s, *p, to);
		return 1;
	}
	if (s->state == SSE_DATA_SPACE || s->state == SSE_EVENT_SPACE) {
		s->state++;
		return *p == ' ';
	}

	size_t run = sse_run(p, n);

	if (s->state == SSE_DATA)
		units_data(to, p, run);
	else if (s->state == SSE_EVENT)
		sse_name(s, p, run);
	return run;
}

void sse_feed(struct sse *s, const u8 *p, size_t n, struct units *to)
{
	for (size_t at = 0; at < n;)
		at += sse_step(s, p + at, n - at, to);
}

void sse_gap(struct sse *s, struct units *to)
{
	units_finish(to, UNIT_BROKEN);
	s->is_after_cr = false;
	s->field_n = s->name_n = 0;
	s->state = SSE_FIELD;	/* servers write whole events: what follows mostly starts a line */
}

void sse_end(struct sse *s, bool is_complete, struct units *to)
{
	bool at_line_start = s->state == SSE_FIELD && s->field_n == 0;

	/* the last line of a stream may lack its line end */
	if (is_complete && s->state == SSE_FIELD && s->field_n)
		sse_line_end(s, to);
	units_finish(to, is_complete || at_line_start ? UNIT_END : UNIT_BROKEN);
}
