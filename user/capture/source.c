/* SPDX-License-Identifier: Apache-2.0 */
/* capture.h, handed to the source that was opened. */
#include "capture/source.h"

#include <errno.h>

int capture_add_pid(struct capture *c, pid_t pid)
{
	return c->source->add_pid ? c->source->add_pid(c, pid) : -EINVAL;
}

void capture_prepare_command(struct capture *c, const char *const argv[], const char *path_env)
{
	if (c->source->prepare_command)
		c->source->prepare_command(c, argv, path_env);
}

int capture_poll(struct capture *c, int timeout_ms)
{
	return c->source->poll(c, timeout_ms);
}

void capture_drain(struct capture *c)
{
	if (c->source->drain)
		c->source->drain(c);
}

void capture_set_verdict(struct capture *c, const struct chunk *chunk, enum verdict_state verdict)
{
	if (c->source->set_verdict)
		c->source->set_verdict(c, chunk, verdict);
}

size_t capture_scope_count(const struct capture *c)
{
	return c->source->scope_count ? c->source->scope_count(c) : 0;
}

void capture_update_stats(struct capture *c)
{
	if (c->source->update_stats)
		c->source->update_stats(c);
}

void capture_walk_dark(struct capture *c, dark_row_fn fn, void *arg)
{
	if (c->source->walk_dark)
		c->source->walk_dark(c, fn, arg);
}

void capture_close(struct capture *c)
{
	if (c)
		c->source->close(c);
}

const char *capture_describe(struct capture *c)
{
	return c->source->describe ? c->source->describe(c) : "";
}
