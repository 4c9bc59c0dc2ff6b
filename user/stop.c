/* SPDX-License-Identifier: Apache-2.0 */
/* Signals only raise a flag; the loop looks at it. */
#include "stop.h"

#include <signal.h>

static volatile sig_atomic_t stop_caught;
static volatile sig_atomic_t stop_spared;	/* how many SIGINT are left to the command */

static void stop_on_signal(int sig)
{
	if (sig == SIGINT && stop_spared > 0)
		stop_spared--;
	else
		stop_caught = sig;
}

void stop_install(bool is_command)
{
	struct sigaction action = {.sa_handler = stop_on_signal};

	stop_spared = is_command ? 1 : 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	if (is_command)
		sigaction(SIGQUIT, &action, NULL);
}

bool stop_is_asked(void)
{
	return stop_caught != 0;
}

int stop_signal(void)
{
	return stop_caught;
}
