/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's rows, its file's owner and mode, and what happens when the disk says no. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/stats.h"
#include "sink/example.h"
#include "sink/ledger_db.h"
#include "sink/ledger_place.h"
#include "sink/sink.h"
#include "sink/tmp.h"

static struct sink *ledger_at(const char *path)
{
	const struct ledger_options options = {.path = path, .uid = geteuid(), .gid = getegid()};
	struct sink *s = NULL;

	assert_int_equal(sink_ledger_new(&options, &s), 0);
	return s;
}

static int ledger_error(const char *path, struct tmp_log *log)
{
	const struct ledger_options options = {.path = path, .uid = geteuid(), .gid = getegid()};
	struct sink *s = NULL;

	tmp_log_start(log);

	int err = sink_ledger_new(&options, &s);

	tmp_log_stop(log);
	assert_null(s);
	return err;
}

static void put(struct sink *s, struct record *r)
{
	s->ops->write(s, r);
	free(r);
}

static void put_nth(struct sink *s, u64 id)
{
	const struct example_call c = {.id = id, .pid = 7, .comm = "py", .provider = "openai",
				       .model = "m", .input = 10, .output = 5, .femto = 1};

	put(s, example_call(&c));
}

static void done(struct sink *s)
{
	s->ops->finish(s, clock_boot_ns() + NS_PER_S / 5);
	s->ops->free(s);
}

/* The first column of the first row as text; "NULL" for SQL's. */
static void query(const char *path, const char *sql, char *ret, size_t size)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL),
			 SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);

	const char *text = (const char *)sqlite3_column_text(stmt, 0);

	snprintf(ret, size, "%s", text ? text : "NULL");
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

static void answers(const char *path, const char *sql, const char *expected)
{
	char got[512];

	query(path, sql, got, sizeof(got));
	if (strcmp(got, expected) != 0)
		fail_msg("%s: got %s, want %s", sql, got, expected);
}

static void a_row_holds_the_record(void **state)
{
	static const struct {
		const char *column, *expected;
	} rows[] = {
		{"ts", "1795309323123456789"}, {"duration_ns", "812400000"},
		{"model_requested", "gpt-4o"}, {"finish", "[\"stop\"]"}, {"stream", "1"},
		{"amount", "0.005615"}, {"tok_input", "86"}, {"tok_cache_read", "1920"},
		{"tok_output", "300"}, {"tok_reasoning", "NULL"}, {"unit_web_search", "NULL"},
		{"cost_meters", "{\"input\":\"0.000215\",\"cache_read\":\"0.0024\","
				"\"output\":\"0.003\"}"},
		{"tags", "{\"team\":{\"value\":\"payments\",\"source\":\"pod_label\"}}"},
		{"tokens", "{\"input\":86,\"cache_read\":1920,\"output\":300}"},
		{"residual", "0"}, {"error_type", "NULL"}, {"flags", "NULL"}, {"pid", "4242"},
		{"process_start", "1795309200000000000"}, {"typeof(amount)", "text"},
		{"count(*)", "1"},
	};
	const char *path = tmp_path(*state, "ledger.db");
	struct sink *s = ledger_at(path);

	put(s, example_record());
	done(s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char sql[128];

		snprintf(sql, sizeof(sql), "SELECT %s FROM calls", rows[i].column);
		answers(path, sql, rows[i].expected);
	}
	answers(path, "PRAGMA user_version", "1");
	answers(path, "PRAGMA journal_mode", "wal");
}

static void every_field_has_its_column(void **state)
{
	const char *path = tmp_path(*state, "ledger.db");
	char sql[128];

	done(ledger_at(path));
	for (int f = 0; f < RECORD_FIELD_MAX; f++) {
		const char *column = record_field_info((enum record_field)f)->column;

		snprintf(sql, sizeof(sql), "SELECT count(%s) FROM calls", column);
		if (column[0])
			answers(path, sql, "0");
	}
}

static void the_same_call_is_kept_once(void **state)
{
	const char *path = tmp_path(*state, "ledger.db");
	struct sink *s = ledger_at(path);

	put_nth(s, 1);
	put_nth(s, 2);
	put_nth(s, 1);
	done(s);
	s = ledger_at(path);
	put_nth(s, 2);
	put_nth(s, 3);
	done(s);
	answers(path, "SELECT count(*) FROM calls", "3");
	assert_int_equal(stats_get(STAT_LEDGER_DUPLICATES), 2);
	assert_int_equal(stats_get(STAT_LEDGER_LOST), 0);
}

static void a_batch_stands_after_256_rows_or_a_tick(void **state)
{
	const char *path = tmp_path(*state, "ledger.db");
	struct sink *s = ledger_at(path);

	for (u64 i = 0; i < LEDGER_BATCH_ROWS - 1; i++)
		put_nth(s, i);
	answers(path, "SELECT count(*) FROM calls", "0");
	put_nth(s, LEDGER_BATCH_ROWS);
	answers(path, "SELECT count(*) FROM calls", "256");
	put_nth(s, 1000);
	assert_true(s->ops->tick(s, clock_boot_ns()) <= 200 * NS_PER_MS);
	answers(path, "SELECT count(*) FROM calls", "257");
	done(s);
}

static void file_and_folders_are_the_users_alone(void **state)
{
	const char *path = tmp_path(*state, "a/b/ledger.db");
	mode_t before = umask(0);
	struct stat st;

	done(ledger_at(path));
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(tmp_path(*state, "a/b"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(tmp_path(*state, "a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void a_narrow_umask_does_not_lock_us_out(void **state)
{
	const char *path = tmp_path(*state, "ledger.db");
	mode_t before = umask(0777);
	struct stat st;

	done(ledger_at(path));
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void write_file(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

/* Only root can act for another user; elsewhere there is nothing to show. */
static void under_sudo_the_ledger_is_the_users(void **state)
{
	const struct ledger_options options = {.path = tmp_path(*state, "home/x/ledger.db"),
					       .uid = 1234, .gid = 2345};
	struct sink *s = NULL;
	struct stat st;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(tmp_path(*state, ""), 0755), 0);
	assert_int_equal(mkdir(tmp_path(*state, "home"), 0755), 0);
	assert_int_equal(chown(tmp_path(*state, "home"), 1234, 2345), 0);
	assert_int_equal(sink_ledger_new(&options, &s), 0);
	put_nth(s, 1);
	s->ops->tick(s, 0);
	assert_int_equal(stat(tmp_path(*state, "home/x"), &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 2345);
	assert_int_equal(stat(options.path, &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(tmp_path(*state, "home/x/ledger.db-wal"), &st), 0);
	assert_int_equal(st.st_uid, 1234);
	done(s);
	/* and we are ourselves again */
	assert_int_equal(close(open(tmp_path(*state, "ours"), O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(stat(tmp_path(*state, "ours"), &st), 0);
	assert_int_equal(st.st_uid, 0);
}

/* Root makes what the user may not, and gives away only what it made. */
static void under_sudo_a_place_of_roots(void **state)
{
	struct ledger_options options = {.path = tmp_path(*state, "x/ledger.db"), .uid = 1234,
					 .gid = 2345};
	const char *target = tmp_path(*state, "target"), *link = tmp_path(*state, "link.db");
	struct sink *s = NULL;
	struct tmp_log log;
	struct stat st;

	if (geteuid() != 0)
		skip();
	assert_int_equal(sink_ledger_new(&options, &s), 0);
	put_nth(s, 1);
	s->ops->tick(s, 0);
	assert_int_equal(stat(tmp_path(*state, "x/ledger.db-wal"), &st), 0);
	assert_int_equal(st.st_uid, 1234);
	done(s);
	assert_int_equal(stat(options.path, &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(stat(tmp_path(*state, "x"), &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_mode & 07777, 0700);

	/* what was there keeps its owner */
	options.path = tmp_path(*state, "ours.db");
	done(ledger_at(options.path));
	assert_int_equal(sink_ledger_new(&options, &s), 0);
	done(s);
	assert_int_equal(stat(options.path, &st), 0);
	assert_int_equal(st.st_uid, 0);

	/* and a link leads nowhere with root's rights */
	write_file(target, "", 0);
	assert_int_equal(symlink(target, link), 0);
	options.path = link;
	s = NULL;
	tmp_log_start(&log);
	assert_int_equal(sink_ledger_new(&options, &s), -ELOOP);
	tmp_log_stop(&log);
	assert_int_equal(log.lines, 1);
}

static void what_is_no_ledger_is_left_alone(void **state)
{
	static const char text[] = "These are my notes, and long enough to fill a header: "
		"0123456789012345678901234567890123456789012345678901234567890123456789";
	const char *path = tmp_path(*state, "notes.txt");
	char after[sizeof(text)];
	struct tmp_log log;

	write_file(path, text, sizeof(text));
	assert_int_equal(ledger_error(path, &log), -EUCLEAN);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "it is not a ledger; move it away or name another"));

	int fd = open(path, O_RDONLY);

	assert_int_equal(read(fd, after, sizeof(after)), sizeof(text));
	assert_memory_equal(after, text, sizeof(text));
	close(fd);
}

static void foreign_and_newer_files_are_refused(void **state)
{
	const char *path = tmp_path(*state, "x.db");
	struct tmp_log log;
	sqlite3 *db;

	sqlite3_open(path, &db);
	sqlite3_exec(db, "CREATE TABLE calls(a)", NULL, NULL, NULL);
	assert_int_equal(ledger_error(path, &log), -EUCLEAN);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "another program's SQLite database"));
	sqlite3_exec(db, "PRAGMA application_id=1953262708; PRAGMA user_version=2", NULL, NULL,
		     NULL);
	sqlite3_close(db);
	assert_int_equal(ledger_error(path, &log), -EPROTONOSUPPORT);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "newer tolltap (schema 2, this one knows 1)"));
}

static void an_older_ledger_gets_the_new_columns(void **state)
{
	const char *path = tmp_path(*state, "ledger.db");
	struct sink *s = ledger_at(path);
	sqlite3 *db;

	put_nth(s, 1);
	done(s);
	sqlite3_open(path, &db);
	assert_int_equal(sqlite3_exec(db, "ALTER TABLE calls DROP COLUMN speed;"
				      "ALTER TABLE calls DROP COLUMN unit_gpu_s", NULL, NULL,
				      NULL), SQLITE_OK);
	sqlite3_close(db);
	s = ledger_at(path);
	put(s, example_record());
	done(s);
	answers(path, "SELECT count(*) - count(speed) - count(unit_gpu_s) FROM calls", "2");
	answers(path, "SELECT amount FROM calls WHERE pid = 4242", "0.005615");
}

static void a_damaged_ledger_is_said_once(void **state)
{
	const char *path = tmp_path(*state, "ledger.db");
	struct sink *s = ledger_at(path);
	struct tmp_log log;
	char junk[64];

	for (u64 i = 0; i < 600; i++)
		put_nth(s, i);
	done(s);
	memset(junk, 0xa5, sizeof(junk));

	/* the roots of the table and its indices, behind the schema's page */
	int fd = open(path, O_RDWR);
	struct stat st;

	fstat(fd, &st);
	for (off_t at = 4096; at < st.st_size; at += 4096)
		assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
	close(fd);
	tmp_log_start(&log);

	const struct ledger_options options = {.path = path};
	int err = sink_ledger_new(&options, &s);

	if (!err) {
		for (u64 i = 1000; i < 1600; i++)
			put_nth(s, i);
		done(s);
		assert_int_equal(stats_get(STAT_LEDGER_LOST), 600);
	}
	tmp_log_stop(&log);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "it is damaged; move it away"));
}

static void locked_by_another_it_waits_in_memory(void **state)
{
	const char *path = tmp_path(*state, "ledger.db");
	struct sink *s = ledger_at(path);
	struct tmp_log log;
	sqlite3 *db;

	sqlite3_open(path, &db);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	tmp_log_start(&log);
	put_nth(s, 1);
	s->ops->tick(s, 0);
	s->ops->tick(s, 0);
	tmp_log_stop(&log);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "another program holds it locked"));
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(db);
	put_nth(s, 2);
	done(s);
	answers(path, "SELECT count(*) FROM calls", "2");
	assert_int_equal(stats_get(STAT_LEDGER_LOST), 0);
}

#define FULL_ROWS 3000
#define FULL_BYTES (512u << 10)

/* In a child whose files may not grow: 0 when it behaved. */
static int fill_up(const char *path, const char *log_path)
{
	const struct rlimit limit = {FULL_BYTES, FULL_BYTES};
	struct sink *s = ledger_at(path);
	int fd = open(log_path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	dup2(fd, STDERR_FILENO);
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return 10;
	for (u64 i = 0; i < FULL_ROWS; i++)
		put_nth(s, i);
	s->ops->tick(s, 0);
	s->ops->finish(s, 0);
	printf("%llu", (unsigned long long)stats_get(STAT_LEDGER_LOST));
	fflush(stdout);
	s->ops->free(s);
	return 0;
}

static void a_full_disk_leaves_whole_batches_only(void **state)
{
	const char *path = tmp_path(*state, "ledger.db");
	const char *log_path = tmp_path(*state, "log");
	char text[4096] = "", lost[32] = "", rows[32], check[64], alone[512];
	int status, out[2];

	assert_int_equal(pipe(out), 0);

	pid_t child = fork();

	if (child == 0) {
		dup2(out[1], STDOUT_FILENO);
		_exit(fill_up(path, log_path));
	}
	close(out[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(read(out[0], lost, sizeof(lost) - 1) > 0);
	close(out[0]);

	int fd = open(log_path, O_RDONLY);

	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	/* the file alone, as a copy without its log would be */
	snprintf(alone, sizeof(alone), "file:%s?immutable=1", path);
	query(alone, "PRAGMA integrity_check", check, sizeof(check));
	assert_string_equal(check, "ok");
	query(path, "SELECT count(*) FROM calls", rows, sizeof(rows));
	query(path, "PRAGMA integrity_check", check, sizeof(check));
	assert_string_equal(check, "ok");
	assert_true(atoll(lost) > 0);
	assert_true(atoll(rows) > 0 && atoll(rows) % LEDGER_BATCH_ROWS == 0);
	assert_int_equal(atoll(rows) + atoll(lost), FULL_ROWS);
	assert_non_null(strstr(text, "cannot write to the ledger"));
	assert_non_null(strstr(text, "free space"));
}

static void unwritable_places_are_one_line(void **state)
{
	struct tmp_log log;

	assert_int_equal(ledger_error("/proc/tolltap/ledger.db", &log), -ENOENT);
	assert_int_equal(log.lines, 1);
	assert_int_equal(ledger_error("/no-such-disk/ledger.db", &log), -ENOENT);
	assert_int_equal(access("/no-such-disk", F_OK), -1);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "name another with --ledger FILE, or use --no-ledger"));
	assert_int_equal(ledger_error(tmp_path(*state, ""), &log), -EISDIR);
	assert_int_equal(log.lines, 1);
	assert_int_equal(ledger_error("/dev/null", &log), -EMEDIUMTYPE);
	assert_int_equal(log.lines, 1);
}

static void special_names_are_paths(void **state)
{
	char before[4096];

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(tmp_path(*state, "")), 0);
	done(ledger_at(":memory:"));
	done(ledger_at("file:x?mode=memory"));
	assert_int_equal(access(":memory:", F_OK), 0);
	assert_int_equal(access("file:x?mode=memory", F_OK), 0);
	assert_int_equal(chdir(before), 0);
}

static void network_file_systems_are_known(void **state)
{
	assert_string_equal(place_network(0x6969, STR("nfs4")), "NFS");
	assert_string_equal(place_network(0xff534d42, STR("cifs")), "CIFS");
	assert_string_equal(place_network(0xfe534d42, STR("smb3")), "SMB");
	assert_string_equal(place_network(0x65735546, STR("fuse.sshfs")), "fuse.sshfs");
	assert_null(place_network(0x65735546, STR("fuse.gocryptfs")));
	assert_null(place_network(0x65735546, STR("fuseblk")));
	assert_null(place_network(0xef53, STR("ext4")));
	assert_null(place_network(0x01021994, STR("tmpfs")));
	assert_null(place_network(0x794c7630, STR("overlay")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_row_holds_the_record),
		TMP_TEST(every_field_has_its_column),
		TMP_TEST(the_same_call_is_kept_once),
		TMP_TEST(a_batch_stands_after_256_rows_or_a_tick),
		TMP_TEST(file_and_folders_are_the_users_alone),
		TMP_TEST(a_narrow_umask_does_not_lock_us_out),
		TMP_TEST(under_sudo_the_ledger_is_the_users),
		TMP_TEST(under_sudo_a_place_of_roots),
		TMP_TEST(what_is_no_ledger_is_left_alone),
		TMP_TEST(foreign_and_newer_files_are_refused),
		TMP_TEST(an_older_ledger_gets_the_new_columns),
		TMP_TEST(a_damaged_ledger_is_said_once),
		TMP_TEST(locked_by_another_it_waits_in_memory),
		TMP_TEST(a_full_disk_leaves_whole_batches_only),
		TMP_TEST(unwritable_places_are_one_line),
		TMP_TEST(special_names_are_paths),
		TMP_TEST(network_file_systems_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
