/* SPDX-License-Identifier: Apache-2.0 */
/* Which texts from the wire may stand in a call: short, clean, copied once. */
#include "llm/state.h"

/* Bytes of the UTF-8 sequence at p, or 0 when it is none (overlong forms, surrogates). */
static size_t utf8_len(const u8 *p, size_t n)
{
	static const struct {
		u8 mask, head;
		u32 min;
	} forms[] = {
		{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000},
	};

	for (size_t len = 1; len <= ARRAY_LEN(forms) && len <= n; len++) {
		if ((p[0] & forms[len - 1].mask) != forms[len - 1].head)
			continue;

		u32 code = p[0] & (u8)~forms[len - 1].mask;

		for (size_t i = 1; i < len; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (p[i] & 0x3f);
		}
		return code < forms[len - 1].min || code > 0x10ffff || (code & ~0x7ffu) == 0xd800
			       ? 0
			       : len;
	}
	return 0;
}

static bool is_clean(struct str text)
{
	const u8 *p = (const u8 *)text.p;
	size_t len;

	for (size_t i = 0; i < text.n; i += len) {
		if (p[i] < 0x20 || p[i] == 0x7f)
			return false;
		len = utf8_len(p + i, text.n - i);
		if (!len)
			return false;
	}
	return true;
}

u64 state_hash(u64 h, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (u8)text.p[i]) * 0x100000001b3ull;
	return h;
}

struct str state_text(struct llm_state *s, struct str text)
{
	if (!text.n || text.n > LLM_TEXT_MAX || !is_clean(text))
		return STR_NONE;
	return arena_dup(s->arena, text);
}

void state_set(struct llm_state *s, struct str *dst, struct str text)
{
	struct str copy;

	if (!text.n || str_eq(*dst, text))
		return;
	copy = state_text(s, text);
	if (copy.p)
		*dst = copy;
}

void state_take(struct llm_state *s, struct str *dst, const struct json_event *e)
{
	if (e->type == JSON_T_STRING && !e->is_cut)
		state_set(s, dst, e->text);
}
