/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/capture/replay.c */
/* A recording from a stranger: what is lent is whole, and every byte of it may be read. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "capture/replay.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static u64 read_all(const struct event *ev)
{
	const u8 *p = (const u8 *)ev;
	u64 sum = 0;

	if (ev->size > REPLAY_EVENT_MAX || (uintptr_t)ev % 8)
		abort();
	for (u32 i = 0; i < ev->size; i++)
		sum += p[i];
	if (ev->kind == EVENT_CHUNK) {
		const struct chunk *c = (const struct chunk *)ev;

		for (u32 i = 0; i < c->data_len; i++)
			sum += c->data[i];
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct event *ev;
	const char *why = NULL;
	struct replay *r;
	char path[32];
	u64 sum = 0;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int err = replay_open(path, &r, &why);
	close(fd);
	if (err) {
		if (!why)
			abort();
		return 0;
	}
	int got;
	while ((got = replay_next(r, &ev)) == 1)
		sum += read_all(ev);
	if (got < 0 && !replay_why(r)[0])
		abort();
	/* the sum only keeps the reads from being left out */
	if (replay_header(r)->version != REPLAY_VERSION || sum == UINT64_MAX)
		abort();
	replay_close(r);
	return 0;
}
