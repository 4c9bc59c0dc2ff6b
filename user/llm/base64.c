/* SPDX-License-Identifier: Apache-2.0 */
/* Six bits at a time. */
#include "llm/base64.h"

#include <assert.h>

void base64_init(struct base64 *b)
{
	*b = (struct base64){0};
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

size_t base64_feed(struct base64 *b, struct str text, char *ret)
{
	size_t n = 0;

	assert(text.n <= BASE64_OUT_MAX / 3 * 4);
	for (size_t i = 0; i < text.n && !b->is_over; i++) {
		int v = base64_value(text.p[i]);

		b->is_over = text.p[i] == '=';
		if (v < 0)
			continue;
		b->bits = b->bits << 6 | (u32)v;
		b->bit_cnt = (u8)(b->bit_cnt + 6);
		if (b->bit_cnt < 8)
			continue;
		b->bit_cnt = (u8)(b->bit_cnt - 8);
		ret[n++] = (char)(b->bits >> b->bit_cnt);
	}
	return n;
}
