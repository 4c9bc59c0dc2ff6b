/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a ledger that the ledger sink wrote. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "sink/example.h"
#include "sink/report.h"
#include "sink/sink.h"
#include "sink/tmp.h"

#define FEMTO 1000000000000000ll
#define HOUR_NS (3600 * NS_PER_S)
#define NOW_NS (EXAMPLE_TS_NS + HOUR_NS)

static const struct example_call calls[] = {
	{.id = 1, .pid = 10, .comm = "py", .provider = "openai", .model = "gpt-4o", .input = 2006,
	 .cached = 1920, .output = 300, .femto = FEMTO / 3, .team = "pay"},
	{.id = 2, .pid = 10, .comm = "py", .provider = "anthropic", .model = "claude-x",
	 .input = 500, .output = 50, .femto = 3 * FEMTO + 1, .team = "it's \"quoted\""},
	{.id = 3, .pid = 11, .comm = "node", .provider = "openai", .model = "gpt-4o", .input = 10,
	 .output = 10, .femto = FEMTO / 3, .completeness = "lower_bound"},
	{.id = 4, .pid = 11, .comm = "node", .provider = "openai", .model = "gpt-4o", .input = 1,
	 .output = 1, .femto = 9 * FEMTO, .status = "notional"},
	{.id = 5, .pid = 11, .comm = "node", .provider = "x", .model = "unknown", .input = 7,
	 .output = 7, .femto = -1, .status = "unpriced", .reason = "no_model"},
	{.id = 6, .pid = 11, .comm = "node", .provider = "x", .model = "unknown", .femto = -1,
	 .status = "not_billed", .http_status = 429},
	{.id = 7, .pid = 10, .comm = "py", .provider = "openai", .model = "gpt-4o", .input = 2006,
	 .output = 300, .femto = 50 * FEMTO, .completeness = "duplicate_view"},
	{.id = 8, .pid = 10, .comm = "py", .provider = "openai", .model = "old", .input = 5,
	 .output = 5, .femto = FEMTO, .ts_ns = EXAMPLE_TS_NS - 48 * HOUR_NS},
};

static const char *ledger(void *state)
{
	const struct ledger_options options = {.path = tmp_path(state, "ledger.db"),
					       .uid = geteuid(), .gid = getegid()};
	struct sink *s;

	setenv("TZ", "UTC", 1);
	tzset();
	assert_int_equal(sink_ledger_new(&options, &s), 0);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct record *r = example_call(&calls[i]);

		s->ops->write(s, r);
		free(r);
	}
	s->ops->finish(s, 0);
	s->ops->free(s);
	return options.path;
}

static int run(struct report_options o, char **ret_text)
{
	size_t n;
	FILE *f = open_memstream(ret_text, &n);

	o.now_ns = NOW_NS;

	int err = report_run(&o, f);

	fclose(f);
	return err;
}

static void prints(struct report_options o, const char *expected)
{
	char *text;

	assert_int_equal(run(o, &text), 0);
	if (strcmp(text, expected) != 0)
		fail_msg("got:\n%s\nwant:\n%s", text, expected);
	free(text);
}

static json_t *answer(struct report_options o)
{
	json_t *j;
	char *text;

	o.format = REPORT_JSON;
	assert_int_equal(run(o, &text), 0);
	j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	free(text);
	return j;
}

static void refuses(struct report_options o, int expected, const char *why)
{
	struct tmp_log log;
	char *text;

	tmp_log_start(&log);

	int err = run(o, &text);

	tmp_log_stop(&log);
	assert_int_equal(err, expected);
	assert_string_equal(text, "");
	assert_int_equal(log.lines, 1);
	if (!strstr(log.text, why))
		fail_msg("no '%s' in: %s", why, log.text);
	free(text);
}

static void a_table_sorted_by_cost(void **state)
{
	prints((struct report_options){.ledger = ledger(*state), .since = "24h"},
	       "provider   model     calls  input  cache_read  output        cost   notional  "
	       "unpriced  errors\n"
	       "anthropic  claude-x      1    500           0      50   $3.000000          -  "
	       "       0       0\n"
	       "openai     gpt-4o        3   2.0k        1.9k     311  ~$0.666667  $9.000000  "
	       "       0       0\n"
	       "x          unknown       2      7           0       7           -          -  "
	       "       1       1\n"
	       "total                    6   2.5k        1.9k     368  ~$3.666667  $9.000000  "
	       "       1       1\n"
	       "~ some calls were cut short, estimated or priced in part\n"
	       "notional: nobody is billed this (subscription or gateway cache)\n");
}

/* A third of a dollar has no end in decimal; two of them end where femto-dollars end. */
static void sums_are_exact(void **state)
{
	json_t *got = answer((struct report_options){.ledger = ledger(*state), .by = "process",
						     .since = "24h"});
	json_t *want = json_loads(
		"{\"v\":1,\"since\":\"2026-11-21T02:02:03.123456789Z\",\"until\":null,"
		"\"currency\":\"USD\",\"by\":[\"process\"],\"rows\":["
		"{\"process\":\"py\",\"calls\":2,\"input\":2506,\"cache_read\":1920,\"output\":350,"
		"\"cost\":\"3.333333333333334\",\"notional\":null,\"unpriced\":0,\"errors\":0,"
		"\"inexact\":0},"
		"{\"process\":\"node\",\"calls\":4,\"input\":18,\"cache_read\":0,\"output\":18,"
		"\"cost\":\"0.333333333333333\",\"notional\":\"9\",\"unpriced\":1,\"errors\":1,"
		"\"inexact\":1}],"
		"\"total\":{\"calls\":6,\"input\":2524,\"cache_read\":1920,\"output\":368,"
		"\"cost\":\"3.666666666666667\",\"notional\":\"9\",\"unpriced\":1,\"errors\":1,"
		"\"inexact\":1}}", 0, NULL);

	assert_non_null(want);
	if (!json_equal(got, want))
		fail_msg("%s", json_dumps(got, 0));
	json_decref(got);
	json_decref(want);
}

static void csv_is_for_spreadsheets(void **state)
{
	prints((struct report_options){.ledger = ledger(*state), .by = "tag:team,pid",
				       .since = "24h", .format = REPORT_CSV},
	       "\"tag:team\",\"pid\",calls,input,cache_read,output,cost,notional,unpriced,errors,"
	       "inexact\n"
	       "\"it's \"\"quoted\"\"\",\"10\",1,500,0,50,3.000000000000001,,0,0,0\n"
	       ",\"11\",4,18,0,18,0.333333333333333,9,1,1,1\n"
	       "\"pay\",\"10\",1,2006,1920,300,0.333333333333333,,0,0,0\n");
}

static s64 count(const char *path, const char *where, const char *since, const char *until)
{
	const struct report_options o = {.ledger = path, .where = &where, .where_cnt = !!where,
					 .since = since, .until = until};
	json_t *j = answer(o);
	s64 n = json_integer_value(json_object_get(json_object_get(j, "total"), "calls"));

	json_decref(j);
	return n;
}

static void conditions_hold(void **state)
{
	const char *path = ledger(*state);

	assert_int_equal(count(path, "process=py", NULL, NULL), 3);
	assert_int_equal(count(path, "pid=11", NULL, NULL), 4);
	assert_int_equal(count(path, "tag:team=pay", NULL, NULL), 1);
	assert_int_equal(count(path, "tag:team=it's \"quoted\"", NULL, NULL), 1);
	assert_int_equal(count(path, "tag:team=", NULL, NULL), 5);
	assert_int_equal(count(path, "tag:te'am=pay", NULL, NULL), 0);
	assert_int_equal(count(path, "day=2026-11-20", NULL, NULL), 1);
	assert_int_equal(count(path, "hour=2026-11-22 01:00", NULL, NULL), 6);
	assert_int_equal(count(path, "status=notional", NULL, NULL), 1);
	assert_int_equal(count(path, "model=nothing like it", NULL, NULL), 0);
}

static void times_are_understood(void **state)
{
	const char *path = ledger(*state);

	/* the calls are at 2026-11-22T01:02:03.123456789Z, one 48 hours before */
	assert_int_equal(count(path, NULL, NULL, NULL), 7);
	assert_int_equal(count(path, NULL, "61m", NULL), 6);
	assert_int_equal(count(path, NULL, "59m", NULL), 0);
	assert_int_equal(count(path, NULL, "1w", NULL), 7);
	assert_int_equal(count(path, NULL, "9999999d", NULL), 7);
	assert_int_equal(count(path, NULL, "2026-11-22", NULL), 6);
	assert_int_equal(count(path, NULL, NULL, "2026-11-22"), 1);
	assert_int_equal(count(path, NULL, "2026-11-22T01:02:03.123456789Z", NULL), 6);
	assert_int_equal(count(path, NULL, "2026-11-22T01:02:03.12345679Z", NULL), 0);
	assert_int_equal(count(path, NULL, "2026-11-22T02:02:03+01:00", NULL), 6);
	assert_int_equal(count(path, NULL, "2026-11-22T02:02:04+01:00", NULL), 0);
	assert_int_equal(count(path, NULL, "2026-11-21 21:02-04:00", NULL), 6);
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	assert_int_equal(count(path, NULL, "2026-11-22T10:02:03", "2026-11-22 10:02:04"), 6);
	assert_int_equal(count(path, "hour=2026-11-22 10:00", NULL, NULL), 6);
}

static void what_is_no_question_is_refused(void **state)
{
	static const char *const times[] = {"", "h", "24", "24x", "-1h", "yesterday", "2026-02-30",
					    "2026-13-01", "2026-11-22T", "2026-11-22X",
					    "2026-11-22T10:00:00Zulu", "99999999999999999999h"};
	static const char *const names[] = {"", "modell", "model;DROP TABLE calls", "tag:", "ts",
					    "model,", "1", "\"model\"", "model) FROM calls--"};
	const char *path = ledger(*state);
	const char *bad = "model";

	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		refuses((struct report_options){.ledger = path, .since = times[i]}, -EINVAL,
			"--since takes 30m, 24h, 7d, a date");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		refuses((struct report_options){.ledger = path, .by = names[i]}, -EINVAL,
			"report has no dimension '");
	refuses((struct report_options){.ledger = path, .where = &bad, .where_cnt = 1}, -EINVAL,
		"--where takes DIM=VALUE");
	bad = "nosuch=1";
	refuses((struct report_options){.ledger = path, .where = &bad, .where_cnt = 1}, -EINVAL,
		"there are model, model_requested");
	assert_int_equal(count(path, NULL, NULL, NULL), 7);
}

static void values_are_never_sql(void **state)
{
	static const char *const attacks[] = {
		"model=x' OR '1'='1", "model=x'; DROP TABLE calls; --", "tag:x' OR 1=1 --=y",
		"model=\" OR 1=1", "user=0 OR 1=1",
	};
	const char *path = ledger(*state);

	for (size_t i = 0; i < ARRAY_LEN(attacks); i++)
		assert_int_equal(count(path, attacks[i], NULL, NULL), 0);
	assert_int_equal(count(path, NULL, NULL, NULL), 7);
}

static void every_dimension_is_a_valid_question(void **state)
{
	const char *path = ledger(*state);
	struct tmp_log log;
	char *list, *name;
	char *text;

	tmp_log_start(&log);
	assert_int_equal(run((struct report_options){.ledger = path, .by = "?"}, &text), -EINVAL);
	tmp_log_stop(&log);
	free(text);
	list = strstr(log.text, "there are ") + strlen("there are ");
	*strstr(list, ", tag:KEY") = '\0';

	size_t n = 0;

	while ((name = strsep(&list, ","))) {
		const struct report_options o = {.ledger = path, .by = name + (*name == ' ')};
		json_t *j = answer(o);

		assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "total"),
								    "calls")), 7);
		json_decref(j);
		n++;
	}
	assert_true(n > 30);
}

static void no_ledger_is_one_line(void **state)
{
	const char *text = tmp_path(*state, "notes");
	int fd = open(text, O_CREAT | O_WRONLY, 0600);

	for (int i = 0; i < 20; i++)
		assert_int_equal(write(fd, "only words\n", 11), 11);
	close(fd);
	refuses((struct report_options){.ledger = tmp_path(*state, "none.db")}, -ENOENT,
		"there is no ledger at");
	assert_int_equal(access(tmp_path(*state, "none.db"), F_OK), -1);
	refuses((struct report_options){.ledger = text}, -EUCLEAN, "it is not a ledger");
}

static void an_empty_ledger_has_no_calls(void **state)
{
	const char *path = tmp_path(*state, "empty.db");

	close(open(path, O_CREAT | O_WRONLY, 0600));
	prints((struct report_options){.ledger = path}, "no calls\n");
	prints((struct report_options){.ledger = path, .by = "model", .format = REPORT_JSON},
	       "{\"v\":1,\"since\":null,\"until\":null,\"currency\":\"USD\",\"by\":[\"model\"],"
	       "\"rows\":[],\"total\":{\"calls\":0,\"input\":0,\"cache_read\":0,\"output\":0,"
	       "\"cost\":null,\"notional\":null,\"unpriced\":0,\"errors\":0,\"inexact\":0}}\n");
}

static void it_reads_while_another_writes(void **state)
{
	const char *path = ledger(*state);
	const struct ledger_options options = {.path = path};
	const struct example_call more = {.id = 100, .pid = 1, .comm = "a", .provider = "p",
					  .model = "m", .femto = 1};
	struct record *r = example_call(&more);
	struct sink *s;

	assert_int_equal(sink_ledger_new(&options, &s), 0);
	s->ops->write(s, r);
	free(r);
	assert_int_equal(count(path, NULL, NULL, NULL), 7);
	s->ops->tick(s, 0);
	assert_int_equal(count(path, NULL, NULL, NULL), 8);
	s->ops->free(s);
}

static void a_broken_amount_is_said(void **state)
{
	const char *path = ledger(*state);
	sqlite3 *db;

	sqlite3_open(path, &db);
	sqlite3_exec(db, "UPDATE calls SET amount = '1e3' WHERE id = 1", NULL, NULL, NULL);
	sqlite3_close(db);
	refuses((struct report_options){.ledger = path}, -EIO, "an amount is not a decimal number");
}

static void names_are_harmless(void **state)
{
	const struct example_call evil = {.id = 200, .pid = 1, .comm = "=cmd|' /C calc'!A0",
					  .provider = "p", .model = "\x1b[2J\nfake", .femto = 1};
	const struct ledger_options options = {.path = tmp_path(*state, "evil.db")};
	struct record *r = example_call(&evil);
	struct sink *s;
	char *text;

	assert_int_equal(sink_ledger_new(&options, &s), 0);
	s->ops->write(s, r);
	free(r);
	s->ops->finish(s, 0);
	s->ops->free(s);
	assert_int_equal(run((struct report_options){.ledger = options.path}, &text), 0);
	assert_null(strchr(text, '\x1b'));
	assert_null(strstr(text, "\nfake"));
	free(text);
	assert_int_equal(run((struct report_options){.ledger = options.path, .by = "process",
						     .format = REPORT_CSV}, &text), 0);
	assert_non_null(strstr(text, "\n\"'=cmd|' /C calc'!A0\",1,"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(a_table_sorted_by_cost),
		TMP_TEST(sums_are_exact),
		TMP_TEST(csv_is_for_spreadsheets),
		TMP_TEST(conditions_hold),
		TMP_TEST(times_are_understood),
		TMP_TEST(what_is_no_question_is_refused),
		TMP_TEST(values_are_never_sql),
		TMP_TEST(every_dimension_is_a_valid_question),
		TMP_TEST(no_ledger_is_one_line),
		TMP_TEST(an_empty_ledger_has_no_calls),
		TMP_TEST(it_reads_while_another_writes),
		TMP_TEST(a_broken_amount_is_said),
		TMP_TEST(names_are_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
