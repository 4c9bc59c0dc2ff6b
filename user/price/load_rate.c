/* SPDX-License-Identifier: Apache-2.0 */
/* Rates, multipliers and discounts. */
#include "price/load_rate.h"

#include <errno.h>

#include "price/load_when.h"

#define NANO_MAX (1000000ll * DECIMAL_ONE)	/* a price of a million USD is a slip */
#define FACTOR_MAX (100ll * DECIMAL_ONE)

int load_note(struct reader *r, json_t *v, void *unused)
{
	struct str s;

	return read_str(r, v, &s);
}

static int load_decimal(struct reader *r, json_t *v, s64 max, s64 *ret_nano)
{
	struct str s;
	s64 nano;

	if (!json_is_string(v))
		return read_fail(r, "must be a decimal string");
	if (read_str(r, v, &s))
		return -EINVAL;

	int err = decimal_parse(s, &nano);

	if (err == -EINVAL)
		return read_fail(r, "must be a plain decimal with at most %d digits after the "
				 "point", DECIMAL_FRACTION_MAX);
	if (err || nano > max)
		return read_fail(r, "is too large");
	*ret_nano = nano;
	return 0;
}

int load_instant(struct reader *r, json_t *v, u64 *ret_ns)
{
	struct str s;

	if (read_str(r, v, &s))
		return -EINVAL;
	if (instant_parse(s, ret_ns))
		return read_fail(r, "must be a UTC date or instant (\"2026-07-30\", "
				 "\"2026-07-30T12:00:00Z\")");
	return 0;
}

static int load_from(struct reader *r, json_t *v, struct span *s)
{
	return json_is_null(v) ? 0 : load_instant(r, v, &s->from_ns);
}

static int load_to(struct reader *r, json_t *v, struct span *s)
{
	return json_is_null(v) ? 0 : load_instant(r, v, &s->to_ns);
}

static int check_span(struct reader *r, struct span s)
{
	return s.from_ns < s.to_ns ? 0 : read_fail(r, "\"to\" must be later than \"from\"");
}

/* ---- rate ---- */

/* Which prices stand under which key: the unit they are for. */
struct group {
	struct rate *rate;
	u64 meters;
	const char *key;
};

static int load_price(struct reader *r, json_t *v, void *obj)
{
	struct group *g = obj;
	enum meter m;

	if (meter_find(str_of(g->key), &m))
		return read_fail(r, "unknown meter");
	if (!(g->meters >> m & 1))
		return read_fail(r, "is not sold by this unit");
	g->rate->listed |= 1ull << m;
	if (json_is_null(v))
		return 0;
	g->rate->priced |= 1ull << m;
	return load_decimal(r, v, NANO_MAX, &g->rate->nano[m]);
}

static int load_group(struct reader *r, json_t *v, struct rate *rate, u64 meters)
{
	struct group g = {rate, meters, NULL};
	const char *key;
	json_t *item;

	if (!json_is_object(v) || json_object_size(v) == 0)
		return read_fail(r, "must be an object with a price per meter");
	json_object_foreach(v, key, item) {
		g.key = key;
		if (read_at(r, key, item, load_price, &g))
			return -EINVAL;
	}
	return 0;
}

#define BIT(id) (1ull << METER_##id)
#define METERS_CHAR (BIT(CHAR_IN) | BIT(CHAR_OUT))
#define METERS_HOUR (BIT(AUDIO_S_IN) | BIT(AUDIO_S_OUT) | BIT(GPU_S))
#define METERS_SECOND BIT(VIDEO_S)
#define METERS_UNIT (METERS_ALL & ~(METERS_TOKENS | METERS_CHAR | METERS_HOUR | METERS_SECOND))

static int rate_mtok(struct reader *r, json_t *v, void *obj)
{
	return load_group(r, v, obj, METERS_TOKENS);
}

static int rate_mchar(struct reader *r, json_t *v, void *obj)
{
	return load_group(r, v, obj, METERS_CHAR);
}

static int rate_hour(struct reader *r, json_t *v, void *obj)
{
	return load_group(r, v, obj, METERS_HOUR);
}

static int rate_second(struct reader *r, json_t *v, void *obj)
{
	return load_group(r, v, obj, METERS_SECOND);
}

static int rate_unit(struct reader *r, json_t *v, void *obj)
{
	return load_group(r, v, obj, METERS_UNIT);
}

static int rate_from(struct reader *r, json_t *v, void *obj)
{
	return load_from(r, v, &((struct rate *)obj)->span);
}

static int rate_to(struct reader *r, json_t *v, void *obj)
{
	return load_to(r, v, &((struct rate *)obj)->span);
}

static int rate_when(struct reader *r, json_t *v, void *obj)
{
	return load_when(r, v, &((struct rate *)obj)->when);
}

static int rate_status(struct reader *r, json_t *v, void *obj)
{
	static const char *const names[] = {"published", "announced", "derived", "user"};
	struct str s;

	if (read_str(r, v, &s))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(s, str_of(names[i]))) {
			((struct rate *)obj)->status = (enum rate_status)i;
			return 0;
		}
	}
	return read_fail(r, "must be published, announced, derived or user");
}

static int rate_free(struct reader *r, json_t *v, void *obj)
{
	struct rate *rate = obj;

	if (!json_is_true(v))
		return read_fail(r, "can only be true");
	rate->is_free = true;
	return 0;
}

static int rate_ack(struct reader *r, json_t *v, void *obj)
{
	return read_bool(r, v, &((struct rate *)obj)->is_acked);
}

static int inherit_add(struct reader *r, json_t *v, size_t i, void *obj)
{
	struct str s;
	enum meter m;

	if (read_str(r, v, &s))
		return -EINVAL;
	if (meter_find(s, &m))
		return read_fail(r, "unknown meter");
	((struct rate *)obj)->inherit |= 1ull << m;
	return 0;
}

static int rate_inherit(struct reader *r, json_t *v, void *obj)
{
	return read_array(r, v, METER_MAX, inherit_add, obj);
}

static int load_checked(struct reader *r, json_t *v, void *unused)
{
	u64 ns;

	return load_instant(r, v, &ns);
}

static int rate_finish(struct reader *r, struct rate *rate)
{
	if (check_span(r, rate->span))
		return -EINVAL;
	if (rate->is_free && rate->listed)
		return read_fail(r, "\"free\" and prices exclude each other");
	if (!rate->is_free && !rate->listed)
		return read_fail(r, "has no price");
	if (rate->inherit && !(rate->when.keys >> WHEN_TIER & 1))
		return read_fail(r, "\"inherit\" belongs to a rate with a tier");
	if (rate->status == RATE_ANNOUNCED && rate->span.from_ns == 0)
		return read_fail(r, "an announced rate needs \"from\"");
	if (rate->is_free)
		rate->listed = rate->priced = METERS_ALL;
	rate->is_pending = rate->status == RATE_ANNOUNCED
			   && rate->span.from_ns > rate->card->version_ns;
	return 0;
}

int load_rate(struct reader *r, json_t *v, struct rate *rate)
{
	static const struct read_field fields[] = {
		{"from", rate_from, false},	  {"to", rate_to, false},
		{"when", rate_when, false},	  {"status", rate_status, false},
		{"per_mtok", rate_mtok, false},	  {"per_mchar", rate_mchar, false},
		{"per_hour", rate_hour, false},	  {"per_second", rate_second, false},
		{"per_unit", rate_unit, false},	  {"free", rate_free, false},
		{"inherit", rate_inherit, false}, {"ack", rate_ack, false},
		{"source", load_note, true},	  {"checked", load_checked, true},
		{"note", load_note, false},
	};

	rate->span = SPAN_ALWAYS;
	if (read_object(r, v, fields, ARRAY_LEN(fields), rate))
		return -EINVAL;
	return rate_finish(r, rate);
}

/* ---- multiplier and discount ---- */

static int load_meters(struct reader *r, json_t *v, u64 *ret)
{
	struct str_set set;
	enum meter m;
	u64 meters = 0;

	if (load_set(r, v, &set))
		return -EINVAL;
	for (size_t i = 0; i < set.n; i++) {
		if (str_eq(set.v[i], STR("tokens")))
			meters |= METERS_TOKENS;
		else if (str_eq(set.v[i], STR("all")))
			meters |= METERS_ALL;
		else if (meter_find(set.v[i], &m) == 0)
			meters |= 1ull << m;
		else
			return read_fail(r, "unknown meter");
	}
	*ret = meters;
	return 0;
}

static int multiplier_when(struct reader *r, json_t *v, void *obj)
{
	return load_when(r, v, &((struct multiplier *)obj)->when);
}

static int multiplier_meters(struct reader *r, json_t *v, void *obj)
{
	return load_meters(r, v, &((struct multiplier *)obj)->meters);
}

static int multiplier_x(struct reader *r, json_t *v, void *obj)
{
	struct multiplier *x = obj;

	if (load_decimal(r, v, FACTOR_MAX, &x->nano))
		return -EINVAL;
	return x->nano ? 0 : read_fail(r, "must not be 0");
}

static int multiplier_from(struct reader *r, json_t *v, void *obj)
{
	return load_from(r, v, &((struct multiplier *)obj)->span);
}

static int multiplier_to(struct reader *r, json_t *v, void *obj)
{
	return load_to(r, v, &((struct multiplier *)obj)->span);
}

static int exclude_add(struct reader *r, json_t *v, size_t i, void *obj)
{
	struct multiplier *x = obj;

	x->exclude_cnt = i + 1;
	return load_when(r, v, &x->excludes[i]);
}

static int multiplier_excludes(struct reader *r, json_t *v, void *obj)
{
	struct multiplier *x = obj;
	const size_t max = 16;

	x->excludes = read_alloc(r, max * sizeof(*x->excludes));
	return x->excludes ? read_array(r, v, max, exclude_add, x) : -ENOMEM;
}

int load_multiplier(struct reader *r, json_t *v, struct multiplier *x)
{
	static const struct read_field fields[] = {
		{"when", multiplier_when, true},   {"meters", multiplier_meters, true},
		{"x", multiplier_x, true},	   {"excludes", multiplier_excludes, false},
		{"from", multiplier_from, false},  {"to", multiplier_to, false},
		{"source", load_note, true},	   {"checked", load_checked, true},
		{"note", load_note, false},
	};

	x->span = SPAN_ALWAYS;
	if (read_object(r, v, fields, ARRAY_LEN(fields), x))
		return -EINVAL;
	return check_span(r, x->span);
}

static int discount_when(struct reader *r, json_t *v, void *obj)
{
	return load_when(r, v, &((struct discount *)obj)->when);
}

static int discount_models(struct reader *r, json_t *v, void *obj)
{
	return load_set(r, v, &((struct discount *)obj)->models);
}

static int discount_meters(struct reader *r, json_t *v, void *obj)
{
	return load_meters(r, v, &((struct discount *)obj)->meters);
}

static int discount_part(struct reader *r, json_t *v, void *obj)
{
	return load_decimal(r, v, DECIMAL_ONE, &((struct discount *)obj)->nano);
}

static int discount_from(struct reader *r, json_t *v, void *obj)
{
	return load_from(r, v, &((struct discount *)obj)->span);
}

static int discount_to(struct reader *r, json_t *v, void *obj)
{
	return load_to(r, v, &((struct discount *)obj)->span);
}

int load_discount(struct reader *r, json_t *v, struct discount *d)
{
	static const struct read_field fields[] = {
		{"discount", discount_part, true}, {"models", discount_models, false},
		{"meters", discount_meters, false}, {"when", discount_when, false},
		{"from", discount_from, false},	   {"to", discount_to, false},
		{"source", load_note, true},	   {"checked", load_checked, true},
		{"note", load_note, false},
	};

	d->span = SPAN_ALWAYS;
	d->meters = METERS_ALL;
	if (read_object(r, v, fields, ARRAY_LEN(fields), d))
		return -EINVAL;
	return check_span(r, d->span);
}
