/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the field table: fields that share the part before the dot stand next to each
 * other (base/record.h), so an object is opened when its prefix begins and closed when it ends.
 */
#include "sink/record_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/money.h"

/* 812400000 ns -> 812.4: digits, not a double, so that nothing is rounded. */
static void json_value_ms(struct json_write *w, u64 ns)
{
	char text[48];
	int n = snprintf(text, sizeof(text), "%" PRIu64 ".%06u", (u64)(ns / NS_PER_MS),
			 (unsigned int)(ns % NS_PER_MS));

	while (text[n - 1] == '0')
		n--;
	if (text[n - 1] == '.')
		n--;
	json_write_raw(w, (struct str){text, (size_t)n});
}

static void json_value_time(struct json_write *w, u64 wall_ns)
{
	char text[CLOCK_TEXT_LEN];

	clock_format(wall_ns, text);
	json_write_str(w, str_of(text));
}

static void json_value_money(struct json_write *w, s128 femto)
{
	char text[MONEY_TEXT_LEN];

	money_format(femto, text);
	json_write_str(w, str_of(text));
}

static void json_value_list(struct json_write *w, struct str list)
{
	struct str item;

	json_write_open(w, '[');
	while (str_next(&list, RECORD_SEP, &item))
		json_write_str(w, item);
	json_write_close(w, ']');
}

static void json_value_tags(struct json_write *w, struct str list)
{
	struct str key, value, source;

	json_write_open(w, '{');
	while (str_next(&list, RECORD_SEP, &key) && str_next(&list, RECORD_SEP, &value) &&
	       str_next(&list, RECORD_SEP, &source)) {
		json_write_key(w, key);
		json_write_open(w, '{');
		json_write_key(w, STR("value"));
		json_write_str(w, value);
		json_write_key(w, STR("source"));
		json_write_str(w, source);
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
}

static void json_value_meters(struct json_write *w, const struct meters *m, int from, int to)
{
	json_write_open(w, '{');
	for (int id = from; id < to; id++) {
		if (!meters_has(m, (enum meter)id))
			continue;
		json_write_key(w, str_of(meter_name((enum meter)id)));
		json_write_u64(w, m->count[id]);
	}
	json_write_close(w, '}');
}

static void json_value_costs(struct json_write *w, const struct record *r)
{
	json_write_open(w, '{');
	for (int id = 0; id < METER_MAX; id++) {
		if (!record_has_cost(r, (enum meter)id))
			continue;
		json_write_key(w, str_of(meter_name((enum meter)id)));
		json_value_money(w, record_cost(r, (enum meter)id));
	}
	json_write_close(w, '}');
}

void record_json_value(const struct record *r, enum record_field f, struct json_write *w)
{
	switch (record_field_info(f)->type) {
	case RECORD_T_STR:
		return json_write_str(w, record_str(r, f));
	case RECORD_T_U64:
		return json_write_u64(w, record_u64(r, f));
	case RECORD_T_S64:
		return json_write_s64(w, (s64)record_u64(r, f));
	case RECORD_T_BOOL:
		return json_write_bool(w, record_u64(r, f));
	case RECORD_T_TIME:
		return json_value_time(w, record_u64(r, f));
	case RECORD_T_MS:
		return json_value_ms(w, record_u64(r, f));
	case RECORD_T_LIST:
		return json_value_list(w, record_str(r, f));
	case RECORD_T_MONEY:
		return json_value_money(w, record_money(r, f));
	case RECORD_T_TOKENS:
		return json_value_meters(w, &r->meters, 0, METER_TOKENS_MAX);
	case RECORD_T_UNITS:
		return json_value_meters(w, &r->meters, METER_TOKENS_MAX, METER_MAX);
	case RECORD_T_COSTS:
		return json_value_costs(w, r);
	case RECORD_T_TAGS:
		return json_value_tags(w, record_str(r, f));
	}
}

void record_json_line(const struct record *r, struct buf *out)
{
	struct str open = STR_NONE;	/* prefix of the object that is open */
	struct json_write w;

	json_write_init(&w, out);
	json_write_open(&w, '{');
	json_write_key(&w, STR("v"));
	json_write_u64(&w, RECORD_VERSION);
	for (int f = 0; f < RECORD_FIELD_MAX; f++) {
		struct str rest = str_of(record_field_info((enum record_field)f)->json);
		struct str name = rest, prefix = STR_NONE;

		if (!rest.n || (!record_has(r, (enum record_field)f) && f != RECORD_FLAGS))
			continue;
		if (str_find_char(rest, '.') < rest.n) {
			str_next(&rest, '.', &prefix);
			name = rest;
		}
		if (open.p && !str_eq(open, prefix))
			json_write_close(&w, '}');
		if (prefix.p && !str_eq(open, prefix)) {
			json_write_key(&w, prefix);
			json_write_open(&w, '{');
		}
		open = prefix;
		json_write_key(&w, name);
		record_json_value(r, (enum record_field)f, &w);
	}
	if (open.p)
		json_write_close(&w, '}');
	json_write_close(&w, '}');
}
