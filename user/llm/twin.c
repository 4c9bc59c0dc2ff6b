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

/*
 * Two that ask the same have the same counts too, and are two on the bill: counts tell only where
 * the outer one says that it is a gateway's, made by another process, and each inner one once.
 */
static bool is_counted_alike(const struct sight *inner, const struct sight *outer)
{
	bool is_other_process = !inner->origin || inner->origin != outer->origin;

	return outer->is_rewritten && is_other_process && inner->input && inner->output &&
	       inner->input == outer->input && inner->output == outer->output;
}

static bool is_placed(const struct sight *inner, const struct sight *outer)
{
	return outer->is_outer && !inner->is_outer && inner->conn != outer->conn &&
	       is_within(inner, outer);
}

static bool is_pair(struct sight *seen, const struct sight *inner, const struct sight *outer)
{
	if (!is_placed(inner, outer))
		return false;
	if (inner->id && inner->id == outer->id)
		return true;
	if (seen->is_taken || !is_counted_alike(inner, outer))
		return false;
	seen->is_taken = true;
	return true;
}

bool twins_is_view(struct twins *t, const struct sight *sight)
{
	for (size_t i = 0; i < LLM_TWINS_MAX; i++) {
		struct sight *seen = &t->ring[i];

		if (seen->end_ns && (is_pair(seen, seen, sight) || is_pair(seen, sight, seen)))
			return true;
	}
	t->ring[t->next] = *sight;
	t->next = (t->next + 1) % LLM_TWINS_MAX;
	return false;
}
