/* SPDX-License-Identifier: Apache-2.0 */
/* A recording as a source of events: the pipeline cannot tell it from a live one. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "capture/replay.h"
#include "capture/source.h"

#define EVENTS_PER_POLL 4096

struct replay_capture {
	struct capture base;		/* first */
	struct replay *replay;
};

static int replay_capture_poll(struct capture *c, int timeout_ms)
{
	struct replay_capture *rc = (struct replay_capture *)c;
	const struct event *ev;
	int cnt = 0;

	while (cnt < EVENTS_PER_POLL) {
		int got = replay_next(rc->replay, &ev);

		if (got == 1) {
			c->ops.on_event(c->arg, ev);
			cnt++;
			continue;
		}
		/* what was read before the damage has been delivered, and is told first */
		if (cnt)
			break;
		if (got < 0)
			log_error("cannot go on with the recording: %s", replay_why(rc->replay));
		return got ? got : -EPIPE;
	}
	return cnt;
}

static void replay_capture_close(struct capture *c)
{
	struct replay_capture *rc = (struct replay_capture *)c;

	replay_close(rc->replay);
	free(rc);
}

static const struct capture_source replay_source = {
	.poll = replay_capture_poll,
	.close = replay_capture_close,
};

int capture_open_replay(const char *path, const struct capture_ops *ops, void *arg,
			struct capture **ret)
{
	struct replay_capture *rc = calloc(1, sizeof(*rc));
	const char *why = "out of memory";
	int err = rc ? replay_open(path, &rc->replay, &why) : -ENOMEM;

	if (err) {
		log_error("cannot replay %s: %s", path, why);
		free(rc);
		return err;
	}
	rc->base = (struct capture){ .source = &replay_source, .ops = *ops, .arg = arg };
	*ret = &rc->base;
	return 0;
}

const struct replay_header *capture_replay_header(const struct capture *c)
{
	return replay_header(((const struct replay_capture *)c)->replay);
}
