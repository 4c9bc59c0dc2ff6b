/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact numbers: decimal strings, ratios, instants, and the one place where money is rounded.
 *
 * Everything is integer. What does not fit is refused, never wrapped or cut.
 */
#ifndef TOLLTAP_DECIMAL_H
#define TOLLTAP_DECIMAL_H

#include "base/str.h"

#define DECIMAL_FRACTION_MAX 9
#define DECIMAL_ONE 1000000000ll	/* 1 in nano */

/*
 * "12.5" -> 12500000000. Digits, at most one point with digits on both sides, at most nine of them
 * behind it; no sign, exponent, space or superfluous leading zero. -EINVAL, or -ERANGE past s64.
 */
int decimal_parse(struct str s, s64 *ret_nano);

/* num / den, lowest terms, den > 0. */
struct ratio {
	s128 num;
	s128 den;
};

#define RATIO_ONE ((struct ratio){1, 1})

struct ratio ratio_of_nano(s64 nano);
int ratio_mul(struct ratio a, struct ratio b, struct ratio *ret);	/* -ERANGE */

/*
 * Femto-USD of `count` units at `nano` USD per `block` units, times x: multiplied first, rounded
 * half to even once. -ERANGE when it does not fit.
 */
int money_of(u64 count, s64 nano, u64 block, struct ratio x, s128 *ret_femto);

/* "2026-07-30" (00:00 UTC) or "2026-07-30T12:00:00Z", as ns since 1970. Years 1970 to 2200. */
int instant_parse(struct str s, u64 *ret_ns);

#endif
