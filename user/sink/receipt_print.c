/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   tolltap  python3 my_agent.py
 *     3 calls in 4.2s; 6.0k tokens in (1.9k of them cached), 900 out
 *     cost       $0.016845
 *     ...
 */
#include "sink/receipt_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/stats.h"

#define WIDTH_NAME 40
#define WIDTH_COUNT 8
#define WIDTH_COST 14

struct paper {
	struct buf *out;
	bool is_colored;
};

static void paper_heading(struct paper *p, const char *text)
{
	buf_append_char(p->out, '\n');
	text_color(p->out, p->is_colored, TEXT_DIM);
	buf_append_str(p->out, str_of(text));
	text_color(p->out, p->is_colored, TEXT_PLAIN);
	buf_append_char(p->out, '\n');
}

static void paper_label(struct paper *p, const char *label)
{
	buf_printf(p->out, "  %-13s", label);
}

static const char *plural(u64 n)
{
	return n == 1 ? "" : "s";
}

/* --- the sum ---------------------------------------------------------------------------------- */

static void print_head(struct paper *p, const char *command)
{
	buf_append_char(p->out, '\n');
	text_color(p->out, p->is_colored, TEXT_BOLD);
	buf_append_str(p->out, STR("tolltap"));
	text_color(p->out, p->is_colored, TEXT_PLAIN);
	if (command) {
		buf_append_str(p->out, STR("  "));
		text_clean(p->out, str_of(command));
	}
	buf_append_char(p->out, '\n');
}

static void print_counts(struct paper *p, const struct receipt *t,
			 const struct receipt_facts *facts)
{
	const struct tally *y = &t->total;
	char in[TEXT_LEN], cached[TEXT_LEN], out[TEXT_LEN], time[TEXT_LEN];

	text_count(y->input, in);
	text_count(y->cached, cached);
	text_count(y->output, out);
	buf_printf(p->out, "  %" PRIu64 " call%s", y->calls, plural(y->calls));
	if (facts && facts->ended_ns > facts->started_ns) {
		text_duration(facts->ended_ns - facts->started_ns, time);
		buf_printf(p->out, " in %s", time);
	}
	buf_printf(p->out, "; %s tokens in (%s of them cached), %s out", in, cached, out);
	if (y->errors)
		buf_printf(p->out, "; %" PRIu64 " failed", y->errors);
	buf_append_char(p->out, '\n');
}

static void print_money(struct paper *p, const char *label, bool is_inexact, s128 femto,
			const char *note)
{
	char money[TEXT_LEN];

	text_money(femto, money);
	paper_label(p, label);
	text_color(p->out, p->is_colored, TEXT_BOLD);
	buf_printf(p->out, "%s%s", is_inexact ? "~" : "", money);
	text_color(p->out, p->is_colored, TEXT_PLAIN);
	buf_printf(p->out, "%s\n", note);
}

static void print_unpriced(struct paper *p, const struct receipt *t)
{
	if (!t->total.unpriced)
		return;
	paper_label(p, "unpriced");
	text_color(p->out, p->is_colored, TEXT_YELLOW);
	buf_printf(p->out, "%" PRIu64 " call%s, not in the cost", t->total.unpriced,
		   plural(t->total.unpriced));
	for (size_t i = 0; i < t->reason_cnt; i++) {
		buf_append_str(p->out, i ? STR(", ") : STR(" ("));
		text_clean(p->out, str_of(t->reason[i].name[0] ? t->reason[i].name : "no reason"));
		buf_printf(p->out, " %" PRIu64, t->reason[i].calls);
	}
	buf_append_str(p->out, t->reason_cnt ? STR(")") : STR_NONE);
	text_color(p->out, p->is_colored, TEXT_PLAIN);
	buf_append_char(p->out, '\n');
}

static void print_sum(struct paper *p, const struct receipt *t)
{
	const struct tally *y = &t->total;

	if (y->billed_calls)
		print_money(p, "cost", y->has_inexact, y->billed,
			    y->has_inexact ? "  (~: some calls were cut short, estimated or priced "
			    "in part)" : "");
	else
		buf_append_str(p->out, STR("  cost         none: no call was billed and priced\n"));
	if (y->notional_calls)
		print_money(p, "notional", y->has_inexact_notional, y->notional,
			    "  (nobody is billed this: subscription or gateway cache)");
	print_unpriced(p, t);
	if (y->saved)
		print_money(p, "caches saved", false, y->saved, "");
	if (t->duplicates) {
		paper_label(p, "duplicates");
		buf_printf(p->out, "%" PRIu64 " view%s of calls that are counted already\n",
			   t->duplicates, plural(t->duplicates));
	}
}

/* --- tables ----------------------------------------------------------------------------------- */

static int by_cost(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	if (x->billed != y->billed)
		return x->billed < y->billed ? 1 : -1;
	if (x->notional != y->notional)
		return x->notional < y->notional ? 1 : -1;
	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void print_cell(struct paper *p, const char *text, int width)
{
	text_cell(p->out, str_of(text), width);
	buf_append_char(p->out, ' ');
}

static void print_number(struct paper *p, u64 n)
{
	char text[TEXT_LEN];

	text_count(n, text);
	print_cell(p, text, -WIDTH_COUNT);
}

static void print_row(struct paper *p, const struct tally *y)
{
	char money[TEXT_LEN] = "-", cell[TEXT_LEN + 2];

	buf_append_str(p->out, STR("  "));
	print_cell(p, y->name, WIDTH_NAME);
	print_number(p, y->calls);
	print_number(p, y->input);
	print_number(p, y->cached);
	print_number(p, y->output);
	if (y->billed_calls)
		text_money(y->billed, money);
	snprintf(cell, sizeof(cell), "%s%s", y->has_inexact ? "~" : "", money);
	text_amount(p->out, cell, WIDTH_COST);
	if (y->notional_calls) {
		text_money(y->notional, money);
		buf_printf(p->out, "  (notional %s%s)", y->has_inexact_notional ? "~" : "", money);
	}
	if (y->unpriced)
		buf_printf(p->out, "  %" PRIu64 " unpriced", y->unpriced);
	buf_append_char(p->out, '\n');
}

static void print_table(struct paper *p, const char *name, const struct tally_table *table)
{
	struct tally *sorted = malloc(sizeof(table->row));
	char head[160];

	snprintf(head, sizeof(head), "  %-*s %*s %*s %*s %*s %*s", WIDTH_NAME, name, WIDTH_COUNT,
		 "calls", WIDTH_COUNT, "in", WIDTH_COUNT, "cached", WIDTH_COUNT, "out", WIDTH_COST,
		 "cost");
	paper_heading(p, head);
	if (!sorted)
		return;
	memcpy(sorted, table->row, sizeof(table->row));
	qsort(sorted, table->cnt, sizeof(sorted[0]), by_cost);
	for (size_t i = 0; i < table->cnt; i++)
		print_row(p, &sorted[i]);
	if (table->others.calls) {
		sorted[0] = table->others;
		snprintf(sorted[0].name, sizeof(sorted[0].name), "others");
		print_row(p, &sorted[0]);
	}
	free(sorted);
}

static void print_dearest(struct paper *p, const struct receipt *t)
{
	if (t->total.calls < 2 || !t->dearest_cnt)
		return;
	paper_heading(p, "  dearest calls");
	for (size_t i = 0; i < t->dearest_cnt; i++) {
		const struct dearest *d = &t->dearest[i];
		time_t s = (time_t)(d->end_ns / NS_PER_S);
		char time[16] = "", in[TEXT_LEN], out[TEXT_LEN];
		struct tm tm;

		if (localtime_r(&s, &tm))
			strftime(time, sizeof(time), "%H:%M:%S", &tm);
		text_count(d->input, in);
		text_count(d->output, out);
		buf_append_str(p->out, STR("  "));
		print_cell(p, time, 8);
		print_cell(p, d->process, 18);
		print_cell(p, d->model, 28);
		buf_printf(p->out, "%*s in %*s out  ", WIDTH_COUNT, in, WIDTH_COUNT, out);
		text_cell(p->out, str_of(d->cost), 0);
		buf_append_char(p->out, '\n');
	}
}

/* --- what is missing -------------------------------------------------------------------------- */

static void print_losses(struct paper *p)
{
	bool is_first = true;

	for (int i = 0; i < STAT_MAX; i++) {
		const struct stat_info *info = stats_info((enum stat_id)i);
		u64 n = stats_get((enum stat_id)i);

		if (info->class != STAT_LOSS || !n)
			continue;
		if (is_first)
			paper_heading(p, "  lost");
		is_first = false;
		text_color(p->out, p->is_colored, TEXT_YELLOW);
		buf_printf(p->out, "  %-26s %" PRIu64 " %s", info->name, n, info->meaning);
		text_color(p->out, p->is_colored, TEXT_PLAIN);
		buf_printf(p->out, "; %s\n", info->remedy);
	}
}

/* Not a loss: an operation larger than a ring is copied at both ends only (design: policy). */
static void print_policy(struct paper *p)
{
	char bytes[TEXT_LEN];

	if (!stats_get(STAT_POLICY_BYTES))
		return;
	text_bytes(stats_get(STAT_POLICY_BYTES), bytes);
	buf_append_char(p->out, '\n');
	paper_label(p, "left out");
	buf_printf(p->out, "%s inside over-large writes, by policy; no count stands there\n",
		   bytes);
}

static void print_undecoded(struct paper *p, const struct receipt_facts *facts)
{
	char bytes[TEXT_LEN];
	u64 sum = 0;

	for (size_t i = 0; i < facts->undecoded_cnt; i++) {
		if (!facts->undecoded_bytes[i])
			continue;
		if (!sum)
			paper_heading(p, "  seen but not decoded (calls inside are missing above)");
		sum += facts->undecoded_bytes[i];
		text_bytes(facts->undecoded_bytes[i], bytes);
		buf_printf(p->out, "  %-26s %s\n", facts->undecoded_name[i], bytes);
	}
}

static void print_dark_row(struct paper *p, const struct receipt_dark *d)
{
	char name[64], bytes[TEXT_LEN];

	snprintf(name, sizeof(name), "%.16s[%u]", d->comm, d->pid);
	text_bytes(d->bytes, bytes);
	buf_append_str(p->out, STR("  "));
	text_cell(p->out, str_of(name), 22);
	buf_append_char(p->out, ' ');
	text_cell(p->out, str_of(d->host), 34);
	buf_printf(p->out, " %4llu connection%s %9s  %s%s\n", (unsigned long long)d->connections,
		   d->connections == 1 ? ", " : "s,", bytes, d->class,
		   d->is_llm ? ", an LLM provider" : "");
}

/* Each class once, behind the rows. */
static void print_dark_reasons(struct paper *p, const struct receipt_facts *facts)
{
	for (size_t i = 0; i < facts->dark_cnt; i++) {
		size_t k = 0;

		while (strcmp(facts->dark[k].class, facts->dark[i].class))
			k++;
		if (k == i)
			buf_printf(p->out, "  %s: %s\n", facts->dark[i].class, facts->dark[i].why);
	}
}

static void print_dark(struct paper *p, const struct receipt_facts *facts)
{
	if (!facts->dark_cnt)
		return;
	paper_heading(p, "  dark: sent to far ends of which nothing could be read");
	for (size_t i = 0; i < facts->dark_cnt; i++)
		print_dark_row(p, &facts->dark[i]);
	if (facts->dark_more)
		buf_printf(p->out, "  and %zu more\n", facts->dark_more);
	print_dark_reasons(p, facts);
}

static u64 undecoded_sum(const struct receipt_facts *facts)
{
	u64 sum = 0;

	for (size_t i = 0; i < facts->undecoded_cnt; i++)
		sum += facts->undecoded_bytes[i];
	return sum;
}

/* No call: says so, and the likeliest reason. */
static void print_nothing(struct paper *p, const struct receipt_facts *facts)
{
	buf_append_str(p->out, STR("  no LLM call was seen"));
	if (!facts)
		buf_append_str(p->out, STR("\n"));
	else if (!facts->has_seen_tls)
		buf_append_str(p->out, STR(": no TLS library that tolltap can read was used.\n"
			"  Either nothing was sent over TLS, or by a stack that is not read "
			"yet: linked into\n  the program (Go, rustls, BoringSSL), or GnuTLS "
			"and NSS.\n"));
	else if (undecoded_sum(facts))
		buf_append_str(p->out, STR(": what was sent could not be decoded (below).\n"));
	else
		buf_append_str(p->out, STR(": TLS was used, but for no request to an LLM API "
			"that tolltap knows.\n"));
	if (stats_get(STAT_WINDOW_LATE))
		buf_append_str(p->out, STR("  Connections were open already when the probes came; "
			"calls on them may be missing.\n"));
}

void receipt_print(const struct receipt *t, const struct receipt_facts *facts, const char *command,
		   bool is_colored, struct buf *out)
{
	struct paper p = {.out = out, .is_colored = is_colored};

	print_head(&p, command);
	if (t->total.calls) {
		print_counts(&p, t, facts);
		print_sum(&p, t);
		print_table(&p, "process", &t->process);
		print_table(&p, "model", &t->model);
		print_dearest(&p, t);
	} else {
		print_nothing(&p, facts);
	}
	print_losses(&p);
	print_policy(&p);
	if (facts) {
		print_undecoded(&p, facts);
		print_dark(&p, facts);
	}
	if (facts && facts->capture_line && facts->capture_line[0]) {
		buf_append_char(p.out, '\n');
		paper_label(&p, "capture");
		text_clean(p.out, str_of(facts->capture_line));
		buf_append_char(p.out, '\n');
	}
}
