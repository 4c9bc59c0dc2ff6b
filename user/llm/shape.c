/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is an exchange with an unknown host an LLM's? The path alone proves nothing: a web shop may have
 * a /v1/messages of its own. Either the request shows a model and a prompt, or the response the
 * shape of the dialect.
 */
#include "llm/state.h"

static bool has_all(u32 have, u32 want)
{
	return (have & want) == want;
}

bool shape_is_asked(const struct llm_state *s)
{
	return has_all(s->asked_proof, PROOF_MODEL | PROOF_PROMPT);
}

bool shape_is_answered(const struct llm_state *s)
{
	u32 have = s->answered_proof;

	if (have & PROOF_HEADER)
		return true;
	switch (s->endpoint->paths) {
	case PATHS_RESPONSES:
		return have & (PROOF_OBJECT | PROOF_TYPE);
	case PATHS_ANTHROPIC:
		/* "type":"message" is what any chat program says; with usage it is not. */
		return has_all(have, PROOF_TYPE | PROOF_USAGE) ||
		       (shape_is_asked(s) && have & PROOF_LIST);
	default:
		return have & PROOF_OBJECT || has_all(have, PROOF_LIST | PROOF_USAGE) ||
		       has_all(have, PROOF_LIST | PROOF_MODEL) ||
		       (shape_is_asked(s) && have & PROOF_LIST);
	}
}
