/* SPDX-License-Identifier: Apache-2.0 */
/* String views: comparing, cutting and reading numbers without ever needing a terminator. */
#include "base/str.h"

#include <errno.h>

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_cut(s, 0, prefix.n), prefix);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq_nocase(str_cut(s, 0, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_cut(s, s.n - suffix.n, suffix.n), suffix);
}

bool str_ends_nocase(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq_nocase(str_cut(s, s.n - suffix.n, suffix.n), suffix);
}

bool str_contains(struct str s, struct str needle)
{
	return needle.n == 0 || (s.n >= needle.n && memmem(s.p, s.n, needle.p, needle.n));
}

struct str str_trim(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

struct str str_cut(struct str s, size_t from, size_t n)
{
	if (from >= s.n)
		return (struct str){s.p ? s.p + s.n : NULL, 0};
	if (n > s.n - from)
		n = s.n - from;
	return (struct str){s.p + from, n};
}

size_t str_find_char(struct str s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;

	return hit ? (size_t)(hit - s.p) : s.n;
}

bool str_next(struct str *rest, char sep, struct str *ret_part)
{
	if (!rest->p)
		return false;

	size_t at = str_find_char(*rest, sep);

	*ret_part = (struct str){rest->p, at};
	if (at == rest->n)
		*rest = STR_NONE;
	else
		*rest = (struct str){rest->p + at + 1, rest->n - at - 1};
	return true;
}

int str_to_u64(struct str s, u64 *ret)
{
	u64 value = 0;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (u64)(s.p[i] - '0'), &value))
			return -ERANGE;
	}
	*ret = value;
	return 0;
}

static int str_hex(char c)
{
	char low = (char)(c | 0x20);

	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool str_unescape(struct str s, char *dst, size_t size, struct str *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int high = s.p[i] == '%' && i + 2 < s.n ? str_hex(s.p[i + 1]) : -1;
		int low = high >= 0 ? str_hex(s.p[i + 2]) : -1;

		if (n == size)
			return false;
		dst[n++] = low >= 0 ? (char)(high << 4 | low) : s.p[i];
		i += low >= 0 ? 2 : 0;
	}
	*ret = (struct str){dst, n};
	return true;
}

void str_to_c(struct str s, char *dst, size_t size)
{
	size_t n = s.n < size - 1 ? s.n : size - 1;

	if (n)
		memcpy(dst, s.p, n);
	dst[n] = '\0';
}
