/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/2 stream whose path could not be known: joined late, or behind a loss, where :path stood
 * in a table that was not seen. Nothing then says which API it is until the answer shows a shape;
 * so the answer is read by each dialect that may come, and the first one that knows itself in it is
 * the call's. What none knows is no call. A header proves an LLM, but not which dialect.
 */
#include "llm/state.h"

/* By the path each has elsewhere; of two that might take an answer, the stricter stands first. */
static const char *const late_paths[] = {
	"/v1/messages",	 "/model/m/converse",	 "/models/m:generateContent", "/api/chat",
	"/v1/embeddings", "/v1/chat/completions", "/v1/responses",
};

bool late_is_pathless(const struct exchange *x)
{
	return x->flags & EXCHANGE_F_HEAD_UNKNOWN && !x->path.n &&
	       (!x->method.n || str_eq(x->method, STR("POST")));
}

static const struct endpoint *late_endpoint_at(size_t i)
{
	return dialect_endpoint(STR("POST"), str_of(late_paths[i]), NULL);
}

const struct endpoint *late_endpoint(void)
{
	return late_endpoint_at(0);
}

static void late_become(const struct llm *l, struct llm_state *s, const struct endpoint *e)
{
	s->endpoint = e;
	s->call.endpoint = str_of(e->name);
	s->call.operation = str_of(e->operation);
	s->call.provider = str_of(s->provider ? s->provider->name : e->provider);
	json_init(&s->response, llm_paths(l, e->paths), response_on_event, s);
}

void late_begin(const struct llm *l, struct llm_state *s, struct exchange *x)
{
	bool is_asked = s->asked_proof || x->flags & EXCHANGE_F_REQUEST_GAP;

	s->answered_proof = 0;
	if (x->framing == FRAMING_WHOLE)
		x->framing = FRAMING_ARRAY;	/* Google's streams may be one */
	for (size_t i = 1; i < ARRAY_LEN(late_paths) && is_asked; i++) {
		struct llm_state *other = arena_alloc(s->arena, sizeof(*other));

		if (!other)
			return;
		*other = *s;
		late_become(l, other, late_endpoint_at(i));
		other->other = s->other;
		s->other = other;
	}
}

/* Stricter than where a path helps: no answer may be taken for another dialect's. */
static bool late_is_answered(const struct llm_state *s)
{
	u32 have = s->answered_proof;

	if (!shape_is_answered(s))
		return false;
	if (s->endpoint->paths == PATHS_RESPONSES)
		return true;
	if (s->endpoint->paths != PATHS_OPENAI)
		return have & PROOF_USAGE;
	if (!strcmp(s->endpoint->name, "embeddings"))
		return have & PROOF_USAGE && s->doc.is_list;
	return have & PROOF_LIST && !s->doc.is_list;
}

struct llm_state *late_choose(struct llm_state *s)
{
	for (size_t i = 0; i < ARRAY_LEN(late_paths); i++)
		for (struct llm_state *it = s; it; it = it->other)
			if (it->endpoint == late_endpoint_at(i) && late_is_answered(it))
				return it;
	return NULL;
}
