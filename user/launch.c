/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command of `tolltap run`: forked first, let go later.
 *
 *   parent                      child
 *   fork  --------------------> become the invoking user, wait on `go`
 *   attach probes
 *   write one byte to `go` ---> execvp; success closes `told`, failure writes errno to it
 *   read `told`
 *
 * Both pipes are close-on-exec, so the command inherits nothing of ours.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "invoker.h"

struct launch {
	pid_t pid;
	int pidfd;
	int go_fd;	/* -1 once released */
	int told_fd;
	bool is_over;
	int status;	/* as waitpid gives it */
};

/* --- the child ------------------------------------------------------------------------------- */

/* What sudo changed in the environment, changed back; what it removed is gone. */
static void child_restore_environment(const struct passwd *pw)
{
	static const char *const sudo_names[] = {"SUDO_UID", "SUDO_GID", "SUDO_USER",
						 "SUDO_COMMAND", "SUDO_HOME"};

	setenv("HOME", pw->pw_dir, 1);
	setenv("USER", pw->pw_name, 1);
	setenv("LOGNAME", pw->pw_name, 1);
	setenv("SHELL", pw->pw_shell, 1);
	for (size_t i = 0; i < ARRAY_LEN(sudo_names); i++)
		unsetenv(sudo_names[i]);
}

/* Dropping the uid drops effective and permitted capabilities; ambient ones need a word. */
static int child_become(uid_t uid, gid_t gid)
{
	struct passwd *pw = getpwuid(uid);

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (pw ? initgroups(pw->pw_name, gid) : setgroups(1, &gid))
		return -errno;
	if (setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return -errno;
	if (pw)
		child_restore_environment(pw);
	return 0;
}

static void child_run(char *const argv[], bool is_as_root, int go_fd, int told_fd)
{
	char byte;
	int err = 0;

	if (!is_as_root && invoker_uid() != geteuid())
		err = child_become(invoker_uid(), invoker_gid());
	if (read(go_fd, &byte, 1) != 1)
		_exit(LAUNCH_NOT_RUNNABLE);	/* tolltap is gone: the command was never let go */
	if (!err) {
		execvp(argv[0], argv);
		err = -errno;
	}

	ssize_t told = write(told_fd, &err, sizeof(err));

	(void)told;
	_exit(err == -ENOENT ? LAUNCH_NOT_FOUND : LAUNCH_NOT_RUNNABLE);
}

/* --- the parent ------------------------------------------------------------------------------ */

int launch_start(char *const argv[], const struct launch_options *options, struct launch **ret)
{
	struct launch *l = calloc(1, sizeof(*l));
	__cleanup_close int go_read = -1;
	__cleanup_close int told_write = -1;
	int go[2], told[2];

	if (!l)
		return -ENOMEM;
	l->pidfd = l->go_fd = l->told_fd = -1;
	if (pipe2(go, O_CLOEXEC))
		goto out;
	go_read = go[0];
	l->go_fd = go[1];
	if (pipe2(told, O_CLOEXEC))
		goto out;
	l->told_fd = told[0];
	told_write = told[1];

	l->pid = fork();
	if (l->pid < 0)
		goto out;
	if (l->pid == 0) {
		close(l->go_fd);	/* or the child would never see its end */
		child_run(argv, options->is_as_root, go_read, told_write);
	}
	l->pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
	if (l->pidfd < 0)
		goto out;
	fcntl(l->pidfd, F_SETFD, FD_CLOEXEC);
	*ret = l;
	return 0;
out:;
	int err = -errno;

	launch_free(l);
	return err;
}

pid_t launch_pid(const struct launch *l)
{
	return l->pid;
}

int launch_release(struct launch *l)
{
	int err = 0;
	ssize_t n;

	if (write(l->go_fd, "", 1) != 1)
		return -errno;
	close(l->go_fd);
	l->go_fd = -1;
	do {
		n = read(l->told_fd, &err, sizeof(err));
	} while (n < 0 && errno == EINTR);
	close(l->told_fd);
	l->told_fd = -1;
	return n == (ssize_t)sizeof(err) ? err : 0;
}

int launch_fd(const struct launch *l)
{
	return l->pidfd;
}

bool launch_is_over(struct launch *l)
{
	if (!l->is_over)
		l->is_over = waitpid(l->pid, &l->status, WNOHANG) == l->pid;
	return l->is_over;
}

int launch_status(const struct launch *l)
{
	if (WIFSIGNALED(l->status))
		return 128 + WTERMSIG(l->status);
	return WEXITSTATUS(l->status);
}

void launch_free(struct launch *l)
{
	if (!l)
		return;
	if (l->go_fd >= 0)
		close(l->go_fd);	/* a child that still waits ends by itself */
	if (l->told_fd >= 0)
		close(l->told_fd);
	if (l->pidfd >= 0)
		close(l->pidfd);
	free(l);
}
