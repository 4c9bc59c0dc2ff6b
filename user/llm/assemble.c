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
	s->web_search += s->doc.web_search;
	s->file_search += s->doc.file_search;
	s->code_session += s->doc.code_session;
}

/* Groq sends the same figures twice, under two names: never both. */
static void assemble_last(struct llm_state *s)
{
	const struct document *doc = &s->doc;

	if (doc->has_usage[SLOT_MAIN]) {
		take_usage(s, &doc->usage[SLOT_MAIN]);
		s->has_main = true;
	} else if (doc->has_usage[SLOT_TWIN] && !s->has_main) {
		take_usage(s, &doc->usage[SLOT_TWIN]);
	}
	if (s->is_stream && doc->has_usage[SLOT_MAIN] && (!doc->has_choice || doc->has_finish))
		s->is_terminal = true;
}

/*
 * A response has a status where chat has a finish; why it is incomplete says more than that it is.
 */
static void assemble_terminal(struct llm_state *s)
{
	bool is_open = str_eq(s->status, STR("queued")) || str_eq(s->status, STR("in_progress"));

	if (s->doc.kind != DOC_PLAIN && s->doc.kind != DOC_RESPONSE_END)
		return;
	if (s->doc.has_usage[SLOT_MAIN])
		take_usage(s, &s->doc.usage[SLOT_MAIN]);
	take_items(s);
	if (!is_open)
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
	}
	if (!s->is_stream && !s->is_broken)
		s->is_terminal = true;
}

/* A tick is 1e-10 USD, 100 pico-USD; none at all beside tokens means "not told". */
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
		if (__builtin_mul_overflow(u->count[CTR_COST_TICKS], 100, &cost))
			return;
	} else {
		return;
	}
	if (cost > INT64_MAX)
		return;
	s->call.has_provider_cost = true;
	s->call.provider_cost_pico_usd = (s64)cost;
}

static void take_units(struct llm_state *s)
{
	struct meters *m = &s->call.meters;

	/* Tools that the response shows but its usage does not count. */
	if (s->web_search)
		meters_set(m, METER_WEB_SEARCH, s->web_search);
	if (s->file_search)
		meters_set(m, METER_FILE_SEARCH, s->file_search);
	if (s->code_session)
		meters_set(m, METER_CODE_SESSION, s->code_session);
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

void assemble_call(struct llm_state *s)
{
	struct usage_result r;

	if (!s->hop_cnt && !usage_is_told(&s->usage)) {
		take_cost(s);
		s->usage_cnt = 0;
	}
	if (s->usage_cnt) {
		if (s->endpoint->assembly == ASSEMBLE_ANTHROPIC)
			anthropic_split(s);
		usage_resolve(dialect_family(s->endpoint, s->call.provider), &s->usage, &r);
		take_result(s, &r);
		take_cost(s);
	}
	take_units(s);
	if (s->hop_cnt)
		anthropic_hops(s);
}
