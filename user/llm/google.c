/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Google's own rules.
 *
 * Most chunks of a stream carry usageMetadata, each for the whole answer so far, but not always
 * growing: a later chunk may count less, and a tool's turn begins anew. So the last object that
 * counts the prompt is taken whole; fields are never merged, nor the largest looked for. Vertex
 * sends objects that name the kind of traffic alone: those count nothing.
 */
#include "llm/state.h"

void google_document(struct llm_state *s)
{
	const struct usage *main = &s->doc.usage[SLOT_MAIN], *twin = &s->doc.usage[SLOT_TWIN];
	bool has_prompt = usage_has(main, CTR_INPUT) || main->broken >> CTR_INPUT & 1;

	/* one without the prompt is better than none, and only that */
	if (s->doc.has_usage[SLOT_MAIN] && (has_prompt || !usage_has(&s->usage, CTR_INPUT))) {
		s->usage = *main;
		s->usage_cnt++;
	} else if (s->doc.has_usage[SLOT_TWIN]) {
		s->usage = *twin;
		s->usage_cnt++;
	}
	if (s->doc.query_cnt)
		s->query_cnt = s->doc.query_cnt;
	s->is_terminal = s->is_terminal || s->doc.has_finish;
}

/*
 * Up to Gemini 2 a prompt that was grounded is billed once, however many searches it took; later
 * ones are billed by the search.
 */
void google_grounding(struct llm_state *s)
{
	static const char *const by_prompt[] = {"gemini-1", "gemini-2", "models/gemini-1",
						"models/gemini-2"};
	struct str model = s->call.model_served.n ? s->call.model_served : s->call.model_requested;

	if (!s->query_cnt)
		return;
	for (size_t i = 0; i < ARRAY_LEN(by_prompt); i++) {
		if (str_starts(model, str_of(by_prompt[i]))) {
			meters_set(&s->call.meters, METER_GROUNDED_PROMPT, 1);
			return;
		}
	}
	meters_set(&s->call.meters, METER_WEB_SEARCH, s->query_cnt);
}

/* google.ai.generativelanguage FinishReason; a client may ask for numbers (enum-encoding=int). */
struct str google_finish(u64 number)
{
	static const char *const names[] = {
		NULL, "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE",
		"BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL",
		"IMAGE_SAFETY",
	};

	return number < ARRAY_LEN(names) ? str_of(names[number]) : STR_NONE;
}

struct str google_traffic(u64 number)
{
	static const char *const names[] = {NULL, "ON_DEMAND", "PROVISIONED_THROUGHPUT"};

	return number < ARRAY_LEN(names) ? str_of(names[number]) : STR_NONE;
}
