/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prices a call with rate cards, exactly.
 *
 * Money is integer femto-USD (1e-15 USD) in __int128; no floating point. Cards are strict JSON
 * (ratecards/SCHEMA.md): an unknown key is an error, and a card with an error is refused whole.
 * Layers, later wins: built in < site < contract < command line. A book is immutable once loaded.
 * Unpriced is never $0.
 */
#ifndef TOLLTAP_PRICE_H
#define TOLLTAP_PRICE_H

#include "llm/call.h"

struct price_book;

enum cost_status {
	COST_PRICED,
	COST_PARTIAL,		/* some meters have no rate: amount is a lower bound */
	COST_ESTIMATED,		/* counts or rate are estimates */
	COST_NOTIONAL,		/* real tokens, nobody is billed per token */
	COST_UNPRICED,		/* no amount */
	COST_NOT_BILLED,	/* failed before anything was used */
	COST_FREE,		/* the card says free */
	COST_STATUS_MAX,
};

enum match_kind {
	MATCH_NONE,
	MATCH_EXACT,
	MATCH_DATED,
	MATCH_ALIAS,
	MATCH_GLOB,
	MATCH_FALLBACK,
	MATCH_KIND_MAX,
};

struct charge {
	enum cost_status status;
	/* no_model | no_rate | no_usage | ...; STR_NONE when priced */
	struct str reason;
	u64 unpriced_meters;		/* bit per enum meter */
	bool has_amount;
	s128 amount_femto;		/* effective */
	s128 list_femto;
	u64 priced_meters;		/* bit per enum meter: meter_femto is set */
	/* effective; their sum is amount_femto unless the provider reported it */
	s128 meter_femto[METER_MAX];
	/* amount is the provider's own figure; computed_femto stands beside it */
	bool is_from_provider;
	bool has_computed;
	s128 computed_femto;
	/* what cache_read would have cost as input, less what it cost */
	bool has_cache_saving;
	s128 cache_saving_femto;
	enum match_kind match;
	/* asked and served resolve to different models of the card */
	bool is_substituted;
	struct str card;		/* these live as long as the book */
	struct str card_version;
	struct str rate_id;
	struct str model_matched;
};

/*
 * Loads the built-in cards (compiled in) and then each file or folder of `paths`, later ones
 * winning. On error one line is logged: file, place and what is wrong.
 */
int price_book_load(const char *const paths[], size_t path_cnt, struct price_book **ret);
void price_book_free(struct price_book *b);

/* wall_ns: start of the request (UTC), which decides the effective rate. */
void price_call(const struct price_book *b, const struct call *call, u64 wall_ns,
		struct charge *ret);

const char *cost_status_name(enum cost_status s);
const char *match_kind_name(enum match_kind m);

#endif
