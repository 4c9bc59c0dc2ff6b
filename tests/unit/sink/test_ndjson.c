/* SPDX-License-Identifier: Apache-2.0 */
/* Lines out: whole ones, and what becomes of them when nobody takes them. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stats.h"
#include "sink/example.h"
#include "sink/out.h"
#include "sink/sink.h"
#include "sink/tmp.h"

static void put(struct sink *s, struct record *r)
{
	s->ops->write(s, r);
	free(r);
}

static void one_line_per_record(void **state)
{
	int fd = open(tmp_path(*state, "calls"), O_RDWR | O_CREAT | O_APPEND, 0600);
	char text[8192];
	struct sink *s;

	assert_int_equal(sink_ndjson_new(fd, &s), 0);
	put(s, example_record());
	put(s, example_record());
	s->ops->free(s);

	ssize_t n = pread(fd, text, sizeof(text), 0);
	const char *end = memchr(text, '\n', (size_t)n);

	assert_non_null(end);
	assert_int_equal(text + n - end, end - text + 2);
	for (const char *line = text; line < text + n; line += end - text + 1) {
		json_t *j = json_loadb(line, (size_t)(end - text), 0, NULL);

		assert_non_null(j);
		assert_string_equal(json_string_value(json_object_get(j, "ts")),
				    "2026-11-22T01:02:03.123456789Z");
		json_decref(j);
	}
	close(fd);
}

static void a_full_device_is_said_once_and_counted(void **state)
{
	int fd = open("/dev/full", O_WRONLY);
	struct tmp_log log;
	struct sink *s;

	assert_int_equal(sink_ndjson_new(fd, &s), 0);
	tmp_log_start(&log);
	for (int i = 0; i < 3; i++)
		put(s, example_record());
	tmp_log_stop(&log);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "cannot write to the NDJSON output: No space left on "
			       "device; free space"));
	assert_int_equal(stats_get(STAT_NDJSON_LOST), 3);
	s->ops->free(s);
	close(fd);
}

static void a_gone_reader_is_not_tried_again(void **state)
{
	struct tmp_log log;
	struct sink *s;
	int p[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(p), 0);
	close(p[0]);
	assert_int_equal(sink_ndjson_new(p[1], &s), 0);
	tmp_log_start(&log);
	for (int i = 0; i < 3; i++)
		put(s, example_record());
	tmp_log_stop(&log);
	assert_int_equal(log.lines, 1);
	assert_int_equal(stats_get(STAT_NDJSON_LOST), 3);
	s->ops->free(s);
	close(p[1]);
}

/* `tolltap ... | less`, and nobody scrolls. */
static void a_stopped_reader_costs_lines_not_time(void **state)
{
	char text[65536];
	struct tmp_log log;
	struct out o;
	int p[2];

	assert_int_equal(pipe(p), 0);
	out_init(&o, p[1], "the test", "read on", STAT_NDJSON_LOST);
	memset(text, 'x', sizeof(text));
	text[4095] = '\n';
	tmp_log_start(&log);
	for (int i = 0; i < 16; i++)		/* a pipe holds 64 KiB */
		assert_int_equal(out_write(&o, (struct str){text, 4096}), 0);

	u64 before = clock_boot_ns();

	for (int i = 0; i < 50; i++)
		assert_int_equal(out_write(&o, (struct str){text, 4096}), -EAGAIN);
	assert_true(clock_boot_ns() - before < 4 * NS_PER_S);
	tmp_log_stop(&log);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "its reader has stopped reading; read on"));
	assert_int_equal(stats_get(STAT_NDJSON_LOST), 50);
	/* and it reads on */
	assert_int_equal(read(p[0], text, sizeof(text)), sizeof(text));
	text[4095] = '\n';
	assert_int_equal(out_write(&o, (struct str){text, 4096}), 0);
	close(p[0]);
	close(p[1]);
}

static void a_big_line_passes_a_pipe_whole(void **state)
{
	size_t n = 300000, got = 0;
	char *text = malloc(n), *back = malloc(n);
	struct out o;
	int p[2], status;

	memset(text, 'y', n);
	text[n - 1] = '\n';
	assert_int_equal(pipe(p), 0);

	pid_t child = fork();

	if (child == 0) {
		out_init(&o, p[1], "the test", "", STAT_NDJSON_LOST);
		_exit(out_write(&o, (struct str){text, n}) ? 1 : 0);
	}
	close(p[1]);
	for (ssize_t m; (m = read(p[0], back + got, n - got)) > 0;)
		got += (size_t)m;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(got, n);
	assert_memory_equal(text, back, n);
	close(p[0]);
	free(text);
	free(back);
}

/* A file that may hold one line and a half holds one line. */
static void half_a_line_is_taken_back(void **state)
{
	const char *path = tmp_path(*state, "calls");
	int status;

	pid_t child = fork();

	if (child == 0) {
		int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
		const struct rlimit limit = {2500, 2500};
		struct sink *s;

		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		signal(SIGXFSZ, SIG_IGN);
		sink_ndjson_new(fd, &s);
		setrlimit(RLIMIT_FSIZE, &limit);
		for (int i = 0; i < 3; i++)
			put(s, example_record());
		s->ops->free(s);
		_exit((int)stats_get(STAT_NDJSON_LOST));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 2);

	int fd = open(path, O_RDONLY);
	char text[4096];
	ssize_t n = read(fd, text, sizeof(text));

	assert_true(n > 1000 && n < 2500);
	assert_ptr_equal(memchr(text, '\n', (size_t)n), text + n - 1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(one_line_per_record),
		TMP_TEST(a_full_device_is_said_once_and_counted),
		TMP_TEST(a_gone_reader_is_not_tried_again),
		TMP_TEST(a_stopped_reader_costs_lines_not_time),
		TMP_TEST(a_big_line_passes_a_pipe_whole),
		TMP_TEST(half_a_line_is_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
