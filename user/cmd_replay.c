/* SPDX-License-Identifier: Apache-2.0 */
/* tolltap-dev replay: a recording through the same pipeline, without root and without probes. */
#include "cmd.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "capture/replay.h"
#include "outlet.h"

static int replay_feed(struct replay *r, struct pipeline *p)
{
	const struct event *ev;
	int got;

	while ((got = replay_next(r, &ev)) > 0) {
		pipeline_feed(p, ev);
		pipeline_tick(p, ev->ts_ns);
	}
	return got;
}

int cmd_replay(const struct options *o)
{
	struct outlet_context context = {.title = o->rest[0], .is_replay = true};
	struct receipt_facts facts = {};
	struct outlet *outlet;
	struct replay *r;
	const char *why;
	int err = replay_open(o->rest[0], &r, &why);

	if (err) {
		log_error("cannot replay %s: %s; make one with `tolltap-dev record`", o->rest[0],
			  why);
		return EXIT_FAILED;
	}
	context.wall_offset_ns = replay_header(r)->wall_offset_ns;
	if (outlet_open(o, &context, &outlet)) {
		replay_close(r);
		return EXIT_FAILED;
	}
	err = replay_feed(r, outlet_pipeline(outlet));
	if (err)
		log_error("%s ends early: %s; what stands before was replayed", o->rest[0],
			  replay_why(r));
	outlet_close(outlet, &facts);
	replay_close(r);
	return err ? EXIT_FAILED : 0;
}
