/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From documents to one usage, and from usage to the call's meters.
 *
 * ASSEMBLE_LAST: clones send usage on every chunk, each time for everything so far: the last one
 * counts, never a sum. ASSEMBLE_TERMINAL: earlier events show tiers and counts that are not final.
 */
#include "llm/state.h"

static void take_usage(struct llm_state *s, const struct usage *u)
{
	s->usage = *u;
	s->usage_cnt++;
}

static void take_items(struct llm_state *s)
{
	s->delta_cnt += s->doc.delta_cnt;
	s->has_other_delta = s->has_other_delta || s->doc.has_other_delta;
	s->web_search += s->doc.web_search;
	s->file_search += s->doc.file_search;
	s->code_session += s->doc.code_session;
}

/* Of a job: what it made is there. */
static bool is_done(const struct llm_state *s)
{
	return str_eq(s->status, STR("completed")) || str_eq(s->status, STR("succeeded")) ||
	       str_eq(s->status, STR("done"));
}

static bool is_open(const struct llm_state *s)
{
	static const char *const open[] = {"queued", "in_progress", "pending", "starting",
					   "processing"};

	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (str_eq(s->status, str_of(open[i])))
			return true;
	return false;
}

/* Pictures are billed by the piece where no tokens are told, whatever else is. */
static void take_pieces(struct llm_state *s)
{
	struct usage *u = &s->doc.usage[SLOT_MAIN];

	if (!usage_has(u, CTR_INPUT) && !usage_has(u, CTR_OUTPUT) && s->doc.has_usage[SLOT_TWIN])
		usage_replace(u, &s->doc.usage[SLOT_TWIN]);
	take_usage(s, u);
	s->has_main = true;
}

/* Groq sends the same figures twice, under two names: never both. */
static void assemble_last(struct llm_state *s)
{
	const struct document *doc = &s->doc;
	bool is_job = s->endpoint->paths == PATHS_JOB;

	take_items(s);
	if (doc->has_usage[SLOT_METRICS]) {
		s->metrics = doc->usage[SLOT_METRICS];
		s->has_metrics = true;
	}
	if (is_job && !is_done(s)) {
		return;
	} else if (doc->has_usage[SLOT_MAIN] && s->endpoint->paths == PATHS_IMAGES) {
		take_pieces(s);
	} else if (doc->has_usage[SLOT_MAIN]) {
		take_usage(s, &doc->usage[SLOT_MAIN]);
		s->has_main = true;
	} else if (doc->has_usage[SLOT_TWIN] && !s->has_main) {
		take_usage(s, &doc->usage[SLOT_TWIN]);
	}
	if (s->is_stream && (doc->has_usage[SLOT_MAIN] || doc->has_usage[SLOT_TWIN]) &&
	    (!doc->has_choice || doc->has_finish))
		s->is_terminal = true;
	if (s->endpoint->paths == PATHS_INTERACTIONS && !is_open(s))
		s->finish[0] = s->status;
	s->is_terminal = s->is_terminal || doc->kind == DOC_END;
}

/* Each of an agent's model calls is told once. */
static void assemble_sum(struct llm_state *s)
{
	if (!s->doc.has_usage[SLOT_MAIN])
		return;
	usage_add(&s->usage, &s->doc.usage[SLOT_MAIN]);
	s->usage_cnt++;
}

/* Claude's lines come with hops of their own, OpenAI's never. */
static void assemble_each(struct llm_state *s)
{
	if (!s->doc.has_usage[SLOT_MAIN])
		return;
	take_usage(s, &s->doc.usage[SLOT_MAIN]);
	s->hop_cnt = s->doc.hop_cnt;
}

/*
 * A response has a status where chat has a finish; why it is incomplete says more than that it is.
 */
static void assemble_terminal(struct llm_state *s)
{
	if (s->doc.kind != DOC_PLAIN && s->doc.kind != DOC_RESPONSE_END)
		return;
	if (s->doc.has_usage[SLOT_MAIN])
		take_usage(s, &s->doc.usage[SLOT_MAIN]);
	take_items(s);
	if (!is_open(s))
		s->finish[0] = s->status_reason.n ? s->status_reason : s->status;
	s->is_terminal = s->is_terminal || s->doc.kind == DOC_RESPONSE_END;
}

void assemble_document(struct llm_state *s)
{
	s->has_error = s->has_error || s->doc.has_error || s->doc.kind == DOC_ERROR;
	switch (s->endpoint->assembly) {
	case ASSEMBLE_LAST:
		assemble_last(s);
		break;
	case ASSEMBLE_TERMINAL:
		assemble_terminal(s);
		break;
	case ASSEMBLE_ANTHROPIC:
		anthropic_document(s);
		take_items(s);
		break;
	case ASSEMBLE_GOOGLE:
		google_document(s);
		break;
	case ASSEMBLE_INVOKE:
		bedrock_document(s);
		take_items(s);
		break;
	case ASSEMBLE_SUM:
		assemble_sum(s);
		break;
	case ASSEMBLE_EACH:
		assemble_each(s);
		break;
	}
	if (!s->is_stream && !s->is_broken)
		s->is_terminal = true;
}

/* A tick is 1e-10 USD, 1e5 femto-USD; none at all beside tokens means "not told". */
static void take_cost(struct llm_state *s)
{
	const struct usage *u = &s->usage;
	u64 cost;

	if (u->is_byok)
		s->call.billing = BILLING_BYOK;
	if (usage_has(u, CTR_COST)) {
		cost = u->count[CTR_COST];
		/* The gateway's own fee, and what the customer's key paid upstream. */
		if (u->is_byok &&
		    __builtin_add_overflow(cost, usage_get(u, CTR_COST_UPSTREAM), &cost))
			return;
	} else if (usage_get(u, CTR_COST_TICKS)) {
		if (__builtin_mul_overflow(u->count[CTR_COST_TICKS], 100000, &cost))
			return;
	} else {
		return;
	}
	if (cost > INT64_MAX)
		return;
	s->call.has_provider_cost = true;
	s->call.provider_cost_femto_usd = (s64)cost;
}

static void take_units(struct llm_state *s)
{
	struct meters *m = &s->call.meters;

	/* Tools that the response shows but its usage does not count. */
	if (s->web_search && !meters_has(m, METER_WEB_SEARCH))
		meters_set(m, METER_WEB_SEARCH, s->web_search);
	if (s->file_search && !meters_has(m, METER_FILE_SEARCH))
		meters_set(m, METER_FILE_SEARCH, s->file_search);
	if (s->code_session && !meters_has(m, METER_CODE_SESSION))
		meters_set(m, METER_CODE_SESSION, s->code_session);
	google_grounding(s);
}

static struct str model_of(const struct llm_state *s)
{
	return s->call.model_served.n ? s->call.model_served : s->call.model_requested;
}

static enum usage_family family_of(const struct llm_state *s)
{
	if (s->endpoint->assembly == ASSEMBLE_INVOKE &&
	    bedrock_is_embedding(s->call.model_requested))
		return FAMILY_INPUT;
	return dialect_family(s->endpoint, s->call.provider, model_of(s));
}

static void take_result(struct llm_state *s, const struct usage_result *r)
{
	s->call.meters = r->meters;
	s->call.flags |= r->flags;
	s->call.context_tokens = r->context_tokens;
	s->call.has_provider_total = r->has_total;
	s->call.provider_total = r->total;
	s->call.residual = r->residual;
	s->is_usage_whole = r->is_whole;
}

/* Nothing was told, or less than there was to tell. */
static bool is_usage_thin(const struct llm_state *s)
{
	/* TGI's body counts the answer alone, its head both */
	return !s->usage_cnt || s->is_broken || s->is_started_only ||
	       (s->endpoint->paths == PATHS_TGI && !usage_has(&s->usage, CTR_INPUT)) ||
	       (s->endpoint->assembly == ASSEMBLE_INVOKE && !s->hop_cnt &&
		!usage_has(&s->usage, CTR_OUTPUT) &&
		!bedrock_is_embedding(s->call.model_requested));
}

void assemble_call(struct llm_state *s, const struct exchange *x)
{
	struct usage_result r;

	if (s->endpoint->assembly == ASSEMBLE_INVOKE)
		bedrock_usage(s);
	if (s->endpoint->assembly == ASSEMBLE_INVOKE &&
	    bedrock_is_embedding(s->call.model_requested))
		s->call.operation = STR("embeddings");
	if (!s->hop_cnt && !usage_is_told(&s->usage)) {
		take_cost(s);
		s->usage_cnt = 0;
	}
	if (is_usage_thin(s))
		headers_usage(s, x);
	estimate_usage(s);
	if (s->usage_cnt) {
		anthropic_split(s);
		usage_resolve(family_of(s), &s->usage, &r);
		take_result(s, &r);
		take_cost(s);
	}
	take_units(s);
	if (s->hop_cnt)
		anthropic_hops(s);
}
