/* SPDX-License-Identifier: Apache-2.0 */
/* Which signals ask us to stop, with a command in the foreground and without. */
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stop.h"

/* Raises the signals in a process of its own. Its wait status; the exit code is stop_signal(). */
static int after(bool is_command, const int sig[], size_t cnt)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		stop_install(is_command);
		for (size_t i = 0; i < cnt; i++)
			raise(sig[i]);
		_exit(stop_signal());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void check(bool is_command, int first, int second, int asked)
{
	const int sig[] = { first, second };
	int status = after(is_command, sig, second ? 2 : 1);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != asked)
		fail_msg("signals %d %d: wait status %#x", first, second, (unsigned int)status);
}

static void test_alone(void **state)
{
	check(false, SIGINT, 0, SIGINT);
	check(false, SIGTERM, 0, SIGTERM);
	check(false, SIGHUP, 0, SIGHUP);
	check(false, SIGPIPE, 0, 0);
	const int quit = SIGQUIT;
	int status = after(false, &quit, 1);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT);
}

static void test_with_a_command(void **state)
{
	check(true, SIGINT, 0, 0);
	check(true, SIGINT, SIGINT, SIGINT);
	check(true, SIGQUIT, SIGQUIT, 0);
	check(true, SIGTERM, 0, SIGTERM);
	check(true, SIGHUP, 0, SIGHUP);
	check(true, SIGPIPE, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_with_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
