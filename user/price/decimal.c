/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal text to nano, ratios in lowest terms, and the single rounding of the price room. */
#include "price/decimal.h"

#include <errno.h>
#include <stdint.h>

#include "base/clock.h"

#define NANO_BLOCK 1000000	/* nano-USD per this many units is femto-USD per unit */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int decimal_shape(struct str s, size_t *ret_point)
{
	size_t point = str_find_char(s, '.');

	if (point == 0 || s.n == 0 || point + 1 == s.n)
		return -EINVAL;
	if (point < s.n && s.n - point - 1 > DECIMAL_FRACTION_MAX)
		return -EINVAL;
	if (s.p[0] == '0' && point > 1)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++)
		if (i != point && !is_digit(s.p[i]))
			return -EINVAL;
	*ret_point = point;
	return 0;
}

int decimal_parse(struct str s, s64 *ret_nano)
{
	size_t point, fraction = 0;
	s64 v = 0;
	int err = decimal_shape(s, &point);

	if (err)
		return err;
	for (size_t i = 0; i < s.n; i++) {
		if (i == point)
			continue;
		if (__builtin_mul_overflow(v, 10, &v)
		    || __builtin_add_overflow(v, s.p[i] - '0', &v))
			return -ERANGE;
		fraction += i > point;
	}
	for (; fraction < DECIMAL_FRACTION_MAX; fraction++)
		if (__builtin_mul_overflow(v, 10, &v))
			return -ERANGE;
	*ret_nano = v;
	return 0;
}

static s128 gcd(s128 a, s128 b)
{
	while (b) {
		s128 t = a % b;

		a = b;
		b = t;
	}
	return a;
}

static struct ratio ratio_reduce(s128 num, s128 den)
{
	s128 g = gcd(num, den);

	return g > 1 ? (struct ratio){num / g, den / g} : (struct ratio){num, den};
}

struct ratio ratio_of_nano(s64 nano)
{
	return ratio_reduce(nano, DECIMAL_ONE);
}

int ratio_mul(struct ratio a, struct ratio b, struct ratio *ret)
{
	/* crosswise first, so that what cancels cannot overflow */
	struct ratio x = ratio_reduce(a.num, b.den);
	struct ratio y = ratio_reduce(b.num, a.den);
	struct ratio r;

	if (__builtin_mul_overflow(x.num, y.num, &r.num)
	    || __builtin_mul_overflow(x.den, y.den, &r.den))
		return -ERANGE;
	*ret = r;
	return 0;
}

static s128 div_half_even(s128 num, s128 den)
{
	s128 q = num / den;
	s128 rest = num % den;
	s128 other = den - rest;

	if (rest > other || (rest == other && (q & 1)))
		q++;
	return q;
}

int money_of(u64 count, s64 nano, u64 block, struct ratio x, s128 *ret_femto)
{
	struct ratio r = ratio_reduce(NANO_BLOCK, (s128)block);
	s128 num;

	/* u64 x s64 always fits into s128 */
	if (ratio_mul(r, x, &r) || ratio_mul(r, (struct ratio){(s128)count * nano, 1}, &r))
		return -ERANGE;
	num = r.num;
	*ret_femto = div_half_even(num, r.den);
	return 0;
}

static bool take_number(struct str *s, size_t digits, char end, unsigned int *ret)
{
	unsigned int v = 0;

	if (s->n < digits + (end != '\0'))
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!is_digit(s->p[i]))
			return false;
		v = v * 10 + (unsigned int)(s->p[i] - '0');
	}
	if (end && s->p[digits] != end)
		return false;
	*s = str_cut(*s, digits + (end != '\0'), s->n);
	*ret = v;
	return true;
}

static bool is_leap(unsigned int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static const unsigned int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

static unsigned int days_in(unsigned int y, unsigned int m)
{
	return month_days[m - 1] + (m == 2 && is_leap(y));
}

static u64 days_since_1970(unsigned int y, unsigned int m, unsigned int d)
{
	u64 days = d - 1;

	for (unsigned int i = 1970; i < y; i++)
		days += is_leap(i) ? 366 : 365;
	for (unsigned int i = 1; i < m; i++)
		days += days_in(y, i);
	return days;
}

int instant_parse(struct str s, u64 *ret_ns)
{
	unsigned int y, mo, d, h = 0, mi = 0, sec = 0;

	if (!take_number(&s, 4, '-', &y) || !take_number(&s, 2, '-', &mo)
	    || !take_number(&s, 2, '\0', &d))
		return -EINVAL;
	if (y < 1970 || y > 2200 || mo < 1 || mo > 12 || d < 1 || d > days_in(y, mo))
		return -EINVAL;
	if (s.n) {
		if (s.p[0] != 'T')
			return -EINVAL;
		s = str_cut(s, 1, s.n);
		if (!take_number(&s, 2, ':', &h) || !take_number(&s, 2, ':', &mi)
		    || !take_number(&s, 2, 'Z', &sec) || s.n)
			return -EINVAL;
		if (h > 23 || mi > 59 || sec > 59)
			return -EINVAL;
	}
	*ret_ns = ((days_since_1970(y, mo, d) * 24 + h) * 3600 + mi * 60 + sec) * NS_PER_S;
	return 0;
}
