/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The elements of one array, as they come:
 *
 *	[{"candidates":[...]}\n		OPEN --'['--> BETWEEN --"{", "["--> NESTED --last bracket--+
 *	,\r\n				                ^ | \------else---> SCALAR --comma---------+
 *	{"usageMetadata":{...}}\n	                | +--']'--> OVER <------']'---+            |
 *	]				                +----------------------------------------- +
 */
#include "http/json_array.h"

#include "base/scan.h"
#include "base/stats.h"

enum json_array_state {
	ARRAY_OPEN,
	ARRAY_BETWEEN,		/* before an element, or behind one */
	ARRAY_NESTED,		/* in an object or array */
	ARRAY_SCALAR,		/* in anything else; a string may hold a comma */
	ARRAY_OVER,
	ARRAY_LOST,
};

static bool array_is_blank(u8 c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Up to the end of the string, its quote included. */
static size_t array_text(struct json_array *a, const char *p, const char *end)
{
	const char *at = p;

	if (a->is_escaped)
		at++;
	a->is_escaped = false;
	at = scan_string(at, end);
	if (at == end)
		return (size_t)(at - p);
	a->is_text = *at != '"';
	a->is_escaped = *at == '\\';
	return (size_t)(at + 1 - p);
}

/* Up to the next quote or bracket, which is counted. */
static size_t array_brackets(struct json_array *a, const char *p, const char *end)
{
	const char *at = scan_skip(p, end);

	if (at == end)
		return (size_t)(at - p);
	if (*at == '"')
		a->is_text = true;
	else if (*at == '{' || *at == '[')
		a->depth++;
	else
		a->depth--;
	return (size_t)(at + 1 - p);
}

static size_t array_nested(struct json_array *a, const u8 *p, size_t n, struct units *to)
{
	const char *from = (const char *)p, *end = from + n;
	size_t at = 0;

	do
		at += a->is_text ? array_text(a, from + at, end) :
				   array_brackets(a, from + at, end);
	while (at < n && (a->depth || a->is_text));
	units_data(to, p, at);
	if (a->depth == 0 && !a->is_text) {
		units_finish(to, UNIT_END);
		a->state = ARRAY_BETWEEN;
	}
	return at;
}

static size_t array_scalar(struct json_array *a, const u8 *p, size_t n, struct units *to)
{
	size_t at = 0;

	while (at < n && (a->is_text || (p[at] != ',' && p[at] != ']'))) {
		if (a->is_text) {
			at += array_text(a, (const char *)p + at, (const char *)p + n);
			continue;
		}
		a->is_text = p[at++] == '"';
	}
	units_data(to, p, at);
	if (at < n) {
		units_finish(to, UNIT_END);
		a->state = ARRAY_BETWEEN;
	}
	return at;
}

static size_t array_between(struct json_array *a, u8 c, struct units *to)
{
	if (array_is_blank(c) || c == ',')
		return 1;
	if (c == ']') {
		a->state = ARRAY_OVER;
		return 1;
	}
	units_begin(to, 0, STR(""));
	a->state = c == '{' || c == '[' ? ARRAY_NESTED : ARRAY_SCALAR;
	a->depth = 0;
	return 0;
}

/* "\n,\n{" or "\n,\r\n{"; the brace is the next element's first byte. */
static size_t array_lost(struct json_array *a, u8 c)
{
	if (c == '{' && a->lost_n == 3) {
		a->state = ARRAY_BETWEEN;
		return 0;
	}
	stats_add(STAT_HTTP_UNIT_LOST_BYTES, 1);
	if (c == '\n')
		a->lost_n = a->lost_n == 2 ? 3 : 1;
	else if (c == ',' && (a->lost_n == 1 || a->lost_n == 3))
		a->lost_n = 2;
	else if (c != '\r')
		a->lost_n = 0;
	return 1;
}

static size_t array_step(struct json_array *a, const u8 *p, size_t n, struct units *to)
{
	switch (a->state) {
	case ARRAY_OPEN:
		a->state = *p == '[' ? ARRAY_BETWEEN : ARRAY_OPEN;
		return 1;
	case ARRAY_BETWEEN:
		return array_between(a, *p, to);
	case ARRAY_NESTED:
		return array_nested(a, p, n, to);
	case ARRAY_SCALAR:
		return array_scalar(a, p, n, to);
	case ARRAY_LOST:
		return array_lost(a, *p);
	default:
		return n;
	}
}

void json_array_feed(struct json_array *a, const u8 *p, size_t n, struct units *to)
{
	for (size_t at = 0; at < n;)
		at += array_step(a, p + at, n - at, to);
}

void json_array_gap(struct json_array *a, struct units *to)
{
	units_finish(to, UNIT_BROKEN);
	*a = (struct json_array){.state = a->state == ARRAY_OVER ? ARRAY_OVER : ARRAY_LOST};
}

void json_array_end(struct json_array *a, bool is_complete, struct units *to)
{
	units_finish(to, UNIT_BROKEN);		/* an element that is whole was ended by itself */
}
