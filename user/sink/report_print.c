/* SPDX-License-Identifier: Apache-2.0 */
/* A report as a table for people, as JSON and as CSV for programs. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/money.h"
#include "sink/report_private.h"
#include "sink/text.h"

#define DIM_WIDTH_MAX 48
#define FIGURE_MAX 10

/* --- table ------------------------------------------------------------------------------------ */

/* The figures of one row as cells; those without meaning for the whole table are left out. */
struct figures {
	const char *head[FIGURE_MAX];
	char cell[FIGURE_MAX][TEXT_LEN + 2];
	size_t cnt;
};

static char *figures_next(struct figures *f, const char *head)
{
	f->head[f->cnt] = head;
	return f->cell[f->cnt++];
}

static void figures_money(struct figures *f, const char *head, bool has, bool is_inexact,
			  s128 femto)
{
	char *cell = figures_next(f, head);
	char money[TEXT_LEN] = "-";

	if (has)
		text_money(femto, money);
	snprintf(cell, TEXT_LEN + 2, "%s%s", has && is_inexact ? "~" : "", money);
}

static void figures_make(const struct report *p, const struct report_row *r, struct figures *f)
{
	f->cnt = 0;
	text_count(r->calls, figures_next(f, "calls"));
	text_count(r->input, figures_next(f, "input"));
	text_count(r->cache_read, figures_next(f, "cache_read"));
	text_count(r->output, figures_next(f, "output"));
	figures_money(f, "cost", r->has_cost, r->inexact, r->cost);
	if (p->total.has_notional)
		figures_money(f, "notional", r->has_notional, false, r->notional);
	if (p->total.unpriced)
		text_count(r->unpriced, figures_next(f, "unpriced"));
	if (p->total.errors)
		text_count(r->errors, figures_next(f, "errors"));
}

struct widths {
	size_t dim[REPORT_DIMS_MAX];
	size_t figure[FIGURE_MAX];
};

static void grow(size_t *width, size_t n)
{
	if (n > *width)
		*width = n;
}

static void widths_measure(const struct report *p, const struct report_row *r, struct widths *w)
{
	struct figures f;

	for (size_t i = 0; i < p->dim_cnt; i++) {
		size_t n = r->dim[i] ? strlen(r->dim[i]) : 1;

		grow(&w->dim[i], n < DIM_WIDTH_MAX ? n : DIM_WIDTH_MAX);
	}
	figures_make(p, r, &f);
	for (size_t i = 0; i < f.cnt; i++) {
		grow(&w->figure[i], strlen(f.head[i]));
		grow(&w->figure[i], strlen(f.cell[i]));
	}
}

static void table_row(const struct report *p, const struct report_row *r, const struct widths *w,
		      bool is_total, struct buf *out)
{
	struct figures f;

	for (size_t i = 0; i < p->dim_cnt; i++) {
		const char *text = is_total ? (i ? "" : "total") : (r->dim[i] ? r->dim[i] : "-");

		text_cell(out, str_of(text), (int)w->dim[i]);
		buf_append_str(out, STR("  "));
	}
	figures_make(p, r, &f);
	for (size_t i = 0; i < f.cnt; i++) {
		buf_append_str(out, i ? STR("  ") : STR_NONE);
		text_amount(out, f.cell[i], w->figure[i]);
	}
	buf_append_char(out, '\n');
}

static void table_head(const struct report *p, const struct widths *w, struct buf *out)
{
	struct figures f;

	for (size_t i = 0; i < p->dim_cnt; i++) {
		text_cell(out, p->dim[i].name, (int)w->dim[i]);
		buf_append_str(out, STR("  "));
	}
	figures_make(p, &p->total, &f);
	for (size_t i = 0; i < f.cnt; i++) {
		buf_append_str(out, i ? STR("  ") : STR_NONE);
		text_amount(out, f.head[i], w->figure[i]);
	}
	buf_append_char(out, '\n');
}

static void print_table(const struct report *p, struct buf *out)
{
	struct widths w = {.dim[0] = sizeof("total") - 1};

	if (!p->total.calls) {
		buf_append_str(out, STR("no calls\n"));
		return;
	}
	for (size_t i = 0; i < p->dim_cnt; i++)
		grow(&w.dim[i], p->dim[i].name.n);
	widths_measure(p, &p->total, &w);
	for (size_t i = 0; i < p->row_cnt; i++)
		widths_measure(p, &p->row[i], &w);
	table_head(p, &w, out);
	for (size_t i = 0; i < p->row_cnt; i++)
		table_row(p, &p->row[i], &w, false, out);
	table_row(p, &p->total, &w, true, out);
	if (p->total.inexact)
		buf_append_str(out, STR("~ some calls were cut short, estimated or priced in "
					"part\n"));
	if (p->total.has_notional)
		buf_append_str(out, STR("notional: nobody is billed this (subscription or gateway "
					"cache)\n"));
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_money(struct json_write *w, struct str key, bool has, s128 femto)
{
	char text[MONEY_TEXT_LEN];

	money_format(femto, text);
	json_write_key(w, key);
	json_write_str(w, has ? str_of(text) : STR_NONE);
}

static void json_count(struct json_write *w, struct str key, u64 n)
{
	json_write_key(w, key);
	json_write_u64(w, n);
}

static void json_figures(struct json_write *w, const struct report_row *r)
{
	json_count(w, STR("calls"), r->calls);
	json_count(w, STR("input"), r->input);
	json_count(w, STR("cache_read"), r->cache_read);
	json_count(w, STR("output"), r->output);
	json_money(w, STR("cost"), r->has_cost, r->cost);
	json_money(w, STR("notional"), r->has_notional, r->notional);
	json_count(w, STR("unpriced"), r->unpriced);
	json_count(w, STR("errors"), r->errors);
	json_count(w, STR("inexact"), r->inexact);
}

static void json_time(struct json_write *w, struct str key, bool has, u64 ns)
{
	char text[CLOCK_TEXT_LEN];

	clock_format(has ? ns : 0, text);
	json_write_key(w, key);
	json_write_str(w, has ? str_of(text) : STR_NONE);
}

static void json_row(const struct report *p, const struct report_row *r, struct json_write *w)
{
	json_write_open(w, '{');
	for (size_t i = 0; i < p->dim_cnt; i++) {
		json_write_key(w, p->dim[i].name);
		if (r->dim[i] && r->number_mask >> i & 1)
			json_write_raw(w, str_of(r->dim[i]));
		else
			json_write_str(w, str_of(r->dim[i]));
	}
	json_figures(w, r);
	json_write_close(w, '}');
}

static void print_json(const struct report *p, struct buf *out)
{
	struct json_write w;

	json_write_init(&w, out);
	json_write_open(&w, '{');
	json_write_key(&w, STR("v"));
	json_write_u64(&w, 1);
	json_time(&w, STR("since"), p->since_ns, p->since_ns);
	json_time(&w, STR("until"), ~p->until_ns, p->until_ns);
	json_write_key(&w, STR("currency"));
	json_write_str(&w, STR("USD"));
	json_write_key(&w, STR("by"));
	json_write_open(&w, '[');
	for (size_t i = 0; i < p->dim_cnt; i++)
		json_write_str(&w, p->dim[i].name);
	json_write_close(&w, ']');
	json_write_key(&w, STR("rows"));
	json_write_open(&w, '[');
	for (size_t i = 0; i < p->row_cnt; i++)
		json_row(p, &p->row[i], &w);
	json_write_close(&w, ']');
	json_write_key(&w, STR("total"));
	json_write_open(&w, '{');
	json_figures(&w, &p->total);
	json_write_close(&w, '}');
	json_write_close(&w, '}');
	buf_append_char(out, '\n');
}

/* --- CSV -------------------------------------------------------------------------------------- */

/* RFC 4180. A name from the traffic that starts like a formula is kept from being one. */
static void csv_text(struct buf *out, const char *text)
{
	buf_append_char(out, '"');
	if (strchr("=+-@\t\r", text[0]) && text[0])
		buf_append_char(out, '\'');
	for (; *text; text++) {
		if (*text == '"')
			buf_append_char(out, '"');
		buf_append_char(out, *text);
	}
	buf_append_char(out, '"');
}

static void csv_money(struct buf *out, bool has, s128 femto)
{
	char text[MONEY_TEXT_LEN];

	money_format(femto, text);
	buf_printf(out, ",%s", has ? text : "");
}

static void csv_row(const struct report *p, const struct report_row *r, struct buf *out)
{
	for (size_t i = 0; i < p->dim_cnt; i++) {
		if (i)
			buf_append_char(out, ',');
		if (r->dim[i])
			csv_text(out, r->dim[i]);
	}
	buf_printf(out, ",%llu,%llu,%llu,%llu", (unsigned long long)r->calls,
		   (unsigned long long)r->input, (unsigned long long)r->cache_read,
		   (unsigned long long)r->output);
	csv_money(out, r->has_cost, r->cost);
	csv_money(out, r->has_notional, r->notional);
	buf_printf(out, ",%llu,%llu,%llu\n", (unsigned long long)r->unpriced,
		   (unsigned long long)r->errors, (unsigned long long)r->inexact);
}

static void print_csv(const struct report *p, struct buf *out)
{
	char name[256];

	for (size_t i = 0; i < p->dim_cnt; i++) {
		str_to_c(p->dim[i].name, name, sizeof(name));
		if (i)
			buf_append_char(out, ',');
		csv_text(out, name);
	}
	buf_append_str(out, STR(",calls,input,cache_read,output,cost,notional,unpriced,errors,"
				"inexact\n"));
	for (size_t i = 0; i < p->row_cnt; i++)
		csv_row(p, &p->row[i], out);
}

void report_print(const struct report *p, enum report_format format, struct buf *out)
{
	static void (*const printers[])(const struct report *p, struct buf *out) = {
		[REPORT_TABLE] = print_table, [REPORT_JSON] = print_json, [REPORT_CSV] = print_csv,
	};

	printers[format](p, out);
}
