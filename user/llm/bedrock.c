/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bedrock's own rules.
 *
 * Invoke passes the vendor's body through. In a stream each document comes wrapped,
 *
 *	{"bytes":"eyJ0eXBlIjoibWVzc2FnZV9zdG9wIi...","p":"abcdefghij"}
 *
 * and the last one has amazon-bedrock-invocationMetrics added to it. Some vendors count in their
 * bodies (Claude also tells lifetimes of cache writes), some do not: then the metrics count, and
 * failing them the headers, which every answer that is not streamed has.
 */
#include "llm/state.h"

/* --- wrapped documents ----------------------------------------------------------------------- */

static void on_wrapped(void *arg, const struct json_event *e)
{
	struct llm_state *s = arg;
	char out[BASE64_OUT_MAX + 3];

	if (TAG_FIELD(e->tag) != FIELD_WRAPPED ||
	    (e->type != JSON_T_STRING && e->type != JSON_T_PART))
		return;
	response_data(s, (struct str){out, base64_feed(&s->base64, e->text, out)});
}

void bedrock_begin(struct llm_state *s)
{
	if (!s->envelope)
		s->envelope = arena_alloc(s->arena, sizeof(*s->envelope));
	if (!s->envelope)
		return;
	json_init(s->envelope, s->envelope_paths, on_wrapped, s);
	base64_init(&s->base64);
}

void bedrock_data(struct llm_state *s, struct str bytes)
{
	if (s->envelope)
		json_feed(s->envelope, bytes.p, bytes.n);
}

bool bedrock_end(struct llm_state *s, bool is_whole)
{
	return s->envelope && is_whole && !json_finish(s->envelope);
}

/* --- usage ----------------------------------------------------------------------------------- */

static bool is_claude(const struct document *doc)
{
	return doc->kind == DOC_MESSAGE || doc->kind == DOC_MESSAGE_START ||
	       doc->kind == DOC_MESSAGE_DELTA || doc->kind == DOC_MESSAGE_STOP;
}

void bedrock_document(struct llm_state *s)
{
	const struct document *doc = &s->doc;

	if (is_claude(doc)) {
		anthropic_document(s);
	} else if (doc->has_usage[SLOT_MAIN]) {
		s->usage = doc->usage[SLOT_MAIN];
		s->usage_cnt++;
	} else if (doc->has_usage[SLOT_TWIN]) {
		/* Llama counts the prompt in its first document, what it made in each */
		usage_replace(&s->usage, &doc->usage[SLOT_TWIN]);
		s->usage_cnt++;
	}
	if (doc->has_usage[SLOT_METRICS]) {
		s->metrics = doc->usage[SLOT_METRICS];
		s->has_metrics = true;
		s->is_terminal = true;
	}
}

void bedrock_usage(struct llm_state *s)
{
	const struct usage *u = &s->usage;
	bool has_input = usage_has(u, CTR_INPUT) || usage_has(u, CTR_PROMPT);

	if (!s->has_metrics || s->hop_cnt ||
	    (has_input && usage_has(u, CTR_OUTPUT) && !s->is_started_only))
		return;
	usage_replace(&s->usage, &s->metrics);
	s->usage_cnt++;
	s->is_started_only = false;
}

/* --- models ---------------------------------------------------------------------------------- */

/* A profile across regions has its own price: its prefix says which. */
struct str bedrock_geo(struct str model)
{
	static const char *const geos[] = {"us", "eu", "apac", "global", "us-gov", "jp", "au",
					   "ca"};
	struct str first = str_cut(model, 0, str_find_char(model, '.'));

	/* arn:aws:bedrock:us-east-1:123:inference-profile/us.anthropic.claude-... */
	for (size_t i = 0; i < first.n; i++)
		if (first.p[i] == '/')
			return bedrock_geo(str_cut(model, i + 1, model.n));
	for (size_t i = 0; i < ARRAY_LEN(geos); i++)
		if (first.n < model.n && str_eq(first, str_of(geos[i])))
			return first;
	return STR_NONE;
}

bool bedrock_is_embedding(struct str model)
{
	return str_contains(model, STR("embed"));
}
