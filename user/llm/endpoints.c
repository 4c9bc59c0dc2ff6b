/* SPDX-License-Identifier: Apache-2.0 */
/* Which method and path is which API. */
#include "llm/dialect.h"

/* First match wins: the longer path stands before its own suffix. */
static const struct endpoint dialect_endpoints[] = {
	{"POST", "/chat/completions", "chat", "chat", "openai", PATHS_OPENAI, FAMILY_INCLUSIVE,
	 ASSEMBLE_LAST, 0},
	{"GET", "/chat/completions/*", "chat", "chat", "openai", PATHS_OPENAI, FAMILY_INCLUSIVE,
	 ASSEMBLE_LAST, ENDPOINT_F_VIEW},
	{"POST", "/completions", "completions", "text_completion", "openai", PATHS_OPENAI,
	 FAMILY_INCLUSIVE, ASSEMBLE_LAST, 0},
	{"POST", "/responses/input_tokens", "count_tokens", "count_tokens", "openai", PATHS_OPENAI,
	 FAMILY_INPUT, ASSEMBLE_LAST, ENDPOINT_F_FREE},
	{"POST", "/responses/compact", "compact", "chat", "openai", PATHS_RESPONSES,
	 FAMILY_INCLUSIVE, ASSEMBLE_TERMINAL, 0},
	{"POST", "/responses/*/cancel", "responses", "chat", "openai", PATHS_RESPONSES,
	 FAMILY_INCLUSIVE, ASSEMBLE_TERMINAL, ENDPOINT_F_VIEW},
	{"POST", "/responses", "responses", "chat", "openai", PATHS_RESPONSES, FAMILY_INCLUSIVE,
	 ASSEMBLE_TERMINAL, 0},
	{"GET", "/responses/*", "responses", "chat", "openai", PATHS_RESPONSES, FAMILY_INCLUSIVE,
	 ASSEMBLE_TERMINAL, ENDPOINT_F_VIEW},
	{"POST", "/embeddings", "embeddings", "embeddings", "openai", PATHS_OPENAI, FAMILY_INPUT,
	 ASSEMBLE_LAST, 0},
	{"POST", "/moderations", "moderations", "moderation", "openai", PATHS_OPENAI, FAMILY_INPUT,
	 ASSEMBLE_LAST, ENDPOINT_F_FREE},
	{"POST", "/v1/messages/count_tokens", "count_tokens", "count_tokens", "anthropic",
	 PATHS_ANTHROPIC, FAMILY_INPUT, ASSEMBLE_ANTHROPIC, ENDPOINT_F_FREE},
	{"POST", "/v1/messages", "messages", "chat", "anthropic", PATHS_ANTHROPIC, FAMILY_ADDITIVE,
	 ASSEMBLE_ANTHROPIC, 0},
};

/* Takes the last segment off *path; false when there is none. */
static bool path_last(struct str *path, struct str *ret)
{
	for (size_t i = path->n; i > 0; i--) {
		if (path->p[i - 1] == '/') {
			*ret = (struct str){path->p + i, path->n - i};
			path->n = i - 1;
			return true;
		}
	}
	return false;
}

static bool path_matches(struct str path, const char *suffix)
{
	struct str want = str_of(suffix), have = path, a, b;

	while (path_last(&want, &a)) {
		if (!path_last(&have, &b))
			return false;
		if (str_eq(a, STR("*")) ? !b.n : !str_eq(a, b))
			return false;
	}
	return true;
}

const struct endpoint *dialect_endpoint(struct str method, struct str path)
{
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	for (size_t i = 0; i < ARRAY_LEN(dialect_endpoints); i++) {
		const struct endpoint *e = &dialect_endpoints[i];

		if (str_eq(method, str_of(e->method)) && path_matches(path, e->suffix))
			return e;
	}
	return NULL;
}

struct str dialect_deployment(struct str path)
{
	struct str part;

	while (str_next(&path, '/', &part))
		if (str_eq(part, STR("deployments")))
			return str_next(&path, '/', &part) && part.n ? part : STR_NONE;
	return STR_NONE;
}
