/* SPDX-License-Identifier: Apache-2.0 */
/* A folder per test that is gone afterwards, and what the test made the program say. */
#ifndef TESTS_SINK_TMP_H
#define TESTS_SINK_TMP_H

#include "base/types.h"

/* as set-up and tear-down; *state is the folder; the counters start at zero */
int tmp_setup(void **state);
int tmp_teardown(void **state);

#define TMP_TEST(fn) cmocka_unit_test_setup_teardown(fn, tmp_setup, tmp_teardown)

/* folder/name; good until the test's end */
const char *tmp_path(void *state, const char *name);

struct tmp_log {
	char text[8192];
	size_t lines;
	int saved_fd;
	int fd;
};

void tmp_log_start(struct tmp_log *log);		/* standard error goes into the log */
void tmp_log_stop(struct tmp_log *log);

#endif
