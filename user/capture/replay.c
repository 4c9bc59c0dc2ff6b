/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a recording; believes nothing in it. */
#include "capture/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"

#define READ_BYTES (256u << 10)

struct replay {
	int fd;
	struct replay_header header;
	const char *why;
	int err;		/* latched: a damaged file stays damaged */
	bool is_at_end;
	u8 *buf;		/* room for one event more than is read at a time */
	size_t from;
	size_t to;
};

_Static_assert(READ_BYTES >= sizeof(struct process_event), "one read holds any head");

static int stop(struct replay *r, int err, const char *why)
{
	r->err = err;
	r->why = why;
	return err;
}

/* --- what an event has to look like --------------------------------------------------------- */

static const char *check_chunk(const struct chunk *c, size_t size)
{
	if (size < sizeof(*c))
		return "a chunk shorter than its head";
	if (c->data_len > size - sizeof(*c))
		return "a chunk with more data than its record";
	if (c->data_len > c->true_len)
		return "a chunk that carries more than it stands for";
	if (c->dir >= CHUNK_DIR_MAX)
		return "a chunk without a direction";
	if (c->ev.kind == EVENT_CLOSE && c->data_len)
		return "an end of connection with data";
	if (c->position > UINT64_MAX - c->true_len)
		return "a chunk past the end of numbers";
	return NULL;
}

const char *replay_check_event(const struct event *ev, size_t size)
{
	if (size < sizeof(*ev) || ev->size != size || size > REPLAY_EVENT_MAX)
		return "a record of impossible size";
	switch (ev->kind) {
	case EVENT_CHUNK:
	case EVENT_CLOSE:
		return check_chunk((const struct chunk *)ev, size);
	case EVENT_PROCESS:
	case EVENT_FORK:
	case EVENT_EXEC:
	case EVENT_EXIT:
		return size < sizeof(struct process_event) ? "a process notice cut short" : NULL;
	default:
		return "a record of unknown kind";
	}
}

/* --- the file ------------------------------------------------------------------------------- */

/* Has n bytes at r->from, unless the file ends before. */
static int fill(struct replay *r, size_t n)
{
	while (r->to - r->from < n && !r->is_at_end) {
		/* what is left moves to the front, where it is aligned again */
		memmove(r->buf, r->buf + r->from, r->to - r->from);
		r->to -= r->from;
		r->from = 0;
		ssize_t got = read(r->fd, r->buf + r->to, READ_BYTES + REPLAY_EVENT_MAX - r->to);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return stop(r, -errno, "read error");
		r->is_at_end = got == 0;
		r->to += (size_t)got;
	}
	return 0;
}

static int read_header(struct replay *r)
{
	struct replay_header *h = &r->header;
	int err = fill(r, sizeof(*h));

	if (err)
		return err;
	if (r->to < sizeof(*h))
		return stop(r, -EINVAL, "too short for a recording");
	memcpy(h, r->buf, sizeof(*h));
	r->from = sizeof(*h);
	if (memcmp(h->magic, REPLAY_MAGIC, sizeof(h->magic)))
		return stop(r, -EINVAL, "not a recording");
	if (h->version != REPLAY_VERSION || h->abi != EVENT_ABI)
		return stop(r, -EPROTONOSUPPORT, "a recording of another version");
	if (!memchr(h->boot_id, 0, sizeof(h->boot_id)) || h->reserved)
		return stop(r, -EINVAL, "a damaged head");
	return 0;
}

int replay_open_fd(int fd, struct replay **ret, const char **ret_why)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (r)
		r->buf = malloc(READ_BYTES + REPLAY_EVENT_MAX);
	if (!r || !r->buf) {
		*ret_why = "out of memory";
		free(r);
		close(fd);
		return -ENOMEM;
	}
	r->fd = fd;
	r->why = "";

	int err = read_header(r);

	if (err) {
		*ret_why = r->why;
		replay_close(r);
		return err;
	}
	*ret = r;
	return 0;
}

int replay_open(const char *path, struct replay **ret, const char **ret_why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		*ret_why = "cannot open it";
		return -errno;
	}
	return replay_open_fd(fd, ret, ret_why);
}

void replay_close(struct replay *r)
{
	if (!r)
		return;
	close(r->fd);
	free(r->buf);
	free(r);
}

const struct replay_header *replay_header(const struct replay *r)
{
	return &r->header;
}

const char *replay_why(const struct replay *r)
{
	return r->why;
}

int replay_next(struct replay *r, const struct event **ret)
{
	struct event head;

	int err = r->err ? r->err : fill(r, sizeof(head));
	if (err)
		return err;
	if (r->from == r->to)
		return 0;
	if (r->to - r->from < sizeof(head))
		return stop(r, -ENODATA, "cut off inside a record");
	memcpy(&head, r->buf + r->from, sizeof(head));
	if (head.size < sizeof(head) || head.size > REPLAY_EVENT_MAX)
		return stop(r, -EBADMSG, "a record of impossible size");
	size_t padded = replay_padded(head.size);
	err = fill(r, padded);
	if (err)
		return err;
	if (r->to - r->from < padded)
		return stop(r, -ENODATA, "cut off inside a record");

	const struct event *ev = (const struct event *)(r->buf + r->from);
	const char *wrong = replay_check_event(ev, head.size);

	if (wrong)
		return stop(r, -EBADMSG, wrong);
	r->from += padded;
	*ret = ev;
	return 1;
}
