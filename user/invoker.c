/* SPDX-License-Identifier: Apache-2.0 */
/* The user behind sudo, from SUDO_UID and SUDO_GID; only root may be told by them. */
#include "invoker.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

static bool invoker_env_id(const char *name, u64 *ret)
{
	const char *text = getenv(name);

	return text && geteuid() == 0 && str_to_u64(str_of(text), ret) == 0 && *ret < UINT32_MAX;
}

uid_t invoker_uid(void)
{
	u64 id;

	return invoker_env_id("SUDO_UID", &id) ? (uid_t)id : getuid();
}

gid_t invoker_gid(void)
{
	u64 id;

	return invoker_env_id("SUDO_GID", &id) ? (gid_t)id : getgid();
}

void invoker_own_fd(int fd)
{
	struct stat st;

	if (geteuid() != 0 || invoker_uid() == 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 && st.st_size == 0)
		if (fchown(fd, invoker_uid(), invoker_gid()) != 0)
			return;		/* the file stays root's: readable by root only, no harm */
}

int invoker_state_path(const char *name, char *ret_path, size_t size)
{
	/* Under sudo the environment's XDG_STATE_HOME is root's, not the user's. */
	const char *xdg = invoker_uid() == getuid() ? getenv("XDG_STATE_HOME") : NULL;
	struct passwd *pw = getpwuid(invoker_uid());
	const char *home = pw ? pw->pw_dir : NULL;
	int n;

	if (invoker_uid() == getuid() && getenv("HOME"))
		home = getenv("HOME");
	if (xdg && *xdg == '/')
		n = snprintf(ret_path, size, "%s/tolltap/%s", xdg, name);
	else if (home && *home == '/')
		n = snprintf(ret_path, size, "%s/.local/state/tolltap/%s", home, name);
	else
		return -ENOENT;
	return (size_t)n < size ? 0 : -ENAMETOOLONG;
}
