/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded reads relative to one descriptor of /proc/PID. */
#include "owner/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/clock.h"
#include "base/util.h"

#define PROC_STAT_MAX 4096

bool proc_parse_stat(struct str text, struct proc_stat *ret)
{
	struct proc_stat stat = {0};
	const char *close_mark = text.n ? memrchr(text.p, ')', text.n) : NULL;
	struct str word;
	u64 number;

	if (!close_mark)
		return false;

	struct str rest = str_cut(text, (size_t)(close_mark - text.p) + 2, text.n);

	/* field 3 (state) stands first */
	for (int field = 3; str_next(&rest, ' ', &word); field++) {
		if (field != 4 && field != 22)
			continue;
		if (str_to_u64(word, &number))
			return false;
		if (field == 4) {
			stat.ppid = (u32)number;
			continue;
		}
		stat.start_ticks = number;
		*ret = stat;
		return true;
	}
	return false;
}

/* The kernel rounds down to ticks; the clocks of two name spaces may round differently. */
static bool proc_is_same_start(u64 ticks, u64 start_ns)
{
	long hz = sysconf(_SC_CLK_TCK);
	u64 tick_ns = NS_PER_S / (u64)(hz > 0 ? hz : 100);
	u64 want = start_ns / tick_ns;

	return ticks <= want + 1 && want <= ticks + 1;
}

int proc_read(int fd, const char *name, struct buf *b)
{
	__cleanup_close int file = openat(fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char chunk[4096];

	if (file < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(file, chunk, sizeof(chunk));

		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		if ((size_t)n > b->max - b->n)
			n = (ssize_t)(b->max - b->n);
		if (n == 0)
			return 0;
		int err = buf_append(b, chunk, (size_t)n);

		if (err)
			return err;
	}
}

static int proc_check(int fd, u64 start_ns)
{
	struct proc_stat stat;
	struct buf text;

	buf_init(&text, PROC_STAT_MAX);
	int err = proc_read(fd, "stat", &text);

	if (!err && (!proc_parse_stat(buf_str(&text), &stat) ||
		     !proc_is_same_start(stat.start_ticks, start_ns)))
		err = -ESRCH;
	buf_fini(&text);
	return err;
}

int proc_open(const char *proc_root, u32 pid, u64 start_ns)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u", proc_root, pid);

	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;

	int err = proc_check(fd, start_ns);

	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

struct str proc_link(int fd, const char *name, char *dst, size_t size)
{
	static const struct str deleted = STR(" (deleted)");
	ssize_t n = readlinkat(fd, name, dst, size);

	/* a text that fills dst may have been cut: a wrong path is worse than none */
	if (n <= 0 || (size_t)n >= size)
		return STR_NONE;

	struct str link = {dst, (size_t)n};

	return str_ends(link, deleted) ? str_cut(link, 0, link.n - deleted.n) : link;
}
