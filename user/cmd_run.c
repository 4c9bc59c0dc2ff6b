/* SPDX-License-Identifier: Apache-2.0 */
/* tolltap run and watch: live events into the pipeline, a receipt at the end. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stats.h"
#include "cmd.h"
#include "outlet.h"
#include "tracer.h"

struct live {
	struct tracer *tracer;
	struct outlet *outlet;
};

static void live_on_event(void *arg, const struct event *ev)
{
	struct live *live = arg;

	pipeline_feed(outlet_pipeline(live->outlet), ev);
}

static void live_on_tick(void *arg, u64 now_ns)
{
	struct live *live = arg;

	pipeline_tick(outlet_pipeline(live->outlet), now_ns);
}

static void live_on_verdict(void *arg, const struct chunk *conn, enum verdict_state verdict)
{
	struct live *live = arg;

	capture_set_verdict(tracer_capture(live->tracer), conn, verdict);
}

static bool live_is_darker(const struct receipt_dark *a, const struct receipt_dark *b)
{
	return a->is_llm != b->is_llm ? a->is_llm : a->bytes > b->bytes;
}

/* Providers' hosts first, then by bytes; the least of too many is only counted. */
static void live_add_dark(void *arg, const struct dark_row *dark)
{
	struct receipt_facts *facts = arg;
	struct receipt_dark row = {
		.pid = dark->pid,
		.connections = dark->connections,
		.bytes = dark->bytes_in + dark->bytes_out,
		.is_llm = pipeline_knows_host(str_of(dark->host)),
		.class = dark->class,
		.why = dark->why,
	};
	size_t at;

	str_to_c(str_of(dark->comm), row.comm, sizeof(row.comm));
	str_to_c(str_of(dark->host), row.host, sizeof(row.host));
	if (facts->dark_cnt == RECEIPT_DARK_MAX) {
		facts->dark_more++;
		if (!live_is_darker(&row, &facts->dark[RECEIPT_DARK_MAX - 1]))
			return;
		facts->dark_cnt--;
	}
	for (at = facts->dark_cnt++; at && live_is_darker(&row, &facts->dark[at - 1]); at--)
		facts->dark[at] = facts->dark[at - 1];
	facts->dark[at] = row;
}

/* The receipt tells the losses; the rest is for who asks. */
static void live_log_counters(void)
{
	for (int i = 0; i < STAT_MAX; i++)
		if (stats_get((enum stat_id)i))
			log_debug("%s %" PRIu64, stats_info((enum stat_id)i)->name,
				  stats_get((enum stat_id)i));
}

static int live_trace(const struct options *o, const char *title, int (*trace)(struct tracer *t))
{
	static const struct tracer_ops ops = {.on_event = live_on_event, .on_tick = live_on_tick};
	struct receipt_facts facts = {};
	struct live live = {};
	const struct outlet_context context = {
		.is_command = o->command == COMMAND_RUN,
		.title = title,
		.proc_root = "/proc",
		.wall_offset_ns = clock_offset_now(),
		.on_verdict = live_on_verdict,
		.arg = &live,
	};
	int status;

	if (o->is_verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	if (tracer_open(o, &ops, &live, &live.tracer))
		return EXIT_FAILED;
	if (outlet_open(o, &context, &live.outlet)) {
		tracer_free(live.tracer);
		return EXIT_FAILED;
	}
	status = trace(live.tracer);
	if (!tracer_has_begun(live.tracer)) {
		outlet_cancel(live.outlet);
		tracer_free(live.tracer);
		return status;
	}
	tracer_finish(live.tracer);
	capture_walk_dark(tracer_capture(live.tracer), live_add_dark, &facts);
	facts.capture_line = capture_describe(tracer_capture(live.tracer));
	outlet_close(live.outlet, &facts);
	live_log_counters();
	tracer_free(live.tracer);
	return status;
}

int cmd_run(const struct options *o)
{
	return live_trace(o, o->rest[0], tracer_run_command);
}

int cmd_watch(const struct options *o)
{
	return live_trace(o, NULL, tracer_watch_pids);
}
