/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rate card of any bytes; a card that is taken then prices calls for its own models. Money adds
 * up, nothing is negative, no amount without a price.
 *
 * covers: user/price/load.c user/price/load_rate.c user/price/load_when.c user/price/json_read.c
 * covers: user/price/card.c user/price/when.c user/price/lint.c user/price/decimal.c
 * covers: user/price/match.c user/price/select.c user/price/price.c
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "price/card.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const char *const tiers[] = {NULL, "flex", "batch", "scale"};
static const u64 counts[] = {0, 1, 999999, 300000000, UINT64_MAX};

static void check(const struct charge *c)
{
	s128 sum = 0;

	for (int m = 0; m < METER_MAX; m++) {
		if (c->meter_femto[m] < 0)
			abort();
		sum += c->meter_femto[m];
	}
	if (c->has_amount != (c->status != COST_UNPRICED && c->status != COST_NOT_BILLED)
	    || (c->has_amount && sum != c->amount_femto) || c->list_femto < 0
	    || (c->status == COST_PRICED && (c->reason.p || c->unpriced_meters))
	    || (c->status != COST_PRICED && c->status != COST_FREE && !c->reason.p))
		abort();
}

static struct str decorate(struct str name, unsigned int way, char *buf, size_t size)
{
	static const char *const forms[] = {
		STR_FMT, STR_FMT "-20260101", STR_FMT "@2026-01-01", "ft:" STR_FMT ":org::id",
		"publishers/p/models/" STR_FMT, "models/" STR_FMT "-0613",
		"arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic." STR_FMT "-v1:0:200k",
		"arn:aws:bedrock:us-east-1:1:application-inference-profile/" STR_FMT, "A" STR_FMT,
	};
	int n;

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
	n = snprintf(buf, size, forms[way % ARRAY_LEN(forms)], STR_ARG(name));
#pragma clang diagnostic pop
	return (struct str){buf, (size_t)n < size ? (size_t)n : size - 1};
}

static void price_model(const struct price_book *b, const struct card *card, struct str name,
			unsigned int way)
{
	char buf[512];
	struct call call = {.provider = card->provider,
			    .model_served = decorate(name, way, buf, sizeof(buf)),
			    .model_requested = card->models[0].id, .host = STR("eu.api.openai.com"),
			    .endpoint = STR("chat")};
	struct sub_usage sub[2] = {{.context_tokens = way}, {.model = card->models[0].id}};
	struct charge c;

	call.service_tier = str_of(tiers[way % ARRAY_LEN(tiers)]);
	call.geo = way & 1 ? STR("us") : STR_NONE;
	call.speed = way & 2 ? STR("fast") : STR_NONE;
	call.http_status = way % 11 ? 200 : 500;
	call.completeness = (enum completeness)(way / 3 % COMPLETENESS_MAX);
	call.billing = (enum billing)(way % BILLING_MAX);
	call.cache_status = (enum cache_status)(way % CACHE_STATUS_MAX);
	for (int m = 0; m < METER_MAX && way % 7; m++) {
		meters_set(&call.meters, (enum meter)m, counts[way % ARRAY_LEN(counts)]);
		meters_set(&sub[m & 1].meters, (enum meter)m, counts[way % ARRAY_LEN(counts)]);
	}
	call.sub = sub;
	call.sub_cnt = way % 5 == 4 ? 2 : 0;
	/* the middle of 2026, an hour and 23 minutes later each time */
	price_call(b, &call, 1782864000000000000ull + way * 4980000000000ull, &c);
	check(&c);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct price_book *b = book_new();

	log_set_level(LOG_LEVEL_NONE);
	if (!b)
		return 0;
	if (!card_load(b, "fuzz", (const char *)data, size, false) && !book_finish(b)) {
		const struct card *card = b->first;

		for (size_t i = 0; i < card->model_cnt && i < 20; i++)
			for (size_t k = 0; k < card->models[i].name_cnt && k < 20; k++)
				for (unsigned int way = 0; way < 36; way++)
					price_model(b, card, card->models[i].names[k].text, way);
	}
	price_book_free(b);
	return 0;
}
