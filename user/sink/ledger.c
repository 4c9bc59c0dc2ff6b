/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row per call in SQLite.
 *
 *   write: a copy waits --- every 200 ms or 256 rows ---> BEGIN, insert all, COMMIT -> forget them
 *                     ^                                        |
 *                     `---- locked, disk full: try again ------'   damaged: give up, count
 *
 * A transaction is all or nothing, so the ledger never holds half of a batch; a record waits in
 * memory, bounded, until its transaction stands.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/money.h"
#include "base/stats.h"
#include "sink/ledger_db.h"
#include "sink/ledger_place.h"
#include "sink/record_json.h"
#include "sink/sink.h"

#define LEDGER_RETRY_NS (1000ull * NS_PER_MS)
#define LEDGER_WAL_PAGES 1000	/* SQLite's own measure */
#define LEDGER_GROW_BYTES 65536

struct ledger {
	struct sink sink;
	char *path;
	sqlite3 *db;
	sqlite3_stmt *insert;
	struct buf text;			/* JSON of the row that is being bound */
	struct record *pending[LEDGER_PENDING_MAX];
	size_t pending_cnt;
	int wal_pages;				/* in the write-ahead log */
	bool has_opened;
	bool is_off;				/* damaged: nothing more is tried */
	bool is_in_trouble;			/* said already */
};

/* --- one row ---------------------------------------------------------------------------------- */

static int ledger_bind_json(struct ledger *l, int at, const struct record *r, enum record_field f)
{
	struct json_write w;

	buf_clear(&l->text);
	json_write_init(&w, &l->text);
	record_json_value(r, f, &w);
	if (l->text.failed)
		return SQLITE_NOMEM;
	return sqlite3_bind_text(l->insert, at, l->text.p, (int)l->text.n, SQLITE_TRANSIENT);
}

static int ledger_bind_field(struct ledger *l, int at, const struct record *r, enum record_field f)
{
	char money[MONEY_TEXT_LEN];
	struct str s;

	if (!record_has(r, f))
		return sqlite3_bind_null(l->insert, at);
	switch (record_field_info(f)->type) {
	case RECORD_T_STR:
		s = record_str(r, f);
		return sqlite3_bind_text(l->insert, at, s.p, (int)s.n, SQLITE_STATIC);
	case RECORD_T_MONEY:
		money_format(record_money(r, f), money);
		return sqlite3_bind_text(l->insert, at, money, -1, SQLITE_TRANSIENT);
	case RECORD_T_U64:
	case RECORD_T_S64:
	case RECORD_T_BOOL:
	case RECORD_T_TIME:
	case RECORD_T_MS:
		return sqlite3_bind_int64(l->insert, at, (s64)record_u64(r, f));
	default:
		return ledger_bind_json(l, at, r, f);
	}
}

static int ledger_bind(struct ledger *l, const struct record *r)
{
	int rc = SQLITE_OK;
	int at = 1;

	for (int f = 0; f < RECORD_FIELD_MAX && rc == SQLITE_OK; f++)
		if (record_field_info((enum record_field)f)->column[0])
			rc = ledger_bind_field(l, at++, r, (enum record_field)f);
	for (int m = 0; m < METER_MAX && rc == SQLITE_OK; m++, at++)
		rc = meters_has(&r->meters, (enum meter)m) ?
		     sqlite3_bind_int64(l->insert, at, (s64)r->meters.count[m]) :
		     sqlite3_bind_null(l->insert, at);
	return rc;
}

static int ledger_insert(struct ledger *l, const struct record *r, u64 *duplicates)
{
	int rc = ledger_bind(l, r);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(l->insert);
	sqlite3_reset(l->insert);
	sqlite3_clear_bindings(l->insert);
	if (rc != SQLITE_DONE)
		return rc;
	if (sqlite3_changes(l->db) == 0)
		++*duplicates;
	return SQLITE_OK;
}

/* --- batches ---------------------------------------------------------------------------------- */

/* Whether another try may succeed: the record's copies are kept for it. */
static bool ledger_may_mend(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_NOMEM:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return true;
	default:
		return false;
	}
}

static void ledger_forget(struct ledger *l, bool is_lost)
{
	if (is_lost)
		stats_add(STAT_LEDGER_LOST, l->pending_cnt);
	for (size_t i = 0; i < l->pending_cnt; i++)
		free(l->pending[i]);
	l->pending_cnt = 0;
}

static void ledger_fail(struct ledger *l, int rc)
{
	if (!l->is_in_trouble)
		ledger_db_complain(l->path, "write to", l->db, rc);
	l->is_in_trouble = true;
	sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
	if (ledger_may_mend(rc))
		return;
	l->is_off = true;
	ledger_forget(l, true);
}

static int ledger_on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
	((struct ledger *)arg)->wal_pages = pages;
	return SQLITE_OK;
}

/* Room in the ledger's own file for all its pages. */
static bool ledger_make_room(struct ledger *l)
{
	static const char sql[] = "SELECT page_count * page_size FROM pragma_page_count, "
				  "pragma_page_size";
	int chunk = LEDGER_GROW_BYTES;
	sqlite3_stmt *stmt = NULL;
	sqlite3_int64 size = 0;

	if (sqlite3_prepare_v2(l->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		size = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_file_control(l->db, "main", SQLITE_FCNTL_CHUNK_SIZE, &chunk);
	return size && sqlite3_file_control(l->db, "main", SQLITE_FCNTL_SIZE_HINT, &size) ==
		       SQLITE_OK;
}

/*
 * Folds the write-ahead log into the ledger, unless the disk is too full for all of it: a disk
 * that fills up half-way would leave a file that is whole only together with its log.
 */
static bool ledger_checkpoint(struct ledger *l)
{
	int rc;

	if (!ledger_make_room(l))
		return false;
	rc = sqlite3_wal_checkpoint_v2(l->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY;
}

/* All that waits, in one transaction. False: nothing was written. */
static bool ledger_commit(struct ledger *l)
{
	u64 duplicates = 0;
	int rc = SQLITE_OK;

	if (!l->pending_cnt || l->is_off)
		return true;
	rc = sqlite3_exec(l->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	for (size_t i = 0; i < l->pending_cnt && rc == SQLITE_OK; i++)
		rc = ledger_insert(l, l->pending[i], &duplicates);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(l->db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK) {
		ledger_fail(l, rc);
		return false;
	}
	if (l->is_in_trouble)
		log_warn("the ledger %s takes calls again", l->path);
	l->is_in_trouble = false;
	stats_add(STAT_LEDGER_DUPLICATES, duplicates);
	ledger_forget(l, false);
	if (l->wal_pages >= LEDGER_WAL_PAGES)
		ledger_checkpoint(l);
	return true;
}

static void ledger_write(struct sink *s, const struct record *r)
{
	struct ledger *l = (struct ledger *)s;
	struct record *copy;

	if (l->pending_cnt == LEDGER_PENDING_MAX || l->is_off || !(copy = malloc(r->size))) {
		stats_add(STAT_LEDGER_LOST, 1);
		return;
	}
	memcpy(copy, r, r->size);
	l->pending[l->pending_cnt++] = copy;
	if (l->pending_cnt >= LEDGER_BATCH_ROWS && !l->is_in_trouble)
		ledger_commit(l);
}

static u64 ledger_tick(struct sink *s, u64 now_ns)
{
	struct ledger *l = (struct ledger *)s;

	(void)now_ns;
	ledger_commit(l);
	return l->is_in_trouble ? LEDGER_RETRY_NS : LEDGER_BATCH_NS;
}

static void ledger_finish(struct sink *s, u64 deadline_ns)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
	struct ledger *l = (struct ledger *)s;

	while (!ledger_commit(l) && clock_boot_ns() < deadline_ns)
		nanosleep(&pause, NULL);
	if (l->pending_cnt)
		log_error("%zu calls are not in the ledger %s", l->pending_cnt, l->path);
	ledger_forget(l, true);
}

/* --- life ------------------------------------------------------------------------------------- */

static void ledger_free(struct sink *s)
{
	struct ledger *l = (struct ledger *)s;

	ledger_forget(l, true);
	sqlite3_finalize(l->insert);
	if (l->has_opened && l->wal_pages && !l->is_off && !ledger_checkpoint(l)) {
		sqlite3_db_config(l->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		log_error("the disk of the ledger %s is full: its newest calls stay in %s-wal "
			  "until it is opened again with free space", l->path, l->path);
	}
	sqlite3_close(l->db);
	buf_fini(&l->text);
	free(l->path);
	free(l);
}

static const struct sink_ops ledger_ops = {
	.name = "ledger",
	.write = ledger_write,
	.tick = ledger_tick,
	.finish = ledger_finish,
	.free = ledger_free,
};

static int ledger_prepare_insert(struct ledger *l)
{
	int rc = SQLITE_NOMEM;
	struct buf sql;

	buf_init(&sql, LEDGER_SQL_MAX);
	ledger_db_insert_sql(&sql);
	if (!sql.failed)
		rc = sqlite3_prepare_v3(l->db, sql.p, (int)sql.n, SQLITE_PREPARE_PERSISTENT,
					&l->insert, NULL);
	buf_fini(&sql);
	return rc == SQLITE_OK ? 0 : ledger_db_complain(l->path, "prepare", l->db, rc);
}

static int ledger_open(struct ledger *l, const struct ledger_options *options)
{
	struct place_rights before;
	int err = place_enter(options, &before);

	if (err)
		return err;
	err = ledger_db_open(l->path, SQLITE_OPEN_READWRITE, &l->db);
	if (!err)
		sqlite3_wal_hook(l->db, ledger_on_wal, l);
	if (!err)
		err = ledger_db_prepare(l->path, l->db);
	if (!err)
		err = ledger_prepare_insert(l);
	l->has_opened = !err;
	place_leave(&before);
	return err;
}

int sink_ledger_new(const struct ledger_options *options, struct sink **ret)
{
	struct ledger *l = calloc(1, sizeof(*l));
	int err = -ENOMEM;

	if (!l)
		return err;
	l->sink.ops = &ledger_ops;
	buf_init(&l->text, SINK_LINE_MAX);
	l->path = strdup(options->path);
	if (l->path)
		err = ledger_open(l, options);
	if (err)
		ledger_free(&l->sink);
	else
		*ret = &l->sink;
	return err;
}
