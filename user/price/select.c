/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which price each meter of one usage has: within a card the most specific rate that holds, then
 * the upper card over the lower one, then multipliers and discounts.
 */
#include "price/card.h"

#define METERS_ALL ((1ull << METER_MAX) - 1)

_Static_assert(METER_MAX < 64, "a meter mask is one word");

/* What one card says. */
struct layer_pick {
	const struct rate *rate[METER_MAX];	/* decides the meter; may say "no price" */
	u64 blocked;				/* not sold in this tier */
	bool has_any;
	bool is_change_due;
};

static bool when_has(const struct when *w, enum when_key key)
{
	return w->keys >> key & 1;
}

static bool is_plain(struct str s)
{
	return !s.p || str_eq(s, STR("standard"));
}

static void layer_add(struct layer_pick *p, const struct rate *r)
{
	for (int m = 0; m < METER_MAX; m++) {
		if (!(r->listed >> m & 1))
			continue;
		if (!p->rate[m] || when_rank(&r->when, &p->rate[m]->when) > 0)
			p->rate[m] = r;
	}
}

/*
 * A rate for a tier is the whole offer of that tier: a meter it does not name is not sold there,
 * unless it says that the meter is inherited.
 */
static void layer_select(const struct model *m, const struct situation *s, struct layer_pick *ret)
{
	u64 in_tier = 0;
	bool has_tier = false;

	for (size_t i = 0; i < m->rate_cnt; i++) {
		const struct rate *r = &m->rates[i];

		if (!span_has(r->span, s->wall_ns) || !when_holds(&r->when, s))
			continue;
		if (r->is_pending) {
			ret->is_change_due = true;
			continue;
		}
		ret->has_any = true;
		layer_add(ret, r);
		if (when_has(&r->when, WHEN_TIER)) {
			has_tier = true;
			in_tier |= r->listed | r->inherit;
		}
	}
	if (has_tier)
		ret->blocked = METERS_ALL & ~in_tier;
}

static void layer_merge(const struct layer_pick *p, bool is_contract, struct picked *ret)
{
	for (int m = 0; m < METER_MAX; m++) {
		const struct rate *r = p->rate[m];
		struct pick pick = {.x = RATIO_ONE};

		if (!r)
			continue;
		ret->denied &= ~(1ull << m);
		if (!(r->priced >> m & 1))
			ret->denied |= 1ull << m;
		else if (!(p->blocked >> m & 1))
			pick = (struct pick){r, r->nano[m], RATIO_ONE};
		ret->effective[m] = pick;
		if (!is_contract)
			ret->list[m] = pick;
		ret->has_tier_rate |= pick.rate && when_has(&r->when, WHEN_TIER);
		ret->has_speed_rate |= pick.rate && when_has(&r->when, WHEN_SPEED);
	}
	ret->is_change_due |= p->is_change_due;
}

/* Lower cards first. The chain is as deep as there are cards for one model. */
static void layers_select(const struct model *m, const struct situation *s, struct picked *ret)
{
	const struct model *done = NULL;

	while (done != m) {
		const struct model *at = m;
		struct layer_pick p = {.blocked = 0};

		while (at->below != done)
			at = at->below;
		layer_select(at, s, &p);
		layer_merge(&p, at->card->is_contract, ret);
		done = at;
	}
	/* what only a contract prices has no other list price */
	for (int i = 0; i < METER_MAX; i++)
		if (!ret->list[i].rate)
			ret->list[i] = ret->effective[i];
}

static bool is_excluded(const struct multiplier *x, const struct situation *s)
{
	for (size_t i = 0; i < x->exclude_cnt; i++)
		if (when_holds(&x->excludes[i], s))
			return true;
	return false;
}

static void scale(struct picked *p, u64 meters, struct ratio x, bool is_list)
{
	for (int m = 0; m < METER_MAX; m++) {
		if (!(meters >> m & 1))
			continue;
		if (is_list && ratio_mul(p->list[m].x, x, &p->list[m].x))
			p->has_overflow = true;
		if (ratio_mul(p->effective[m].x, x, &p->effective[m].x))
			p->has_overflow = true;
	}
}

/* The uppermost card that has multipliers for the model replaces those below. */
static void apply_multipliers(const struct model *m, const struct situation *s,
			      struct picked *ret)
{
	while (m && !m->has_multipliers)
		m = m->below;
	for (size_t i = 0; m && i < m->multiplier_cnt; i++) {
		const struct multiplier *x = &m->multipliers[i];

		if (!span_has(x->span, s->wall_ns) || !when_holds(&x->when, s))
			continue;
		if (is_excluded(x, s)) {
			ret->is_excluded = true;
			continue;
		}
		scale(ret, x->meters, ratio_of_nano(x->nano), true);
		if (when_has(&x->when, WHEN_TIER))
			ret->has_tier_rate = true;
		if (when_has(&x->when, WHEN_SPEED))
			ret->has_speed_rate = true;
	}
}

static bool discount_covers(const struct discount *d, const struct model *m)
{
	for (size_t i = 0; i < d->models.n; i++)
		if (str_eq(d->models.v[i], m->id))
			return true;
	return d->models.n == 0;
}

/* Discounts follow one another, each on what the one before left. */
static void apply_discounts(const struct price_book *b, const struct model *m,
			    const struct situation *s, struct picked *ret)
{
	for (const struct card *c = b->first; c; c = c->next) {
		if (!str_eq(c->provider, m->card->provider))
			continue;
		for (size_t i = 0; i < c->discount_cnt; i++) {
			const struct discount *d = &c->discounts[i];

			if (discount_covers(d, m) && span_has(d->span, s->wall_ns)
			    && when_holds(&d->when, s))
				scale(ret, d->meters, ratio_of_nano(DECIMAL_ONE - d->nano), false);
		}
	}
}

static bool takes_images_as_input(const struct model *m)
{
	for (; m; m = m->below)
		if (m->is_image_input)
			return true;
	return false;
}

static void stand_in(struct picked *p, enum meter to, enum meter from)
{
	if (p->denied >> to & 1)
		return;
	if (!p->list[to].rate)
		p->list[to] = p->list[from];
	if (!p->effective[to].rate)
		p->effective[to] = p->effective[from];
}

/* The closed list of what may stand in for a missing price. */
static void stand_ins(struct picked *p, const struct model *m)
{
	bool has_5m = p->effective[METER_CACHE_WRITE_5M].rate != NULL;

	stand_in(p, METER_REASONING, METER_OUTPUT);
	if (has_5m)
		stand_in(p, METER_CACHE_WRITE, METER_CACHE_WRITE_5M);
	else
		stand_in(p, METER_CACHE_WRITE_5M, METER_CACHE_WRITE);
	if (takes_images_as_input(m)) {
		stand_in(p, METER_INPUT_IMAGE, METER_INPUT);
		stand_in(p, METER_INPUT_VIDEO, METER_INPUT);
	}
}

void select_rates(const struct price_book *b, const struct model *m, const struct situation *s,
		  struct picked *ret)
{
	*ret = (struct picked){.has_tier_rate = is_plain(s->strings[WHEN_TIER]),
			       .has_speed_rate = is_plain(s->strings[WHEN_SPEED])};
	for (int i = 0; i < METER_MAX; i++)
		ret->list[i].x = ret->effective[i].x = RATIO_ONE;
	layers_select(m, s, ret);
	apply_multipliers(m, s, ret);
	apply_discounts(b, m, s, ret);
	stand_ins(ret, m);
}
