/* SPDX-License-Identifier: Apache-2.0 */
/* Strict readers: a line that is not exactly what git writes is no line at all. */
#include "owner/git_text.h"

#define GIT_SHA1_LEN 40
#define GIT_SHA256_LEN 64
#define GIT_REF_MAX 255

static const struct str git_remote_types[] = {
	STR("nfs"), STR("nfs4"), STR("cifs"), STR("smb3"), STR("smbfs"), STR("9p"), STR("ceph"),
	STR("afs"), STR("autofs"), STR("lustre"), STR("glusterfs"), STR("virtiofs"), STR("gfs2"),
	STR("ocfs2"), STR("coda"), STR("beegfs"),
};

static struct str git_line(struct str text)
{
	struct str line = str_cut(text, 0, str_find_char(text, '\n'));

	return str_trim(line);
}

struct str git_text_commit(struct str text)
{
	struct str id = git_line(text);

	if (id.n != GIT_SHA1_LEN && id.n != GIT_SHA256_LEN)
		return STR_NONE;
	for (size_t i = 0; i < id.n; i++)
		if (!(id.p[i] >= '0' && id.p[i] <= '9') && !(id.p[i] >= 'a' && id.p[i] <= 'f'))
			return STR_NONE;
	return id;
}

/* The rules of git-check-ref-format that matter when a ref becomes a path or a line of output. */
static bool git_ref_is_safe(struct str ref)
{
	if (ref.n == 0 || ref.n > GIT_REF_MAX)
		return false;
	for (size_t i = 0; i < ref.n; i++) {
		unsigned char c = (unsigned char)ref.p[i];

		if (c <= ' ' || c == 0x7f || strchr("~^:?*[\\", c))
			return false;
	}
	struct str part;

	while (str_next(&ref, '/', &part))
		if (part.n == 0 || part.p[0] == '.' || str_contains(part, STR("..")))
			return false;
	return true;
}

bool git_text_head(struct str text, struct str *ret_ref, struct str *ret_commit)
{
	static const struct str mark = STR("ref:");
	struct str line = git_line(text);

	if (str_starts(line, mark)) {
		struct str ref = str_trim(str_cut(line, mark.n, line.n));

		if (!str_starts(ref, STR("refs/")) || !git_ref_is_safe(ref))
			return false;
		*ret_ref = ref;
		*ret_commit = STR_NONE;
		return true;
	}
	*ret_commit = git_text_commit(text);
	*ret_ref = STR_NONE;
	return ret_commit->n > 0;
}

struct str git_text_gitdir(struct str text)
{
	static const struct str mark = STR("gitdir:");
	struct str line = git_line(text);

	if (!str_starts(line, mark) || memchr(line.p, '\0', line.n))
		return STR_NONE;
	line = str_trim(str_cut(line, mark.n, line.n));
	return line.n ? line : STR_NONE;
}

struct str git_text_packed(struct str text, struct str ref)
{
	struct str line;

	while (str_next(&text, '\n', &line)) {
		size_t space = str_find_char(line, ' ');

		if (line.n && line.p[0] != '#' && line.p[0] != '^' && space < line.n &&
		    str_eq(str_cut(line, space + 1, line.n), ref))
			return git_text_commit(str_cut(line, 0, space));
	}
	return STR_NONE;
}

/* Whether the mount point (with \040 for a space) is path or above it; its plain length then. */
static bool git_mount_covers(struct str point, struct str path, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < point.n; i++, n++) {
		unsigned char c = (unsigned char)point.p[i];

		if (c == '\\' && i + 3 < point.n) {
			c = (unsigned char)((point.p[i + 1] & 7) << 6 | (point.p[i + 2] & 7) << 3 |
					    (point.p[i + 3] & 7));
			i += 3;
		}
		if (n >= path.n || (unsigned char)path.p[n] != c)
			return false;
	}
	*ret_n = n;
	return n == 1 || n == path.n || path.p[n] == '/';
}

static bool git_type_is_local(struct str type)
{
	if (str_starts(type, STR("fuse")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(git_remote_types); i++)
		if (str_eq(type, git_remote_types[i]))
			return false;
	return type.n > 0;
}

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue */
static bool git_mount_line(struct str line, struct str *ret_point, struct str *ret_type)
{
	struct str word;

	for (int i = 0; i < 5; i++)
		if (!str_next(&line, ' ', ret_point))
			return false;
	while (str_next(&line, ' ', &word))
		if (str_eq(word, STR("-")))
			return str_next(&line, ' ', ret_type) && ret_point->n > 0;
	return false;
}

bool git_text_is_local(struct str mountinfo, struct str path)
{
	struct str line, point, type;
	bool is_local = false;
	size_t best = 0;

	while (str_next(&mountinfo, '\n', &line)) {
		size_t n;

		/* of two mounts on one point the later one is what a path sees */
		if (git_mount_line(line, &point, &type) && git_mount_covers(point, path, &n) &&
		    n >= best) {
			best = n;
			is_local = git_type_is_local(type);
		}
	}
	return is_local;
}
