/* SPDX-License-Identifier: Apache-2.0 */
/* One card's text into the book: the top level, models and their names. */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "price/load_rate.h"

#define MODELS_MAX 10000
#define RATES_MAX 64
#define NAMES_MAX 200
#define MULTIPLIERS_MAX 50
#define DISCOUNTS_MAX 1000
#define LINT_ARENA_MAX (64u << 20)

/* ---- model ---- */

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == ' ')
			return false;
	return true;
}

static int read_name(struct reader *r, json_t *v, struct str *ret)
{
	if (read_str(r, v, ret))
		return -EINVAL;
	return is_name(*ret) ? 0 : read_fail(r, "must be lower case without spaces");
}

/* Names are counted before they are read: one array for all kinds. */
static int model_add_name(struct reader *r, json_t *v, struct model *m, enum name_kind kind)
{
	struct name *n = &m->names[m->name_cnt];

	*n = (struct name){.kind = kind, .span = SPAN_ALWAYS};
	if (read_name(r, v, &n->text))
		return -EINVAL;
	m->name_cnt++;
	return 0;
}

static int match_exact(struct reader *r, json_t *v, size_t i, void *obj)
{
	return model_add_name(r, v, obj, NAME_EXACT);
}

static int match_dated(struct reader *r, json_t *v, size_t i, void *obj)
{
	return model_add_name(r, v, obj, NAME_DATED);
}

static int match_glob(struct reader *r, json_t *v, size_t i, void *obj)
{
	struct model *m = obj;

	if (m->card->is_builtin)
		return read_fail(r, "globs are for a user's own cards");
	return model_add_name(r, v, m, NAME_GLOB);
}

static int alias_name(struct reader *r, json_t *v, void *obj)
{
	return read_name(r, v, &((struct name *)obj)->text);
}

static int alias_from(struct reader *r, json_t *v, void *obj)
{
	return load_instant(r, v, &((struct name *)obj)->span.from_ns);
}

static int alias_to(struct reader *r, json_t *v, void *obj)
{
	return load_instant(r, v, &((struct name *)obj)->span.to_ns);
}

static int match_alias(struct reader *r, json_t *v, size_t i, void *obj)
{
	static const struct read_field fields[] = {
		{"name", alias_name, true},
		{"from", alias_from, false},
		{"to", alias_to, false},
	};
	struct model *m = obj;
	struct name *n = &m->names[m->name_cnt];

	if (json_is_string(v))
		return model_add_name(r, v, m, NAME_ALIAS);
	*n = (struct name){.kind = NAME_ALIAS, .span = SPAN_ALWAYS};
	if (read_object(r, v, fields, ARRAY_LEN(fields), n))
		return -EINVAL;
	if (n->span.from_ns >= n->span.to_ns)
		return read_fail(r, "\"to\" must be later than \"from\"");
	m->name_cnt++;
	return 0;
}

static int match_read_exact(struct reader *r, json_t *v, void *obj)
{
	return read_array(r, v, NAMES_MAX, match_exact, obj);
}

static int match_read_dated(struct reader *r, json_t *v, void *obj)
{
	return read_array(r, v, NAMES_MAX, match_dated, obj);
}

static int match_read_alias(struct reader *r, json_t *v, void *obj)
{
	return read_array(r, v, NAMES_MAX, match_alias, obj);
}

static int match_read_glob(struct reader *r, json_t *v, void *obj)
{
	return read_array(r, v, NAMES_MAX, match_glob, obj);
}

static int model_match(struct reader *r, json_t *v, void *obj)
{
	static const struct read_field fields[] = {
		{"exact", match_read_exact, false},
		{"dated", match_read_dated, false},
		{"alias", match_read_alias, false},
		{"glob", match_read_glob, false},
	};

	return read_object(r, v, fields, ARRAY_LEN(fields), obj);
}

static int model_id(struct reader *r, json_t *v, void *obj)
{
	return read_name(r, v, &((struct model *)obj)->id);
}

static int model_image(struct reader *r, json_t *v, void *obj)
{
	return read_bool(r, v, &((struct model *)obj)->is_image_input);
}

static int rate_add(struct reader *r, json_t *v, size_t i, void *obj)
{
	struct model *m = obj;

	m->rates[i].card = m->card;
	m->rate_cnt = i + 1;
	return load_rate(r, v, &m->rates[i]);
}

static int model_rates(struct reader *r, json_t *v, void *obj)
{
	struct model *m = obj;
	size_t n = json_array_size(v);

	if (n > RATES_MAX)
		return read_fail(r, "more than %d elements", RATES_MAX);
	m->rates = read_alloc(r, n * sizeof(*m->rates));
	return m->rates ? read_array(r, v, RATES_MAX, rate_add, m) : -ENOMEM;
}

static int multiplier_add(struct reader *r, json_t *v, size_t i, void *obj)
{
	struct model *m = obj;

	m->multiplier_cnt = i + 1;
	return load_multiplier(r, v, &m->multipliers[i]);
}

static int model_multipliers(struct reader *r, json_t *v, void *obj)
{
	struct model *m = obj;
	size_t n = json_array_size(v);

	if (n > MULTIPLIERS_MAX)
		return read_fail(r, "more than %d elements", MULTIPLIERS_MAX);
	m->has_multipliers = true;
	m->multipliers = read_alloc(r, n * sizeof(*m->multipliers));
	return m->multipliers ? read_array(r, v, MULTIPLIERS_MAX, multiplier_add, m) : -ENOMEM;
}

static size_t count_names(json_t *model)
{
	const char *key;
	json_t *v;
	size_t n = 0;

	json_object_foreach(json_object_get(model, "match"), key, v)
		n += json_array_size(v);
	return n;
}

/* Every model is found by its id too, unless "match" says otherwise. */
static void model_name_itself(struct model *m, bool has_match)
{
	m->names[m->name_cnt++] = (struct name){NAME_ID, m->id, SPAN_ALWAYS};
	if (!has_match)
		m->names[m->name_cnt++] = (struct name){NAME_EXACT, m->id, SPAN_ALWAYS};
}

/* "gpt-5.4@2026-03-05+flex+ctx>272000": which row priced a call, for people and joins. */
static int rate_name(struct reader *r, struct rate *rate, struct str model, const char *from)
{
	char text[256];
	const struct when *w = &rate->when;
	int n = snprintf(text, sizeof(text), STR_FMT "%s%s", STR_ARG(model), from ? "@" : "",
			 from ? from : "");

	for (int k = 0; k < WHEN_STRINGS && (size_t)n < sizeof(text); k++)
		for (size_t i = 0; i < w->strings[k].n && (size_t)n < sizeof(text); i++)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%c" STR_FMT,
				      i ? '|' : '+', STR_ARG(w->strings[k].v[i]));
	if (w->keys >> WHEN_CTX & 1 && (size_t)n < sizeof(text))
		n += snprintf(text + n, sizeof(text) - (size_t)n, "+ctx>%llu",
			      (unsigned long long)w->ctx_min - 1);
	if (w->keys >> WHEN_WINDOW & 1 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, "+window");
	rate->id = arena_dup(r->arena, str_of(text));
	return rate->id.p ? 0 : read_fail(r, "out of memory");
}

static int model_finish(struct reader *r, json_t *v, struct model *m)
{
	json_t *rates = json_object_get(v, "rates");
	struct arena *scratch = arena_new(LINT_ARENA_MAX);
	size_t at = 0;
	const char *why = scratch ? model_lint(m, scratch, &at) : "out of memory";

	arena_free(scratch);
	if (why)
		return read_fail(r, "rates[%zu]: %s", at, why);
	if (!m->rate_cnt && !m->has_multipliers)
		return read_fail(r, "has neither rates nor multipliers");
	for (size_t i = 0; i < m->rate_cnt; i++) {
		json_t *from = json_object_get(json_array_get(rates, i), "from");

		if (rate_name(r, &m->rates[i], m->id, json_string_value(from)))
			return -EINVAL;
	}
	return 0;
}

static int load_model(struct reader *r, json_t *v, size_t i, void *obj)
{
	static const struct read_field fields[] = {
		{"id", model_id, true},
		{"match", model_match, false},
		{"rates", model_rates, false},
		{"multipliers", model_multipliers, false},
		{"image_as_input", model_image, false},
		{"note", load_note, false},
	};
	struct card *c = obj;
	struct model *m = &c->models[i];
	size_t n = count_names(v);

	if (n > 4 * NAMES_MAX)
		return read_fail(r, "more than %d names", 4 * NAMES_MAX);
	m->card = c;
	m->names = read_alloc(r, (n + 2) * sizeof(*m->names));
	if (!m->names || read_object(r, v, fields, ARRAY_LEN(fields), m))
		return -EINVAL;
	model_name_itself(m, json_object_get(v, "match") != NULL);
	c->model_cnt = i + 1;
	return model_finish(r, v, m);
}

/* ---- card ---- */

static int card_schema(struct reader *r, json_t *v, void *obj)
{
	if (!json_is_string(v) || strcmp(json_string_value(v), "tolltap.ratecard/1") != 0)
		return read_fail(r, "must be \"tolltap.ratecard/1\"");
	return 0;
}

static int card_name(struct reader *r, json_t *v, void *obj)
{
	return read_str(r, v, &((struct card *)obj)->name);
}

/* "2026-08-21.1": a date, and a number for the second card of that day */
static int card_version(struct reader *r, json_t *v, void *obj)
{
	struct card *c = obj;
	u64 serial;

	if (read_str(r, v, &c->version))
		return -EINVAL;
	if (instant_parse(str_cut(c->version, 0, 10), &c->version_ns)
	    || (c->version.n > 10 && (c->version.p[10] != '.'
				     || str_to_u64(str_cut(c->version, 11, 9), &serial)
				     || c->version.n > 20)))
		return read_fail(r, "must look like \"2026-08-21.1\"");
	return 0;
}

static int card_currency(struct reader *r, json_t *v, void *obj)
{
	if (!json_is_string(v) || strcmp(json_string_value(v), "USD") != 0)
		return read_fail(r, "must be \"USD\": amounts are not converted");
	return 0;
}

static int card_provider(struct reader *r, json_t *v, void *obj)
{
	return read_name(r, v, &((struct card *)obj)->provider);
}

static int card_generated(struct reader *r, json_t *v, void *obj)
{
	u64 ns;

	return load_instant(r, v, &ns);
}

static int card_layer(struct reader *r, json_t *v, void *obj)
{
	struct str s;

	if (read_str(r, v, &s))
		return -EINVAL;
	((struct card *)obj)->is_contract = str_eq(s, STR("contract"));
	if (!str_eq(s, STR("contract")) && !str_eq(s, STR("site")))
		return read_fail(r, "must be site or contract");
	return 0;
}

static int card_fallback_for(struct reader *r, json_t *v, void *obj)
{
	return load_set(r, v, &((struct card *)obj)->fallback_for);
}

static int card_models(struct reader *r, json_t *v, void *obj)
{
	struct card *c = obj;
	size_t n = json_array_size(v);

	if (n > MODELS_MAX)
		return read_fail(r, "more than %d elements", MODELS_MAX);
	c->models = read_alloc(r, n * sizeof(*c->models));
	return c->models ? read_array(r, v, MODELS_MAX, load_model, c) : -ENOMEM;
}

static int discount_add(struct reader *r, json_t *v, size_t i, void *obj)
{
	struct card *c = obj;

	c->discount_cnt = i + 1;
	return load_discount(r, v, &c->discounts[i]);
}

static int card_discounts(struct reader *r, json_t *v, void *obj)
{
	struct card *c = obj;
	size_t n = json_array_size(v);

	if (n > DISCOUNTS_MAX)
		return read_fail(r, "more than %d elements", DISCOUNTS_MAX);
	c->discounts = read_alloc(r, n * sizeof(*c->discounts));
	return c->discounts ? read_array(r, v, DISCOUNTS_MAX, discount_add, c) : -ENOMEM;
}

/* Read once the card's version is known: announced rates depend on it. */
static int card_later(struct reader *r, json_t *v, void *obj)
{
	return 0;
}

static int card_read(struct reader *r, json_t *v, struct card *c)
{
	static const struct read_field fields[] = {
		{"schema", card_schema, true},	     {"card", card_name, true},
		{"version", card_version, true},     {"currency", card_currency, true},
		{"provider", card_provider, true},   {"generated", card_generated, false},
		{"layer", card_layer, false},	     {"fallback_for", card_fallback_for, false},
		{"models", card_later, false},	     {"discounts", card_later, false},
		{"note", load_note, false},
	};

	if (read_object(r, v, fields, ARRAY_LEN(fields), c))
		return -EINVAL;

	json_t *models = json_object_get(v, "models");
	json_t *discounts = json_object_get(v, "discounts");

	if (!models && !discounts)
		return read_fail(r, "has neither models nor discounts");
	if (models && read_at(r, "models", models, card_models, c))
		return -EINVAL;
	return discounts ? read_at(r, "discounts", discounts, card_discounts, c) : 0;
}

int card_load(struct price_book *b, const char *file, const char *text, size_t n, bool is_builtin)
{
	struct reader r = {.file = file, .arena = b->arena};
	struct card *c = read_alloc(&r, sizeof(*c));
	struct str name = arena_dup(b->arena, (struct str){file, strlen(file) + 1});
	json_error_t e;

	if (!c || !name.p)
		return -ENOMEM;

	json_t *v = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);

	if (!v) {
		log_error("rate card %s: line %d column %d: %s", file, e.line, e.column, e.text);
		return -EINVAL;
	}
	c->file = name.p;
	c->is_builtin = is_builtin;

	int err = card_read(&r, v, c);

	json_decref(v);
	if (!err)
		book_add(b, c);
	return err;
}
