/* SPDX-License-Identifier: Apache-2.0 */
/* OTEL_TRACES_EXPORTER=console: a line of JSON per call on standard output, and only when asked. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/stats.h"
#include "sink/otlp_fixture.h"
#include "sink/sink.h"

/* Standard output goes to fd while fn writes. */
static void write_to(int fd, struct sink *s, struct record *r)
{
	int before = dup(STDOUT_FILENO);

	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	s->ops->write(s, r);
	assert_int_equal(dup2(before, STDOUT_FILENO), STDOUT_FILENO);
	close(before);
	free(r);
}

static struct sink *make(void)
{
	struct sink *s;

	setenv("OTEL_TRACES_EXPORTER", "console", 1);
	unsetenv("OTEL_SDK_DISABLED");
	assert_int_equal(sink_console_from_env(&s), 0);
	assert_non_null(s);
	return s;
}

static void test_lines(void **state)
{
	struct sink *s = make();
	json_error_t error;
	char text[32768];
	int fds[2];
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	write_to(fds[1], s, otlp_fixture_full());
	write_to(fds[1], s, otlp_fixture_small(1, 1));
	close(fds[1]);
	n = read(fds[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	close(fds[0]);

	char *second = strchr(text, '\n');

	assert_non_null(second);
	*second++ = '\0';
	for (int i = 0; i < 2; i++) {
		json_t *line = json_loads(i ? second : text, JSON_REJECT_DUPLICATES, &error);
		json_t *spans;

		if (!line)
			fail_msg("%s at %d", error.text, error.position);
		spans = json_array_get(json_object_get(line, "resourceSpans"), 0);
		spans = json_array_get(json_object_get(spans, "scopeSpans"), 0);
		assert_int_equal(json_array_size(json_object_get(spans, "spans")), 1);
		json_decref(line);
	}
	s->ops->free(s);
}

static void test_unwritable(void **state)
{
	struct sink *s = make();
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	u64 before = stats_get(STAT_OTLP_DROPPED);

	assert_true(full >= 0);
	write_to(full, s, otlp_fixture_full());
	assert_int_equal(stats_get(STAT_OTLP_DROPPED), before + 1);
	close(full);
	s->ops->free(s);
}

static void test_not_asked(void **state)
{
	struct sink *s = (struct sink *)state;

	setenv("OTEL_TRACES_EXPORTER", "otlp", 1);
	assert_int_equal(sink_console_from_env(&s), 0);
	assert_null(s);
	setenv("OTEL_TRACES_EXPORTER", "console", 1);
	setenv("OTEL_SDK_DISABLED", "true", 1);
	assert_int_equal(sink_console_from_env(&s), 0);
	assert_null(s);
	unsetenv("OTEL_SDK_DISABLED");
	assert_int_equal(sink_otlp_from_env("1", &s), 0);
	assert_null(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_unwritable),
		cmocka_unit_test(test_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
