/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the file behind a mapping of another process, and no other.
 *
 * The name of a mapped file is whatever its mount namespace says. A container can put a symbolic
 * link there that points at a file of the host, or a FIFO that blocks us; so links are not followed
 * out of the process's root, and what was opened is compared with what was mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/util.h"
#include "capture/discover.h"
#include "capture/maps.h"

#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* Takes fd. dev 0: not compared. */
static int check_file(int fd, u64 dev, u64 ino)
{
	struct stat st;
	int err = 0;

	if (fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	else if (st.st_ino != ino || (dev && st.st_dev != dev))
		err = -ESTALE;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/*
 * The kernel's own link to what is mapped: it cannot be forged. On overlay file systems the
 * device it shows in maps is not st_dev, so only the inode is compared.
 */
static int open_map_file(pid_t pid, const struct maps_line *m)
{
	char path[80];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", pid, (unsigned long)m->start,
		 (unsigned long)m->end);
	int fd = open(path, OPEN_FLAGS);
	if (fd < 0)
		return -errno;
	return check_file(fd, 0, m->ino);
}

/*
 * Finds the executable mapping of a file by device and inode; failing that by its path, because
 * on overlay file systems notices and maps name different inodes (6.8 and later). -ENOENT.
 */
static int find_mapping(pid_t pid, u64 dev, u64 ino, const char *path, struct maps_line *ret)
{
	char maps[32];
	__cleanup_free char *line = malloc(DISCOVER_LINE_MAX);
	int err = -ENOENT;

	if (!line)
		return -ENOMEM;
	snprintf(maps, sizeof(maps), "/proc/%d/maps", pid);
	__cleanup_fclose FILE *f = fopen(maps, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while (fgets(line, DISCOVER_LINE_MAX, f)) {
		struct maps_line m;

		if (maps_parse(line, &m) || !m.is_executable || !m.ino)
			continue;
		bool is_exact = m.ino == ino && m.dev == dev;
		if (!is_exact && (!err || !path[0] || strcmp(m.path, path)))
			continue;
		*ret = m;
		ret->path = path;	/* the line does not outlive us */
		err = 0;
		if (is_exact)
			break;
	}
	return err;
}

/* O_PATH first: whatever stands there is not touched before it is known to be a regular file. */
static int open_below(int root, const char *path, u64 dev, u64 ino)
{
	struct open_how how = {
		.flags = OPEN_FLAGS,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	struct open_how look = { .flags = O_PATH | O_CLOEXEC, .resolve = how.resolve };

	__cleanup_close int seen = (int)syscall(SYS_openat2, root, path, &look, sizeof(look));
	if (seen < 0)
		return -errno;
	struct stat st;
	if (fstat(seen, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_dev != dev || st.st_ino != ino)
		return -ESTALE;
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : check_file(fd, dev, ino);
}

static int open_below_root_of(const char *root_path, const char *path, u64 dev, u64 ino)
{
	__cleanup_close int root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? -errno : open_below(root, path, dev, ino);
}

static int open_by_name(pid_t pid, u64 dev, u64 ino, const char *path)
{
	char root[32];

	snprintf(root, sizeof(root), "/proc/%d/root", pid);
	int fd = open_below_root_of(root, path, dev, ino);
	/* maps shows paths from our root: they differ where the process lives in a chroot */
	if (fd == -ENOENT || fd == -ESTALE) {
		int ours = open_below_root_of("/", path, dev, ino);

		if (ours >= 0)
			return ours;
	}
	return fd;
}

int discover_open_file(pid_t pid, u64 dev, u64 ino, const char *path)
{
	struct maps_line m = { 0 };
	int found = find_mapping(pid, dev, ino, path, &m);
	int fd = found ? found : open_map_file(pid, &m);

	if (fd >= 0 || fd == -ESRCH || fd == -EINVAL || fd == -ESTALE || path[0] != '/')
		return fd;
	int named = open_by_name(pid, dev, ino, path);

	/* it is mapped, so there is such a file: without a name, and the other way is closed */
	return named == -ENOENT && !found ? fd : named;
}
