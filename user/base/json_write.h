/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON text into a struct buf: compact, one line, always valid UTF-8.
 *
 * The writer sets commas and colons; the caller keeps objects and arrays balanced (asserted) and no
 * deeper than JSON_WRITE_DEPTH. A full buffer shows in buf.failed, to be checked once at the end.
 * Text may be anything: an invalid byte becomes U+FFFD, and so does NUL, which many readers refuse
 * even escaped; control characters (C1 and line separators
 * too, so that a line stays a line on every terminal) are escaped.
 */
#ifndef TOLLTAP_JSON_WRITE_H
#define TOLLTAP_JSON_WRITE_H

#include "base/buf.h"

#define JSON_WRITE_DEPTH 32

struct json_write {
	struct buf *out;
	u32 has_item;			/* bit per depth: a comma is due */
	u32 depth;
	bool is_after_key;
};

void json_write_init(struct json_write *w, struct buf *out);

void json_write_open(struct json_write *w, char bracket);	/* '{' or '[' */
void json_write_close(struct json_write *w, char bracket);	/* '}' or ']' */
void json_write_key(struct json_write *w, struct str key);
void json_write_str(struct json_write *w, struct str s);	/* absent s: null */
void json_write_u64(struct json_write *w, u64 v);
void json_write_s64(struct json_write *w, s64 v);
void json_write_bool(struct json_write *w, bool v);
void json_write_raw(struct json_write *w, struct str json);	/* a value that is JSON already */

#endif
