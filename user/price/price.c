/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The charge of one call: which status, how much, and why not more.
 *
 * What the provider itself reports wins over what the card says. Below that, the gravest remark
 * names the status: unpriced, partial, estimated, priced; money that nobody is billed is notional.
 */
#include "price/card.h"

const char *cost_status_name(enum cost_status s)
{
	static const char *const names[COST_STATUS_MAX] = {
		"priced", "partial", "estimated", "notional", "unpriced", "not_billed", "free",
	};

	return names[s];
}

const char *match_kind_name(enum match_kind m)
{
	static const char *const names[MATCH_KIND_MAX] = {
		"none", "exact", "dated", "alias", "glob", "fallback",
	};

	return names[m];
}

/* While the parts of a call are added up. */
struct tally {
	struct charge *charge;
	const struct rate *rate;	/* the most telling one */
	struct str gap_reason;		/* why a meter or a part has no price */
	bool has_gap;			/* some of it has no price */
	bool has_price;
	bool is_all_free;
	struct str estimate;		/* first reason to call it an estimate */
};

static void mark_estimate(struct tally *t, bool is_so, struct str reason)
{
	if (is_so && !t->estimate.p)
		t->estimate = reason;
}

static void mark_gap(struct tally *t, struct str reason)
{
	if (!t->has_gap)
		t->gap_reason = reason;
	t->has_gap = true;
}

/* "default" and "auto" say nothing; else the cards' names, or those of Gemini and Vertex. */
static struct str tier_of(const struct call *c)
{
	static const struct {
		const char *told;
		const char *tier;
	} names[] = {
		{"", "standard"},		{"standard", "standard"},
		{"default", "standard"},	{"auto", "standard"},
		{"on_demand", "standard"},	{"standard_only", "standard"},
		{"flex", "flex"},		{"on_demand_flex", "flex"},
		{"priority", "priority"},	{"on_demand_priority", "priority"},
		{"batch", "batch"},		{"on_demand_batch", "batch"},
		{"provisioned_throughput", "provisioned"},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq_nocase(c->service_tier, str_of(names[i].told)))
			return str_of(names[i].tier);
	return c->service_tier;
}

/* The region in the name of a residency host: "eu" of eu.api.openai.com. */
static struct str host_geo_of(const struct call *c)
{
	struct str host = str_cut(c->host, 0, str_find_char(c->host, ':'));
	size_t dot = str_find_char(host, '.');

	if (str_eq(str_cut(host, dot, host.n), STR(".api.openai.com")))
		return str_cut(host, 0, dot);
	return STR_NONE;
}

static struct situation situation_of(const struct call *c, const struct meters *m, u64 context,
				     u64 wall_ns)
{
	struct situation s = {.ctx = context ? context : meters_input_total(m),
			      .wall_ns = wall_ns};

	s.strings[WHEN_TIER] = tier_of(c);
	s.strings[WHEN_GEO] = c->geo;
	s.strings[WHEN_HOST_GEO] = host_geo_of(c);
	s.strings[WHEN_SPEED] = c->speed.n ? c->speed : STR("standard");
	s.strings[WHEN_ENDPOINT] = c->endpoint;
	s.strings[WHEN_ORG] = c->organization;
	s.strings[WHEN_PROJECT] = c->project;
	return s;
}

static bool price_of(const struct pick *p, enum meter m, u64 count, s128 *ret)
{
	return p->rate && money_of(count, p->nano, meter_block(m), p->x, ret) == 0;
}

static void add_meter(struct tally *t, const struct picked *p, enum meter m, u64 count)
{
	struct charge *c = t->charge;
	const struct rate *r = p->effective[m].rate;
	s128 list, effective, list_sum, sum;

	if (count == 0 && !r)
		return;
	if (!price_of(&p->effective[m], m, count, &effective)
	    || !price_of(&p->list[m], m, count, &list)
	    || __builtin_add_overflow(c->amount_femto, effective, &sum)
	    || __builtin_add_overflow(c->list_femto, list, &list_sum)) {
		c->unpriced_meters |= 1ull << m;
		mark_gap(t, r ? STR("overflow") : STR("no_rate"));
		return;
	}
	c->amount_femto = sum;
	c->list_femto = list_sum;
	c->priced_meters |= 1ull << m;
	c->meter_femto[m] += effective;
	t->has_price = true;
	t->is_all_free &= r->is_free;
	mark_estimate(t, r->status == RATE_DERIVED, STR("derived_rate"));
	if (!t->rate || (r->card->layer >= t->rate->card->layer
			 && when_rank(&r->when, &t->rate->when) > 0))
		t->rate = r;
}

static void add_saving(struct charge *c, const struct picked *p, const struct meters *m)
{
	u64 n = m->count[METER_CACHE_READ];
	s128 as_input, as_read;

	if (!meters_has(m, METER_CACHE_READ) || !n
	    || !price_of(&p->effective[METER_INPUT], METER_INPUT, n, &as_input)
	    || !price_of(&p->effective[METER_CACHE_READ], METER_CACHE_READ, n, &as_read))
		return;
	c->has_cache_saving = true;
	c->cache_saving_femto += as_input - as_read;
}

static void add_meters(struct tally *t, const struct picked *p, const struct meters *m)
{
	for (int i = 0; i < METER_MAX; i++)
		if (meters_has(m, (enum meter)i))
			add_meter(t, p, (enum meter)i, m->count[i]);
	add_saving(t->charge, p, m);
	mark_estimate(t, p->is_change_due, STR("announced_change_due"));
	mark_estimate(t, !p->has_tier_rate, STR("no_tier_rate"));
	mark_estimate(t, !p->has_speed_rate, STR("no_speed_rate"));
	mark_estimate(t, p->is_excluded, STR("excluded_combination"));
}

static void gap_all(struct tally *t, const struct meters *m, struct str reason)
{
	for (int i = 0; i < METER_MAX; i++)
		if (meters_has(m, (enum meter)i) && m->count[i])
			t->charge->unpriced_meters |= 1ull << i;
	mark_gap(t, reason);
}

struct usage {
	struct str model;
	const struct meters *meters;
	u64 context;
};

static void add_usage(const struct price_book *b, const struct call *call, const struct usage *u,
		      u64 wall_ns, struct tally *t)
{
	struct model_match m = match_model(b, call->provider, u->model, wall_ns);
	struct picked picked;
	struct situation s;

	if (!m.model) {
		gap_all(t, u->meters, m.reason);
		return;
	}
	if (t->charge->match == MATCH_NONE) {
		t->charge->match = m.kind;
		t->charge->model_matched = m.model->id;
		t->charge->card = m.model->card->name;
		t->charge->card_version = m.model->card->version;
	}
	mark_estimate(t, m.kind == MATCH_FALLBACK, STR("fallback"));
	s = situation_of(call, u->meters, u->context, wall_ns);
	select_rates(b, m.model, &s, &picked);
	if (picked.has_overflow)
		gap_all(t, u->meters, STR("overflow"));
	else
		add_meters(t, &picked, u->meters);
}

static struct str model_of(const struct call *c)
{
	return c->model_served.n ? c->model_served : c->model_requested;
}

static void add_usages(const struct price_book *b, const struct call *call, u64 wall_ns,
		       struct tally *t)
{
	struct usage whole = {model_of(call), &call->meters, call->context_tokens};

	if (call->sub_cnt == 0) {
		add_usage(b, call, &whole, wall_ns, t);
		return;
	}
	for (size_t i = 0; i < call->sub_cnt; i++) {
		const struct sub_usage *sub = &call->sub[i];
		struct usage part = {sub->model.n ? sub->model : whole.model, &sub->meters,
				     sub->context_tokens};

		add_usage(b, call, &part, wall_ns, t);
	}
}

static void set_status(struct charge *c, enum cost_status status, struct str reason)
{
	c->status = status;
	c->reason = reason;
}

static void conclude(struct tally *t, const struct call *call)
{
	struct charge *c = t->charge;

	mark_estimate(t, call->completeness == COMPLETE_LOWER_BOUND, STR("lower_bound"));
	mark_estimate(t, call->completeness == COMPLETE_ESTIMATED
		      || call->completeness == COMPLETE_UNMETERED, STR("estimated_usage"));
	c->has_amount = t->has_price || !t->has_gap;
	if (!c->has_amount)
		set_status(c, COST_UNPRICED, t->gap_reason);
	else if (t->has_gap)
		set_status(c, COST_PARTIAL, t->gap_reason);
	else if (t->estimate.p)
		set_status(c, COST_ESTIMATED, t->estimate);
	else if (t->has_price && t->is_all_free)
		set_status(c, COST_FREE, STR_NONE);
	else
		set_status(c, COST_PRICED, STR_NONE);
	if (!c->has_amount)
		c->amount_femto = c->list_femto = 0;
}

static void compute(const struct price_book *b, const struct call *call, u64 wall_ns,
		    struct charge *ret)
{
	struct tally t = {.charge = ret, .is_all_free = true};

	add_usages(b, call, wall_ns, &t);
	conclude(&t, call);
	if (t.rate) {
		ret->rate_id = t.rate->id;
		ret->card = t.rate->card->name;
		ret->card_version = t.rate->card->version;
	}
}

static void prefer_provider(const struct call *call, struct charge *c)
{
	c->has_computed = c->has_amount;
	c->computed_femto = c->amount_femto;
	c->is_from_provider = true;
	c->has_amount = true;
	c->amount_femto = c->list_femto = call->provider_cost_femto_usd;
	c->unpriced_meters = 0;
	set_status(c, COST_PRICED, STR_NONE);
}

/* Real tokens, but nobody is billed for them: the amount stays, under another name. */
static void make_notional(struct charge *c, struct str reason)
{
	if (!c->has_amount || c->status == COST_FREE)
		return;
	set_status(c, COST_NOTIONAL, c->reason.p ? c->reason : reason);
}

static bool is_substituted(const struct price_book *b, const struct call *call, u64 wall_ns)
{
	struct model_match asked, served;

	if (!call->model_requested.n || !call->model_served.n
	    || match_same_base(call->model_requested, call->model_served))
		return false;
	asked = match_model(b, call->provider, call->model_requested, wall_ns);
	served = match_model(b, call->provider, call->model_served, wall_ns);
	return asked.model && served.model && asked.model != served.model;
}

/* Calls that need no price; false when this one does. */
static bool settle_unbilled(const struct call *call, struct charge *c)
{
	if (call->completeness == COMPLETE_FREE_CALL)
		set_status(c, COST_NOT_BILLED, STR("free_call"));
	else if (call->completeness == COMPLETE_DUPLICATE_VIEW)
		set_status(c, COST_NOT_BILLED, STR("duplicate_view"));
	else if (call->has_provider_cost || call->meters.present || call->sub_cnt)
		return false;
	else if (call->cache_status == CACHE_GATEWAY_HIT)
		set_status(c, COST_NOT_BILLED, STR("gateway_hit"));
	else if (call->http_status >= 400)
		set_status(c, COST_NOT_BILLED, STR("http_error"));
	else
		set_status(c, COST_UNPRICED, STR("no_usage"));
	return true;
}

void price_call(const struct price_book *b, const struct call *call, u64 wall_ns,
		struct charge *ret)
{
	struct charge c = {.status = COST_UNPRICED, .reason = STR_NONE};

	c.is_substituted = is_substituted(b, call, wall_ns);
	if (!settle_unbilled(call, &c)) {
		compute(b, call, wall_ns, &c);
		if (call->has_provider_cost)
			prefer_provider(call, &c);
		if (call->cache_status == CACHE_GATEWAY_HIT)
			make_notional(&c, STR("gateway_hit"));
		else if (call->billing == BILLING_SUBSCRIPTION)
			make_notional(&c, STR("subscription"));
		if (c.status == COST_UNPRICED && call->cache_status == CACHE_GATEWAY_HIT)
			set_status(&c, COST_NOT_BILLED, STR("gateway_hit"));
	}
	*ret = c;
}
