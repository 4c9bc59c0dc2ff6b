/* SPDX-License-Identifier: Apache-2.0 */
/* Femto-USD to text and, at the very edge, to double. */
#include "base/money.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FEMTO_PER_USD 1000000000000000ull
#define FEMTO_DIGITS 15

static unsigned __int128 money_abs(s128 femto)
{
	return femto < 0 ? -(unsigned __int128)femto : (unsigned __int128)femto;
}

/* Whole dollars: up to 24 digits, more than printf has a conversion for. */
static void money_whole(unsigned __int128 usd, char ret_text[MONEY_TEXT_LEN])
{
	unsigned long long high = (unsigned long long)(usd / FEMTO_PER_USD);
	unsigned long long low = (unsigned long long)(usd % FEMTO_PER_USD);

	if (high)
		snprintf(ret_text, MONEY_TEXT_LEN, "%llu%015llu", high, low);
	else
		snprintf(ret_text, MONEY_TEXT_LEN, "%llu", low);
}

void money_format(s128 femto, char ret_text[MONEY_TEXT_LEN])
{
	unsigned __int128 abs = money_abs(femto);
	char whole[MONEY_TEXT_LEN];

	money_whole(abs / FEMTO_PER_USD, whole);

	int n = snprintf(ret_text, MONEY_TEXT_LEN, "%s%.24s.%015llu", femto < 0 ? "-" : "", whole,
			 (unsigned long long)(abs % FEMTO_PER_USD));

	while (n > 0 && ret_text[n - 1] == '0')
		ret_text[--n] = '\0';
	if (n > 0 && ret_text[n - 1] == '.')
		ret_text[--n] = '\0';
}

/* Appends the digits of s to *value; all of s must be digits, and at least one. */
static int money_digits(struct str s, s128 *value)
{
	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, s.p[i] - '0', value))
			return -ERANGE;
	}
	return 0;
}

int money_parse(struct str text, s128 *ret_femto)
{
	static const char zeros[FEMTO_DIGITS + 1] = "000000000000000";
	bool is_negative = text.n && text.p[0] == '-';
	struct str rest = is_negative ? str_cut(text, 1, text.n) : text;
	struct str whole = STR_NONE;
	s128 value = 0;

	str_next(&rest, '.', &whole);

	int err = money_digits(whole, &value);

	if (!err && rest.p)
		err = rest.n > FEMTO_DIGITS ? -EINVAL : money_digits(rest, &value);
	if (!err && rest.n < FEMTO_DIGITS)
		err = money_digits((struct str){zeros, FEMTO_DIGITS - rest.n}, &value);
	if (!err)
		*ret_femto = is_negative ? -value : value;
	return err;
}

void money_format_short(s128 femto, char ret_text[MONEY_TEXT_LEN])
{
	const unsigned __int128 unit = 1000000000;	/* micro-USD in femto */
	unsigned __int128 abs = money_abs(femto);
	unsigned __int128 micro = abs / unit;
	unsigned __int128 rest = abs % unit;
	char whole[MONEY_TEXT_LEN];

	if (rest * 2 > unit || (rest * 2 == unit && (micro & 1)))
		micro++;

	money_whole(micro / 1000000, whole);
	snprintf(ret_text, MONEY_TEXT_LEN, "%s$%.24s.%06llu", femto < 0 ? "-" : "", whole,
		 (unsigned long long)(micro % 1000000));
}

double money_to_double(s128 femto)
{
	char text[MONEY_TEXT_LEN];

	/* strtod is correctly rounded; dividing in binary would round twice. */
	money_format(femto, text);
	return strtod(text, NULL);
}
