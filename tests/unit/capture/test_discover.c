/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mappings of processes of our own: what is there, what comes, and what may be opened. As root the
 * notices must come; without, perf events may be refused, and then that has to be said.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "capture/discover.h"

struct seen {
	pid_t pid;		/* in scope */
	u64 dev;		/* looked for */
	u64 ino;
	int hits;
	int others;		/* of processes out of scope: must stay 0 */
	u64 ts_ns;
	u64 told_dev;
	char path[4096];
};

static bool in_scope(void *arg, pid_t pid)
{
	return pid == ((struct seen *)arg)->pid;
}

static void on_mapping(void *arg, pid_t pid, u64 dev, u64 ino, const char *path, u64 ts_ns)
{
	struct seen *s = arg;

	s->others += pid != s->pid;
	if (ino != s->ino)
		return;
	s->hits++;
	s->ts_ns = ts_ns;
	s->told_dev = dev;
	snprintf(s->path, sizeof(s->path), "%s", path);
}

static const struct discover_ops ops = { .in_scope = in_scope, .on_mapping = on_mapping };

/* A file of our own that can be mapped executable. */
static void make_file(char path[64], struct stat *st)
{
	static const char text[8192] = "mapped";

	snprintf(path, 64, "/tmp/tolltap-test-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	assert_int_equal(fstat(fd, st), 0);
	close(fd);
}

static void *map_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 4096);

	close(fd);
	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

/* NULL: perf events are refused, which only happens without privileges. */
static struct discover *discover_or_null(struct seen *seen)
{
	struct discover *d = NULL;
	int err = discover_new(&ops, seen, &d);

	if (err && geteuid() == 0)
		fail_msg("perf events are refused to root: %s", strerror(-err));
	assert_true(!err || err == -EACCES || err == -EPERM);
	return d;
}

static void test_notices_of_scope_only(void **state)
{
	char path[64];
	struct stat st;
	struct seen seen = { .pid = getpid() };
	struct discover *d = discover_or_null(&seen);

	if (!d)
		return;
	make_file(path, &st);
	seen.dev = st.st_dev;
	seen.ino = st.st_ino;
	/* a process out of scope maps the same file */
	pid_t child = fork();
	if (!child) {
		map_file(path);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	discover_poll(d);
	assert_int_equal(seen.hits, 0);

	u64 before = clock_boot_ns();
	void *p = map_file(path);
	u64 after = clock_boot_ns();
	assert_int_equal(discover_poll(d), 1);
	assert_int_equal(seen.hits, 1);
	assert_int_equal(seen.others, 0);
	assert_string_equal(seen.path, path);
	assert_true(seen.ts_ns >= before && seen.ts_ns <= after);
	/* data mappings are no business of ours */
	munmap(p, 4096);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	assert_int_equal(discover_poll(d), 0);
	/* but making one executable is */
	assert_int_equal(mprotect(p, 4096, PROT_READ | PROT_EXEC), 0);
	assert_int_equal(discover_poll(d), 1);
	munmap(p, 4096);
	unlink(path);
	discover_free(d);
}

static void test_scan_tells_what_is_there(void **state)
{
	char path[64];
	struct stat st;
	struct seen seen = { .pid = getpid() };
	struct discover *d = discover_or_null(&seen);

	if (!d)
		return;
	make_file(path, &st);
	seen.ino = st.st_ino;
	void *p = map_file(path);
	int cnt = discover_scan_pid(d, getpid());
	assert_true(cnt >= 3);			/* we, libc, the loader */
	assert_int_equal(seen.hits, 1);
	assert_int_equal(seen.ts_ns, 0);
	assert_string_equal(seen.path, path);
	int fd = discover_open_file(getpid(), seen.told_dev, st.st_ino, path);
	assert_true(fd >= 0);
	close(fd);
	munmap(p, 4096);
	unlink(path);
	pid_t child = fork();
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	assert_int_equal(discover_scan_pid(d, child), -ESRCH);
	discover_free(d);
}

/* What stands under the name now is not what is mapped. */
static void test_open_refuses_another_file(void **state)
{
	char path[64], other[64];
	struct stat st, st_other;

	make_file(path, &st);
	make_file(other, &st_other);
	/* not mapped at all: only the name is left to go by */
	assert_int_equal(discover_open_file(getpid(), st.st_dev, st_other.st_ino, path), -ESTALE);
	int fd = discover_open_file(getpid(), st.st_dev, st.st_ino, path);
	assert_true(fd >= 0);
	close(fd);
	/* a link, as a container would put it there */
	unlink(path);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(discover_open_file(getpid(), st.st_dev, st.st_ino, path), -ESTALE);
	/* a FIFO must not hold us up */
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(stat(path, &st), 0);
	alarm(10);
	assert_int_equal(discover_open_file(getpid(), st.st_dev, st.st_ino, path), -ESTALE);
	alarm(0);
	unlink(path);
	unlink(other);
	assert_int_equal(discover_open_file(getpid(), st.st_dev, st.st_ino, path), -ENOENT);
}

static void test_open_deleted_file(void **state)
{
	char path[64], text[8] = "";
	struct stat st;

	make_file(path, &st);
	void *p = map_file(path);
	unlink(path);
	int fd = discover_open_file(getpid(), st.st_dev, st.st_ino, "(deleted)");
	if (geteuid() == 0)
		assert_true(fd >= 0);
	if (fd >= 0) {
		assert_int_equal(read(fd, text, 6), 6);
		assert_string_equal(text, "mapped");
		close(fd);
	} else {
		assert_true(fd == -EPERM || fd == -EACCES);
	}
	munmap(p, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notices_of_scope_only),
		cmocka_unit_test(test_scan_tells_what_is_there),
		cmocka_unit_test(test_open_refuses_another_file),
		cmocka_unit_test(test_open_deleted_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
