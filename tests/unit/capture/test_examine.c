/* SPDX-License-Identifier: Apache-2.0 */
/* What files and processes would be to a trace, without one. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/examine.h"

static void test_net_lines(void **state)
{
	struct net_line n;

	assert_int_equal(examine_net_line(
		"   0: 0100007F:1F90 0200007F:01BB 01 00000000:00000000 00:00000000 00000000"
		"     0        0 123456 1 0000000000000000 100 0 0 10 0\n", &n), 0);
	assert_int_equal(n.remote_port, 443);
	assert_int_equal(n.ino, 123456);
	assert_int_equal(examine_net_line(
		"  12: 00000000000000000000000000000000:0016 00000000000000000000000001000000:20FB"
		" 0A 00000000:00000000 00:00000000 00000000  1000        0 77 1 0 100\n", &n),
			 0);
	assert_int_equal(n.remote_port, 8443);
	assert_int_equal(n.ino, 77);
	assert_int_equal(examine_net_line(
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt", &n),
			 -EINVAL);
	assert_int_equal(examine_net_line("", &n), -EINVAL);
	assert_int_equal(examine_net_line("   0: 0100007F:1F90 0200007F:101BB 01 0:0 0:0 0 0 0 5",
					  &n), -EINVAL);
}

struct seen {
	size_t cnt;
	bool is_refused;
	bool has_why;
	size_t sites;
	char path[256];
};

static void on_file(void *arg, const struct file_report *r)
{
	struct seen *s = arg;

	s->cnt++;
	s->is_refused = r->is_refused;
	s->has_why = r->why != NULL;
	s->sites = r->site_cnt;
	str_to_c(str_of(r->path), s->path, sizeof(s->path));
	for (size_t i = 0; i < r->site_cnt; i++) {
		assert_non_null(r->site[i].function);
		assert_non_null(r->site[i].stack);
		assert_non_null(r->site[i].class);
	}
}

static struct seen examine(const char *path)
{
	struct seen s = { 0 };

	capture_examine_file(path, on_file, &s);
	assert_int_equal(s.cnt, 1);
	assert_string_equal(s.path, path);
	return s;
}

static void test_files(void **state)
{
	struct seen s = examine("/bin/sh");

	assert_true(s.has_why);
	assert_false(s.is_refused);
	assert_int_equal(s.sites, 0);

	s = examine("/nonexistent");
	assert_true(s.has_why && s.is_refused);
	s = examine("/proc/self/exe");		/* carries OpenSSL's names as text, no function */
	assert_true(s.has_why);
}

/* A FIFO without a writer would hold an open for ever. */
static void test_fifo_does_not_block(void **state)
{
	char path[] = "/tmp/tolltap-examine-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	struct seen s = examine(path);

	unlink(path);
	assert_true(s.has_why && s.is_refused);
}

static void ignore(void *arg, const struct file_report *r)
{
}

static void test_process_that_is_gone(void **state)
{
	struct process_report r;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	assert_int_equal(capture_examine_process(pid, ignore, NULL, &r), -ESRCH);
}

/* Ourselves, with a UDP socket that points at port 443: QUIC, which stays dark. */
static void test_process_with_quic(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(443) };
	struct process_report r;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(capture_examine_process(getpid(), ignore, NULL, &r), 0);
	close(fd);
	assert_int_equal(r.pid, getpid());
	assert_true(r.file_cnt >= 2);
	assert_int_equal(r.quic_cnt, 1);
	assert_int_equal(r.tls_cnt, 0);
	assert_string_equal(r.dark, "quic");
	assert_true(r.dark_why[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_net_lines),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_fifo_does_not_block),
		cmocka_unit_test(test_process_that_is_gone),
		cmocka_unit_test(test_process_with_quic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
