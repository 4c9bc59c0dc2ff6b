/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: what is taken, what is refused, and that everything after the command is its
 * own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "options.h"

#define PARSE(is_dev, o, ...)                                                                      \
	parse(is_dev, o, (char *[]){"tolltap", __VA_ARGS__, NULL})

static int parse(bool is_dev, struct options *o, char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	memset(o, 0, sizeof(*o));
	return options_parse(argc, argv, is_dev, o);
}

static void test_run_keeps_the_commands_own_options(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(false, &o, "run", "--quiet", "curl", "--output", "x"), 0);
	assert_int_equal(o.command, COMMAND_RUN);
	assert_true(o.is_quiet);
	assert_null(o.output);
	assert_int_equal(o.rest_cnt, 3);
	assert_string_equal(o.rest[1], "--output");

	assert_int_equal(PARSE(false, &o, "run", "--", "--odd-name", "-h"), 0);
	assert_int_equal(o.rest_cnt, 2);
}

static void test_values_are_checked(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(false, &o, "run", "--format", "csv", "true"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "run", "--format", "ndjson", "true"), 0);
	assert_int_equal(PARSE(false, &o, "report", "--format", "csv"), 0);
	assert_int_equal(PARSE(false, &o, "run", "--tag", "team", "true"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "run", "--tag", "=x", "true"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "run", "--ring-bytes", "100000", "true"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "run", "--ring-bytes", "131072", "true"), 0);
	assert_int_equal(PARSE(false, &o, "watch", "--pid", "0"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "watch", "--pid", "12x"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "run", "--form", "kprobe", "true"), -EINVAL);
}

static void test_tags_and_pids_add_up(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(
		PARSE(false, &o, "run", "--tag", "team=pay=ments", "--tag", "env=ci", "true"), 0);
	assert_int_equal(o.tag_cnt, 2);
	assert_true(str_eq(o.tag[0].key, STR("team")));
	assert_true(str_eq(o.tag[0].value, STR("pay=ments")));
	assert_int_equal(PARSE(false, &o, "watch", "--pid", "1", "--pid", "2"), 0);
	assert_int_equal(o.pid_cnt, 2);
	assert_int_equal(o.pid[1], 2);
}

static void test_what_is_missing_is_said(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(false, &o, "run"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "watch"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "report", "extra"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "ratecard", "lint"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "run", "--no-such-option", "true"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "run", "--tag"), -EINVAL);
	assert_int_equal(PARSE(false, &o, "frobnicate"), -EINVAL);
}

static void test_developer_commands_are_apart(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(false, &o, "replay", "f"), -EINVAL);
	assert_int_equal(PARSE(true, &o, "replay", "f"), 0);
	assert_int_equal(PARSE(true, &o, "record", "true"), -EINVAL);
	assert_int_equal(PARSE(true, &o, "record", "--output", "f", "true"), 0);
	assert_int_equal(PARSE(true, &o, "run", "true"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_keeps_the_commands_own_options),
		cmocka_unit_test(test_values_are_checked),
		cmocka_unit_test(test_tags_and_pids_add_up),
		cmocka_unit_test(test_what_is_missing_is_said),
		cmocka_unit_test(test_developer_commands_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
