/* SPDX-License-Identifier: Apache-2.0 */
/* The exporter against a collector that takes, refuses, rejects, stalls, hangs or is not there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/stats.h"
#include "sink/collector.h"
#include "sink/otlp_fixture.h"
#include "sink/sink.h"

#define TICK_MAX_NS (20 * NS_PER_MS)

static void set(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0);
}

static int set_up(void **state)
{
	static const char *const names[] = {
		"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_SERVICE_NAME",
		"OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS",
		"OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_EXPORTER_OTLP_TIMEOUT",
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_MAX_QUEUE_SIZE", "http_proxy",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	setenv("OTEL_BSP_SCHEDULE_DELAY", "0", 1);
	stats_reset();
	return 0;
}

static struct sink *make(int port)
{
	char url[64];
	struct sink *s;

	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	set("OTEL_EXPORTER_OTLP_ENDPOINT", url);
	assert_int_equal(sink_otlp_from_env("1.2", &s), 0);
	assert_non_null(s);
	return s;
}

static void put(struct sink *s, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		struct record *r = otlp_fixture_small(100 + i % 3, i);

		s->ops->write(s, r);
		free(r);
	}
}

/* A tick that takes long without ever sleeping was only preempted: this machine is shared. */
static void tick(struct sink *s)
{
	struct rusage before, after;
	u64 start_ns, took_ns;

	getrusage(RUSAGE_THREAD, &before);
	start_ns = clock_boot_ns();
	s->ops->tick(s, start_ns);
	took_ns = clock_boot_ns() - start_ns;
	getrusage(RUSAGE_THREAD, &after);
	if (took_ns > TICK_MAX_NS && after.ru_nvcsw > before.ru_nvcsw)
		fail_msg("a tick waited: %llu us", (unsigned long long)took_ns / 1000);
}

/* Ticks until the counter has grown to n, or the time is up. */
static void tick_until(struct sink *s, enum stat_id id, u64 n, u64 max_ms)
{
	u64 deadline_ns = clock_boot_ns() + max_ms * NS_PER_MS;
	struct timespec nap = {.tv_nsec = 2000000};

	while (stats_get(id) < n && clock_boot_ns() < deadline_ns) {
		tick(s);
		nanosleep(&nap, NULL);
	}
	if (stats_get(id) != n)
		fail_msg("%s is %llu, not %llu", stats_info(id)->name,
			 (unsigned long long)stats_get(id), (unsigned long long)n);
}

static void test_success(void **state)
{
	static const struct collector_answer answers[] = {{.status = 200}};
	struct collector *c = collector_start(answers, 1);
	struct sink *s;

	set("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x%3D, x-two = 2 ");
	s = make(collector_port(c));
	put(s, 5);
	tick_until(s, STAT_OTLP_SENT, 5, 5000);
	collector_stop(c);
	assert_int_equal(collector_seen_cnt(c), 1);

	const struct collector_seen *seen = collector_seen(c, 0);

	assert_int_equal(seen->span_cnt, 5);
	assert_non_null(strstr(seen->head, "POST /v1/traces HTTP/1.1\r\n"));
	assert_non_null(strstr(seen->head, "Content-Type: application/x-protobuf\r\n"));
	assert_non_null(strstr(seen->head, "User-Agent: tolltap/1.2 OTel-OTLP-Exporter-C/1.2\r\n"));
	assert_non_null(strstr(seen->head, "authorization: Bearer x=\r\n"));
	assert_non_null(strstr(seen->head, "x-two: 2\r\n"));
	assert_null(strcasestr(seen->head, "expect:"));
	s->ops->free(s);
	collector_free(c);
}

static void test_gzip_and_batches(void **state)
{
	static const struct collector_answer answers[] = {{.status = 200}};
	struct collector *c = collector_start(answers, 1);
	struct sink *s;

	set("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
	set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8");
	s = make(collector_port(c));
	put(s, 20);
	tick_until(s, STAT_OTLP_SENT, 20, 5000);
	collector_stop(c);
	assert_int_equal(collector_seen_cnt(c), 3);
	assert_true(collector_seen(c, 0)->is_gzip);
	assert_int_equal(collector_seen(c, 0)->span_cnt, 8);
	assert_int_equal(collector_seen(c, 1)->span_cnt, 8);
	assert_int_equal(collector_seen(c, 2)->span_cnt, 4);
	s->ops->free(s);
	collector_free(c);
}

static void expect_retry(const struct collector_answer *answers, u64 least_ms, u64 most_ms)
{
	struct collector *c = collector_start(answers, 2);
	struct sink *s = make(collector_port(c));
	u64 gap_ms;

	put(s, 2);
	tick_until(s, STAT_OTLP_SENT, 2, 8000);
	collector_stop(c);
	assert_int_equal(collector_seen_cnt(c), 2);
	assert_int_equal(collector_seen(c, 1)->span_cnt, 2);
	gap_ms = (collector_seen(c, 1)->at_ns - collector_seen(c, 0)->at_ns) / NS_PER_MS;
	if (gap_ms < least_ms || gap_ms > most_ms)
		fail_msg("came again after %llu ms", (unsigned long long)gap_ms);
	assert_int_equal(stats_get(STAT_OTLP_RETRIED), 1);
	assert_int_equal(stats_get(STAT_OTLP_DROPPED), 0);
	s->ops->free(s);
	collector_free(c);
}

static void test_retry_after_seconds(void **state)
{
	static const struct collector_answer answers[] = {
		{.status = 503, .headers = "retry-after: 2\r\n"}, {.status = 200},
	};

	expect_retry(answers, 2000, 4000);
}

static void test_retry_after_date(void **state)
{
	char header[64];
	time_t at = time(NULL) + 3;
	struct tm tm;
	struct collector_answer answers[] = {{.status = 429, .headers = header}, {.status = 200}};

	strftime(header, sizeof(header), "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n",
		 gmtime_r(&at, &tm));
	expect_retry(answers, 1900, 5000);
}

static void test_connection_dies(void **state)
{
	static const struct collector_answer answers[] = {{.status = -1}, {.status = 200}};

	/* half of the first back-off at least */
	expect_retry(answers, 500, 2500);
}

static void test_too_large_is_split(void **state)
{
	static const struct collector_answer answers[] = {
		{.status = 413}, {.status = 413}, {.status = 200},
	};
	struct collector *c = collector_start(answers, 3);
	struct sink *s = make(collector_port(c));

	put(s, 8);
	tick_until(s, STAT_OTLP_SENT, 8, 5000);
	collector_stop(c);
	assert_int_equal(collector_seen(c, 0)->span_cnt, 8);
	assert_int_equal(collector_seen(c, 1)->span_cnt, 4);
	assert_int_equal(collector_seen(c, 2)->span_cnt, 2);
	assert_int_equal(stats_get(STAT_OTLP_REFUSED), 0);
	s->ops->free(s);
	collector_free(c);
}

static void test_refused_whole(void **state)
{
	static const struct collector_answer answers[] = {{.status = 400}, {.status = 500},
							  {.status = 413}};
	struct collector *c = collector_start(answers, 3);
	struct sink *s;

	set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2");
	s = make(collector_port(c));
	put(s, 4);
	tick_until(s, STAT_OTLP_REFUSED, 4, 5000);
	/* a single span that is too large cannot be split */
	put(s, 1);
	tick_until(s, STAT_OTLP_REFUSED, 5, 5000);
	/* and none of it was sent a second time */
	assert_int_equal(collector_seen_cnt(c), 3);
	assert_int_equal(stats_get(STAT_OTLP_SENT), 0);
	s->ops->free(s);
	collector_free(c);
}

static void test_partial_success(void **state)
{
	/* partial_success { rejected_spans: 3, error_message: "no" } */
	static const struct collector_answer answers[] = {
		{.status = 200, .body = STR("\x0a\x06\x08\x03\x12\x02no")},
		{.status = 200, .body = STR("not protobuf")},
	};
	struct collector *c = collector_start(answers, 2);
	struct sink *s = make(collector_port(c));

	put(s, 5);
	tick_until(s, STAT_OTLP_REJECTED, 3, 5000);
	assert_int_equal(stats_get(STAT_OTLP_SENT), 2);
	put(s, 1);
	tick_until(s, STAT_OTLP_SENT, 3, 5000);
	assert_int_equal(collector_seen_cnt(c), 2);
	s->ops->free(s);
	collector_free(c);
}

static void test_hang(void **state)
{
	static const struct collector_answer answers[] = {{.status = 0}};
	struct collector *c = collector_start(answers, 1);
	struct sink *s;
	u64 start_ns;

	set("OTEL_EXPORTER_OTLP_TIMEOUT", "300");
	set("OTEL_BSP_MAX_QUEUE_SIZE", "4");
	s = make(collector_port(c));
	put(s, 3);
	tick_until(s, STAT_OTLP_RETRIED, 1, 3000);
	/* the ring is bounded: two find no room */
	put(s, 3);
	assert_int_equal(stats_get(STAT_OTLP_DROPPED), 2);
	start_ns = clock_boot_ns();
	s->ops->finish(s, start_ns + 700 * NS_PER_MS);
	assert_true(clock_boot_ns() - start_ns < 1500 * NS_PER_MS);
	assert_int_equal(stats_get(STAT_OTLP_DROPPED), 6);
	assert_int_equal(stats_get(STAT_OTLP_SENT), 0);
	s->ops->free(s);
	collector_free(c);
}

static void test_nobody_there(void **state)
{
	static const struct collector_answer answers[] = {{.status = 200}};
	struct collector *c = collector_start(answers, 1);
	int port = collector_port(c);
	u64 start_ns;
	struct sink *s;

	collector_free(c);
	s = make(port);
	put(s, 3);
	tick_until(s, STAT_OTLP_RETRIED, 1, 3000);
	start_ns = clock_boot_ns();
	s->ops->finish(s, start_ns + 10 * NS_PER_S);
	/* it is not waited for */
	assert_true(clock_boot_ns() - start_ns < 6 * NS_PER_S);
	assert_int_equal(stats_get(STAT_OTLP_DROPPED), 3);
	s->ops->free(s);
}

static void test_finish_sends_what_waits(void **state)
{
	static const struct collector_answer answers[] = {{.status = 200}};
	struct collector *c = collector_start(answers, 1);
	struct sink *s;

	set("OTEL_BSP_SCHEDULE_DELAY", "60000");
	s = make(collector_port(c));
	put(s, 3);
	tick(s);
	assert_int_equal(collector_seen_cnt(c), 0);
	s->ops->finish(s, clock_boot_ns() + 5 * NS_PER_S);
	assert_int_equal(stats_get(STAT_OTLP_SENT), 3);
	s->ops->free(s);
	collector_free(c);
}

static void test_full_batch(void **state)
{
	static const struct collector_answer answers[] = {{.status = 200}};
	struct collector *c = collector_start(answers, 1);
	struct record *r = otlp_fixture_full();
	struct sink *s;

	set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512");
	s = make(collector_port(c));

	for (int i = 0; i < 600; i++)
		s->ops->write(s, r);
	free(r);
	s->ops->finish(s, clock_boot_ns() + 10 * NS_PER_S);
	assert_int_equal(stats_get(STAT_OTLP_SENT), 600);
	collector_stop(c);
	assert_int_equal(collector_seen(c, 0)->span_cnt, 512);
	s->ops->free(s);
	collector_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_success, set_up),
		cmocka_unit_test_setup(test_gzip_and_batches, set_up),
		cmocka_unit_test_setup(test_retry_after_seconds, set_up),
		cmocka_unit_test_setup(test_retry_after_date, set_up),
		cmocka_unit_test_setup(test_connection_dies, set_up),
		cmocka_unit_test_setup(test_too_large_is_split, set_up),
		cmocka_unit_test_setup(test_refused_whole, set_up),
		cmocka_unit_test_setup(test_partial_success, set_up),
		cmocka_unit_test_setup(test_hang, set_up),
		cmocka_unit_test_setup(test_nobody_there, set_up),
		cmocka_unit_test_setup(test_finish_sends_what_waits, set_up),
		cmocka_unit_test_setup(test_full_batch, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
