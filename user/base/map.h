/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded hash map from two 64-bit words to a pointer (open addressing, linear probing).
 *
 * The map owns its slots and nothing else. Keys come from other processes (addresses, pids), so the
 * hash is keyed with a random word per map. Not thread-safe. An entry may be removed while the map
 * is walked only through the walker's own return value.
 */
#ifndef TOLLTAP_MAP_H
#define TOLLTAP_MAP_H

#include "base/types.h"

struct map_key {
	u64 a;
	u64 b;
};

struct map;

struct map *map_new(size_t max_entries);	/* NULL when memory is out */
void map_free(struct map *m);			/* NULL is fine; values are the caller's */
size_t map_count(const struct map *m);

void *map_get(const struct map *m, struct map_key key);			/* NULL when absent */
/* replaces; -ENOSPC when full, -ENOMEM */
int map_put(struct map *m, struct map_key key, void *value);
/* the value that was there, or NULL */
void *map_remove(struct map *m, struct map_key key);

/* Calls fn for every entry; an entry for which fn returns true is removed afterwards. */
void map_walk(struct map *m, bool (*fn)(void *arg, struct map_key key, void *value), void *arg);

#endif
