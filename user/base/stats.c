/* SPDX-License-Identifier: Apache-2.0 */
/* The one block of counters. */
#include "base/stats.h"

static u64 stats_values[STAT_MAX];

static const struct stat_info stats_table[STAT_MAX] = {
#define STAT_ROW(id, name, class, meaning, remedy) \
	[STAT_##id] = {name, STAT_##class, meaning, remedy},
	STATS(STAT_ROW)
#undef STAT_ROW
};

void stats_add(enum stat_id id, u64 n)
{
	__atomic_fetch_add(&stats_values[id], n, __ATOMIC_RELAXED);
}

void stats_set(enum stat_id id, u64 value)
{
	__atomic_store_n(&stats_values[id], value, __ATOMIC_RELAXED);
}

u64 stats_get(enum stat_id id)
{
	return __atomic_load_n(&stats_values[id], __ATOMIC_RELAXED);
}

const struct stat_info *stats_info(enum stat_id id)
{
	return &stats_table[id];
}

void stats_reset(void)
{
	for (int i = 0; i < STAT_MAX; i++)
		stats_set((enum stat_id)i, 0);
}
