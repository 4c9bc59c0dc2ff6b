/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of entries, oldest overwritten, and a map that finds them. */
#include "llm/recent.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"

struct recent_entry {
	struct map_key key;
	bool is_used;
	bool has_usage;
};

struct recent {
	struct map *map;
	size_t next;
	struct recent_entry ring[LLM_RECENT_MAX];
};

struct recent *recent_new(void)
{
	struct recent *r = calloc(1, sizeof(*r));

	if (r)
		r->map = map_new(LLM_RECENT_MAX);
	if (r && !r->map) {
		recent_free(r);
		return NULL;
	}
	return r;
}

void recent_free(struct recent *r)
{
	if (!r)
		return;
	map_free(r->map);
	free(r);
}

static u64 hash_more(u64 h, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (u8)s.p[i]) * 0x100000001b3ull;
	return (h ^ s.n) * 0x9e3779b97f4a7c15ull;
}

static struct map_key recent_key(struct str provider, struct str id)
{
	return (struct map_key){
		.a = hash_more(hash_more(0xcbf29ce484222325ull, provider), id),
		.b = hash_more(hash_more(0x84222325cbf29ce4ull, provider), id),
	};
}

enum recent_seen recent_get(const struct recent *r, struct str provider, struct str id)
{
	const struct recent_entry *e = map_get(r->map, recent_key(provider, id));

	if (!e || !id.n)
		return RECENT_UNKNOWN;
	return e->has_usage ? RECENT_WITH_USAGE : RECENT_WITHOUT_USAGE;
}

void recent_note(struct recent *r, struct str provider, struct str id, bool has_usage)
{
	struct map_key key = recent_key(provider, id);
	struct recent_entry *e = map_get(r->map, key);

	if (!id.n)
		return;
	if (e) {
		e->has_usage = e->has_usage || has_usage;
		return;
	}
	e = &r->ring[r->next];
	if (e->is_used)
		map_remove(r->map, e->key);
	*e = (struct recent_entry){.key = key, .is_used = true, .has_usage = has_usage};
	if (map_put(r->map, key, e))
		e->is_used = false;
	r->next = (r->next + 1) % LLM_RECENT_MAX;
}
