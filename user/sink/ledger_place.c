/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders and file of a ledger.
 *
 * Under sudo everything is made with the file-system uid of the user behind it, so that it belongs
 * to that user and no link that the user has laid leads root elsewhere. fsuid is per thread. Where
 * that user may not write, root makes it and gives away what it has made.
 */
#include "sink/ledger_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/log.h"
#include "base/util.h"

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC 0xff534d42
#endif
#ifndef SMB2_SUPER_MAGIC
#define SMB2_SUPER_MAGIC 0xfe534d42
#endif
#ifndef CEPH_SUPER_MAGIC
#define CEPH_SUPER_MAGIC 0x00c36400
#endif
#define LUSTRE_MAGIC 0x0bd00bd0
#define GPFS_MAGIC 0x47504653
#define BEEGFS_MAGIC 0x19830326

const char *place_network(u64 magic, struct str mount_type)
{
	static const struct {
		u64 magic;
		const char *name;
	} known[] = {
		{NFS_SUPER_MAGIC, "NFS"}, {SMB_SUPER_MAGIC, "SMB"}, {CIFS_SUPER_MAGIC, "CIFS"},
		{SMB2_SUPER_MAGIC, "SMB"}, {CEPH_SUPER_MAGIC, "Ceph"}, {AFS_SUPER_MAGIC, "AFS"},
		{CODA_SUPER_MAGIC, "Coda"}, {V9FS_MAGIC, "9p"}, {LUSTRE_MAGIC, "Lustre"},
		{GPFS_MAGIC, "GPFS"}, {BEEGFS_MAGIC, "BeeGFS"},
	};
	/* FUSE has one magic for local and remote alike; the mount's type tells them apart. */
	static const char *const remote[] = {"fuse.sshfs", "fuse.s3fs", "fuse.glusterfs",
					     "fuse.rclone", "fuse.gcsfuse", "fuse.goofys",
					     "fuse.davfs", "fuse.cephfs", "fuse.blobfuse",
					     "fuse.juicefs", "fuse.curlftpfs"};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].magic == magic)
			return known[i].name;
	for (size_t i = 0; magic == FUSE_SUPER_MAGIC && i < ARRAY_LEN(remote); i++)
		if (str_starts(mount_type, str_of(remote[i])))
			return remote[i];
	return NULL;
}

/* Type of the mount with this device: "36 35 0:45 / /mnt rw - fuse.sshfs host:/ rw" */
static void place_mount_type(dev_t dev, char *ret_type, size_t size)
{
	__cleanup_fclose FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], want[32];

	ret_type[0] = '\0';
	snprintf(want, sizeof(want), " %u:%u ", major(dev), minor(dev));
	while (f && fgets(line, sizeof(line), f)) {
		const char *type = strstr(line, " - ");

		if (type && strstr(line, want))
			str_to_c(str_cut(str_of(type), 3, strcspn(type + 3, " ")), ret_type, size);
	}
}

static int place_check_network(const char *path, int fd)
{
	const char *name;
	struct statfs fs;
	struct stat st;
	char type[64];

	if (fstatfs(fd, &fs) || fstat(fd, &st))
		return -errno;
	place_mount_type(st.st_dev, type, sizeof(type));
	name = place_network((u64)fs.f_type & 0xffffffff, str_of(type));
	if (!name)
		return 0;
	log_error("%s is on a network file system (%s), where SQLite's locks do not hold; "
		  "name a local file with --ledger FILE", path, name);
	return -EREMOTEIO;
}

/*
 * Makes the folders above path that are missing, for the user. A missing one right under / is a
 * slip of the pen or a disk that is not mounted, and is left missing.
 */
static int place_make_folders(const struct ledger_options *options)
{
	char dir[PATH_MAX];
	char *p;

	if (strlen(options->path) >= sizeof(dir))
		return -ENAMETOOLONG;
	str_to_c(str_of(options->path), dir, sizeof(dir));
	p = strchr(dir + 1, '/');
	if (p && dir[0] == '/')
		p = strchr(p + 1, '/');
	for (; p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(dir, 0700) == 0)
			(void)!lchown(dir, options->uid, options->gid);
		else if (errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return 0;
}

/* Made by us: 0600 whatever the umask, and the user's. */
static int place_give(int fd, const struct ledger_options *options)
{
	if (fchmod(fd, 0600))
		return -errno;
	/* refused where we are not root, and then it is ours already */
	(void)!fchown(fd, options->uid, options->gid);
	return 0;
}

static int place_open(const struct ledger_options *options, bool may_follow, int *ret_fd)
{
	int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK | (may_follow ? 0 : O_NOFOLLOW);
	int fd = open(options->path, flags | O_CREAT | O_EXCL, 0600);
	struct stat st;

	if (fd >= 0 && place_give(fd, options)) {
		int err = -errno;

		close(fd);
		return err;
	}
	if (fd < 0 && errno == EEXIST)
		fd = open(options->path, flags);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*ret_fd = fd;
		return 0;
	}
	close(fd);
	return -EMEDIUMTYPE;
}

static int place_try(const struct ledger_options *options, bool may_follow)
{
	__cleanup_close int fd = -1;
	int err = place_make_folders(options);

	if (!err)
		err = place_open(options, may_follow, &fd);
	return err ? err : place_check_network(options->path, fd);
}

static void place_complain(const char *path, int err)
{
	const char *remedy = "name another with --ledger FILE, or use --no-ledger";

	if (err == -EREMOTEIO)
		return;		/* said already */
	if (err == -EMEDIUMTYPE)
		log_error("the ledger %s is not a regular file; %s", path, remedy);
	else if (err == -ENOSPC || err == -EDQUOT)
		log_error("cannot make the ledger %s: %s; free space, or %s", path, strerror(-err),
			  remedy);
	else
		log_error("cannot open the ledger %s: %s; %s", path, strerror(-err), remedy);
}

static void place_set_rights(uid_t uid, gid_t gid)
{
	/* group first: without root's fsuid it could no longer be changed */
	setfsuid(geteuid());
	setfsgid(gid);
	setfsuid(uid);
}

int place_enter(const struct ledger_options *options, struct place_rights *ret_before)
{
	const struct place_rights before = {.uid = geteuid(), .gid = getegid()};
	bool is_other = before.uid == 0 && options->uid != before.uid;
	int err;

	if (is_other)
		place_set_rights(options->uid, options->gid);
	err = place_try(options, true);
	if (is_other && (err == -EACCES || err == -EPERM)) {
		/* the user may not write there; no link of theirs is followed */
		place_set_rights(before.uid, before.gid);
		err = place_try(options, false);
	}
	if (err) {
		place_complain(options->path, err);
		place_leave(&before);
		return err;
	}
	*ret_before = before;
	return 0;
}

void place_leave(const struct place_rights *before)
{
	place_set_rights(before->uid, before->gid);
}
