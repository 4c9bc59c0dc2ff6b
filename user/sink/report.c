/* SPDX-License-Identifier: Apache-2.0 */
/* One SELECT with GROUP BY, added up exactly, sorted by cost. */
#include "sink/report.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/money.h"
#include "sink/ledger_db.h"
#include "sink/report_private.h"

/* What is bound to the statement's '?', in order. */
struct report_bind {
	struct str text;	/* STR_NONE: number */
	s64 number;
};

#define REPORT_BINDS_MAX (REPORT_DIMS_MAX + 2 + 2 * REPORT_WHERE_MAX)

struct report_query {
	struct buf sql;
	struct report_bind bind[REPORT_BINDS_MAX];
	size_t bind_cnt;
};

/* --- exact sums ------------------------------------------------------------------------------- */

struct money_sum {
	s128 femto;
	bool has_any;
};

/* SQLite aligns the context to 8 bytes only; __int128 wants 16. */
static void money_sum_step(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	char *at = sqlite3_aggregate_context(context, sizeof(struct money_sum));
	struct money_sum sum;
	struct str text;
	s128 femto;

	(void)argc;
	if (!at)
		return sqlite3_result_error_nomem(context);
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		return;
	text = (struct str){(const char *)sqlite3_value_text(argv[0]),
			    (size_t)sqlite3_value_bytes(argv[0])};
	if (!text.p || money_parse(text, &femto))
		return sqlite3_result_error(context, "an amount is not a decimal number", -1);
	memcpy(&sum, at, sizeof(sum));
	if (__builtin_add_overflow(sum.femto, femto, &sum.femto))
		return sqlite3_result_error(context, "the sum of the amounts is too large", -1);
	sum.has_any = true;
	memcpy(at, &sum, sizeof(sum));
}

static void money_sum_final(sqlite3_context *context)
{
	const char *at = sqlite3_aggregate_context(context, 0);
	char text[MONEY_TEXT_LEN];
	struct money_sum sum = {};

	if (at)
		memcpy(&sum, at, sizeof(sum));
	if (!sum.has_any)
		return sqlite3_result_null(context);
	money_format(sum.femto, text);
	sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

/* --- the statement ---------------------------------------------------------------------------- */

static void query_bind(struct report_query *q, struct str text, s64 number)
{
	if (q->bind_cnt == REPORT_BINDS_MAX)
		q->sql.failed = -E2BIG;
	else
		q->bind[q->bind_cnt++] = (struct report_bind){text, number};
}

static void query_add_dim(struct report_query *q, const struct report_dim *d)
{
	buf_append_str(&q->sql, str_of(d->sql));
	if (d->tag.p)
		query_bind(q, d->tag, 0);
}

/* Kinds of money as text_call_money_kind tells them apart. */
#define IS_NOTHING "coalesce(cost_status, '') IN ('free', 'not_billed')"
#define IS_UNPRICED "(NOT " IS_NOTHING " AND (amount IS NULL OR cost_status IS 'unpriced'))"
#define IS_PRICED "(NOT " IS_NOTHING " AND NOT " IS_UNPRICED ")"
#define IS_NOTIONAL "(" IS_PRICED " AND cost_status IS 'notional')"
#define IS_BILLED "(" IS_PRICED " AND cost_status IS NOT 'notional')"
#define IS_INEXACT "(coalesce(cost_status, '') IN ('partial', 'estimated') OR " \
	"coalesce(completeness, '') IN ('lower_bound', 'estimated'))"
#define IS_ERROR "(coalesce(http_status, 0) >= 400 OR error_type IS NOT NULL OR " \
	"error_code IS NOT NULL)"

static const char report_figures[] =
	"count(*), coalesce(sum(total_input), 0), "
	"coalesce(sum(coalesce(tok_cache_read, 0) + coalesce(tok_cache_read_audio, 0) + "
	"coalesce(tok_cache_read_image, 0) + coalesce(tok_cache_read_video, 0)), 0), "
	"coalesce(sum(total_output), 0), "
	"coalesce(sum(" IS_UNPRICED "), 0), coalesce(sum(" IS_ERROR "), 0), "
	"coalesce(sum(" IS_BILLED " AND " IS_INEXACT "), 0), "
	"money_sum(CASE WHEN " IS_BILLED " THEN amount END), "
	"money_sum(CASE WHEN " IS_NOTIONAL " THEN amount END)";

/* "DIM=VALUE" */
static int query_add_where(struct report_query *q, const char *condition)
{
	struct str rest = str_of(condition), name;
	struct report_dim dim;
	int err;

	str_next(&rest, '=', &name);
	if (!rest.p) {
		log_error("--where takes DIM=VALUE, not '%s'", condition);
		return -EINVAL;
	}
	err = report_dim_find(name, &dim);
	if (err)
		return err;
	buf_append_str(&q->sql, STR(" AND "));
	query_add_dim(q, &dim);
	if (rest.n) {
		buf_append_str(&q->sql, STR(" = CAST(? AS TEXT)"));
		query_bind(q, rest, 0);
	} else {
		buf_append_str(&q->sql, STR(" IS NULL"));
	}
	return 0;
}

static int report_build(const struct report_options *o, const struct report *p,
			struct report_query *q)
{
	buf_append_str(&q->sql, STR("SELECT "));
	for (size_t i = 0; i < p->dim_cnt; i++) {
		query_add_dim(q, &p->dim[i]);
		buf_append_str(&q->sql, STR(", "));
	}
	buf_append_str(&q->sql, STR(report_figures));
	buf_append_str(&q->sql, STR(" FROM calls WHERE completeness IS NOT 'duplicate_view'"
				    " AND ts >= ? AND ts < ?"));
	query_bind(q, STR_NONE, (s64)p->since_ns);
	query_bind(q, STR_NONE, p->until_ns > INT64_MAX ? INT64_MAX : (s64)p->until_ns);
	for (size_t i = 0; i < o->where_cnt; i++) {
		int err = query_add_where(q, o->where[i]);

		if (err)
			return err;
	}
	for (size_t i = 0; i < p->dim_cnt; i++)
		buf_printf(&q->sql, "%s%zu", i ? ", " : " GROUP BY ", i + 1);
	if (q->sql.failed) {
		log_error("too many conditions; at most %d", REPORT_WHERE_MAX);
		return -EINVAL;
	}
	return 0;
}

/* --- rows ------------------------------------------------------------------------------------- */

static int report_compare(const void *a, const void *b)
{
	const struct report_row *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? 1 : -1;
	if (x->notional != y->notional)
		return x->notional < y->notional ? 1 : -1;
	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	for (size_t i = 0; i < REPORT_DIMS_MAX; i++) {
		int order = strcmp(x->dim[i] ? x->dim[i] : "", y->dim[i] ? y->dim[i] : "");

		if (order)
			return order;
	}
	return 0;
}

static bool read_money(sqlite3_stmt *stmt, int column, s128 *ret)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return text && money_parse(str_of(text), ret) == 0;
}

/* Column text may hold NULs; what people and formats see ends at the first. */
static int report_read_row(sqlite3_stmt *stmt, size_t dim_cnt, struct report_row *ret)
{
	int at = 0;

	for (; at < (int)dim_cnt; at++) {
		const char *text = (const char *)sqlite3_column_text(stmt, at);

		if (sqlite3_column_type(stmt, at) == SQLITE_INTEGER)
			ret->number_mask |= 1u << at;
		if (text && !(ret->dim[at] = strdup(text)))
			return -ENOMEM;
	}
	ret->calls = (u64)sqlite3_column_int64(stmt, at++);
	ret->input = (u64)sqlite3_column_int64(stmt, at++);
	ret->cache_read = (u64)sqlite3_column_int64(stmt, at++);
	ret->output = (u64)sqlite3_column_int64(stmt, at++);
	ret->unpriced = (u64)sqlite3_column_int64(stmt, at++);
	ret->errors = (u64)sqlite3_column_int64(stmt, at++);
	ret->inexact = (u64)sqlite3_column_int64(stmt, at++);
	ret->has_cost = read_money(stmt, at++, &ret->cost);
	ret->has_notional = read_money(stmt, at, &ret->notional);
	return 0;
}

static void report_add_total(struct report_row *total, const struct report_row *r)
{
	total->calls += r->calls;
	total->input += r->input;
	total->cache_read += r->cache_read;
	total->output += r->output;
	total->unpriced += r->unpriced;
	total->errors += r->errors;
	total->inexact += r->inexact;
	total->has_cost |= r->has_cost;
	total->has_notional |= r->has_notional;
	total->cost += r->cost;
	total->notional += r->notional;
}

static struct report_row *report_new_row(struct report *p)
{
	if (p->row_cnt == p->row_cap) {
		size_t cap = p->row_cap ? p->row_cap * 2 : 64;
		struct report_row *row = reallocarray(p->row, cap, sizeof(*row));

		if (!row)
			return NULL;
		p->row = row;
		p->row_cap = cap;
	}
	p->row[p->row_cnt] = (struct report_row){};
	return &p->row[p->row_cnt++];
}

static int report_read(struct report *p, sqlite3_stmt *stmt, int *ret_rc)
{
	int rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (p->row_cnt == REPORT_ROWS_MAX) {
			log_error("more than %d groups; narrow the report with --since or --where",
				  REPORT_ROWS_MAX);
			return -E2BIG;
		}

		struct report_row *row = report_new_row(p);

		if (!row || report_read_row(stmt, p->dim_cnt, row)) {
			log_error("no memory for the report; narrow it with --since or --where");
			return -ENOMEM;
		}
		report_add_total(&p->total, row);
	}
	if (p->row_cnt)
		qsort(p->row, p->row_cnt, sizeof(*p->row), report_compare);
	*ret_rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
	return 0;
}

/* --- all together ----------------------------------------------------------------------------- */

static int report_query_run(struct report *p, const struct report_query *q, const char *path,
			    sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	int err = 0;
	int rc = sqlite3_create_function_v2(db, "money_sum", 1,
					    SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, NULL,
					    money_sum_step, money_sum_final, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, q->sql.p, (int)q->sql.n, &stmt, NULL);
	for (size_t i = 0; i < q->bind_cnt && rc == SQLITE_OK; i++) {
		const struct report_bind *b = &q->bind[i];

		rc = b->text.p ?
		     sqlite3_bind_text(stmt, (int)i + 1, b->text.p, (int)b->text.n, SQLITE_STATIC) :
		     sqlite3_bind_int64(stmt, (int)i + 1, b->number);
	}
	if (rc == SQLITE_OK)
		err = report_read(p, stmt, &rc);
	if (rc != SQLITE_OK)
		err = ledger_db_complain(path, "read", db, rc);
	sqlite3_finalize(stmt);
	return err;
}

static bool report_has_dim(const struct report *p, struct str name)
{
	for (size_t i = 0; i < p->dim_cnt; i++)
		if (str_eq(p->dim[i].name, name))
			return true;
	return false;
}

static int report_parse_by(struct report *p, const char *by)
{
	struct str rest = str_of(by), name;

	while (str_next(&rest, ',', &name)) {
		name = str_trim(name);
		if (report_has_dim(p, name))
			continue;
		if (p->dim_cnt == REPORT_DIMS_MAX) {
			log_error("--by takes at most %d dimensions", REPORT_DIMS_MAX);
			return -EINVAL;
		}

		int err = report_dim_find(name, &p->dim[p->dim_cnt]);

		if (err)
			return err;
		p->dim_cnt++;
	}
	return 0;
}

static int report_parse_time(const char *option, const char *text, u64 now_ns, u64 *ret)
{
	if (!text || report_time_parse(text, now_ns, ret) == 0)
		return 0;
	log_error("%s takes 30m, 24h, 7d, a date like 2026-11-22 or a time like "
		  "2026-11-22T10:00:00Z, not '%s'", option, text);
	return -EINVAL;
}

static int report_prepare(const struct report_options *o, struct report *p, struct report_query *q)
{
	u64 now_ns = o->now_ns ? o->now_ns : clock_wall_ns();
	int err = report_parse_by(p, o->by ? o->by : "provider,model");

	p->until_ns = ~0ull;
	if (!err)
		err = report_parse_time("--since", o->since, now_ns, &p->since_ns);
	if (!err)
		err = report_parse_time("--until", o->until, now_ns, &p->until_ns);
	return err ? err : report_build(o, p, q);
}

static int report_open(const char *path, sqlite3 **ret_db)
{
	int err;

	if (access(path, R_OK)) {
		err = -errno;
		if (err == -ENOENT)
			log_error("there is no ledger at %s; `tolltap run` makes one, or name it "
				  "with --ledger FILE", path);
		else
			log_error("cannot read the ledger %s: %s; ask as its owner or with sudo",
				  path, strerror(-err));
		return err;
	}
	err = ledger_db_open(path, SQLITE_OPEN_READONLY, ret_db);
	if (err)
		return err;
	err = ledger_db_check(path, *ret_db);
	if (err && err != -ENODATA) {
		sqlite3_close(*ret_db);
		*ret_db = NULL;
	}
	return err;
}

static void report_fini(struct report *p, struct report_query *q)
{
	for (size_t i = 0; i < p->row_cnt; i++)
		for (size_t d = 0; d < REPORT_DIMS_MAX; d++)
			free(p->row[i].dim[d]);
	free(p->row);
	buf_fini(&q->sql);
}

static int report_show(const struct report *p, enum report_format format, FILE *out)
{
	struct buf text;
	int err = 0;

	buf_init(&text, REPORT_TEXT_MAX);
	report_print(p, format, &text);
	if (text.failed)
		err = text.failed;
	else if (fwrite(text.p, 1, text.n, out) != text.n || fflush(out))
		err = -errno;
	if (err)
		log_error("cannot write the report: %s; narrow it, or give --output a file that "
			  "you may write", strerror(-err));
	buf_fini(&text);
	return err;
}

int report_run(const struct report_options *o, FILE *out)
{
	struct report_query q = {};
	struct report p = {};
	sqlite3 *db = NULL;
	int err;

	buf_init(&q.sql, LEDGER_SQL_MAX);
	err = report_prepare(o, &p, &q);
	if (!err)
		err = report_open(o->ledger, &db);
	if (!err)
		err = report_query_run(&p, &q, o->ledger, db);
	if (err == -ENODATA)
		err = 0;	/* a ledger without a table: without calls */
	if (!err)
		err = report_show(&p, o->format, out);
	sqlite3_close(db);
	report_fini(&p, &q);
	return err;
}
