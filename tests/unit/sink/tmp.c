/* SPDX-License-Identifier: Apache-2.0 */
/* Test folders in $TMPDIR, and standard error caught in a memory file. */
#include "sink/tmp.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/stats.h"

#define TMP_PATHS_MAX 64

struct tmp {
	char dir[256];
	char *path[TMP_PATHS_MAX];
	size_t path_cnt;
};

int tmp_setup(void **state)
{
	struct tmp *t = calloc(1, sizeof(*t));
	const char *base = getenv("TMPDIR");

	if (!t)
		return -1;
	snprintf(t->dir, sizeof(t->dir), "%s/tolltap-test-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(t->dir)) {
		free(t);
		return -1;
	}
	stats_reset();
	*state = t;
	return 0;
}

static int tmp_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

int tmp_teardown(void **state)
{
	struct tmp *t = *state;

	nftw(t->dir, tmp_remove, 16, FTW_DEPTH | FTW_PHYS);
	for (size_t i = 0; i < t->path_cnt; i++)
		free(t->path[i]);
	free(t);
	return 0;
}

const char *tmp_path(void *state, const char *name)
{
	struct tmp *t = state;
	char *path;

	if (t->path_cnt == TMP_PATHS_MAX || asprintf(&path, "%s/%s", t->dir, name) < 0)
		abort();
	t->path[t->path_cnt++] = path;
	return path;
}

void tmp_log_start(struct tmp_log *log)
{
	*log = (struct tmp_log){.fd = memfd_create("log", 0)};
	log->saved_fd = dup(STDERR_FILENO);
	dup2(log->fd, STDERR_FILENO);
}

void tmp_log_stop(struct tmp_log *log)
{
	dup2(log->saved_fd, STDERR_FILENO);
	close(log->saved_fd);

	ssize_t n = pread(log->fd, log->text, sizeof(log->text) - 1, 0);

	close(log->fd);
	for (ssize_t i = 0; i < n; i++)
		log->lines += log->text[i] == '\n';
}
