/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads chosen values out of JSON while it streams by: a push parser without a document.
 *
 * A set of paths is compiled once (`usage.prompt_tokens`, `choices[].finish_reason`, `a.*.b`). Feed
 * bytes, cut anywhere; an event fires for every watched scalar, and at begin and end of every
 * watched object and array. Whatever is not on the way to a watched path is skipped at memory
 * speed and checked for balance only. Text inside strings is never taken for structure, so a
 * prompt that imitates a usage object matches nothing.
 *
 * Key matching is by decoded text ("\u0075sage" is "usage"). A key that occurs twice fires twice,
 * in the order of the document: the consumer lets the last win. Where an object has both a named
 * key and `*` at the same place, the name is taken.
 *
 * Bad at: values longer than JSON_VALUE_MAX (cut, and marked so), numbers (given as their text).
 * Holds no heap memory; never recurses; nesting past JSON_DEPTH_MAX is followed by a counter alone.
 */
#ifndef TOLLTAP_JSON_H
#define TOLLTAP_JSON_H

#include "base/limits.h"
#include "base/str.h"

/*
 * One watched path; tag is the caller's and comes back with the event. A streamed string comes in
 * pieces as it fills the buffer, and is never cut: JSON_T_PART ... JSON_T_STRING (the last one).
 */
struct json_path {
	const char *path;
	u32 tag;
	bool is_streamed;
};

struct json_paths;

/*
 * Compiles n paths; they may be freed afterwards. NULL when memory is out. The set is immutable,
 * and any number of parsers may share it. Paths have fewer than JSON_PATH_DEPTH_MAX steps
 * (asserted).
 */
struct json_paths *json_paths_new(const struct json_path *paths, size_t n);
void json_paths_free(struct json_paths *set);		/* NULL is fine */

enum json_type {
	JSON_T_NULL,
	JSON_T_TRUE,
	JSON_T_FALSE,
	JSON_T_NUMBER,		/* text: as written */
	JSON_T_STRING,		/* text: unescaped; a lone surrogate becomes U+FFFD */
	JSON_T_PART,		/* text: of a streamed string that goes on */
	JSON_T_OBJECT,		/* begins */
	JSON_T_ARRAY,		/* begins */
	JSON_T_OBJECT_END,
	JSON_T_ARRAY_END,
};

struct json_event {
	u32 tag;
	enum json_type type;
	bool is_cut;		/* text is only the first JSON_VALUE_MAX bytes */
	struct str text;	/* borrowed for the callback; of NUMBER, STRING and PART */
};

typedef void (*json_event_fn)(void *arg, const struct json_event *e);

/* Containers that are followed by name. */
#define JSON_PATH_DEPTH_MAX 12

/* Embedded by its user; the fields are private. */
struct json {
	const struct json_paths *set;
	json_event_fn on_event;
	void *arg;
	const char *dead;		/* why, or NULL */
	u64 kinds;			/* bit per depth: 1 object, 0 array */
	u32 depth;			/* open containers */
	u32 skip_base;			/* the depth of the container that is being skipped */
	u32 text_len;
	u16 node[JSON_PATH_DEPTH_MAX + 1];	/* the container at each depth; 0: not watched */
	u16 value_node;			/* of the value that is next; 0: not watched */
	u16 high;			/* a high surrogate that waits for its other half */
	u16 code;			/* \u being read */
	u8 code_left;
	u8 state;
	u8 number;			/* state within a number */
	u8 literal;			/* 't', 'f', 'n' ... */
	bool is_key;
	bool is_kept;			/* the string is wanted */
	bool is_cut;
	char text[JSON_VALUE_MAX];
};

void json_init(struct json *j, const struct json_paths *set, json_event_fn on_event, void *arg);
void json_reset(struct json *j);			/* for the next document */

/* 0, or -EINVAL once dead; no event follows death. */
int json_feed(struct json *j, const char *p, size_t n);

/* Bytes are missing here. Nothing after them has a known place, so this is the end: dead. */
void json_gap(struct json *j);

/* The document ends here. 0 when it was one whole value, else -EINVAL (json_dead says why). */
int json_finish(struct json *j);

const char *json_dead(const struct json *j);		/* static text, or NULL while alive */

#endif
