/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP/1 message.
 *
 *	  +--> start line --> header line --+--> blank line --> is_done
 *	  |        |            |   ^       |
 *	 feed     dead        dead  +-------+   (a line past HTTP_LINE_MAX is skipped to its end)
 */
#include "http/h1.h"

#include <errno.h>

#include "base/limits.h"
#include "base/stats.h"

void h1_init(struct h1 *h)
{
	*h = (struct h1){.dead = NULL};
	buf_init(&h->line, HTTP_LINE_MAX);
}

void h1_fini(struct h1 *h)
{
	buf_fini(&h->line);
}

void h1_reset(struct h1 *h)
{
	h1_fini(h);
	h1_init(h);
}

static int h1_die(struct h1 *h, const char *why)
{
	h->dead = why;
	return -EPROTO;
}

/* --- start line --- */

static bool h1_is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool h1_is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!h1_is_token_char(s.p[i]))
			return false;
	return s.n > 0;
}

/* "HTTP/1.1" -> 11; 0 when it is something else */
static u16 h1_version(struct str s)
{
	if (s.n != 8 || !str_starts(s, STR("HTTP/1.")) || (s.p[7] != '0' && s.p[7] != '1'))
		return 0;
	return (u16)(10 + s.p[7] - '0');
}

/* HTTP/1.1 200 OK */
static int h1_status_line(struct h1 *h, struct str line, struct h1_start *start)
{
	if (line.n < 12)
		return h1_die(h, "status line too short");
	start->version = h1_version(str_cut(line, 0, 8));
	if (!start->version || line.p[8] != ' ' || (line.n > 12 && line.p[12] != ' '))
		return h1_die(h, "bad status line");
	for (int i = 9; i < 12; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return h1_die(h, "bad status code");
		start->status = (u16)(start->status * 10 + line.p[i] - '0');
	}
	if (start->status < 100)
		return h1_die(h, "bad status code");
	return 0;
}

/* POST /v1/chat/completions HTTP/1.1 */
static int h1_request_line(struct h1 *h, struct str line, struct h1_start *start)
{
	struct str rest = line;

	start->is_request = true;
	if (!str_next(&rest, ' ', &start->method) || !str_next(&rest, ' ', &start->target))
		return h1_die(h, "request line without target");
	start->version = rest.p ? h1_version(rest) : 0;
	if (!start->version)
		return h1_die(h, "bad version");
	if (!h1_is_token(start->method) || str_is_empty(start->target))
		return h1_die(h, "bad request line");
	return 0;
}

static int h1_start_line(struct h1 *h, struct str line, const struct h1_ops *ops, void *arg)
{
	struct h1_start start = {.is_request = false};
	int err = str_starts(line, STR("HTTP/")) ? h1_status_line(h, line, &start) :
						   h1_request_line(h, line, &start);

	if (!err && ops->on_start(arg, &start))
		err = h1_die(h, "message not taken");
	return err;
}

/* --- headers --- */

enum http_header h1_header_id(struct str name)
{
	static const struct str names[HTTP_H_MAX] = {
#define H1_NAME(id, text) [HTTP_H_##id] = {text, sizeof(text) - 1},
		HTTP_HEADERS(H1_NAME)
#undef H1_NAME
	};
	int id = 0;

	while (id < HTTP_H_MAX && !str_eq_nocase(names[id], name))
		id++;
	return (enum http_header)id;
}

/* "42" or, from a careless proxy, "42, 42" */
static int h1_content_length(struct h1 *h, struct str value)
{
	struct str part;
	u64 length;

	while (str_next(&value, ',', &part)) {
		if (str_to_u64(str_trim(part), &length) || length > INT64_MAX)
			return h1_die(h, "bad content-length");
		if (h->head.has_length && h->head.length != length)
			return h1_die(h, "content-lengths differ");
		h->head.has_length = true;
		h->head.length = length;
	}
	return 0;
}

static int h1_transfer_encoding(struct h1 *h, struct str value)
{
	struct str part;

	while (str_next(&value, ',', &part)) {
		part = str_trim(str_cut(part, 0, str_find_char(part, ';')));
		if (h->head.is_chunked)
			return h1_die(h, "chunked is not the last transfer coding");
		if (str_eq_nocase(part, STR("chunked")))
			h->head.is_chunked = true;
		else if (!str_is_empty(part) && !str_eq_nocase(part, STR("identity")))
			h->head.has_other_coding = true;
	}
	return 0;
}

static void h1_upgrade(struct h1 *h, struct str value)
{
	if (str_eq_nocase(value, STR("websocket")))
		h->head.upgrade = H1_UPGRADE_WEBSOCKET;
	else if (str_eq_nocase(value, STR("h2c")))
		h->head.upgrade = H1_UPGRADE_H2C;
	else
		h->head.upgrade = H1_UPGRADE_OTHER;
}

static bool h1_is_framing(struct str name)
{
	return str_eq_nocase(name, STR("content-length")) ||
	       str_eq_nocase(name, STR("transfer-encoding"));
}

static int h1_header(struct h1 *h, struct str name, struct str value, const struct h1_ops *ops,
		     void *arg)
{
	if (str_eq_nocase(name, STR("content-length")))
		return h1_content_length(h, value);
	if (str_eq_nocase(name, STR("transfer-encoding")))
		return h1_transfer_encoding(h, value);
	if (str_eq_nocase(name, STR("upgrade")))
		h1_upgrade(h, value);
	else if (str_eq_nocase(name, STR("expect")))
		h->head.expects_continue = str_eq_nocase(value, STR("100-continue"));

	enum http_header id = h1_header_id(name);

	if (id == HTTP_H_CONTENT_ENCODING) {
		h->head.has_two_encodings |= h->has_encoding;
		h->has_encoding = true;
	}
	if (id < HTTP_H_MAX)
		ops->on_header(arg, id, value);
	return 0;
}

static int h1_header_line(struct h1 *h, struct str line, const struct h1_ops *ops, void *arg)
{
	if (line.p[0] == ' ' || line.p[0] == '\t') {
		/* a folded value: obsolete; what it would add to a header we keep is not needed */
		return h->has_framing ? h1_die(h, "folded framing header") : 0;
	}

	size_t colon = str_find_char(line, ':');

	if (colon == line.n)
		return h1_die(h, "header without colon");

	struct str name = {line.p, colon};
	struct str bare = str_trim(name);

	h->has_framing = h1_is_framing(bare);
	if (bare.n != name.n || !h1_is_token(name))
		return h->has_framing ? h1_die(h, "blank in a framing header's name") : 0;
	return h1_header(h, name, str_trim(str_cut(line, colon + 1, line.n)), ops, arg);
}

/* --- lines --- */

static bool h1_ends_in_cr(struct str line)
{
#ifdef TOLLTAP_PLANT_H1
	/* planted by tests/fuzz/planted/run: an empty line is not thought of */
	return *(line.p + line.n - 1) == '\r';
#else
	return line.n && line.p[line.n - 1] == '\r';
#endif
}

static int h1_line(struct h1 *h, struct str line, const struct h1_ops *ops, void *arg)
{
	if (h1_ends_in_cr(line))
		line.n--;
	if (h->lines == 0 && line.n == 0)
		return 0;		/* an empty line before a message is allowed */
	if (line.n && memchr(line.p, '\0', line.n))
		return h1_die(h, "NUL in head");
	if (h->lines > HTTP_HEADERS_MAX)
		return h1_die(h, "too many header lines");
	if (h->lines++ == 0)
		return h1_start_line(h, line, ops, arg);
	if (line.n == 0) {
		h->is_done = true;
		return 0;
	}
	return h1_header_line(h, line, ops, arg);
}

/* An over-long line is skipped, unless it could say where the body ends. */
static int h1_line_too_long(struct h1 *h)
{
	struct str line = buf_str(&h->line);

	stats_add(STAT_HTTP_HEAD_TOO_LONG, 1);
	if (h->lines == 0)
		return h1_die(h, "start line too long");
	if (h1_is_framing(str_trim(str_cut(line, 0, str_find_char(line, ':')))))
		return h1_die(h, "framing header too long");
	h->is_skipping = true;
	h->lines++;
	buf_fini(&h->line);
	return 0;
}

/* The end of a line that began in an earlier piece. */
static int h1_line_rest(struct h1 *h, const u8 *p, size_t n, const struct h1_ops *ops, void *arg)
{
	int err = buf_append(&h->line, p, n);

	if (err)
		return err == -ENOMEM ? h1_die(h, "memory is out") : h1_line_too_long(h);
	err = h1_line(h, buf_str(&h->line), ops, arg);
	buf_clear(&h->line);
	return err;
}

size_t h1_feed(struct h1 *h, const u8 *p, size_t n, const struct h1_ops *ops, void *arg)
{
	size_t at = 0;

	while (at < n && !h->is_done && !h->dead) {
		const u8 *lf = memchr(p + at, '\n', n - at);
		size_t len = lf ? (size_t)(lf - p) - at : n - at;

		if (h->is_skipping) {
			h->is_skipping = !lf;
		} else if (lf && h->line.n == 0 && len <= HTTP_LINE_MAX) {
			h1_line(h, (struct str){(const char *)p + at, len}, ops, arg);
		} else if (lf) {
			h1_line_rest(h, p + at, len, ops, arg);
			h->is_skipping = false;
		} else if (buf_append(&h->line, p + at, len)) {
			h1_line_too_long(h);
		}
		at += len + (lf ? 1 : 0);
	}
	return at;
}
