/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's file format, shared by its writer and the report: identity, version, columns, and
 * what to tell people when SQLite refuses. Private to the room.
 *
 * One table `calls`: a column per row of RECORD_FIELDS that names one, then tok_* and unit_* per
 * meter. Columns are added, never renamed, so an older file is brought up to date when it is
 * opened for writing. LEDGER_VERSION grows only when an older tolltap could misread the file.
 */
#ifndef TOLLTAP_LEDGER_DB_H
#define TOLLTAP_LEDGER_DB_H

#include <sqlite3.h>

#include "base/buf.h"
#include "base/record.h"

#define LEDGER_APPLICATION_ID 0x746c6c74	/* "tllt" */
#define LEDGER_VERSION 1
#define LEDGER_SQL_MAX (64u << 10)
#define LEDGER_BUSY_MS 1000

/* Logs one line with the remedy and turns the result code into -errno. */
int ledger_db_complain(const char *path, const char *doing, sqlite3 *db, int rc);
/* The remedy alone. */
const char *ledger_db_remedy(int rc);

/* flags of sqlite3_open_v2. Logged. *ret_db is NULL on failure. */
int ledger_db_open(const char *path, int flags, sqlite3 **ret_db);

/*
 * Whether the file is a ledger of this version; an empty file is -ENODATA without a line, all else
 * is logged.
 */
int ledger_db_check(const char *path, sqlite3 *db);

/* Makes the table, or adds the columns that it lacks, in one transaction. Logged. */
int ledger_db_prepare(const char *path, sqlite3 *db);

/* "INSERT OR IGNORE INTO calls(...) VALUES(...)": fields in table order, then all meters. */
void ledger_db_insert_sql(struct buf *out);

#endif
