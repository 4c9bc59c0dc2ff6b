/* SPDX-License-Identifier: Apache-2.0 */
/* Lines out, without ever waiting long and without leaving half a line in a file. */
#include "sink/out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

void out_init(struct out *o, int fd, const char *what, const char *remedy, enum stat_id lost)
{
	struct stat st;

	*o = (struct out){.what = what, .remedy = remedy, .lost = lost, .fd = fd};
	o->is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Writable pipes take PIPE_BUF bytes without blocking; so parts of that size never hang. */
static int out_wait(struct out *o)
{
	struct pollfd p = {.fd = o->fd, .events = POLLOUT};
	int timeout_ms = o->is_stalled ? 0 : (int)(OUT_STALL_NS / NS_PER_MS);
	int n = poll(&p, 1, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n ? 0 : -EAGAIN;
}

static ssize_t out_write_some(struct out *o, struct str text)
{
	size_t n = text.n;

	if (!o->is_file) {
		int err = out_wait(o);

		if (err)
			return err;
		n = n < PIPE_BUF ? n : PIPE_BUF;
	}

	ssize_t done = write(o->fd, text.p, n);

	if (done < 0)
		return errno == EINTR ? 0 : -errno;
	return done;
}

/* Takes the first `done` bytes of a line back, if nobody has written behind them. */
static void out_cut_back(struct out *o, off_t before, size_t done)
{
	struct stat st;

	if (before < 0 || fstat(o->fd, &st) || st.st_size != before + (off_t)done)
		return;
	if (ftruncate(o->fd, before) == 0)
		lseek(o->fd, before, SEEK_SET);
}

static void out_report(struct out *o, int err)
{
	stats_add(o->lost, 1);
	o->is_gone = err == -EPIPE || err == -EBADF || err == -ECONNRESET;
	o->is_stalled = err == -EAGAIN;
	if (o->has_logged)
		return;
	o->has_logged = true;
	log_error("cannot write to %s: %s; %s", o->what,
		  err == -EAGAIN ? "its reader has stopped reading" : strerror(-err), o->remedy);
}

int out_write(struct out *o, struct str text)
{
	struct stat st;
	size_t done = 0;
	ssize_t n = 0;

	if (o->is_gone) {
		stats_add(o->lost, 1);
		return -EPIPE;
	}

	off_t before = o->is_file && fstat(o->fd, &st) == 0 ? st.st_size : -1;

	while (done < text.n && n >= 0) {
		n = out_write_some(o, str_cut(text, done, text.n));
		if (n > 0)
			done += (size_t)n;
	}
	if (n >= 0) {
		o->is_stalled = false;
		return 0;
	}
	if (done)
		out_cut_back(o, before, done);
	out_report(o, (int)n);
	return (int)n;
}
