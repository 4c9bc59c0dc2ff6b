/* SPDX-License-Identifier: Apache-2.0 */
/* "24h", "2026-11-22", "2026-11-22T10:00:00Z": a point in time, local where no zone is named. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "sink/report_private.h"

static int time_parse_ago(struct str text, u64 now_ns, u64 *ret_ns)
{
	static const struct {
		char unit;
		u64 seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	u64 n, ago_ns;

	if (text.n < 2 || str_to_u64(str_cut(text, 0, text.n - 1), &n))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (units[i].unit != text.p[text.n - 1])
			continue;
		if (__builtin_mul_overflow(n, units[i].seconds * NS_PER_S, &ago_ns))
			ago_ns = now_ns;
		*ret_ns = ago_ns < now_ns ? now_ns - ago_ns : 0;
		return 0;
	}
	return -EINVAL;
}

/* ".123456789", at most nine digits */
static const char *time_parse_fraction(const char *p, u64 *ret_ns)
{
	u64 unit = NS_PER_S / 10;

	*ret_ns = 0;
	if (*p != '.')
		return p;
	for (p++; *p >= '0' && *p <= '9' && unit; p++, unit /= 10)
		*ret_ns += (u64)(*p - '0') * unit;
	return p;
}

/* "", "Z" or "+01:00" up to the end. Absent: *ret_is_local. */
static int time_parse_zone(const char *p, bool *ret_is_local, s64 *ret_offset_s)
{
	struct tm tm = {};
	const char *end;

	*ret_is_local = *p == '\0';
	*ret_offset_s = 0;
	if (*p == '\0' || strcmp(p, "Z") == 0)
		return 0;
	if (*p != '+' && *p != '-')
		return -EINVAL;
	end = strptime(p + 1, "%H:%M", &tm);
	if (!end || *end)
		return -EINVAL;
	*ret_offset_s = (tm.tm_hour * 3600 + tm.tm_min * 60) * (*p == '-' ? -1 : 1);
	return 0;
}

static int time_parse_date(const char *text, u64 *ret_ns)
{
	struct tm tm = {.tm_isdst = -1};
	const char *p = strptime(text, "%Y-%m-%d", &tm);
	s64 offset_s, s;
	u64 fraction_ns;
	bool is_local;

	if (p && (*p == 'T' || *p == ' ')) {
		const char *end = strptime(p + 1, "%H:%M:%S", &tm);

		p = end ? end : strptime(p + 1, "%H:%M", &tm);
	}
	if (!p || *text == ' ')
		return -EINVAL;
	p = time_parse_fraction(p, &fraction_ns);
	if (time_parse_zone(p, &is_local, &offset_s))
		return -EINVAL;

	int day = tm.tm_mday;

	tm.tm_isdst = -1;	/* strptime may have cleared it: the zone's rules decide */
	s = is_local ? mktime(&tm) : timegm(&tm) - offset_s;
	if (tm.tm_mday != day || s < 0)		/* 30 February */
		return -EINVAL;
	*ret_ns = (u64)s * NS_PER_S + fraction_ns;
	return 0;
}

int report_time_parse(const char *text, u64 now_ns, u64 *ret_ns)
{
	if (time_parse_ago(str_of(text), now_ns, ret_ns) == 0)
		return 0;
	return time_parse_date(text, ret_ns);
}
