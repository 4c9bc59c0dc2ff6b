/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker: takes records off the queue, gives each to every sink, and calls the sinks' ticks
 * when they are due.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/stats.h"
#include "sink/sink.h"

struct sinks {
	struct queue *queue;
	struct sink *sink[SINK_MAX];
	u64 due_ns[SINK_MAX];		/* when its tick is called next */
	size_t cnt;
	pthread_t worker;
	bool is_running;
	bool is_stuck;			/* the worker did not come back: nothing may be freed */
	u64 deadline_ns;		/* written before the queue is closed */
};

struct sinks *sinks_new(void)
{
	struct sinks *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->queue = queue_new(SINK_QUEUE_MAX);
	if (!s->queue) {
		free(s);
		return NULL;
	}
	return s;
}

void sinks_add(struct sinks *s, struct sink *sink)
{
	assert(sink && s->cnt < SINK_MAX && !s->is_running);
	s->sink[s->cnt++] = sink;
}

/* Calls what is due; returns how long nothing else will be. */
static u64 sinks_tick(struct sinks *s)
{
	u64 wait_ns = SINK_IDLE_NS;

	for (size_t i = 0; i < s->cnt; i++) {
		const struct sink_ops *ops = s->sink[i]->ops;
		u64 now_ns = clock_boot_ns();

		if (!ops->tick)
			continue;
		if (now_ns >= s->due_ns[i]) {
			u64 pause_ns = ops->tick(s->sink[i], now_ns);

			now_ns = clock_boot_ns();
			s->due_ns[i] = now_ns + (pause_ns < SINK_IDLE_NS ? pause_ns : SINK_IDLE_NS);
		}
		if (s->due_ns[i] - now_ns < wait_ns)
			wait_ns = s->due_ns[i] - now_ns;
	}
	return wait_ns;
}

static void sinks_write(struct sinks *s, struct record *r)
{
	for (size_t i = 0; i < s->cnt; i++)
		s->sink[i]->ops->write(s->sink[i], r);
	free(r);
}

/* Past the deadline: what is still queued is lost, and says so. */
static void sinks_give_up(struct sinks *s)
{
	struct record *r;
	u64 cnt = 0;

	while ((r = queue_pop(s->queue, 0))) {
		free(r);
		cnt++;
	}
	stats_add(STAT_SINK_UNDELIVERED, cnt);
	if (cnt)
		log_error("%llu call records were still waiting at the end; look at the ledger's "
			  "disk, the output's reader and the OTLP endpoint",
			  (unsigned long long)cnt);
}

static void sinks_finish(struct sinks *s, bool is_summary)
{
	for (size_t i = 0; i < s->cnt; i++) {
		const struct sink_ops *ops = s->sink[i]->ops;

		if (ops->finish && ops->is_summary == is_summary)
			ops->finish(s->sink[i], s->deadline_ns);
	}
}

static void *sinks_work(void *arg)
{
	struct sinks *s = arg;

	while (!queue_is_drained(s->queue)) {
		u64 wait_ns = sinks_tick(s);
		struct record *r = queue_pop(s->queue, wait_ns);
		u64 deadline_ns = __atomic_load_n(&s->deadline_ns, __ATOMIC_RELAXED);

		if (r)
			sinks_write(s, r);
		if (deadline_ns && clock_boot_ns() >= deadline_ns)
			sinks_give_up(s);
	}
	sinks_finish(s, false);
	sinks_finish(s, true);
	return NULL;
}

int sinks_start(struct sinks *s)
{
	sigset_t all, before;

	/* Signals are the main thread's; SIGPIPE and SIGXFSZ become errors of write. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);

	int err = pthread_create(&s->worker, NULL, sinks_work, s);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		log_error("cannot start the output thread: %s; raise the limit on processes "
			  "(ulimit -u)", strerror(err));
		return -err;
	}
	pthread_setname_np(s->worker, "tolltap-sink");
	s->is_running = true;
	return 0;
}

void sinks_submit(struct sinks *s, struct record *r)
{
	if (queue_push(s->queue, r))
		return;
	stats_add(STAT_SINK_QUEUE_FULL, 1);
	free(r);
}

void sinks_stop(struct sinks *s, u64 timeout_ns)
{
	struct timespec until;

	if (!s->is_running)
		return;
	__atomic_store_n(&s->deadline_ns, clock_boot_ns() + timeout_ns, __ATOMIC_RELAXED);
	queue_close(s->queue);

	/* A sink may need a moment past the deadline to let go of what it holds. */
	timeout_ns += SINK_GRACE_NS;
	clock_gettime(CLOCK_MONOTONIC, &until);
	timeout_ns += (u64)until.tv_nsec;
	until.tv_sec += (time_t)(timeout_ns / NS_PER_S);
	until.tv_nsec = (long)(timeout_ns % NS_PER_S);
	s->is_running = false;
	if (pthread_clockjoin_np(s->worker, NULL, CLOCK_MONOTONIC, &until) == 0)
		return;
	s->is_stuck = true;
	log_error("an output did not finish in time and is left behind; look at the ledger's disk, "
		  "the output's reader and the OTLP endpoint");
}

void sinks_free(struct sinks *s)
{
	if (!s)
		return;
	sinks_stop(s, 0);
	if (s->is_stuck)
		return;		/* the worker still uses all of it */
	for (size_t i = 0; i < s->cnt; i++)
		s->sink[i]->ops->free(s->sink[i]);
	queue_free(s->queue);
	free(s);
}
