/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anthropic's own rules.
 *
 * message_start has the input, its cache figures and their TTL split, and an output that is only a
 * placeholder; message_delta has the final figures, each replacing its namesake, but no TTL split
 * at its top. With compaction, an advisor or a fallback the top level is not what is billed: every
 * entry of `iterations` is, at its own model.
 */
#include "llm/state.h"

static void anthropic_usage(struct llm_state *s)
{
	if (!s->doc.has_usage[SLOT_MAIN])
		return;
	usage_replace(&s->usage, &s->doc.usage[SLOT_MAIN]);
	s->usage_cnt++;
	s->hop_cnt = s->doc.hop_cnt;
}

void anthropic_document(struct llm_state *s)
{
	switch (s->doc.kind) {
	case DOC_MESSAGE_START:
		anthropic_usage(s);
		s->is_started_only = s->doc.has_usage[SLOT_MAIN];
		break;
	case DOC_MESSAGE:
	case DOC_MESSAGE_DELTA:
		anthropic_usage(s);
		s->is_started_only = s->is_started_only && !s->doc.has_usage[SLOT_MAIN];
		s->is_terminal = s->is_terminal || s->doc.has_usage[SLOT_MAIN];
		break;
	case DOC_MESSAGE_STOP:
		s->is_terminal = true;
		break;
	default:
		break;
	}
}

/* --- the TTL split --------------------------------------------------------------------------- */

static bool has_split(const struct usage *u)
{
	return usage_has(u, CTR_CACHE_5M) || usage_has(u, CTR_CACHE_1H);
}

/*
 * Makes 5m + 1h equal to all that was written to the cache, in the proportion that `like` shows;
 * what rounding leaves over is 5m. Where nothing tells a lifetime, it stays untold (cache_write).
 */
static void split_writes(struct usage *u, const struct usage *like)
{
	u64 five = usage_get(like, CTR_CACHE_5M), hour = usage_get(like, CTR_CACHE_1H);
	u64 all = usage_has(u, CTR_CACHE_WRITE) ? u->count[CTR_CACHE_WRITE] : five + hour;

	if (!has_split(like))
		return;
	if (five + hour != all)
		hour = five + hour ? (u64)((unsigned __int128)all * hour / (five + hour)) : 0;
	usage_set(u, CTR_CACHE_5M, all - hour);
	usage_set(u, CTR_CACHE_1H, hour);
	u->present &= ~(1ull << CTR_CACHE_WRITE);
}

/* A lone hop is the whole call, and tells its split to the token. */
void anthropic_split(struct llm_state *s)
{
	bool is_lone = s->hop_cnt == 1 && has_split(&s->hop[0].usage);

	split_writes(&s->usage, is_lone ? &s->hop[0].usage : &s->usage);
}

/* --- hops ------------------------------------------------------------------------------------ */

static bool is_own_message(const struct hop *h)
{
	return str_is_empty(h->type) || str_eq(h->type, STR("message"));
}

static bool is_fallback(const struct hop *h)
{
	return str_eq(h->type, STR("fallback_message"));
}

/* One entry of the call's own model repeats the top level. */
static bool is_plain(const struct llm_state *s)
{
	const struct hop *h = &s->hop[0];

	return s->hop_cnt == 1 && is_own_message(h) &&
	       (str_is_empty(h->model) || str_eq(h->model, s->call.model_served));
}

static void meters_add(struct meters *sum, const struct meters *m)
{
	for (int i = 0; i < METER_MAX; i++)
		if (meters_has(m, (enum meter)i))
			meters_set(sum, (enum meter)i, sum->count[i] + m->count[i]);
}

/* What is counted per call and not per hop is priced with the first of its own messages. */
static void carry_units(struct llm_state *s, const struct meters *units)
{
	size_t at = 0;

	while (at + 1 < s->call.sub_cnt && !is_own_message(&s->hop[at]))
		at++;
	for (int i = METER_TOKENS_MAX; i < METER_MAX; i++)
		if (meters_has(units, (enum meter)i))
			meters_set(&s->call.sub[at].meters, (enum meter)i, units->count[i]);
}

/* After a fallback message_start names the model that declined; the hop names the other. */
static void name_served(struct llm_state *s)
{
	struct str first = s->call.model_served, served = STR_NONE;

	for (size_t i = 0; i < s->call.sub_cnt; i++)
		if (is_fallback(&s->hop[i]))
			served = s->hop[i].model;
	if (str_is_empty(served))
		return;
	for (size_t i = 0; i < s->call.sub_cnt; i++)
		if (str_is_empty(s->call.sub[i].model))
			s->call.sub[i].model = first;
	s->call.model_served = served;
}

static void hop_resolve(struct llm_state *s, size_t i)
{
	struct hop *h = &s->hop[i];
	struct sub_usage *sub = &s->call.sub[i];
	struct usage_result r;

	split_writes(&h->usage, has_split(&h->usage) ? &h->usage : &s->usage);
	usage_resolve(s->endpoint->family, &h->usage, &r);
	*sub = (struct sub_usage){.model = h->model,
				  .type = h->type,
				  .meters = r.meters,
				  .context_tokens = r.context_tokens};
	s->call.flags |= r.flags;
	s->is_usage_whole = s->is_usage_whole && r.is_whole;
	if (r.context_tokens > s->call.context_tokens)
		s->call.context_tokens = r.context_tokens;
}

void anthropic_hops(struct llm_state *s)
{
	struct meters top = s->call.meters;
	size_t n = s->hop_cnt < CALL_SUB_MAX ? s->hop_cnt : CALL_SUB_MAX;

	if (!s->hop || is_plain(s))
		return;
	s->call.sub = arena_alloc(s->arena, n * sizeof(*s->call.sub));
	if (!s->call.sub || n < s->hop_cnt) {
		s->call.flags |= CALL_F_ARITHMETIC;
		s->is_usage_whole = false;
	}
	if (!s->call.sub)
		return;
	s->call.sub_cnt = n;
	s->call.flags |= CALL_F_ITERATED;
	s->call.context_tokens = 0;
	for (size_t i = 0; i < n; i++)
		hop_resolve(s, i);
	carry_units(s, &top);
	name_served(s);

	s->call.meters = (struct meters){0};
	for (size_t i = 0; i < n; i++)
		meters_add(&s->call.meters, &s->call.sub[i].meters);
}
