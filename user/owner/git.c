/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks up from the working directory to the first `.git`:
 *
 *     .git/HEAD                      a checkout
 *     .git: "gitdir: <path>"         a worktree or submodule: HEAD there; `commondir` says where
 *                                    its refs are
 *
 * Every file is regular, opened without following a last link, and read up to a bound.
 */
#include "owner/git.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "base/util.h"
#include "owner/git_text.h"
#include "owner/proc.h"

#define GIT_DEPTH_MAX 40
#define GIT_SMALL_MAX 4096
#define GIT_PACKED_MAX (4u << 20)
#define GIT_MOUNTS_MAX (256u << 10)

struct git_reader {
	int root;		/* the process's root folder */
	struct buf mounts;
	struct buf text;	/* the file read last */
};

/* O_PATH first: opening a device or a pipe can do things, looking at it cannot. */
static int git_open(int root, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	__cleanup_close int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	char again[64];
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);

	int file = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return file < 0 ? -errno : file;
}

static int git_load(struct git_reader *g, struct str folder, const char *name, size_t max)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), STR_FMT "/%s", STR_ARG(folder), name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (!git_text_is_local(buf_str(&g->mounts), folder))
		return -EXDEV;

	__cleanup_close int file = git_open(g->root, path);

	if (file < 0)
		return file;
	buf_clear(&g->text);
	g->text.max = max;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return proc_read(AT_FDCWD, path, &g->text);
}

/* "/a/b" and "../c" -> "/a/b/../c": the kernel resolves it inside the process's root. */
static int git_join(struct str base, struct str path, char ret[PATH_MAX])
{
	int n = path.n && path.p[0] == '/'
		? snprintf(ret, PATH_MAX, STR_FMT, STR_ARG(path))
		: snprintf(ret, PATH_MAX, STR_FMT "/" STR_FMT, STR_ARG(base), STR_ARG(path));

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int git_find(struct git_reader *g, struct str workdir, struct str *ret_top,
		    char ret_dir[PATH_MAX])
{
	struct str at = workdir;

	for (int depth = 0; depth < GIT_DEPTH_MAX && at.n > 1; depth++) {
		int err = git_load(g, at, ".git", GIT_SMALL_MAX);

		*ret_top = at;
		if (err == -EISDIR)
			return git_join(at, STR(".git"), ret_dir);
		if (!err) {
			struct str dir = git_text_gitdir(buf_str(&g->text));

			return dir.n ? git_join(at, dir, ret_dir) : -ENOENT;
		}
		if (err != -ENOENT)
			return err;

		const char *slash = memrchr(at.p, '/', at.n);

		at = slash ? str_cut(at, 0, (size_t)(slash - at.p)) : STR_NONE;
	}
	return -ENOENT;
}

static void git_resolve(struct git_reader *g, struct str dir, struct str ref, struct git_facts *ret)
{
	char common[PATH_MAX];
	char name[GIT_NAME_MAX];
	int err = git_join(dir, STR("."), common);

	str_to_c(ref, name, sizeof(name));
	if (!err && !git_load(g, dir, "commondir", GIT_SMALL_MAX)) {
		struct str text = str_trim(str_cut(buf_str(&g->text), 0,
						   str_find_char(buf_str(&g->text), '\n')));

		err = git_join(dir, text, common);
	}
	if (err)
		return;
	if (!git_load(g, str_of(common), name, GIT_SMALL_MAX))
		str_to_c(git_text_commit(buf_str(&g->text)), ret->commit, sizeof(ret->commit));
	else if (!git_load(g, str_of(common), "packed-refs", GIT_PACKED_MAX))
		str_to_c(git_text_packed(buf_str(&g->text), ref), ret->commit, sizeof(ret->commit));
}

static int git_read_checkout(struct git_reader *g, struct str workdir, struct git_facts *ret)
{
	static const struct str heads = STR("refs/heads/");
	char dir[PATH_MAX], name[GIT_NAME_MAX];
	struct str top, ref, commit;
	int err = git_find(g, workdir, &top, dir);

	if (!err)
		err = git_load(g, str_of(dir), "HEAD", GIT_SMALL_MAX);
	if (err)
		return err;
	if (!git_text_head(buf_str(&g->text), &ref, &commit))
		return -ENOENT;

	const char *slash = memrchr(top.p, '/', top.n);
	size_t at = slash ? (size_t)(slash - top.p) + 1 : 0;

	str_to_c(str_cut(top, at, top.n), ret->repo, sizeof(ret->repo));
	str_to_c(commit, ret->commit, sizeof(ret->commit));
	if (!ref.n)
		return 0;
	/* ref stands in the buffer that the next file will fill */
	str_to_c(ref, name, sizeof(name));
	ref = str_of(name);
	if (str_starts(ref, heads))
		str_to_c(str_cut(ref, heads.n, ref.n), ret->branch, sizeof(ret->branch));
	git_resolve(g, str_of(dir), ref, ret);
	return 0;
}

int git_read(int proc_fd, struct str workdir, struct git_facts *ret)
{
	__cleanup_close int root = openat(proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct git_reader g = {.root = root};
	int err;

	*ret = (struct git_facts){0};
	if (root < 0)
		return -errno;
	buf_init(&g.mounts, GIT_MOUNTS_MAX);
	buf_init(&g.text, GIT_PACKED_MAX);
	err = proc_read(proc_fd, "mountinfo", &g.mounts);
	/* a cut table could hide the one mount that matters */
	if (!err && g.mounts.n == GIT_MOUNTS_MAX)
		err = -E2BIG;
	if (!err)
		err = git_read_checkout(&g, workdir, ret);
	buf_fini(&g.mounts);
	buf_fini(&g.text);
	return err;
}
