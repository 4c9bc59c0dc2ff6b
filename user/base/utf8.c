/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 after table 3-7 of the Unicode standard. */
#include "base/utf8.h"

/* Length that the first byte announces, its payload bits, and the smallest value of that length. */
static size_t utf8_length(u8 first, u32 *ret_bits, u32 *ret_least)
{
	static const struct {
		u8 mask, lead;
		u32 least;
	} forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800},
		     {0xf8, 0xf0, 0x10000}};

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if ((first & forms[i].mask) == forms[i].lead) {
			*ret_bits = first & (u8)~forms[i].mask;
			*ret_least = forms[i].least;
			return i + 1;
		}
	}
	return 0;
}

static u32 utf8_decode(struct str s, size_t *ret_n)
{
	u32 value, least;
	size_t n = utf8_length((u8)s.p[0], &value, &least);

	if (n == 0 || n > s.n)
		return UTF8_INVALID;
	for (size_t i = 1; i < n; i++) {
		if (((u8)s.p[i] & 0xc0) != 0x80)
			return UTF8_INVALID;
		value = value << 6 | ((u8)s.p[i] & 0x3f);
	}
	if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return UTF8_INVALID;
	*ret_n = n;
	return value;
}

u32 utf8_next(struct str *rest, struct str *ret_bytes)
{
	size_t n = 1;
	u32 value = utf8_decode(*rest, &n);

	*ret_bytes = (struct str){rest->p, n};
	*rest = (struct str){rest->p + n, rest->n - n};
	return value;
}

bool utf8_is_valid(struct str s)
{
	struct str bytes;

	while (s.n)
		if (utf8_next(&s, &bytes) == UTF8_INVALID)
			return false;
	return true;
}
