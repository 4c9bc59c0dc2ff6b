/* SPDX-License-Identifier: Apache-2.0 */
/* The worker: everything arrives in order, ticks come when asked for, the end is bounded. */
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/stats.h"
#include "sink/example.h"
#include "sink/sink.h"
#include "sink/tmp.h"

/* What happened, in order; read after sinks_stop. */
struct probe {
	struct sink sink;
	struct sink_ops ops;
	char *log;			/* shared by several */
	char name;
	u64 written;
	u64 last_pid;
	u64 ticks;
	u64 tick_pause_ns;
	u64 write_ns;			/* how long a write takes */
	bool is_in_order;
	bool has_signals;
};

static void probe_write(struct sink *s, const struct record *r)
{
	struct probe *p = (struct probe *)s;
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	p->has_signals |= !sigismember(&blocked, SIGINT) || !sigismember(&blocked, SIGPIPE);
	p->is_in_order &= record_u64(r, RECORD_PID) == p->last_pid + 1;
	p->last_pid = record_u64(r, RECORD_PID);
	p->written++;
	if (p->write_ns)
		usleep((useconds_t)(p->write_ns / 1000));
}

static u64 probe_tick(struct sink *s, u64 now_ns)
{
	struct probe *p = (struct probe *)s;

	p->ticks++;
	return p->tick_pause_ns;
}

static void probe_finish(struct sink *s, u64 deadline_ns)
{
	struct probe *p = (struct probe *)s;

	assert_true(deadline_ns > clock_boot_ns());
	p->log[strlen(p->log)] = p->name;
}

static void probe_free(struct sink *s)
{
	struct probe *p = (struct probe *)s;

	p->log[strlen(p->log)] = (char)(p->name - 'a' + 'A');
}

static void probe_init(struct probe *p, char name, char *log)
{
	*p = (struct probe){.name = name, .log = log, .is_in_order = true,
			    .tick_pause_ns = 10 * NS_PER_MS};
	p->ops = (struct sink_ops){.name = "probe", .write = probe_write, .tick = probe_tick,
				   .finish = probe_finish, .free = probe_free};
	p->sink.ops = &p->ops;
}

static struct record *nth(u64 pid)
{
	const struct example_call c = {.id = pid, .pid = pid, .comm = "x", .provider = "p",
				       .model = "m", .femto = 1};

	return example_call(&c);
}

static void every_sink_gets_every_record_in_order(void **state)
{
	struct sinks *s = sinks_new();
	struct probe a, b;
	char log[32] = "";

	probe_init(&a, 'a', log);
	probe_init(&b, 'b', log);
	sinks_add(s, &a.sink);
	sinks_add(s, &b.sink);
	assert_int_equal(sinks_start(s), 0);
	for (u64 i = 1; i <= 5000; i++)
		sinks_submit(s, nth(i));
	sinks_stop(s, 5 * NS_PER_S);
	assert_int_equal(a.written, 5000);
	assert_int_equal(b.written, 5000);
	assert_true(a.is_in_order && b.is_in_order);
	assert_false(a.has_signals);
	assert_string_equal(log, "ab");
	sinks_free(s);
	assert_string_equal(log, "abAB");
	assert_int_equal(stats_get(STAT_SINK_QUEUE_FULL), 0);
	assert_int_equal(stats_get(STAT_SINK_UNDELIVERED), 0);
}

static void the_summary_finishes_last(void **state)
{
	struct sinks *s = sinks_new();
	struct probe a, b;
	char log[32] = "";

	probe_init(&a, 'a', log);
	probe_init(&b, 'b', log);
	a.ops.is_summary = true;
	sinks_add(s, &a.sink);
	sinks_add(s, &b.sink);
	assert_int_equal(sinks_start(s), 0);
	sinks_stop(s, NS_PER_S);
	assert_string_equal(log, "ba");
	sinks_free(s);
}

static void ticks_come_when_asked_for(void **state)
{
	struct sinks *s = sinks_new();
	struct probe often, seldom;
	char log[32] = "";

	probe_init(&often, 'a', log);
	probe_init(&seldom, 'b', log);
	seldom.tick_pause_ns = ~0ull;
	sinks_add(s, &often.sink);
	sinks_add(s, &seldom.sink);
	assert_int_equal(sinks_start(s), 0);
	usleep(300000);
	sinks_stop(s, NS_PER_S);
	/* 30 fit; a busy machine may manage fewer, never more */
	assert_in_range(often.ticks, 3, 31);
	assert_int_equal(seldom.ticks, 1);
	sinks_free(s);
}

static void a_full_queue_drops_and_counts(void **state)
{
	struct sinks *s = sinks_new();

	/* not started: nothing is taken off */
	for (u64 i = 0; i < SINK_QUEUE_MAX + 7; i++)
		sinks_submit(s, nth(i));
	assert_int_equal(stats_get(STAT_SINK_QUEUE_FULL), 7);
	sinks_free(s);
}

static void submitting_never_waits_for_a_slow_sink(void **state)
{
	struct sinks *s = sinks_new();
	char log[32] = "";
	struct probe a;

	probe_init(&a, 'a', log);
	a.write_ns = 20 * NS_PER_MS;
	sinks_add(s, &a.sink);
	assert_int_equal(sinks_start(s), 0);

	u64 before = clock_boot_ns();

	for (u64 i = 1; i <= 100; i++)
		sinks_submit(s, nth(i));
	assert_true(clock_boot_ns() - before < NS_PER_S);
	sinks_stop(s, 10 * NS_PER_S);
	assert_int_equal(a.written, 100);
	sinks_free(s);
}

static void time_up_means_counted_losses(void **state)
{
	struct sinks *s = sinks_new();
	struct tmp_log log_text;
	char log[32] = "";
	struct probe a;

	probe_init(&a, 'a', log);
	a.ops.finish = NULL;
	a.write_ns = 50 * NS_PER_MS;
	sinks_add(s, &a.sink);
	assert_int_equal(sinks_start(s), 0);
	for (u64 i = 1; i <= 100; i++)
		sinks_submit(s, nth(i));
	tmp_log_start(&log_text);

	u64 before = clock_boot_ns();

	sinks_stop(s, 200 * NS_PER_MS);
	assert_true(clock_boot_ns() - before < 2 * NS_PER_S);
	tmp_log_stop(&log_text);
	assert_int_equal(log_text.lines, 1);
	assert_true(a.written < 100);
	assert_int_equal(a.written + stats_get(STAT_SINK_UNDELIVERED), 100);
	sinks_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(every_sink_gets_every_record_in_order),
		TMP_TEST(the_summary_finishes_last),
		TMP_TEST(ticks_come_when_asked_for),
		TMP_TEST(a_full_queue_drops_and_counts),
		TMP_TEST(submitting_never_waits_for_a_slow_sink),
		TMP_TEST(time_up_means_counted_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
