/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a recording; in a file of its own, so that the installed program does not contain it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/replay.h"

#define WRITE_BYTES (64u << 10)

struct replay_writer {
	int fd;
	int err;
	size_t n;
	u8 buf[WRITE_BYTES];
};

static int flush(struct replay_writer *w, const u8 *p, size_t n)
{
	while (n && !w->err) {
		ssize_t done = write(w->fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			w->err = -errno;
		} else {
			p += done;
			n -= (size_t)done;
		}
	}
	return w->err;
}

static int put(struct replay_writer *w, const void *p, size_t n)
{
	if (w->n + n > WRITE_BYTES) {
		flush(w, w->buf, w->n);
		w->n = 0;
	}
	if (n > WRITE_BYTES)
		return flush(w, p, n);
	memcpy(w->buf + w->n, p, n);
	w->n += n;
	return w->err;
}

int replay_writer_open(const char *path, s64 wall_offset_ns, const char *boot_id,
		       struct replay_writer **ret)
{
	struct replay_header h = {
		.magic = REPLAY_MAGIC,
		.version = REPLAY_VERSION,
		.abi = EVENT_ABI,
		.wall_offset_ns = wall_offset_ns,
	};
	struct replay_writer *w = malloc(sizeof(*w));

	if (!w)
		return -ENOMEM;
	strncat(h.boot_id, boot_id, sizeof(h.boot_id) - 1);
	w->n = 0;
	w->err = 0;
	w->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w->fd < 0) {
		int err = -errno;

		free(w);
		return err;
	}
	put(w, &h, sizeof(h));
	*ret = w;
	return 0;
}

int replay_writer_put(struct replay_writer *w, const struct event *ev)
{
	static const u8 zeros[8];

	put(w, ev, ev->size);
	return put(w, zeros, replay_padded(ev->size) - ev->size);
}

int replay_writer_close(struct replay_writer *w)
{
	if (!w)
		return 0;
	flush(w, w->buf, w->n);
	int err = w->err;

	if (close(w->fd) && !err)
		err = -errno;
	free(w);
	return err;
}
