/* SPDX-License-Identifier: Apache-2.0 */
/* Schema and errors of the ledger's file. */
#include "sink/ledger_db.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"

static const struct {
	int rc;
	int err;
	const char *remedy;
} ledger_troubles[] = {
	{SQLITE_NOTADB, -EUCLEAN,
	 "it is not a ledger; move it away or name another with --ledger FILE"},
	{SQLITE_CORRUPT, -EUCLEAN,
	 "it is damaged; move it away, and a new one is made (`sqlite3 FILE .recover` saves what "
	 "can be read)"},
	{SQLITE_FULL, -ENOSPC, "free space on its disk, or name another with --ledger FILE"},
	{SQLITE_BUSY, -EBUSY, "another program holds it locked; end that program"},
	{SQLITE_LOCKED, -EBUSY, "another program holds it locked; end that program"},
	{SQLITE_READONLY, -EROFS, "make it writable, or name another with --ledger FILE"},
	{SQLITE_PERM, -EACCES, "make it readable for you, or name another with --ledger FILE"},
	{SQLITE_CANTOPEN, -EACCES,
	 "make it and its folder accessible for you, or name another with --ledger FILE"},
	{SQLITE_IOERR, -EIO, "free space or check the disk, or name another with --ledger FILE"},
	{SQLITE_TOOBIG, -EFBIG, "name another with --ledger FILE"},
	{SQLITE_NOMEM, -ENOMEM, "memory is out"},
};

const char *ledger_db_remedy(int rc)
{
	for (size_t i = 0; i < ARRAY_LEN(ledger_troubles); i++)
		if (ledger_troubles[i].rc == (rc & 0xff))
			return ledger_troubles[i].remedy;
	return "name another with --ledger FILE, or use --no-ledger";
}

int ledger_db_complain(const char *path, const char *doing, sqlite3 *db, int rc)
{
	log_error("cannot %s the ledger %s: %s; %s", doing, path,
		  db ? sqlite3_errmsg(db) : sqlite3_errstr(rc), ledger_db_remedy(rc));
	for (size_t i = 0; i < ARRAY_LEN(ledger_troubles); i++)
		if (ledger_troubles[i].rc == (rc & 0xff))
			return ledger_troubles[i].err;
	return -EIO;
}

int ledger_db_open(const char *path, int flags, sqlite3 **ret_db)
{
	struct buf name;
	sqlite3 *db = NULL;
	int err, rc = SQLITE_NOMEM;

	/* "file:..." and ":memory:" are paths to us, not SQLite's special names */
	buf_init(&name, LEDGER_SQL_MAX);
	buf_printf(&name, "%s%s", path[0] == '/' ? "" : "./", path);
	buf_append_char(&name, '\0');
	if (!name.failed)
		rc = sqlite3_open_v2(name.p, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	buf_fini(&name);
	if (rc == SQLITE_OK) {
		sqlite3_extended_result_codes(db, 1);
		sqlite3_busy_timeout(db, LEDGER_BUSY_MS);
		/* the file may come from anywhere: nothing in its schema may do things */
		sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		*ret_db = db;
		return 0;
	}
	err = ledger_db_complain(path, "open", db, rc);
	sqlite3_close(db);
	return err;
}

static int ledger_db_number(sqlite3 *db, const char *sql, s64 *ret)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		*ret = sqlite3_column_int64(stmt, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(stmt);
	return rc;
}

int ledger_db_check(const char *path, sqlite3 *db)
{
	s64 application = 0, version = 0, tables = 0;
	int rc = ledger_db_number(db, "PRAGMA application_id", &application);

	if (rc == SQLITE_OK)
		rc = ledger_db_number(db, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = ledger_db_number(db, "SELECT count(*) FROM sqlite_schema", &tables);
	if (rc != SQLITE_OK)
		return ledger_db_complain(path, "read", db, rc);
	if (application == 0 && version == 0 && tables == 0)
		return -ENODATA;
	if (application != LEDGER_APPLICATION_ID) {
		log_error("%s is another program's SQLite database, not a ledger; name another "
			  "file with --ledger FILE", path);
		return -EUCLEAN;
	}
	if (version > LEDGER_VERSION) {
		log_error("the ledger %s was written by a newer tolltap (schema %lld, this one "
			  "knows %d); update tolltap, or name another with --ledger FILE", path,
			  (long long)version, LEDGER_VERSION);
		return -EPROTONOSUPPORT;
	}
	return 0;
}

static const char *ledger_db_type(enum record_type t)
{
	switch (t) {
	case RECORD_T_U64:
	case RECORD_T_S64:
	case RECORD_T_BOOL:
	case RECORD_T_TIME:
	case RECORD_T_MS:
		return "INTEGER";
	default:
		return "TEXT";
	}
}

/* Calls fn for every column after id, in the order of the insert. */
static void ledger_db_columns(void (*fn)(struct buf *out, const char *name, const char *type),
			      struct buf *out)
{
	char name[64];

	for (int f = 0; f < RECORD_FIELD_MAX; f++) {
		const struct record_field_info *info = record_field_info((enum record_field)f);

		if (info->column[0])
			fn(out, info->column, ledger_db_type(info->type));
	}
	for (int m = 0; m < METER_MAX; m++) {
		snprintf(name, sizeof(name), "%s_%s", m < METER_TOKENS_MAX ? "tok" : "unit",
			 meter_name((enum meter)m));
		fn(out, name, "INTEGER");
	}
}

static void column_define(struct buf *out, const char *name, const char *type)
{
	buf_printf(out, ", %s %s", name, type);
}

static void column_name(struct buf *out, const char *name, const char *type)
{
	buf_printf(out, "%s%s", out->p[out->n - 1] == '(' ? "" : ", ", name);
}

static void column_value(struct buf *out, const char *name, const char *type)
{
	buf_printf(out, "%s?", out->p[out->n - 1] == '(' ? "" : ", ");
}

void ledger_db_insert_sql(struct buf *out)
{
	buf_append_str(out, STR("INSERT OR IGNORE INTO calls("));
	ledger_db_columns(column_name, out);
	buf_append_str(out, STR(") VALUES("));
	ledger_db_columns(column_value, out);
	buf_append_str(out, STR(")"));
}

/* The same call replayed has the same ids: it is kept once. */
static void ledger_db_create_sql(struct buf *out)
{
	buf_append_str(out, STR("CREATE TABLE calls(id INTEGER PRIMARY KEY"));
	ledger_db_columns(column_define, out);
	buf_append_str(out, STR(", UNIQUE(trace_id, span_id));"
				"CREATE INDEX calls_ts ON calls(ts);"));
	buf_printf(out, "PRAGMA application_id=%d; PRAGMA user_version=%d;", LEDGER_APPLICATION_ID,
		   LEDGER_VERSION);
}


static int ledger_db_have(sqlite3 *db, struct buf *have)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info('calls')", -1, &stmt,
				    NULL);

	buf_append_char(have, ',');
	while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		buf_printf(have, "%s,", (const char *)sqlite3_column_text(stmt, 0));
		rc = SQLITE_OK;
	}
	buf_append_char(have, '\0');
	sqlite3_finalize(stmt);
	if (have->failed)
		return SQLITE_NOMEM;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* `name TYPE` pairs of ledger_db_columns, one per line. */
static void column_line(struct buf *out, const char *name, const char *type)
{
	buf_printf(out, "%s %s\n", name, type);
}

/* ALTER TABLE for each column that an older tolltap did not know. */
static int ledger_db_add_sql(sqlite3 *db, struct buf *out)
{
	struct buf have, want;
	struct str rest, line;
	int rc;

	buf_init(&have, LEDGER_SQL_MAX);
	buf_init(&want, LEDGER_SQL_MAX);
	rc = ledger_db_have(db, &have);
	ledger_db_columns(column_line, &want);
	rest = buf_str(&want);
	while (rc == SQLITE_OK && str_next(&rest, '\n', &line) && line.n) {
		char needle[80];

		snprintf(needle, sizeof(needle), "," STR_FMT ",",
			 STR_ARG(str_cut(line, 0, str_find_char(line, ' '))));
		if (!strstr(have.p, needle))
			buf_printf(out, "ALTER TABLE calls ADD COLUMN " STR_FMT ";", STR_ARG(line));
	}
	if (want.failed)
		rc = SQLITE_NOMEM;
	buf_fini(&have);
	buf_fini(&want);
	return rc;
}

int ledger_db_prepare(const char *path, sqlite3 *db)
{
	int err = ledger_db_check(path, db);
	int rc = SQLITE_OK;
	struct buf sql;

	if (err && err != -ENODATA)
		return err;
	buf_init(&sql, LEDGER_SQL_MAX);
	buf_append_str(&sql, STR("BEGIN IMMEDIATE;"));
	if (err == -ENODATA)
		ledger_db_create_sql(&sql);
	else
		rc = ledger_db_add_sql(db, &sql);
	buf_append_str(&sql, STR("COMMIT;"));
	buf_append_char(&sql, '\0');
	if (sql.failed)
		rc = SQLITE_NOMEM;
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
				  "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;", NULL,
				  NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, sql.p, NULL, NULL, NULL);
	buf_fini(&sql);
	err = 0;
	if (rc != SQLITE_OK) {
		err = ledger_db_complain(path, "prepare", db, rc);
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
	return err;
}
