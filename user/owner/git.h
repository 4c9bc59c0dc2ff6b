/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which git checkout a process works in: repository, branch, commit. Read only, git is never run.
 *
 * Looks through /proc/PID/root, so that a path means what it means to the process, and keeps off
 * network and FUSE file systems, which could hold the pipeline up.
 */
#ifndef TOLLTAP_GIT_H
#define TOLLTAP_GIT_H

#include "base/str.h"

#define GIT_NAME_MAX 256

struct git_facts {
	char repo[GIT_NAME_MAX];	/* last name of the worktree's root */
	char branch[GIT_NAME_MAX];	/* "": detached */
	char commit[65];		/* "": no commit yet, or not found */
};

/* proc_fd: /proc/PID. 0, or -ENOENT when workdir is in no checkout that can be read. */
int git_read(int proc_fd, struct str workdir, struct git_facts *ret);

#endif
