/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recorded stream of events: what stood in the rings, with what is needed to give the same
 * records again (offset of the wall clock, boot id of the node).
 *
 *	struct replay_header, then struct event records, each padded with zeros to 8 bytes
 *
 * A recording holds plaintext: mode 0600, and only tolltap-dev writes one. A file is hostile: every
 * record is checked before it is lent, so the rooms may trust sizes as they trust the kernel's.
 */
#ifndef TOLLTAP_CAPTURE_REPLAY_H
#define TOLLTAP_CAPTURE_REPLAY_H

#include "base/types.h"
#include "bpf/event.h"
#include "capture/capture.h"

#define REPLAY_MAGIC "TLLTAPv1"
#define REPLAY_VERSION 1
#define REPLAY_BOOT_ID_LEN 40

struct replay_header {
	char magic[8];
	u32 version;			/* of this header */
	u32 abi;			/* EVENT_ABI of the events */
	s64 wall_offset_ns;		/* wall = boot + offset */
	char boot_id[REPLAY_BOOT_ID_LEN];	/* NUL-terminated */
	u64 reserved;			/* 0 */
};

_Static_assert(sizeof(struct replay_header) == 72, "file format");

static inline size_t replay_padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

struct replay;

/* -EINVAL: no recording; -EPROTONOSUPPORT: of another version. *ret_why is set on failure. */
int replay_open(const char *path, struct replay **ret, const char **ret_why);
int replay_open_fd(int fd, struct replay **ret, const char **ret_why);	/* takes fd */
void replay_close(struct replay *r);			/* NULL is fine */
const struct replay_header *replay_header(const struct replay *r);

/*
 * 1 and the next event, lent until the next call; 0: the end. -EBADMSG: damaged from here on,
 * -ENODATA: cut off inside a record (everything before it was delivered), -errno.
 */
int replay_next(struct replay *r, const struct event **ret);
const char *replay_why(const struct replay *r);

/* Is this a well-formed event of exactly size bytes? NULL, or what is wrong with it. */
const char *replay_check_event(const struct event *ev, size_t size);

/* The same file as a source for the pipeline (capture.h). */
int capture_open_replay(const char *path, const struct capture_ops *ops, void *arg,
			struct capture **ret);
/* of a capture made by capture_open_replay */
const struct replay_header *capture_replay_header(const struct capture *c);

struct replay_writer;

/* Makes the file anew with mode 0600; refuses an existing one (-EEXIST). Buffered. */
int replay_writer_open(const char *path, s64 wall_offset_ns, const char *boot_id,
		       struct replay_writer **ret);
int replay_writer_put(struct replay_writer *w, const struct event *ev);
int replay_writer_close(struct replay_writer *w);	/* the first error of all */

#endif
