/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said where a provider told no usage, weakest last: what the server measured itself
 * (timings), headers (headers.c), and for text of OpenAI and Azure the number of pieces of a
 * stream, which is the number of tokens in the middle of all streams that tell both. For others it
 * is not known to hold, and tool calls hide most of theirs, so nothing is said there. The prompt
 * cannot be told. A model that reasons hides more tokens than it shows: only a lower bound.
 */
#include "llm/state.h"

static bool is_countable(const struct llm_state *s)
{
	bool is_pieces = !strcmp(s->endpoint->name, "chat") ||
			 !strcmp(s->endpoint->name, "completions");
	bool is_openai = s->provider && (!strcmp(s->provider->name, "openai") ||
					 !strcmp(s->provider->name, "azure"));

	return is_pieces && is_openai && s->is_stream && s->delta_cnt && !s->has_other_delta;
}

/* llama.cpp: the prompt of usage is what was read anew and what was there already. */
static void split_timings(struct llm_state *s)
{
	u64 cached = usage_get(&s->metrics, CTR_CACHE_READ);

	if (!usage_has(&s->usage, CTR_CACHE_READ) && usage_has(&s->metrics, CTR_CACHE_READ) &&
	    usage_get(&s->usage, CTR_INPUT) == cached + usage_get(&s->metrics, CTR_INPUT))
		usage_set(&s->usage, CTR_CACHE_READ, cached);
}

void estimate_usage(struct llm_state *s)
{
	if (s->usage_cnt && s->has_metrics && s->endpoint->paths == PATHS_OPENAI)
		split_timings(s);
	if (s->usage_cnt)
		return;
	if (s->has_metrics && s->endpoint->paths == PATHS_OPENAI) {
		/* prompt_n is what was read anew, cache_n what was there already */
		s->usage = s->metrics;
		usage_set(&s->usage, CTR_INPUT,
			  usage_get(&s->metrics, CTR_INPUT) +
				  usage_get(&s->metrics, CTR_CACHE_READ));
		s->usage_cnt++;
	} else if (is_countable(s)) {
		s->usage = (struct usage){0};
		usage_set(&s->usage, CTR_OUTPUT, s->delta_cnt);
		s->usage_cnt++;
		s->is_estimated = true;
	}
}

bool estimate_is_low(const struct llm_state *s)
{
	static const char *const reasons[] = {"o1", "o3", "o4", "gpt-5", "gpt-6"};
	struct str model = s->call.model_served.n ? s->call.model_served : s->call.model_requested;

	if (s->has_effort)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (str_starts(model, str_of(reasons[i])) && !str_contains(model, STR("-chat")))
			return true;
	return false;
}
