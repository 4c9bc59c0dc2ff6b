/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matcher: one function per state, each takes what it can of [p, end) and names the next state.
 *
 *           +-------------------------- ',' ---------------------------+
 *           v                                                          |
 *   KEY -> string -> COLON -> VALUE -> string | number | literal -> AFTER -> '}' ']'
 *                               |                                      ^
 *                               +-> '{' '[' watched: one level down    |
 *                               +-> '{' '[' not watched: SKIP ---------+
 */
#include "base/json_private.h"
#include "base/scan.h"

#include <assert.h>
#include <errno.h>

enum json_state {
	ST_VALUE,
	ST_VALUE_OR_END,	/* after '[' */
	ST_KEY,			/* after ',' in an object */
	ST_KEY_OR_END,		/* after '{' */
	ST_COLON,
	ST_AFTER,		/* a value has ended inside a container */
	ST_STRING,
	ST_ESCAPE,
	ST_UNICODE,
	ST_NUMBER,
	ST_LITERAL,
	ST_SKIP,		/* in a container that nobody watches */
	ST_SKIP_STRING,
	ST_SKIP_ESCAPE,
	ST_DONE,		/* only white space may follow */
	ST_DEAD,
	ST_MAX,
};

/* How far a number has got; those after NUM_OK_FROM may end there. */
enum json_number {
	NUM_MINUS,
	NUM_DOT,
	NUM_E,
	NUM_E_SIGN,
	NUM_OK_FROM,
	NUM_ZERO = NUM_OK_FROM,
	NUM_INT,
	NUM_FRAC,
	NUM_EXP,
};

void json_init(struct json *j, const struct json_paths *set, json_event_fn on_event, void *arg)
{
	j->set = set;
	j->on_event = on_event;
	j->arg = arg;
	json_reset(j);
}

void json_reset(struct json *j)
{
	j->dead = NULL;
	j->kinds = 0;
	j->depth = 0;
	j->high = 0;
	j->text_len = 0;
	j->value_node = JSON_NODE_ROOT;
	j->state = ST_VALUE;
}

const char *json_dead(const struct json *j)
{
	return j->dead;
}

/* Returns end, so that a state may `return json_die(...)`. */
static const char *json_die(struct json *j, const char *end, const char *why)
{
	j->dead = why;
	j->state = ST_DEAD;
	return end;
}

static void json_emit(struct json *j, u16 node, enum json_type type, struct str text)
{
	s64 tag = j->set->node[node].tag;
	struct json_event e = {.tag = (u32)tag, .type = type, .text = text};

	if (!node || tag == JSON_TAG_NONE)
		return;
	e.is_cut = type <= JSON_T_STRING && j->is_cut;
	j->on_event(j->arg, &e);
}

static bool json_is_watched(const struct json *j, u16 node)
{
	return node && j->set->node[node].tag != JSON_TAG_NONE;
}

/* --- containers ------------------------------------------------------------------------------ */

static bool json_in_object(const struct json *j)
{
	return j->depth && j->depth <= JSON_DEPTH_MAX && j->kinds >> (j->depth - 1) & 1;
}

static void json_push(struct json *j, bool is_object)
{
	if (j->depth < JSON_DEPTH_MAX) {
		j->kinds &= ~(1ull << j->depth);
		j->kinds |= (u64)is_object << j->depth;
	}
	j->depth++;
}

static void json_open(struct json *j, bool is_object)
{
	u16 id = j->value_node;
	const struct json_node *node = &j->set->node[id];
	bool has_more = is_object ? node->child || node->any : node->elem;

	json_emit(j, id, is_object ? JSON_T_OBJECT : JSON_T_ARRAY, STR(""));
	json_push(j, is_object);
	assert(j->depth <= JSON_PATH_DEPTH_MAX);	/* one level below the last watched one */
	j->node[j->depth] = id;
	if (id && has_more) {
		j->state = is_object ? ST_KEY_OR_END : ST_VALUE_OR_END;
		return;
	}
	j->skip_base = j->depth;
	j->state = ST_SKIP;
}

static void json_value_done(struct json *j)
{
	j->state = j->depth ? ST_AFTER : ST_DONE;
}

/* Past JSON_DEPTH_MAX the kinds are not known, so any bracket closes. */
static bool json_may_close(const struct json *j, bool is_object)
{
	return j->depth > JSON_DEPTH_MAX || json_in_object(j) == is_object;
}

static void json_close(struct json *j)
{
	bool is_object = json_in_object(j);
	u16 id = j->node[j->depth];

	j->is_cut = false;
	j->depth--;
	json_emit(j, id, is_object ? JSON_T_OBJECT_END : JSON_T_ARRAY_END, STR(""));
	json_value_done(j);
}

/* --- text ------------------------------------------------------------------------------------ */

/* What has been kept of a streamed string makes room for the rest. */
static void json_flush_text(struct json *j)
{
	json_emit(j, j->value_node, JSON_T_PART, (struct str){j->text, j->text_len});
	j->text_len = 0;
}

static void json_keep(struct json *j, const char *p, size_t n)
{
	size_t max = j->is_key ? JSON_KEY_MAX : JSON_VALUE_MAX;
	size_t room = max - j->text_len;

	while (n > room && !j->is_key && j->set->node[j->value_node].is_streamed) {
		memcpy(j->text + j->text_len, p, room);
		j->text_len += (u32)room;
		p += room;
		n -= room;
		json_flush_text(j);
		room = max;
	}
	if (n > room) {
		j->is_cut = true;
		n = room;
	}
	memcpy(j->text + j->text_len, p, n);
	j->text_len += (u32)n;
}

static void json_keep_code(struct json *j, u32 c)
{
	char s[4];

	if (c < 0x80) {
		s[0] = (char)c;
		json_keep(j, s, 1);
	} else if (c < 0x800) {
		s[0] = (char)(0xc0 | c >> 6);
		s[1] = (char)(0x80 | (c & 0x3f));
		json_keep(j, s, 2);
	} else if (c < 0x10000) {
		s[0] = (char)(0xe0 | c >> 12);
		s[1] = (char)(0x80 | (c >> 6 & 0x3f));
		s[2] = (char)(0x80 | (c & 0x3f));
		json_keep(j, s, 3);
	} else {
		s[0] = (char)(0xf0 | c >> 18);
		s[1] = (char)(0x80 | (c >> 12 & 0x3f));
		s[2] = (char)(0x80 | (c >> 6 & 0x3f));
		s[3] = (char)(0x80 | (c & 0x3f));
		json_keep(j, s, 4);
	}
}

/* A high surrogate whose other half did not come. */
static void json_flush_high(struct json *j)
{
	if (j->high)
		json_keep_code(j, 0xfffd);
	j->high = 0;
}

static void json_keep_unicode(struct json *j, u16 code)
{
	bool is_high = (code & 0xfc00) == 0xd800, is_low = (code & 0xfc00) == 0xdc00;

	if (is_low && j->high) {
		json_keep_code(j, 0x10000u + ((u32)(j->high & 0x3ff) << 10 | (code & 0x3ff)));
		j->high = 0;
		return;
	}
	json_flush_high(j);
	if (is_high)
		j->high = code;
	else
		json_keep_code(j, is_low ? 0xfffd : code);
}

static void json_text_start(struct json *j, bool is_key, bool is_kept)
{
	j->text_len = 0;
	j->is_cut = false;
	j->high = 0;
	j->is_key = is_key;
	j->is_kept = is_kept;
}

static bool json_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *json_skip_space(const char *p, const char *end)
{
	while (p < end && json_is_space(*p))
		p++;
	return p;
}

/* --- states ---------------------------------------------------------------------------------- */

static const char *st_value(struct json *j, const char *p, const char *end)
{
	p = json_skip_space(p, end);
	if (p == end)
		return p;

	char c = *p;

	if (c == '"') {
		json_text_start(j, false, json_is_watched(j, j->value_node));
		j->state = ST_STRING;
		return p + 1;
	}
	if (c == '{' || c == '[') {
		j->is_cut = false;
		json_open(j, c == '{');
		return p + 1;
	}
	json_text_start(j, false, true);
	if (c == '-' || (c >= '0' && c <= '9')) {
		json_keep(j, p, 1);
		j->number = c == '-' ? NUM_MINUS : c == '0' ? NUM_ZERO : NUM_INT;
		j->state = ST_NUMBER;
		return p + 1;
	}
	if (c == 't' || c == 'f' || c == 'n') {
		j->literal = (u8)c;
		j->text_len = 1;
		j->state = ST_LITERAL;
		return p + 1;
	}
	return json_die(j, end, "value expected");
}

static const char *st_value_or_end(struct json *j, const char *p, const char *end)
{
	p = json_skip_space(p, end);
	if (p < end && *p == ']') {
		json_close(j);
		return p + 1;
	}
	if (p < end) {
		j->value_node = j->set->node[j->node[j->depth]].elem;
		j->state = ST_VALUE;
	}
	return p;
}

static const char *st_key(struct json *j, const char *p, const char *end)
{
	p = json_skip_space(p, end);
	if (p == end)
		return p;
	if (*p != '"')
		return json_die(j, end, "key expected");
	json_text_start(j, true, true);
	j->state = ST_STRING;
	return p + 1;
}

static const char *st_key_or_end(struct json *j, const char *p, const char *end)
{
	p = json_skip_space(p, end);
	if (p < end && *p == '}') {
		json_close(j);
		return p + 1;
	}
	return st_key(j, p, end);
}

static const char *st_colon(struct json *j, const char *p, const char *end)
{
	p = json_skip_space(p, end);
	if (p == end)
		return p;
	if (*p != ':')
		return json_die(j, end, "':' expected");
	j->state = ST_VALUE;
	return p + 1;
}

static const char *st_after(struct json *j, const char *p, const char *end)
{
	p = json_skip_space(p, end);
	if (p == end)
		return p;

	bool in_object = json_in_object(j);

	if (*p == ',') {
		j->value_node = in_object ? 0 : j->set->node[j->node[j->depth]].elem;
		j->state = in_object ? ST_KEY : ST_VALUE;
		return p + 1;
	}
	if (*p != (in_object ? '}' : ']'))
		return json_die(j, end, "',' or end of container expected");
	json_close(j);
	return p + 1;
}

static void json_string_done(struct json *j)
{
	struct str text = {j->text, j->text_len};

	json_flush_high(j);
	text.n = j->text_len;
	if (j->is_key) {
		j->value_node = j->is_cut ? j->set->node[j->node[j->depth]].any
					  : json_paths_key(j->set, j->node[j->depth], text);
		j->state = ST_COLON;
		return;
	}
	json_emit(j, j->value_node, JSON_T_STRING, text);
	json_value_done(j);
}

/* Strings that are kept are short and few; the rest is only looked through. */
static const char *st_string(struct json *j, const char *p, const char *end)
{
	const char *stop = scan_string(p, end);

	if (j->is_kept && stop > p) {
		json_flush_high(j);
		for (const char *c = p; c < stop; c++)
			if ((u8)*c < 0x20)
				return json_die(j, end, "control character in a string");
		json_keep(j, p, (size_t)(stop - p));
	}
	if (stop == end)
		return end;
	if (*stop == '"')
		json_string_done(j);
	else
		j->state = ST_ESCAPE;
	return stop + 1;
}

static const char *st_escape(struct json *j, const char *p, const char *end)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = memchr(from, *p, sizeof(from) - 1);

	j->state = ST_STRING;
	if (*p == 'u') {
		j->state = ST_UNICODE;
		j->code = 0;
		j->code_left = 4;
	} else if (!at) {
		return json_die(j, end, "unknown escape");
	} else if (j->is_kept) {
		json_flush_high(j);
		json_keep(j, &to[at - from], 1);
	}
	return p + 1;
}

static const char *st_unicode(struct json *j, const char *p, const char *end)
{
	char c = *p, low = (char)(c | 0x20);
	int digit = c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;

	if (digit < 0)
		return json_die(j, end, "bad \\u escape");
	j->code = (u16)(j->code << 4 | digit);
	if (--j->code_left)
		return p + 1;
	if (j->is_kept)
		json_keep_unicode(j, j->code);
	j->state = ST_STRING;
	return p + 1;
}

/* The state after c, or -1 when c is not part of this number. */
static int json_number_next(u8 at, char c)
{
	bool is_digit = c >= '0' && c <= '9';
	bool is_e = c == 'e' || c == 'E';

	switch (at) {
	case NUM_MINUS:
		return !is_digit ? -1 : c == '0' ? NUM_ZERO : NUM_INT;
	case NUM_ZERO:
	case NUM_INT:
		if (is_digit)
			return at == NUM_INT ? NUM_INT : -1;
		return c == '.' ? NUM_DOT : is_e ? NUM_E : -1;
	case NUM_DOT:
	case NUM_FRAC:
		return is_digit ? NUM_FRAC : is_e && at == NUM_FRAC ? NUM_E : -1;
	case NUM_E:
		return is_digit ? NUM_EXP : c == '+' || c == '-' ? NUM_E_SIGN : -1;
	default:
		return is_digit ? NUM_EXP : -1;
	}
}

static void json_number_done(struct json *j)
{
	json_emit(j, j->value_node, JSON_T_NUMBER, (struct str){j->text, j->text_len});
	json_value_done(j);
}

static const char *st_number(struct json *j, const char *p, const char *end)
{
	const char *start = p;

	for (; p < end; p++) {
		int next = json_number_next(j->number, *p);

		if (next < 0)
			break;
		j->number = (u8)next;
	}
	json_keep(j, start, (size_t)(p - start));
	if (p == end)
		return p;
	if (j->number < NUM_OK_FROM)
		return json_die(j, end, "bad number");
	json_number_done(j);
	return p;
}

static const char *st_literal(struct json *j, const char *p, const char *end)
{
	static const char *const words[] = {"null", "true", "false"};
	int type = j->literal == 'n' ? JSON_T_NULL : j->literal == 't' ? JSON_T_TRUE : JSON_T_FALSE;
	const char *word = words[type];

	while (p < end && word[j->text_len]) {
		if (*p != word[j->text_len])
			return json_die(j, end, "value expected");
		j->text_len++;
		p++;
	}
	if (!word[j->text_len]) {
		json_emit(j, j->value_node, (enum json_type)type, STR(""));
		json_value_done(j);
	}
	return p;
}

static const char *st_skip(struct json *j, const char *p, const char *end)
{
	p = scan_skip(p, end);
	if (p == end)
		return p;
	if (*p == '"') {
		j->state = ST_SKIP_STRING;
		return p + 1;
	}
	if (*p == '{' || *p == '[') {
		if (j->depth == UINT32_MAX)
			return json_die(j, end, "nested too deep");
		json_push(j, *p == '{');
		return p + 1;
	}
	if (!json_may_close(j, *p == '}'))
		return json_die(j, end, "brackets do not match");
	if (j->depth == j->skip_base)
		json_close(j);
	else
		j->depth--;
	return p + 1;
}

static const char *st_skip_string(struct json *j, const char *p, const char *end)
{
	for (;;) {
		p = scan_string(p, end);
		if (p == end)
			return p;
		if (*p == '"') {
			j->state = ST_SKIP;
			return p + 1;
		}
		if (end - p < 2) {
			j->state = ST_SKIP_ESCAPE;
			return end;
		}
		p += 2;
	}
}

static const char *st_skip_escape(struct json *j, const char *p, const char *end)
{
	j->state = ST_SKIP_STRING;
	return p + 1;
}

static const char *st_done(struct json *j, const char *p, const char *end)
{
	p = json_skip_space(p, end);
	return p == end ? p : json_die(j, end, "more than one value");
}

static const char *st_dead(struct json *j, const char *p, const char *end)
{
	return end;
}

static const char *(*const json_states[ST_MAX])(struct json *j, const char *p, const char *end) = {
	[ST_VALUE] = st_value,
	[ST_VALUE_OR_END] = st_value_or_end,
	[ST_KEY] = st_key,
	[ST_KEY_OR_END] = st_key_or_end,
	[ST_COLON] = st_colon,
	[ST_AFTER] = st_after,
	[ST_STRING] = st_string,
	[ST_ESCAPE] = st_escape,
	[ST_UNICODE] = st_unicode,
	[ST_NUMBER] = st_number,
	[ST_LITERAL] = st_literal,
	[ST_SKIP] = st_skip,
	[ST_SKIP_STRING] = st_skip_string,
	[ST_SKIP_ESCAPE] = st_skip_escape,
	[ST_DONE] = st_done,
	[ST_DEAD] = st_dead,
};

int json_feed(struct json *j, const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end)
		p = json_states[j->state](j, p, end);
	return j->dead ? -EINVAL : 0;
}

void json_gap(struct json *j)
{
	if (!j->dead)
		json_die(j, NULL, "bytes are missing");
}

int json_finish(struct json *j)
{
	/* Only white space or the end of input tells where a lone number ends. */
	if (j->state == ST_NUMBER && !j->depth && j->number >= NUM_OK_FROM)
		json_number_done(j);
	if (j->state != ST_DONE && !j->dead)
		json_die(j, NULL, "ends too early");
	return j->dead ? -EINVAL : 0;
}
