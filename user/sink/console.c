/* SPDX-License-Identifier: Apache-2.0 */
/* OTEL_TRACES_EXPORTER=console: one line of OTLP JSON (TracesData) per call on standard output. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/stats.h"
#include "sink/otlp_json.h"
#include "sink/otlp_span.h"
#include "sink/sink.h"

#define CONSOLE_LINE_MAX (2u << 20)
#define CONSOLE_TREE_MAX (4u << 20)

struct console {
	struct sink sink;
	struct otlp_config config;
	char *version;
	struct buf line;
	bool has_told;
};

static bool console_put(const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(STDOUT_FILENO, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static void console_write(struct sink *s, const struct record *r)
{
	struct console *c = (struct console *)s;
	struct arena *arena = arena_new(CONSOLE_TREE_MAX);
	otlp_request *request = arena ? otlp_request_make(arena, &r, 1, &c->config.resource,
							  c->version)
				      : NULL;

	buf_clear(&c->line);
	if (request) {
		otlp_json_write(&c->line, &request->base);
		buf_append_char(&c->line, '\n');
	}
	if (!request || c->line.failed || !console_put(c->line.p, c->line.n)) {
		if (!c->has_told)
			log_error("spans cannot be written to standard output: %s",
				  strerror(request && !c->line.failed ? errno : ENOMEM));
		c->has_told = true;
		stats_add(STAT_OTLP_DROPPED, 1);
	}
	arena_free(arena);
}

static void console_free(struct sink *s)
{
	struct console *c = (struct console *)s;

	buf_fini(&c->line);
	free(c->version);
	otlp_config_fini(&c->config);
	free(c);
}

static const struct sink_ops console_ops = {
	.name = "console",
	.write = console_write,
	.free = console_free,
};

static const char *console_environment(const char *name)
{
	return getenv(name);
}

int sink_console_from_env(struct sink **ret)
{
	struct otlp_config config;
	struct console *c;
	int err = otlp_config_read(console_environment, &config);

	*ret = NULL;
	if (err || config.exporter != OTLP_EXPORT_CONSOLE) {
		otlp_config_fini(&config);
		/* what is wrong with an OTLP exporter is that one's to say */
		return 0;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		otlp_config_fini(&config);
		return -ENOMEM;
	}
	c->sink.ops = &console_ops;
	c->config = config;
	c->version = strdup(TOLLTAP_VERSION);
	buf_init(&c->line, CONSOLE_LINE_MAX);
	if (!c->version) {
		console_free(&c->sink);
		return -ENOMEM;
	}
	*ret = &c->sink;
	return 0;
}
