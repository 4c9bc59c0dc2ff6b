/* SPDX-License-Identifier: Apache-2.0 */
/* Builds price book, sinks and pipeline from the options, and takes them down again in order. */
#include "outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "invoker.h"

#define SITE_CARDS "/etc/tolltap/ratecards"
#define SECRET_PATH "/var/lib/tolltap/secret"

struct outlet {
	const struct options *options;
	struct price_book *book;
	struct sinks *sinks;
	struct sink *terminal;
	struct pipeline *pipeline;
	int output_fd;			/* -1: a standard stream is used */
	u64 started_ns;
};

static int outlet_load_book(struct outlet *u)
{
	const char *paths[OPTIONS_LIST_MAX + 1];
	size_t n = 0;

	if (access(SITE_CARDS, R_OK) == 0)
		paths[n++] = SITE_CARDS;
	for (size_t i = 0; i < u->options->card_cnt; i++)
		paths[n++] = u->options->card[i];
	return price_book_load(paths, n, &u->book);
}

static int outlet_open_output(struct outlet *u)
{
	const char *path = u->options->output;

	u->output_fd = -1;
	if (!path)
		return 0;
	u->output_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (u->output_fd < 0) {
		int err = -errno;

		log_error("cannot write %s: %s; give --output a file that you may write", path,
			  strerror(-err));
		return err;
	}
	invoker_own_fd(u->output_fd);
	return 0;
}

static bool outlet_is_colored(const struct outlet *u, int fd)
{
	if (u->options->color != COLOR_AUTO)
		return u->options->color == COLOR_ALWAYS;
	return isatty(fd) && !getenv("NO_COLOR");
}

static int outlet_add_screen(struct outlet *u, const struct outlet_context *context)
{
	bool is_ndjson = u->options->format == FORMAT_NDJSON;
	int fallback = context->is_command ? STDERR_FILENO : STDOUT_FILENO;
	int fd = u->output_fd >= 0 ? u->output_fd : fallback;
	struct terminal_options terminal = {
		.fd = is_ndjson ? STDERR_FILENO : fd,
		.is_quiet = u->options->is_quiet || is_ndjson,
		.has_receipt = !u->options->is_quiet && !(is_ndjson && context->is_replay),
		.command = context->title,
	};
	struct sink *sink;
	int err;

	if (is_ndjson) {
		err = sink_ndjson_new(fd, &sink);
		if (err)
			return err;
		sinks_add(u->sinks, sink);
	}
	terminal.is_colored = outlet_is_colored(u, terminal.fd);
	err = sink_terminal_new(&terminal, &u->terminal);
	if (!err)
		sinks_add(u->sinks, u->terminal);
	return err;
}

static int outlet_add_ledger(struct outlet *u, const struct outlet_context *context)
{
	struct ledger_options ledger = {.uid = invoker_uid(), .gid = invoker_gid()};
	char path[4096];
	struct sink *sink;

	if (u->options->has_no_ledger || (context->is_replay && !u->options->ledger))
		return 0;
	ledger.path = u->options->ledger;
	if (!ledger.path) {
		int err = invoker_state_path("ledger.db", path, sizeof(path));

		if (err) {
			log_error("no place for the ledger: %s; name one with --ledger FILE, or "
				  "use --no-ledger", strerror(-err));
			return err;
		}
		ledger.path = path;
	}

	int err = sink_ledger_new(&ledger, &sink);

	if (!err)
		sinks_add(u->sinks, sink);
	return err;
}

static int outlet_add_telemetry(struct outlet *u, const struct outlet_context *context)
{
	struct sink *sink = NULL;
	int err;

	if (context->is_replay)
		return 0;
	err = sink_otlp_from_env(TOLLTAP_VERSION, &sink);
	if (err)
		return err;
	if (sink)
		sinks_add(u->sinks, sink);
	sink = NULL;
	err = sink_console_from_env(&sink);
	if (!err && sink)
		sinks_add(u->sinks, sink);
	return err;
}

static int outlet_add_sinks(struct outlet *u, const struct outlet_context *context)
{
	int err;

	u->sinks = sinks_new();
	if (!u->sinks)
		return -ENOMEM;
	err = outlet_add_screen(u, context);
	if (!err)
		err = outlet_add_ledger(u, context);
	if (!err)
		err = outlet_add_telemetry(u, context);
	if (!err)
		err = sinks_start(u->sinks);
	return err;
}

static int outlet_add_pipeline(struct outlet *u, const struct outlet_context *context)
{
	const struct pipeline_options pipeline = {
		.book = u->book,
		.sinks = u->sinks,
		.owners = {
			.tags = u->options->tag,
			.tag_cnt = u->options->tag_cnt,
			.secret_path = context->is_replay ? NULL : SECRET_PATH,
			.proc_root = context->proc_root,
		},
		.wall_offset_ns = context->wall_offset_ns,
		.on_verdict = context->on_verdict,
		.arg = context->arg,
	};

	return pipeline_new(&pipeline, &u->pipeline);
}

static void outlet_free(struct outlet *u)
{
	pipeline_free(u->pipeline);
	sinks_free(u->sinks);
	price_book_free(u->book);
	if (u->output_fd >= 0)
		close(u->output_fd);
	free(u);
}

int outlet_open(const struct options *o, const struct outlet_context *context, struct outlet **ret)
{
	struct outlet *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	u->options = o;
	u->output_fd = -1;
	u->started_ns = clock_boot_ns();
	err = outlet_load_book(u);
	if (!err)
		err = outlet_open_output(u);
	if (!err)
		err = outlet_add_sinks(u, context);
	if (!err)
		err = outlet_add_pipeline(u, context);
	if (err)
		outlet_free(u);
	else
		*ret = u;
	return err;
}

struct pipeline *outlet_pipeline(struct outlet *u)
{
	return u->pipeline;
}

void outlet_cancel(struct outlet *u)
{
	sink_terminal_skip_receipt(u->terminal);
	sinks_stop(u->sinks, SINK_STOP_NS);
	outlet_free(u);
}

void outlet_close(struct outlet *u, struct receipt_facts *facts)
{
	pipeline_finish(u->pipeline);
	facts->started_ns = u->started_ns;
	facts->ended_ns = clock_boot_ns();
	pipeline_facts(u->pipeline, facts);
	sink_terminal_facts(u->terminal, facts);
	sinks_stop(u->sinks, SINK_STOP_NS);
	outlet_free(u);
}
