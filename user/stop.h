/* SPDX-License-Identifier: Apache-2.0 */
/* The signal flag: the one global that is written after start-up besides the counters. */
#ifndef TOLLTAP_STOP_H
#define TOLLTAP_STOP_H

#include "base/types.h"

/*
 * SIGTERM and SIGHUP ask to stop. SIGINT does so too, except under a command (is_command): the
 * terminal sends Ctrl-C to the command as well, which decides for itself; the second one stops us.
 * Ctrl-\ is left to the command altogether: it ends, and we still say what it cost.
 */
void stop_install(bool is_command);
bool stop_is_asked(void);
int stop_signal(void);		/* 0, or the signal that asked */

#endif
