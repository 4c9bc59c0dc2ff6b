/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses, layers and parts of a call. What exact amounts are is in test_golden.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "price/cards.h"

#define SRC "'source':'test','checked':'2026-11-24'"
#define USD ((s128)1000000000000000)
#define MTOK 1000000

static const char card[] =
	"'fallback_for':'reseller','models':["
	"{'id':'m','match':{'exact':['m'],'dated':['m'],'alias':['m-latest']},'rates':["
	"{'per_mtok':{'input':'10','cache_read':'1','cache_write_5m':'12','output':'20'},"
	"'per_unit':{'web_search':'0.01'}," SRC "},"
	"{'when':{'tier':'flex'},'per_mtok':{'input':'5','output':'8'},"
	"'inherit':['web_search']," SRC "}],"
	"'multipliers':["
	"{'when':{'geo':'us'},'meters':'tokens','x':'1.5'," SRC "},"
	"{'when':{'speed':'fast'},'meters':'tokens','x':'2','excludes':[{'tier':'flex'}]," SRC
	"}]},"
	"{'id':'n','image_as_input':true,'rates':["
	"{'per_mtok':{'input':'100','cache_write':'50','reasoning':null,'output':'1'}," SRC "}]},"
	"{'id':'derived','rates':[{'status':'derived','per_mtok':{'input':'1'}," SRC "}]},"
	"{'id':'gratis','rates':[{'free':true," SRC "}]},"
	"{'id':'due','rates':[{'per_mtok':{'input':'1'}," SRC "},"
	"{'status':'announced','from':'2027-01-01','per_mtok':{'input':'3'}," SRC "}]},"
	"{'id':'risen','rates':[{'per_mtok':{'input':'1'},'to':'2026-11-01'," SRC "},"
	"{'status':'announced','from':'2026-11-01','per_mtok':{'input':'3'}," SRC "}]},"
	"{'id':'dear','rates':[{'per_unit':{'request':'1000000'}," SRC "}]},"
	"{'id':'gone','rates':[{'to':'2026-01-01','per_mtok':{'input':'1'}," SRC "}]}"
	"]";

static int setup(void **state)
{
	*state = cards_book1(card);
	return 0;
}

static int teardown(void **state)
{
	price_book_free(*state);
	return 0;
}

static struct charge price(void **state, const struct call *call)
{
	struct charge c;

	price_call(*state, call, cards_time(CARDS_NOW), &c);
	return c;
}

static struct call tokens(const char *model, enum meter m, u64 n)
{
	struct call call = cards_call("acme", model);

	meters_set(&call.meters, m, n);
	return call;
}

static void expect(const struct charge *c, enum cost_status status, const char *reason)
{
	if (c->status != status || !str_eq(c->reason, str_of(reason)))
		fail_msg("%s (" STR_FMT "), want %s (%s)", cost_status_name(c->status),
			 STR_ARG(c->reason), cost_status_name(status), reason ? reason : "");
	assert_int_equal(c->has_amount, status != COST_UNPRICED && status != COST_NOT_BILLED);
	if (!c->has_amount)
		assert_true(c->amount_femto == 0 && c->list_femto == 0);
}

static void test_unpriced(void **state)
{
	struct call call = tokens("nobody-7b", METER_INPUT, 5);
	struct charge c = price(state, &call);

	expect(&c, COST_UNPRICED, "no_model");
	assert_int_equal(c.unpriced_meters, 1ull << METER_INPUT);
	assert_int_equal(c.match, MATCH_NONE);
	assert_null(c.card.p);

	call = tokens("m", METER_INPUT_AUDIO, 5);
	c = price(state, &call);
	expect(&c, COST_UNPRICED, "no_rate");

	call = tokens("gone", METER_INPUT, 5);
	c = price(state, &call);
	expect(&c, COST_UNPRICED, "no_rate");

	call = cards_call("acme", "m");
	c = price(state, &call);
	expect(&c, COST_UNPRICED, "no_usage");

	call.http_status = 0;
	c = price(state, &call);
	expect(&c, COST_UNPRICED, "no_usage");

	/* the asked model is known, but another one answered */
	call = tokens("nobody-7b", METER_INPUT, 5);
	call.model_requested = STR("m");
	c = price(state, &call);
	expect(&c, COST_UNPRICED, "no_model");
}

static void test_zero_is_not_absent(void **state)
{
	struct call call = tokens("m", METER_INPUT, 0);
	struct charge c;

	/* a meter without a price that was reported as 0 is no gap */
	meters_set(&call.meters, METER_INPUT_AUDIO, 0);
	c = price(state, &call);
	expect(&c, COST_PRICED, NULL);
	assert_true(c.amount_femto == 0);
	assert_int_equal(c.priced_meters, 1ull << METER_INPUT);
	assert_int_equal(c.unpriced_meters, 0);
}

static void test_partial(void **state)
{
	struct call call = tokens("m", METER_INPUT, MTOK);
	struct charge c;

	/* audio is never priced as text */
	meters_set(&call.meters, METER_INPUT_AUDIO, 800);
	c = price(state, &call);
	expect(&c, COST_PARTIAL, "no_rate");
	assert_true(c.amount_femto == 10 * USD);
	assert_int_equal(c.unpriced_meters, 1ull << METER_INPUT_AUDIO);
	assert_int_equal(c.priced_meters, 1ull << METER_INPUT);

	/* nor an hour of caching as five minutes */
	call = tokens("m", METER_OUTPUT, MTOK);
	meters_set(&call.meters, METER_CACHE_WRITE_1H, 1);
	c = price(state, &call);
	expect(&c, COST_PARTIAL, "no_rate");
	assert_int_equal(c.unpriced_meters, 1ull << METER_CACHE_WRITE_1H);
}

static void test_stand_ins(void **state)
{
	struct call call = tokens("m", METER_REASONING, MTOK);
	struct charge c = price(state, &call);

	expect(&c, COST_PRICED, NULL);
	assert_true(c.meter_femto[METER_REASONING] == 20 * USD);
	assert_true(c.meter_femto[METER_OUTPUT] == 0);

	call = tokens("m", METER_CACHE_WRITE, MTOK);
	c = price(state, &call);
	assert_true(c.amount_femto == 12 * USD);

	call = tokens("n", METER_CACHE_WRITE_5M, MTOK);
	c = price(state, &call);
	assert_true(c.amount_femto == 50 * USD);

	call = tokens("n", METER_INPUT_IMAGE, MTOK);
	c = price(state, &call);
	assert_true(c.amount_femto == 100 * USD);

	call = tokens("m", METER_INPUT_IMAGE, MTOK);
	c = price(state, &call);
	expect(&c, COST_UNPRICED, "no_rate");

	/* null: nothing stands in */
	call = tokens("n", METER_REASONING, MTOK);
	c = price(state, &call);
	expect(&c, COST_UNPRICED, "no_rate");

	/* with its factor */
	call = tokens("m", METER_REASONING, MTOK);
	call.geo = STR("us");
	c = price(state, &call);
	assert_true(c.amount_femto == 30 * USD);
}

static void test_tiers(void **state)
{
	struct call call = tokens("m", METER_INPUT, MTOK);
	struct charge c;

	call.service_tier = STR("flex");
	meters_set(&call.meters, METER_WEB_SEARCH, 100);
	c = price(state, &call);
	expect(&c, COST_PRICED, NULL);
	assert_true(c.amount_femto == 6 * USD);
	assert_true(str_eq(c.rate_id, STR("m+flex")));

	/* neither listed nor inherited by the tier */
	meters_set(&call.meters, METER_CACHE_READ, 1);
	c = price(state, &call);
	expect(&c, COST_PARTIAL, "no_rate");
	assert_int_equal(c.unpriced_meters, 1ull << METER_CACHE_READ);

	/* no rate for this tier: the standard price, called an estimate */
	call = tokens("m", METER_INPUT, MTOK);
	call.service_tier = STR("scale");
	c = price(state, &call);
	expect(&c, COST_ESTIMATED, "no_tier_rate");
	assert_true(c.amount_femto == 10 * USD);

	for (const char *const *t = (const char *const[]){"default", "auto", "standard", "", NULL};
	     *t; t++) {
		call.service_tier = str_of(*t);
		c = price(state, &call);
		expect(&c, COST_PRICED, NULL);
	}
}

/* Gemini's STANDARD and Vertex's ON_DEMAND are the plain price, their other tiers the card's. */
static void test_tiers_as_others_spell_them(void **state)
{
	static const struct {
		const char *told;
		enum cost_status status;
		s128 usd;
	} rows[] = {
		{"STANDARD", COST_PRICED, 10},	{"ON_DEMAND", COST_PRICED, 10},
		{"FLEX", COST_PRICED, 5},	{"ON_DEMAND_FLEX", COST_PRICED, 5},
		{"PRIORITY", COST_ESTIMATED, 10}, {"ON_DEMAND_PRIORITY", COST_ESTIMATED, 10},
		{"PROVISIONED_THROUGHPUT", COST_ESTIMATED, 10},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call call = tokens("m", METER_INPUT, MTOK);
		struct charge c;

		call.service_tier = str_of(rows[i].told);
		c = price(state, &call);
		expect(&c, rows[i].status, rows[i].status == COST_PRICED ? NULL : "no_tier_rate");
		assert_true(c.amount_femto == rows[i].usd * USD);
	}
}

static void test_multipliers(void **state)
{
	struct call call = tokens("m", METER_INPUT, MTOK);
	struct charge c;

	call.geo = STR("us");
	call.speed = STR("fast");
	meters_set(&call.meters, METER_WEB_SEARCH, 100);
	c = price(state, &call);
	expect(&c, COST_PRICED, NULL);
	assert_true(c.amount_femto == 31 * USD);	/* searches are no tokens */
	assert_true(c.list_femto == c.amount_femto);

	call.service_tier = STR("flex");
	c = price(state, &call);
	expect(&c, COST_ESTIMATED, "no_speed_rate");

	call = tokens("n", METER_INPUT, MTOK);
	call.speed = STR("fast");
	c = price(state, &call);
	expect(&c, COST_ESTIMATED, "no_speed_rate");
	call.speed = STR("standard");
	c = price(state, &call);
	expect(&c, COST_PRICED, NULL);
}

static void test_estimates(void **state)
{
	struct call call = tokens("m", METER_INPUT, MTOK);
	struct charge c;

	call.completeness = COMPLETE_LOWER_BOUND;
	c = price(state, &call);
	expect(&c, COST_ESTIMATED, "lower_bound");
	call.completeness = COMPLETE_ESTIMATED;
	c = price(state, &call);
	expect(&c, COST_ESTIMATED, "estimated_usage");
	assert_true(c.amount_femto == 10 * USD);

	call = tokens("derived", METER_INPUT, MTOK);
	c = price(state, &call);
	expect(&c, COST_ESTIMATED, "derived_rate");

	call = tokens("m", METER_INPUT, MTOK);
	call.provider = STR("reseller");
	c = price(state, &call);
	expect(&c, COST_ESTIMATED, "fallback");
	assert_int_equal(c.match, MATCH_FALLBACK);

	/* a gap outweighs an estimate */
	meters_set(&call.meters, METER_INPUT_AUDIO, 1);
	c = price(state, &call);
	expect(&c, COST_PARTIAL, "no_rate");
}

static void test_announced(void **state)
{
	struct call call = tokens("due", METER_INPUT, MTOK);
	struct charge c = price(state, &call);

	expect(&c, COST_PRICED, NULL);
	price_call(*state, &call, cards_time("2027-01-01"), &c);
	expect(&c, COST_ESTIMATED, "announced_change_due");
	assert_true(c.amount_femto == 1 * USD);

	/* the card is newer than the date: affirmed */
	call = tokens("risen", METER_INPUT, MTOK);
	c = price(state, &call);
	expect(&c, COST_PRICED, NULL);
	assert_true(c.amount_femto == 3 * USD);
}

static void test_not_billed(void **state)
{
	struct call call = cards_call("acme", "m");
	struct charge c;

	call.http_status = 429;
	c = price(state, &call);
	expect(&c, COST_NOT_BILLED, "http_error");
	call.http_status = 500;
	c = price(state, &call);
	expect(&c, COST_NOT_BILLED, "http_error");
	/* usage in an error answer is billed */
	meters_set(&call.meters, METER_INPUT, MTOK);
	c = price(state, &call);
	expect(&c, COST_PRICED, NULL);

	call = tokens("m", METER_INPUT, MTOK);
	call.completeness = COMPLETE_FREE_CALL;
	c = price(state, &call);
	expect(&c, COST_NOT_BILLED, "free_call");
	call.completeness = COMPLETE_DUPLICATE_VIEW;
	c = price(state, &call);
	expect(&c, COST_NOT_BILLED, "duplicate_view");
	assert_int_equal(c.priced_meters, 0);
}

static void test_free_models(void **state)
{
	struct call call = tokens("gratis", METER_INPUT, MTOK);
	struct charge c = price(state, &call);

	expect(&c, COST_FREE, NULL);
	assert_true(c.amount_femto == 0);
	call.billing = BILLING_SUBSCRIPTION;
	c = price(state, &call);
	expect(&c, COST_FREE, NULL);
}

static void test_notional(void **state)
{
	struct call call = tokens("m", METER_INPUT, MTOK);
	struct charge c;

	call.billing = BILLING_SUBSCRIPTION;
	c = price(state, &call);
	expect(&c, COST_NOTIONAL, "subscription");
	assert_true(c.amount_femto == 10 * USD);

	call.completeness = COMPLETE_LOWER_BOUND;
	c = price(state, &call);
	expect(&c, COST_NOTIONAL, "lower_bound");

	/* what has no price does not become one */
	call = tokens("nobody-7b", METER_INPUT, MTOK);
	call.billing = BILLING_SUBSCRIPTION;
	c = price(state, &call);
	expect(&c, COST_UNPRICED, "no_model");

	call = tokens("m", METER_INPUT, MTOK);
	call.cache_status = CACHE_GATEWAY_HIT;
	c = price(state, &call);
	expect(&c, COST_NOTIONAL, "gateway_hit");
	call = cards_call("acme", "m");
	call.cache_status = CACHE_GATEWAY_HIT;
	c = price(state, &call);
	expect(&c, COST_NOT_BILLED, "gateway_hit");
}

/* 48: the provider's own figure wins, ours stands beside it */
static void test_provider_cost(void **state)
{
	struct call call = tokens("m", METER_INPUT, MTOK);
	struct charge c;

	call.has_provider_cost = true;
	call.provider_cost_femto_usd = 4200000000000;
	c = price(state, &call);
	expect(&c, COST_PRICED, NULL);
	assert_true(c.is_from_provider && c.has_computed);
	assert_true(c.amount_femto == (s128)4200000000 * 1000);
	assert_true(c.computed_femto == 10 * USD);

	call = tokens("nobody-7b", METER_INPUT, MTOK);
	call.has_provider_cost = true;
	call.provider_cost_femto_usd = 0;
	c = price(state, &call);
	expect(&c, COST_PRICED, NULL);
	assert_true(c.is_from_provider && !c.has_computed && c.amount_femto == 0);
	assert_int_equal(c.unpriced_meters, 0);

	/* with a subscription it is still nobody's bill */
	call.billing = BILLING_SUBSCRIPTION;
	c = price(state, &call);
	expect(&c, COST_NOTIONAL, "subscription");
}

static void test_parts(void **state)
{
	struct call call = cards_call("acme", "m");
	struct sub_usage sub[2] = {{.type = STR("message")}, {.model = STR("n")}};
	struct charge c;

	call.sub = sub;
	call.sub_cnt = 2;
	meters_set(&sub[0].meters, METER_INPUT, MTOK);
	meters_set(&sub[1].meters, METER_INPUT, MTOK);
	meters_set(&sub[1].meters, METER_OUTPUT, MTOK);
	meters_set(&call.meters, METER_INPUT, 2 * MTOK);
	meters_set(&call.meters, METER_OUTPUT, MTOK);
	c = price(state, &call);
	expect(&c, COST_PRICED, NULL);
	assert_true(c.meter_femto[METER_INPUT] == 110 * USD);
	assert_true(c.amount_femto == 111 * USD);
	assert_true(str_eq(c.model_matched, STR("m")));

	/* a part of an unknown model is a gap, not nothing */
	sub[1].model = STR("nobody-7b");
	c = price(state, &call);
	expect(&c, COST_PARTIAL, "no_model");
	assert_true(c.amount_femto == 10 * USD);
	assert_int_equal(c.unpriced_meters, 1ull << METER_INPUT | 1ull << METER_OUTPUT);
}

static void test_parts_have_their_own_context(void **state)
{
	struct price_book *b = cards_book1(
		"'models':[{'id':'c','rates':[{'per_mtok':{'input':'1'}," SRC "},"
		"{'when':{'ctx_gt':1000000},'per_mtok':{'input':'2'}," SRC "}]}]");
	struct sub_usage sub[2] = {{.context_tokens = MTOK}, {.context_tokens = MTOK + 1}};
	struct call call = cards_call("acme", "c");
	struct charge c;

	call.sub = sub;
	call.sub_cnt = 2;
	call.context_tokens = 5 * MTOK;
	for (int i = 0; i < 2; i++)
		meters_set(&sub[i].meters, METER_INPUT, MTOK);
	price_call(b, &call, cards_time(CARDS_NOW), &c);
	assert_true(c.amount_femto == 3 * USD);
	price_book_free(b);
}

static void test_cache_saving(void **state)
{
	struct call call = tokens("m", METER_CACHE_READ, MTOK);
	struct charge c = price(state, &call);

	assert_true(c.has_cache_saving && c.cache_saving_femto == 9 * USD);
	call.geo = STR("us");
	c = price(state, &call);
	assert_true(c.cache_saving_femto == (s128)27 * USD / 2);
	/* no price to compare with */
	call = tokens("n", METER_CACHE_READ, MTOK);
	c = price(state, &call);
	assert_false(c.has_cache_saving);
	call = tokens("m", METER_INPUT, MTOK);
	c = price(state, &call);
	assert_false(c.has_cache_saving);
}

static void test_substitution(void **state)
{
	static const struct {
		const char *asked;
		const char *served;
		bool is_so;
	} rows[] = {
		{"m", "m", false}, {"m", "m-20260101", false}, {"m-latest", "m-20260101", false},
		{"m", "n", true}, {"m-20260101", "n", true}, {"m", "nobody-7b", false},
		{"nobody-7b", "m", false}, {"m", "", false}, {"", "m", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call call = tokens(rows[i].served, METER_INPUT, 1);
		struct charge c;

		call.model_requested = str_of(rows[i].asked);
		c = price(state, &call);
		assert_int_equal(c.is_substituted, rows[i].is_so);
	}
}

static void test_overflow(void **state)
{
	struct call call = tokens("dear", METER_REQUEST, UINT64_MAX);
	struct charge c = price(state, &call);

	expect(&c, COST_UNPRICED, "overflow");
	assert_int_equal(c.unpriced_meters, 1ull << METER_REQUEST);

	/* as many tokens as a counter holds still have an exact price */
	call = tokens("m", METER_INPUT, UINT64_MAX);
	c = price(state, &call);
	expect(&c, COST_PRICED, NULL);
	assert_true(c.amount_femto == (s128)UINT64_MAX * 10000000000);
}

static void test_layers(void **state)
{
	static const char *const insides[] = {
		"'models':[{'id':'m','match':{'exact':['m'],'dated':['m']},'rates':["
		"{'per_mtok':{'input':'10','output':'20'}," SRC "}],"
		"'multipliers':[{'when':{'geo':'us'},'meters':'tokens','x':'3'," SRC "}]}]",
		"'models':[{'id':'m','match':{'exact':['site-name']},'rates':["
		"{'per_mtok':{'input':'8'}," SRC "}]}]",
		"'layer':'contract','models':[{'id':'m','rates':["
		"{'per_mtok':{'output':'10','cache_read':'1'}," SRC "}]}],"
		"'discounts':[{'discount':'0.5','when':{'org':'org-1'}," SRC "}]",
	};
	struct price_book *b = cards_book(insides, 3);
	struct call call = tokens("m-20260101", METER_INPUT, MTOK);
	struct charge c;

	meters_set(&call.meters, METER_OUTPUT, MTOK);
	price_call(b, &call, cards_time(CARDS_NOW), &c);
	expect(&c, COST_PRICED, NULL);
	assert_true(c.list_femto == 28 * USD);		/* 8 of the site, 20 built in */
	assert_true(c.amount_femto == 18 * USD);	/* 10 by contract */

	call.model_served = STR("site-name");
	call.geo = STR("us");
	call.organization = STR("org-1");
	meters_set(&call.meters, METER_CACHE_READ, MTOK);
	price_call(b, &call, cards_time(CARDS_NOW), &c);
	assert_true(c.list_femto == 3 * 29 * USD);	/* only the contract prices cache_read */
	assert_true(c.amount_femto == (s128)3 * 19 * USD / 2);
	price_book_free(b);
}

static void test_upper_layer_denies(void **state)
{
	static const char *const insides[] = {
		"'models':[{'id':'m','rates':[{'per_mtok':{'input':'10','output':'20'}," SRC "}]}]",
		"'models':[{'id':'m','rates':[{'per_mtok':{'output':null}," SRC "}]}]",
	};
	struct price_book *b = cards_book(insides, 2);
	struct call call = tokens("m", METER_OUTPUT, MTOK);
	struct charge c;

	price_call(b, &call, cards_time(CARDS_NOW), &c);
	expect(&c, COST_UNPRICED, "no_rate");
	price_book_free(b);
}

static void test_names(void **state)
{
	for (int i = 0; i < COST_STATUS_MAX; i++)
		assert_non_null(cost_status_name((enum cost_status)i));
	for (int i = 0; i < MATCH_KIND_MAX; i++)
		assert_non_null(match_kind_name((enum match_kind)i));
	assert_string_equal(cost_status_name(COST_NOT_BILLED), "not_billed");
	assert_string_equal(match_kind_name(MATCH_FALLBACK), "fallback");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpriced),
		cmocka_unit_test(test_zero_is_not_absent),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_stand_ins),
		cmocka_unit_test(test_tiers),
		cmocka_unit_test(test_tiers_as_others_spell_them),
		cmocka_unit_test(test_multipliers),
		cmocka_unit_test(test_estimates),
		cmocka_unit_test(test_announced),
		cmocka_unit_test(test_not_billed),
		cmocka_unit_test(test_free_models),
		cmocka_unit_test(test_notional),
		cmocka_unit_test(test_provider_cost),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_parts_have_their_own_context),
		cmocka_unit_test(test_cache_saving),
		cmocka_unit_test(test_substitution),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_upper_layer_denies),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
