/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a form, as they come:
 *
 *	--X\r\n
 *	Content-Disposition: form-data; name="model"\r\n
 *	\r\n
 *	whisper-1\r\n
 *	--X--\r\n
 *
 *	BETWEEN --boundary--> BEHIND --"--"--> OVER
 *	   ^                   ^  |
 *	   |           boundary|  +--line end--> HEAD --blank line--> DATA
 *	   +--head too long----|------------------+                     |
 *	                       +----------------------------------------+
 *
 * A boundary's first byte, CR, stands nowhere else in it: what breaks off a match is never the
 * middle of another.
 */
#include "http/multipart.h"

enum multipart_state {
	PART_BETWEEN,		/* before the first boundary, or lost */
	PART_BEHIND,		/* behind a boundary, on its line */
	PART_HEAD,
	PART_DATA,
	PART_OVER,
};

/* --- boundaries ------------------------------------------------------------------------------ */

static bool boundary_is_clean(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return s.n > 0 && s.n <= MULTIPART_BOUNDARY_MAX;
}

/* The value of `name=` in `a; name=value; other="quoted"`; STR_NONE when it is not there. */
static struct str header_parameter(struct str header, struct str name)
{
	struct str part;

	str_next(&header, ';', &part);
	while (header.n) {
		struct str rest = str_trim(header), value;
		size_t equals = str_find_char(rest, '=');
		bool is_ours = str_eq_nocase(str_trim(str_cut(rest, 0, equals)), name);

		value = str_trim(str_cut(rest, equals + 1, rest.n));
		if (value.n && value.p[0] == '"') {
			value = str_cut(value, 1, value.n);

			size_t quote = str_find_char(value, '"');

			header = str_cut(value, quote + 1, value.n);
			value = str_cut(value, 0, quote);
			str_next(&header, ';', &part);
		} else {
			size_t end = str_find_char(value, ';');

			header = str_cut(value, end + 1, value.n);
			value = str_trim(str_cut(value, 0, end));
		}
		if (is_ours)
			return value;
	}
	return STR_NONE;
}

bool multipart_init(struct multipart *m, struct str content_type)
{
	struct str boundary = header_parameter(content_type, STR("boundary"));

	*m = (struct multipart){.matched = 2, .assumed = 2};	/* the first starts the body */
	if (!boundary_is_clean(boundary))
		return false;
	memcpy(m->boundary, "\r\n--", 4);
	memcpy(m->boundary + 4, boundary.p, boundary.n);
	m->boundary_n = (u8)(4 + boundary.n);
	return true;
}

/* --- heads ----------------------------------------------------------------------------------- */

/* Content-Disposition: form-data; name="file"; filename="a.mp3" */
static void head_line(struct multipart *m)
{
	struct str line = {m->line, m->line_n};
	size_t colon = str_find_char(line, ':');
	struct str value = str_cut(line, colon + 1, line.n), name;

	if (!str_eq_nocase(str_trim(str_cut(line, 0, colon)), STR("content-disposition")))
		return;
	name = header_parameter(value, STR("name"));
	m->name_n = (u8)(name.n < sizeof(m->name) ? name.n : sizeof(m->name));
	memcpy(m->name, name.p ? name.p : "", m->name_n);
	m->is_file = header_parameter(value, STR("filename")).p ||
		     header_parameter(value, STR("filename*")).p;
}

static void head_line_end(struct multipart *m, struct units *to)
{
	if (m->line_n && m->line[m->line_n - 1] == '\r')
		m->line_n--;
	if (m->line_n == 0) {
		units_begin(to, m->is_file ? UNIT_F_FILE : 0, (struct str){m->name, m->name_n});
		m->state = PART_DATA;
		m->matched = m->assumed = 2;	/* a boundary may follow at once */
		return;
	}
	head_line(m);
	m->line_n = 0;
	if (++m->lines == HTTP_PART_LINES_MAX)
		m->state = PART_BETWEEN;
}

static size_t part_head(struct multipart *m, const u8 *p, size_t n, struct units *to)
{
	const u8 *lf = memchr(p, '\n', n);
	size_t len = lf ? (size_t)(lf - p) : n, room = sizeof(m->line) - m->line_n;
	size_t keep = len < room ? len : room;

	memcpy(m->line + m->line_n, p, keep);
	m->line_n = (u16)(m->line_n + keep);
	if (!lf)
		return n;
	head_line_end(m, to);
	return len + 1;
}

/* --- data ------------------------------------------------------------------------------------ */

static void part_bytes(struct multipart *m, const u8 *p, size_t n, struct units *to)
{
	if (to->in_unit && !(to->flags & UNIT_F_FILE))
		units_data(to, p, n);
}

/* Gives out what looked like a boundary and was none. */
static void part_unmatch(struct multipart *m, struct units *to)
{
	part_bytes(m, (const u8 *)m->boundary + m->assumed, (size_t)m->matched - m->assumed, to);
	m->matched = m->assumed = 0;
}

static size_t part_data(struct multipart *m, const u8 *p, size_t n, struct units *to)
{
	size_t at = 0;

	if (m->matched == 0) {
		const u8 *cr = memchr(p, '\r', n);

		at = cr ? (size_t)(cr - p) : n;
		part_bytes(m, p, at, to);
		if (!cr)
			return n;
	}
	if (p[at] != (u8)m->boundary[m->matched]) {
		part_unmatch(m, to);
		return at;
	}
	if (++m->matched < m->boundary_n)
		return at + 1;
	units_finish(to, UNIT_END);
	m->state = PART_BEHIND;
	m->matched = m->assumed = 0;
	m->line_n = 0;
	return at + 1;
}

/* "--" is the end; blanks and a line end lead to the next head. */
static size_t part_behind(struct multipart *m, u8 c)
{
	if (c == '\n') {
		m->state = PART_HEAD;
		m->line_n = m->name_n = m->lines = 0;
		m->is_file = false;
	} else if (c == '-' && ++m->line_n == 2) {
		m->state = PART_OVER;
	} else if (c != '-' && c != ' ' && c != '\t' && c != '\r') {
		m->state = PART_BETWEEN;	/* a longer boundary of another form */
	}
	return 1;
}

void multipart_feed(struct multipart *m, const u8 *p, size_t n, struct units *to)
{
	for (size_t at = 0; at < n && m->state != PART_OVER;) {
		if (m->state == PART_BEHIND)
			at += part_behind(m, p[at]);
		else if (m->state == PART_HEAD)
			at += part_head(m, p + at, n - at, to);
		else
			at += part_data(m, p + at, n - at, to);
	}
}

void multipart_gap(struct multipart *m, struct units *to)
{
	units_finish(to, UNIT_BROKEN);
	if (m->state != PART_OVER)
		m->state = PART_BETWEEN;
	m->matched = m->assumed = 0;
}

void multipart_end(struct multipart *m, bool is_complete, struct units *to)
{
	units_finish(to, UNIT_BROKEN);		/* a part that is whole was ended by its boundary */
}
