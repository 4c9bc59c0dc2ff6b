/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact money as text. Amounts are integer femto-USD (1e-15 USD) in __int128.
 *
 * Text is a plain decimal without exponent and without trailing zeros: "0.005615", "0", "-1.5".
 */
#ifndef TOLLTAP_MONEY_H
#define TOLLTAP_MONEY_H

#include "base/str.h"

#define MONEY_TEXT_LEN 48

void money_format(s128 femto, char ret_text[MONEY_TEXT_LEN]);

/*
 * Such text back to femto-USD, exactly; trailing zeros are fine. -EINVAL: not such a decimal, or
 * finer than a femto; -ERANGE.
 */
int money_parse(struct str text, s128 *ret_femto);

/* Rounded half-even to micro-USD, for people: "$0.005615". */
void money_format_short(s128 femto, char ret_text[MONEY_TEXT_LEN]);

/* Correctly rounded, for the attributes that OpenTelemetry wants as double; sinks only. */
double money_to_double(s128 femto);

#endif
