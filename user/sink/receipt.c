/* SPDX-License-Identifier: Apache-2.0 */
/* Totals while calls come in; the printed form is receipt_print.c. */
#include "sink/receipt_private.h"

#include <stdio.h>
#include <stdlib.h>

struct receipt *receipt_new(void)
{
	return calloc(1, sizeof(struct receipt));
}

void receipt_free(struct receipt *t)
{
	free(t);
}

static void tally_add(struct tally *y, const struct record *r)
{
	s128 amount = record_money(r, RECORD_AMOUNT);
	s128 saved = record_money(r, RECORD_CACHE_SAVING);

	y->calls++;
	y->errors += text_call_is_error(r);
	y->input += record_u64(r, RECORD_TOTAL_INPUT);
	y->cached += text_call_cached(r);
	y->output += record_u64(r, RECORD_TOTAL_OUTPUT);
	switch (text_call_money_kind(r)) {
	case TEXT_MONEY_BILLED:
		y->billed_calls++;
		y->billed += amount;
		y->saved += saved;
		y->has_inexact |= text_call_is_inexact(r);
		break;
	case TEXT_MONEY_NOTIONAL:
		y->notional_calls++;
		y->notional += amount;
		y->has_inexact_notional |= text_call_is_inexact(r);
		break;
	case TEXT_MONEY_NONE:
		y->unpriced++;
		break;
	case TEXT_MONEY_NOTHING:
		break;
	}
}

/* The row of that name, a new one, or "others" when the table is full. */
static struct tally *tally_table_get(struct tally_table *table, const char *name, u64 key)
{
	for (size_t i = 0; i < table->cnt; i++)
		if (table->row[i].key == key && strcmp(table->row[i].name, name) == 0)
			return &table->row[i];
	if (table->cnt == RECEIPT_ROWS_MAX)
		return &table->others;

	struct tally *y = &table->row[table->cnt++];

	y->key = key;
	str_to_c(str_of(name), y->name, sizeof(y->name));
	return y;
}

static void receipt_add_process(struct receipt *t, const struct record *r)
{
	char name[TEXT_LEN];

	text_call_process(r, name);
	tally_add(tally_table_get(&t->process, name, record_u64(r, RECORD_PROCESS_START)), r);
}

static void receipt_add_model(struct receipt *t, const struct record *r)
{
	char name[TALLY_NAME];

	snprintf(name, sizeof(name), STR_FMT " " STR_FMT,
		 STR_ARG(str_cut(record_str(r, RECORD_PROVIDER), 0, 24)),
		 STR_ARG(str_cut(text_call_model(r), 0, 64)));
	tally_add(tally_table_get(&t->model, name, 0), r);
}

static void receipt_add_reason(struct receipt *t, const struct record *r)
{
	char reason[32];
	size_t i = 0;

	if (text_call_money_kind(r) != TEXT_MONEY_NONE)
		return;
	str_to_c(record_str(r, RECORD_COST_REASON), reason, sizeof(reason));
	while (i < t->reason_cnt && strcmp(t->reason[i].name, reason) != 0)
		i++;
	if (i == RECEIPT_REASONS)
		return;		/* the total still counts it */
	if (i == t->reason_cnt) {
		t->reason_cnt++;
		str_to_c(str_of(reason), t->reason[i].name, sizeof(reason));
	}
	t->reason[i].calls++;
}

/* Keeps the dearest few, dearest first; of equals the earlier one. */
static void receipt_add_dearest(struct receipt *t, const struct record *r)
{
	enum text_money_kind kind = text_call_money_kind(r);
	s128 amount = record_money(r, RECORD_AMOUNT);
	size_t at = t->dearest_cnt;

	if (kind != TEXT_MONEY_BILLED && kind != TEXT_MONEY_NOTIONAL)
		return;
	while (at > 0 && t->dearest[at - 1].amount < amount)
		at--;
	if (at == RECEIPT_DEAREST)
		return;
	if (t->dearest_cnt < RECEIPT_DEAREST)
		t->dearest_cnt++;
	memmove(&t->dearest[at + 1], &t->dearest[at],
		(t->dearest_cnt - at - 1) * sizeof(t->dearest[0]));

	struct dearest *d = &t->dearest[at];

	*d = (struct dearest){
		.amount = amount,
		.end_ns = record_u64(r, RECORD_TS) + record_u64(r, RECORD_DURATION),
		.input = record_u64(r, RECORD_TOTAL_INPUT),
		.output = record_u64(r, RECORD_TOTAL_OUTPUT),
	};
	text_call_process(r, d->process);
	text_call_cost(r, d->cost);
	str_to_c(text_call_model(r), d->model, sizeof(d->model));
}

void receipt_add(struct receipt *t, const struct record *r)
{
	if (text_call_is_duplicate(r)) {
		t->duplicates++;
		return;
	}
	tally_add(&t->total, r);
	receipt_add_process(t, r);
	receipt_add_model(t, r);
	receipt_add_reason(t, r);
	receipt_add_dearest(t, r);
}
