/* SPDX-License-Identifier: Apache-2.0 */
/* A ring that is looked through: calls that end together are few. */
#include "llm/twin.h"

#include <stdlib.h>

struct twins {
	size_t next;
	struct sight ring[LLM_TWINS_MAX];
};

struct twins *twins_new(void)
{
	return calloc(1, sizeof(struct twins));
}

void twins_free(struct twins *t)
{
	free(t);
}

static bool is_within(const struct sight *inner, const struct sight *outer)
{
	return outer->start_ns <= inner->start_ns && inner->end_ns <= outer->end_ns;
}

/* No prompt and no answer are alike by chance in all of this. */
static bool is_alike(const struct sight *inner, const struct sight *outer)
{
	bool is_counted = inner->input && inner->output && inner->input == outer->input &&
			  inner->output == outer->output;

	if (inner->id && inner->id == outer->id)
		return true;
	return is_counted && (outer->is_rewritten || inner->model == outer->model);
}

static bool is_pair(const struct sight *inner, const struct sight *outer)
{
	return outer->is_outer && !inner->is_outer && inner->conn != outer->conn &&
	       is_within(inner, outer) && is_alike(inner, outer);
}

bool twins_is_view(struct twins *t, const struct sight *sight)
{
	for (size_t i = 0; i < LLM_TWINS_MAX; i++) {
		const struct sight *seen = &t->ring[i];

		if (seen->end_ns && (is_pair(seen, sight) || is_pair(sight, seen)))
			return true;
	}
	t->ring[t->next] = *sight;
	t->next = (t->next + 1) % LLM_TWINS_MAX;
	return false;
}
