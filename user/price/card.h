/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loaded form of rate cards (private to price/). What each field means to an author stands in
 * ratecards/SCHEMA.md.
 *
 * A book owns one arena; everything in it lives and dies with the book and never changes after
 * book_finish.
 */
#ifndef TOLLTAP_CARD_H
#define TOLLTAP_CARD_H

#include "base/arena.h"
#include "base/meter.h"
#include "price/decimal.h"
#include "price/price.h"

/* Conditions that compare one string with a list. */
enum when_key {
	WHEN_TIER,
	WHEN_GEO,
	WHEN_HOST_GEO,
	WHEN_SPEED,
	WHEN_ENDPOINT,
	WHEN_ORG,
	WHEN_PROJECT,
	WHEN_STRINGS,
	WHEN_CTX = WHEN_STRINGS,
	WHEN_WINDOW,
};

struct str_set {
	struct str *v;
	size_t n;
};

#define WEEK_MINUTES (7 * 24 * 60)

/* The minutes of a UTC week, Monday 00:00 first, in which a window is open. */
struct week {
	u64 minute[(WEEK_MINUTES + 63) / 64];
};

struct when {
	u32 keys;		/* bit per enum when_key; all of them must hold */
	struct str_set strings[WHEN_STRINGS];
	u64 ctx_min;		/* smallest prompt that qualifies: ctx_gt N is N + 1 */
	struct week *window;
};

/* What a condition is held against. */
struct situation {
	struct str strings[WHEN_STRINGS];
	u64 ctx;
	u64 wall_ns;
};

struct span {
	u64 from_ns;		/* inclusive; 0: since ever */
	u64 to_ns;		/* exclusive; UINT64_MAX: open */
};

#define SPAN_ALWAYS ((struct span){0, UINT64_MAX})

enum rate_status {
	RATE_PUBLISHED,
	RATE_ANNOUNCED,
	RATE_DERIVED,
	RATE_USER,
};

struct rate {
	struct str id;
	const struct card *card;
	struct when when;
	struct span span;
	enum rate_status status;
	bool is_pending;	/* announced, and the card is older than its date: never applied */
	bool is_free;
	bool is_acked;
	u64 listed;		/* bit per enum meter: this rate decides it */
	u64 priced;		/* subset: with a price; listed but not priced was null */
	u64 inherit;
	s64 nano[METER_MAX];	/* per meter_block() units */
};

struct multiplier {
	struct when when;
	struct span span;
	struct when *excludes;
	size_t exclude_cnt;
	u64 meters;
	s64 nano;		/* as written, 1 is DECIMAL_ONE */
};

struct discount {
	struct when when;
	struct span span;
	struct str_set models;	/* empty: all */
	u64 meters;
	s64 nano;		/* the part that is taken off */
};

enum name_kind {
	NAME_ID,		/* not matched against: joins the layers of one model */
	NAME_EXACT,
	NAME_DATED,
	NAME_ALIAS,
	NAME_GLOB,
};

struct name {
	enum name_kind kind;
	struct str text;
	struct span span;
};

struct model {
	const struct card *card;
	const struct model *below;	/* the same provider and id in the next lower card */
	const struct model *top;	/* the uppermost of that chain */
	struct str id;
	struct name *names;
	size_t name_cnt;
	struct rate *rates;
	size_t rate_cnt;
	struct multiplier *multipliers;
	size_t multiplier_cnt;
	bool has_multipliers;
	bool is_image_input;
};

struct card {
	const char *file;
	size_t layer;			/* order of loading */
	bool is_builtin;
	bool is_contract;
	struct str name;
	struct str version;
	u64 version_ns;
	struct str provider;
	struct str_set fallback_for;
	struct model *models;
	size_t model_cnt;
	struct discount *discounts;
	size_t discount_cnt;
	struct card *next;
};

struct index_entry {
	struct str provider;
	const struct name *name;
	struct model *model;
};

struct price_book {
	struct arena *arena;
	struct card *first;
	struct card *last;
	size_t card_cnt;
	struct index_entry *index;	/* by provider, text, kind, upper layer first */
	size_t index_cnt;
	struct index_entry *globs;	/* upper layer first */
	size_t glob_cnt;
};

/* card.c */
struct price_book *book_new(void);
void book_add(struct price_book *b, struct card *c);
/* Builds the index and joins the layers; logs and refuses names that two models of a card claim. */
int book_finish(struct price_book *b);
/* First entry with this provider, text and kind that is valid then, or NULL. */
const struct index_entry *book_find(const struct price_book *b, struct str provider,
				    struct str text, enum name_kind kind, u64 wall_ns);

/* load.c: parses one card and adds it; on error one line is logged and the book is unchanged. */
int card_load(struct price_book *b, const char *file, const char *text, size_t n, bool is_builtin);

/* when.c */
bool when_holds(const struct when *w, const struct situation *s);
bool when_equal(const struct when *a, const struct when *b);
/* Whether both can hold at once; then *ret is their conjunction (its lists borrow from a or b). */
bool when_meet(const struct when *a, const struct when *b, struct when *ret, struct arena *arena);
/* Whether b holds whenever a does. */
bool when_implies(const struct when *a, const struct when *b);
int when_rank(const struct when *a, const struct when *b);	/* > 0: a is more specific */
bool span_has(struct span s, u64 wall_ns);
bool span_overlap(struct span a, struct span b);
/* Opens [from, to) minutes after the local midnight of `day` (0: Monday) in the week, wrapping. */
void week_open(struct week *w, int day, int from, int to, int offset_min);

/* lint.c: what cannot be seen in one rate alone. NULL, or why rate *ret_rate is refused. */
const char *model_lint(const struct model *m, struct arena *scratch, size_t *ret_rate);

/* match.c */
struct model_match {
	const struct model *model;	/* uppermost layer; NULL: none */
	enum match_kind kind;
	struct str reason;		/* why none */
};

struct model_match match_model(const struct price_book *b, struct str provider, struct str name,
			       u64 wall_ns);
/* Whether `a` and `b` are one name but for a date or "-latest". */
bool match_same_base(struct str a, struct str b);

/* select.c: the price of every meter of one usage. */
struct pick {
	const struct rate *rate;	/* NULL: no price */
	s64 nano;			/* per block */
	struct ratio x;			/* multipliers, and in `effective` discounts */
};

struct picked {
	struct pick list[METER_MAX];
	struct pick effective[METER_MAX];
	u64 denied;		/* a card says that there is no price: nothing stands in */
	bool is_change_due;
	bool has_tier_rate;
	bool has_speed_rate;
	bool is_excluded;
	bool has_overflow;
};

void select_rates(const struct price_book *b, const struct model *m, const struct situation *s,
		  struct picked *ret);

#endif
