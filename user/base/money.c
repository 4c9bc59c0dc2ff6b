/* SPDX-License-Identifier: Apache-2.0 */
/* Femto-USD to text and, at the very edge, to double. */
#include "base/money.h"

#include <stdio.h>
#include <stdlib.h>

#define FEMTO_PER_USD 1000000000000000ull

void money_format(s128 femto, char ret_text[MONEY_TEXT_LEN])
{
	unsigned __int128 abs = femto < 0 ? -(unsigned __int128)femto : (unsigned __int128)femto;
	unsigned long long whole = (unsigned long long)(abs / FEMTO_PER_USD);
	unsigned long long part = (unsigned long long)(abs % FEMTO_PER_USD);
	int n = snprintf(ret_text, MONEY_TEXT_LEN, "%s%llu.%015llu", femto < 0 ? "-" : "", whole,
			 part);

	while (n > 0 && ret_text[n - 1] == '0')
		ret_text[--n] = '\0';
	if (n > 0 && ret_text[n - 1] == '.')
		ret_text[--n] = '\0';
}

void money_format_short(s128 femto, char ret_text[MONEY_TEXT_LEN])
{
	const s128 unit = (s128)1000000000;	/* micro-USD in femto */
	s128 abs = femto < 0 ? -femto : femto;
	s128 micro = abs / unit;
	s128 rest = abs % unit;

	if (rest * 2 > unit || (rest * 2 == unit && (micro & 1)))
		micro++;

	unsigned long long m = (unsigned long long)micro;

	snprintf(ret_text, MONEY_TEXT_LEN, "%s$%llu.%06llu", femto < 0 ? "-" : "", m / 1000000,
		 m % 1000000);
}

double money_to_double(s128 femto)
{
	char text[MONEY_TEXT_LEN];

	/* strtod is correctly rounded; dividing in binary would round twice. */
	money_format(femto, text);
	return strtod(text, NULL);
}
