/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with backward-shift deletion: no tombstones, so a long-lived map never degrades.
 */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define MAP_FIRST_SLOTS 64

struct map_slot {
	struct map_key key;
	void *value;		/* NULL: free */
};

struct map {
	struct map_slot *slots;
	size_t mask;
	size_t count;
	size_t max;
	u64 seed;
};

static u64 map_mix(u64 x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}

static size_t map_home(const struct map *m, struct map_key key)
{
	return (size_t)map_mix(map_mix(key.a ^ m->seed) + key.b) & m->mask;
}

struct map *map_new(size_t max_entries)
{
	struct map *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->max = max_entries;
	m->mask = MAP_FIRST_SLOTS - 1;
	m->slots = calloc(MAP_FIRST_SLOTS, sizeof(*m->slots));
	if (!m->slots) {
		free(m);
		return NULL;
	}
	if (getrandom(&m->seed, sizeof(m->seed), GRND_NONBLOCK) != (ssize_t)sizeof(m->seed))
		m->seed = (u64)(uintptr_t)m;
	return m;
}

void map_free(struct map *m)
{
	if (!m)
		return;
	free(m->slots);
	free(m);
}

size_t map_count(const struct map *m)
{
	return m->count;
}

static size_t map_find(const struct map *m, struct map_key key)
{
	size_t i = map_home(m, key);

	while (m->slots[i].value && (m->slots[i].key.a != key.a || m->slots[i].key.b != key.b))
		i = (i + 1) & m->mask;
	return i;
}

void *map_get(const struct map *m, struct map_key key)
{
	return m->slots[map_find(m, key)].value;
}

static int map_grow(struct map *m)
{
	struct map old = *m;
	size_t n = (old.mask + 1) * 2;

	m->slots = calloc(n, sizeof(*m->slots));
	if (!m->slots) {
		m->slots = old.slots;
		return -ENOMEM;
	}
	m->mask = n - 1;
	for (size_t i = 0; i <= old.mask; i++)
		if (old.slots[i].value)
			m->slots[map_find(m, old.slots[i].key)] = old.slots[i];
	free(old.slots);
	return 0;
}

int map_put(struct map *m, struct map_key key, void *value)
{
	size_t i = map_find(m, key);

	if (m->slots[i].value) {
		m->slots[i].value = value;
		return 0;
	}
	if (m->count >= m->max)
		return -ENOSPC;
	if ((m->count + 1) * 4 > (m->mask + 1) * 3) {
		int err = map_grow(m);

		if (err)
			return err;
		i = map_find(m, key);
	}
	m->slots[i] = (struct map_slot){key, value};
	m->count++;
	return 0;
}

static void map_remove_at(struct map *m, size_t hole)
{
	for (size_t i = (hole + 1) & m->mask; m->slots[i].value; i = (i + 1) & m->mask) {
		size_t home = map_home(m, m->slots[i].key);

		/* The entry may move back unless its home lies cyclically in (hole, i]. */
		if (((i - home) & m->mask) >= ((i - hole) & m->mask)) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole].value = NULL;
	m->count--;
}

void *map_remove(struct map *m, struct map_key key)
{
	size_t i = map_find(m, key);
	void *value = m->slots[i].value;

	if (value)
		map_remove_at(m, i);
	return value;
}

void map_walk(struct map *m, bool (*fn)(void *arg, struct map_key key, void *value), void *arg)
{
	size_t free_slot = 0;

	/*
	 * Walk from just after a free slot, so that a backward shift never carries an entry past
	 * the walk's end.
	 */
	while (m->slots[free_slot].value)
		free_slot++;
	for (size_t i = (free_slot + 1) & m->mask; i != free_slot;) {
		if (m->slots[i].value && fn(arg, m->slots[i].key, m->slots[i].value))
			map_remove_at(m, i);	/* the next entry may have moved here: look again */
		else
			i = (i + 1) & m->mask;
	}
}
