/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of entries, oldest overwritten, and a map that finds them. */
#include "llm/asked.h"

#include <stdlib.h>

struct asked_entry {
	struct map_key key;
	struct asked_outcome outcome;
	bool is_used;
	char request_id[LLM_ASKED_ID_MAX];
};

struct asked {
	struct map *map;
	size_t next;
	struct asked_entry ring[LLM_ASKED_MAX];
};

struct asked *asked_new(void)
{
	struct asked *a = calloc(1, sizeof(*a));

	if (a)
		a->map = map_new(LLM_ASKED_MAX);
	if (a && !a->map) {
		asked_free(a);
		return NULL;
	}
	return a;
}

void asked_free(struct asked *a)
{
	if (!a)
		return;
	map_free(a->map);
	free(a);
}

bool asked_get(const struct asked *a, struct map_key key, struct asked_outcome *ret)
{
	const struct asked_entry *e = map_get(a->map, key);

	if (e)
		*ret = e->outcome;
	return e != NULL;
}

static struct asked_entry *asked_take(struct asked *a, struct map_key key)
{
	struct asked_entry *e = map_get(a->map, key);

	if (e)
		return e;
	e = &a->ring[a->next];
	a->next = (a->next + 1) % LLM_ASKED_MAX;
	if (e->is_used)
		map_remove(a->map, e->key);
	e->key = key;
	e->is_used = map_put(a->map, key, e) == 0;
	return e->is_used ? e : NULL;
}

void asked_note(struct asked *a, struct map_key key, const struct asked_outcome *outcome)
{
	struct asked_entry *e = asked_take(a, key);

	if (!e)
		return;
	e->outcome = *outcome;
	str_to_c(outcome->request_id, e->request_id, sizeof(e->request_id));
	e->outcome.request_id = str_of(e->request_id);
}
