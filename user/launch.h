/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts the command of `tolltap run`, held back until the probes stand.
 *
 * The command runs as it would have run without tolltap: as the user who called sudo (SUDO_UID,
 * SUDO_GID, that user's groups, HOME, USER, LOGNAME, SHELL), same working directory, standard
 * streams, signal dispositions and process group, no extra descriptors, no capabilities. Called by
 * root without sudo, or with is_as_root, it keeps root. Our end never harms it: it lives on.
 */
#ifndef TOLLTAP_LAUNCH_H
#define TOLLTAP_LAUNCH_H

#include <sys/types.h>

#include "base/types.h"

struct launch;

struct launch_options {
	bool is_as_root;
};

#define LAUNCH_NOT_FOUND 127	/* the shell's exit status for these two */
#define LAUNCH_NOT_RUNNABLE 126

/* Forks; the child waits. argv is NULL-terminated and looked up in PATH. -errno. */
int launch_start(char *const argv[], const struct launch_options *options, struct launch **ret);

pid_t launch_pid(const struct launch *l);

/* Lets the child exec. 0, or the -errno of its exec (then launch_status is 127 or 126). */
int launch_release(struct launch *l);

int launch_fd(const struct launch *l);		/* pidfd: readable when the command has ended */
bool launch_is_over(struct launch *l);		/* reaps; never waits */
/* exit status, or 128 + signal; after launch_is_over */
int launch_status(const struct launch *l);

/* Not released yet: the child is ended. Released: it lives on. NULL is fine. */
void launch_free(struct launch *l);

#endif
