/* SPDX-License-Identifier: Apache-2.0 */
/* Boot time for ordering, wall time for people. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static u64 clock_read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (u64)ts.tv_sec * NS_PER_S + (u64)ts.tv_nsec;
}

u64 clock_boot_ns(void)
{
	return clock_read_ns(CLOCK_BOOTTIME);
}

u64 clock_wall_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

s64 clock_offset_now(void)
{
	return (s64)(clock_wall_ns() - clock_boot_ns());
}

void clock_format(u64 wall_ns, char dst[CLOCK_TEXT_LEN])
{
	time_t s = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;
	char day[24];

	gmtime_r(&s, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(dst, CLOCK_TEXT_LEN, "%.19s.%09uZ", day, (unsigned int)(wall_ns % NS_PER_S));
}
