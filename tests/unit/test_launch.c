/* SPDX-License-Identifier: Apache-2.0 */
/* The command of run: held back, let go, its status and what it inherits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "launch.h"

static const struct launch_options plain = {};

static int run(char *const argv[], int *ret_status)
{
	struct launch *l;
	int err = launch_start(argv, &plain, &l);

	if (!err) {
		struct pollfd wait = {.fd = launch_fd(l), .events = POLLIN};

		err = launch_release(l);
		assert_int_equal(poll(&wait, 1, 5000), 1);
		while (!launch_is_over(l))
			usleep(1000);
		*ret_status = launch_status(l);
		launch_free(l);
	}
	return err;
}

static void test_status_is_the_commands_own(void **state)
{
	int status;

	(void)state;
	assert_int_equal(run((char *[]){"sh", "-c", "exit 7", NULL}, &status), 0);
	assert_int_equal(status, 7);
	assert_int_equal(run((char *[]){"sh", "-c", "kill -TERM $$", NULL}, &status), 0);
	assert_int_equal(status, 128 + SIGTERM);
}

static void test_missing_and_unrunnable_are_told(void **state)
{
	int status;

	(void)state;
	assert_int_equal(run((char *[]){"no-such-command-at-all", NULL}, &status), -ENOENT);
	assert_int_equal(status, LAUNCH_NOT_FOUND);
	assert_int_equal(run((char *[]){"/etc/passwd", NULL}, &status), -EACCES);
	assert_int_equal(status, LAUNCH_NOT_RUNNABLE);
}

static void test_nothing_runs_before_the_release(void **state)
{
	char path[] = "/tmp/tolltap-launch-XXXXXX";
	int fd = mkstemp(path);
	struct launch *l;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(launch_start((char *[]){"rm", path, NULL}, &plain, &l), 0);
	usleep(50000);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(launch_release(l), 0);
	while (!launch_is_over(l))
		usleep(1000);
	assert_int_equal(access(path, F_OK), -1);
	launch_free(l);
}

static void test_unreleased_child_ends_with_us(void **state)
{
	struct launch *l;

	(void)state;
	assert_int_equal(launch_start((char *[]){"sleep", "1000", NULL}, &plain, &l), 0);

	pid_t pid = launch_pid(l);

	launch_free(l);
	for (int i = 0; i < 500 && kill(pid, 0) == 0; i++) {
		usleep(10000);
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return;
	}
	fail_msg("the child still waits");
}

/* The command sees the descriptors that it would have seen without us, and no other. */
static void test_no_descriptor_of_ours_is_inherited(void **state)
{
	char script[128];
	int before = 0;
	int status;

	(void)state;
	FILE *count = popen("ls /proc/self/fd | wc -l", "r");

	assert_non_null(count);
	assert_int_equal(fscanf(count, "%d", &before), 1);
	pclose(count);
	snprintf(script, sizeof(script), "test $(ls /proc/self/fd | wc -l) -eq %d", before);
	assert_int_equal(run((char *[]){"sh", "-c", script, NULL}, &status), 0);
	assert_int_equal(status, 0);
}

static void test_handled_signals_are_default_in_the_command(void **state)
{
	int status;

	(void)state;
	signal(SIGTERM, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	assert_int_equal(run((char *[]){"sh", "-c", "grep -q 'SigIgn:.*0000$' /proc/self/status",
					NULL}, &status), 0);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_is_the_commands_own),
		cmocka_unit_test(test_missing_and_unrunnable_are_told),
		cmocka_unit_test(test_nothing_runs_before_the_release),
		cmocka_unit_test(test_unreleased_child_ends_with_us),
		cmocka_unit_test(test_no_descriptor_of_ours_is_inherited),
		cmocka_unit_test(test_handled_signals_are_default_in_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
