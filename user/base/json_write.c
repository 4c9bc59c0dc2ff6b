/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text out, for NDJSON, ledger columns, reports and the console exporter. */
#include "base/json_write.h"

#include <assert.h>
#include <inttypes.h>

#include "base/utf8.h"

void json_write_init(struct json_write *w, struct buf *out)
{
	*w = (struct json_write){.out = out};
}

/* What stands before a value or a key: a comma, unless it is the first or follows its key. */
static void json_write_lead(struct json_write *w)
{
	if (w->is_after_key)
		w->is_after_key = false;
	else if (w->has_item >> w->depth & 1)
		buf_append_char(w->out, ',');
	w->has_item |= 1u << w->depth;
}

void json_write_open(struct json_write *w, char bracket)
{
	json_write_lead(w);
	assert(w->depth + 1 < JSON_WRITE_DEPTH);
	w->depth++;
	w->has_item &= ~(1u << w->depth);
	buf_append_char(w->out, bracket);
}

void json_write_close(struct json_write *w, char bracket)
{
	assert(w->depth > 0 && !w->is_after_key);
	w->depth--;
	buf_append_char(w->out, bracket);
}

static void json_write_escape(struct buf *out, u32 c)
{
	static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i + 1 < sizeof(shorts); i += 2) {
		if (c == (u8)shorts[i]) {
			buf_append_char(out, '\\');
			buf_append_char(out, shorts[i + 1]);
			return;
		}
	}
	buf_printf(out, "\\u%04x", c);
}

static bool json_needs_escape(u32 c)
{
	return c < 0x20 || c == '"' || c == '\\' || (c >= 0x7f && c <= 0x9f) || c == 0x2028 ||
	       c == 0x2029;
}

static void json_write_text(struct buf *out, struct str s)
{
	struct str bytes;

	buf_append_char(out, '"');
	while (s.n) {
		u32 c = utf8_next(&s, &bytes);

		if (c == UTF8_INVALID || c == 0)
			buf_append_str(out, STR(UTF8_REPLACEMENT));
		else if (json_needs_escape(c))
			json_write_escape(out, c);
		else
			buf_append_str(out, bytes);
	}
	buf_append_char(out, '"');
}

void json_write_key(struct json_write *w, struct str key)
{
	json_write_lead(w);
	json_write_text(w->out, key);
	buf_append_char(w->out, ':');
	w->is_after_key = true;
}

void json_write_str(struct json_write *w, struct str s)
{
	json_write_lead(w);
	if (s.p)
		json_write_text(w->out, s);
	else
		buf_append_str(w->out, STR("null"));
}

void json_write_u64(struct json_write *w, u64 v)
{
	json_write_lead(w);
	buf_printf(w->out, "%" PRIu64, v);
}

void json_write_s64(struct json_write *w, s64 v)
{
	json_write_lead(w);
	buf_printf(w->out, "%" PRId64, v);
}

void json_write_bool(struct json_write *w, bool v)
{
	json_write_raw(w, v ? STR("true") : STR("false"));
}

void json_write_raw(struct json_write *w, struct str json)
{
	json_write_lead(w);
	buf_append_str(w->out, json);
}
