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
	case PATHS_GOOGLE:
	case PATHS_CONVERSE:
	case PATHS_INVOKE:
	case PATHS_OLLAMA:
	case PATHS_TGI:
	case PATHS_OCR:
		/* names that nobody else has: a count of tokens, and what was counted */
		return has_all(have, PROOF_USAGE) ||
		       (shape_is_asked(s) && have & PROOF_LIST);
	case PATHS_COHERE:
		return have & PROOF_USAGE;
	case PATHS_INTERACTIONS:
		return have & PROOF_OBJECT || has_all(have, PROOF_TYPE | PROOF_USAGE);
	case PATHS_IMAGES:
	case PATHS_AUDIO:
		return has_all(have, PROOF_USAGE | PROOF_LIST) || have & PROOF_TYPE ||
		       (shape_is_asked(s) && have & PROOF_LIST);
	case PATHS_JOB:
		return has_all(have, PROOF_OBJECT | PROOF_ID | PROOF_MODEL);
	case PATHS_BATCH:
		return has_all(have, PROOF_ID | PROOF_USAGE | PROOF_MODEL);
	case PATHS_LIVE:
		return have & PROOF_USAGE;
	case PATHS_SOCKET:
		return has_all(have, PROOF_TYPE | PROOF_ID);
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
