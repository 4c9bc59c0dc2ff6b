/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: one line, one write, only at the level asked for. */
#include "unit.h"

#include "base/log.h"
#include "sink/tmp.h"

static void a_message_is_one_line(void **state)
{
	struct tmp_log log;

	tmp_log_start(&log);
	log_error("cannot %s: %d", "open", 7);
	log_warn("hm");
	log_info("not shown");
	log_debug("not shown");
	tmp_log_stop(&log);
	assert_string_equal(log.text, "tolltap: cannot open: 7\ntolltap: hm\n");
}

static void a_long_message_is_cut_not_split(void **state)
{
	struct tmp_log log;
	char big[5000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	tmp_log_start(&log);
	log_error("%s", big);
	tmp_log_stop(&log);
	assert_int_equal(log.lines, 1);
	assert_true(strlen(log.text) > 900 && strlen(log.text) <= 1024);
	assert_int_equal(log.text[strlen(log.text) - 1], '\n');
}

static void the_level_decides(void **state)
{
	struct tmp_log log;

	tmp_log_start(&log);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("shown");
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("not shown");
	log_set_level(LOG_LEVEL_WARN);
	tmp_log_stop(&log);
	assert_string_equal(log.text, "tolltap: shown\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_one_line),
		cmocka_unit_test(a_long_message_is_cut_not_split),
		cmocka_unit_test(the_level_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
