/* SPDX-License-Identifier: Apache-2.0 */
/* Start, poll, notice the end: the only loop of a live trace. */
#include "tracer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "launch.h"
#include "stop.h"

#define EXIT_BY_SIGNAL 128

struct tracer {
	const struct options *options;
	struct tracer_ops ops;
	void *arg;
	struct capture *capture;
	struct launch *launch;
	bool has_begun;
};

int tracer_open(const struct options *o, const struct tracer_ops *ops, void *arg,
		struct tracer **ret)
{
	const struct capture_ops capture_ops = {.on_event = ops->on_event};
	struct tracer *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->options = o;
	t->ops = *ops;
	t->arg = arg;
	err = capture_open_live(&o->capture, &capture_ops, arg, &t->capture);
	if (err) {
		tracer_free(t);
		return err;
	}
	*ret = t;
	return 0;
}

bool tracer_has_begun(const struct tracer *t)
{
	return t->has_begun;
}

struct capture *tracer_capture(struct tracer *t)
{
	return t->capture;
}

static int tracer_turn(struct tracer *t)
{
	int n = capture_poll(t->capture, RING_POLL_MS);

	if (t->ops.on_tick)
		t->ops.on_tick(t->arg, clock_boot_ns());
	return n == -EINTR ? 0 : n;
}

static int tracer_start_command(struct tracer *t)
{
	const struct launch_options launch = {.is_as_root = t->options->is_as_root};
	int err = launch_start(t->options->rest, &launch, &t->launch);

	if (err) {
		log_error("cannot start %s: %s", t->options->rest[0], strerror(-err));
		return err;
	}
	capture_prepare_command(t->capture, (const char *const *)t->options->rest,
				getenv("PATH"));
	err = capture_add_pid(t->capture, launch_pid(t->launch));
	if (err) {
		log_error("cannot trace %s: %s", t->options->rest[0], strerror(-err));
		return err;
	}
	return 0;
}

/*
 * A full ring is lost money, and at the speed of loopback it fills within 8 ms: the reader must not
 * wait its turn behind the programs it reads. Linux keeps a priority per thread: the command has
 * been forked by now, and the sinks go on as they were. Refused: losses are counted anyway.
 */
static void tracer_hurry(void)
{
	if (setpriority(PRIO_PROCESS, 0, READER_NICE))
		log_debug("the reader's priority stays as it is: %s", strerror(errno));
}

/* Until the command has ended or a signal asks to stop, without tracing. */
static void tracer_await_command(struct tracer *t)
{
	struct pollfd wait = {.fd = launch_fd(t->launch), .events = POLLIN};

	while (!launch_is_over(t->launch) && !stop_is_asked())
		poll(&wait, 1, 1000);	/* a signal may come just before it */
}

int tracer_run_command(struct tracer *t)
{
	int err;

	err = tracer_start_command(t);
	/* after the fork: the command inherits the dispositions that we were called with */
	stop_install(true);
	if (err)
		return 1;
	err = launch_release(t->launch);
	if (err) {
		log_error("cannot run %s: %s", t->options->rest[0], strerror(-err));
		return err == -ENOENT ? LAUNCH_NOT_FOUND : LAUNCH_NOT_RUNNABLE;
	}
	t->has_begun = true;
	tracer_hurry();
	while (!launch_is_over(t->launch) && !stop_is_asked()) {
		err = tracer_turn(t);
		if (err < 0) {
			log_error("tracing stopped: %s; the command goes on untraced",
				  strerror(-err));
			tracer_await_command(t);
		}
	}
	if (!launch_is_over(t->launch))
		return EXIT_BY_SIGNAL + stop_signal();
	return launch_status(t->launch);
}

int tracer_watch_pids(struct tracer *t)
{
	stop_install(false);
	for (size_t i = 0; i < t->options->pid_cnt; i++) {
		int err = capture_add_pid(t->capture, t->options->pid[i]);

		if (err) {
			log_error("cannot trace process %d: %s; is it running, and are you root?",
				  (int)t->options->pid[i], strerror(-err));
			return 1;
		}
	}
	t->has_begun = true;
	tracer_hurry();
	while (!stop_is_asked() && capture_scope_count(t->capture) > 0) {
		int n = tracer_turn(t);

		if (n < 0) {
			log_error("tracing stopped: %s", strerror(-n));
			return 1;
		}
	}
	return 0;
}

void tracer_finish(struct tracer *t)
{
	capture_drain(t->capture);
	capture_update_stats(t->capture);
}

void tracer_free(struct tracer *t)
{
	if (!t)
		return;
	launch_free(t->launch);
	capture_close(t->capture);
	free(t);
}
