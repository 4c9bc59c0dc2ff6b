/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flat record: a builder that grows one string heap behind a fixed part, and checked getters.
 */
#include "base/record.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"

static const struct record_field_info record_fields[RECORD_FIELD_MAX] = {
#define RECORD_ROW(id, type, json, column) [RECORD_##id] = {json, column, RECORD_T_##type},
	RECORD_FIELDS(RECORD_ROW)
#undef RECORD_ROW
};

/* Lists grow while other fields are set, so they are gathered apart until the record is taken. */
struct record_builder {
	struct buf strings;
	struct buf lists[RECORD_FIELD_MAX];
	u32 money_cnt;
	bool has_failed;
	struct record fixed;	/* last: it ends in a flexible array that stays empty here */
};

const struct record_field_info *record_field_info(enum record_field f)
{
	return &record_fields[f];
}

static bool record_is_text(enum record_type t)
{
	return t == RECORD_T_STR || t == RECORD_T_LIST || t == RECORD_T_TAGS;
}

bool record_has(const struct record *r, enum record_field f)
{
	return r->present[f / 64] >> (f % 64) & 1;
}

struct str record_str(const struct record *r, enum record_field f)
{
	if (!record_has(r, f) || !record_is_text(record_fields[f].type))
		return STR_NONE;
	return (struct str){r->strings + (r->value[f] >> 32), (u32)r->value[f]};
}

u64 record_u64(const struct record *r, enum record_field f)
{
	return record_has(r, f) ? r->value[f] : 0;
}

static s128 record_money_value(struct record_money m)
{
	return (s128)(((unsigned __int128)(u64)m.hi << 64) | m.lo);
}

static struct record_money record_money_pack(s128 femto)
{
	return (struct record_money){.lo = (u64)femto, .hi = (s64)(femto >> 64)};
}

s128 record_money(const struct record *r, enum record_field f)
{
	if (!record_has(r, f) || record_fields[f].type != RECORD_T_MONEY)
		return 0;
	return record_money_value(r->money[r->value[f]]);
}

bool record_has_cost(const struct record *r, enum meter m)
{
	return r->cost_present >> m & 1;
}

s128 record_cost(const struct record *r, enum meter m)
{
	return record_has_cost(r, m) ? record_money_value(r->cost[m]) : 0;
}

bool record_is_valid(const void *p, size_t n)
{
	const struct record *r = p;

	if (n < sizeof(*r) || r->magic != RECORD_MAGIC || r->version != RECORD_VERSION
	    || r->size != n ||
	    r->field_max != RECORD_FIELD_MAX)
		return false;
	for (int f = 0; f < RECORD_FIELD_MAX; f++) {
		u64 v = r->value[f];

		if (!record_has(r, (enum record_field)f))
			continue;
		if (record_is_text(record_fields[f].type) && (v >> 32) + (u32)v > n - sizeof(*r))
			return false;
		if (record_fields[f].type == RECORD_T_MONEY && v >= RECORD_MONEY_MAX)
			return false;
	}
	return true;
}

struct record_builder *record_builder_new(void)
{
	struct record_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	buf_init(&b->strings, RECORD_SIZE_MAX - sizeof(struct record));
	for (int f = 0; f < RECORD_FIELD_MAX; f++)
		buf_init(&b->lists[f], RECORD_SIZE_MAX / 8);
	return b;
}

void record_builder_free(struct record_builder *b)
{
	if (!b)
		return;
	buf_fini(&b->strings);
	for (int f = 0; f < RECORD_FIELD_MAX; f++)
		buf_fini(&b->lists[f]);
	free(b);
}

static void record_mark(struct record_builder *b, enum record_field f, u64 value)
{
	b->fixed.present[f / 64] |= 1ull << (f % 64);
	b->fixed.value[f] = value;
}

void record_set_str(struct record_builder *b, enum record_field f, struct str s)
{
	assert(record_is_text(record_fields[f].type));
	if (!s.p)
		return;

	u64 at = b->strings.n;

	if (buf_append_str(&b->strings, s))
		b->has_failed = true;
	else
		record_mark(b, f, at << 32 | s.n);
}

void record_set_u64(struct record_builder *b, enum record_field f, u64 v)
{
	record_mark(b, f, v);
}

void record_set_money(struct record_builder *b, enum record_field f, s128 femto)
{
	assert(record_fields[f].type == RECORD_T_MONEY && b->money_cnt < RECORD_MONEY_MAX);
	b->fixed.money[b->money_cnt] = record_money_pack(femto);
	record_mark(b, f, b->money_cnt++);
}

void record_set_meters(struct record_builder *b, const struct meters *m)
{
	const u64 tokens = (1ull << METER_TOKENS_MAX) - 1;

	b->fixed.meters = *m;
	if (m->present & tokens)
		record_mark(b, RECORD_TOKENS, 0);
	if (m->present & ~tokens)
		record_mark(b, RECORD_UNITS, 0);
}

void record_set_cost(struct record_builder *b, enum meter m, s128 femto)
{
	b->fixed.cost_present |= 1ull << m;
	b->fixed.cost[m] = record_money_pack(femto);
	record_mark(b, RECORD_COSTS, 0);
}

void record_list_add(struct record_builder *b, enum record_field f, struct str item)
{
	struct buf *list = &b->lists[f];

	if (record_has(&b->fixed, f))
		buf_append_char(list, RECORD_SEP);

	size_t at = list->n;

	buf_append_str(list, item);
	if (list->failed) {
		b->has_failed = true;
		return;
	}
	for (size_t i = at; i < list->n; i++)
		if (list->p[i] == RECORD_SEP)
			list->p[i] = ' ';
	record_mark(b, f, 0);
}

static void record_builder_reset(struct record_builder *b)
{
	memset(&b->fixed, 0, sizeof(b->fixed));
	buf_clear(&b->strings);
	for (int f = 0; f < RECORD_FIELD_MAX; f++)
		buf_clear(&b->lists[f]);
	b->money_cnt = 0;
	b->has_failed = false;
}

struct record *record_take(struct record_builder *b)
{
	struct record *r = NULL;

	for (int f = 0; f < RECORD_FIELD_MAX; f++) {
		enum record_type t = record_fields[f].type;

		if ((t == RECORD_T_LIST || t == RECORD_T_TAGS) && record_has(&b->fixed,
									 (enum record_field)f))
			record_set_str(b, (enum record_field)f, buf_str(&b->lists[f]));
	}
	if (!b->has_failed)
		r = malloc(sizeof(*r) + b->strings.n);
	if (r) {
		*r = b->fixed;
		r->magic = RECORD_MAGIC;
		r->version = RECORD_VERSION;
		r->field_max = RECORD_FIELD_MAX;
		r->size = (u32)(sizeof(*r) + b->strings.n);
		if (b->strings.n)
			memcpy(r->strings, b->strings.p, b->strings.n);
	}
	record_builder_reset(b);
	return r;
}
