/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mappings of processes of our own: what is there, what comes, and what may be opened. As root the
 * notices must come; without, perf events may be refused, and then that has to be said.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

/* Deleted, and map_files closed to us: that is refused, and not a file that never was. */
static void test_deleted_file_of_somebody_without_rights(void **state)
{
	char path[64];
	struct stat st;
	int status;

	make_file(path, &st);
	void *p = map_file(path);
	unlink(path);
	pid_t child = fork();

	if (!child) {
		if (!geteuid() && setresuid(65534, 65534, 65534))
			_exit(1);
		/* of its own it may read maps again */
		prctl(PR_SET_DUMPABLE, 1);
		int fd = discover_open_file(getpid(), st.st_dev, st.st_ino, path);

		_exit(fd == -EPERM || fd == -EACCES ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	munmap(p, 4096);
}

/* A container whose root is a folder of ours; it says how it went through its end of a pipe. */
static pid_t start_container(const char *root, int *ret_up)
{
	int up[2];

	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	pid_t pid = fork();

	if (!pid) {
		bool may_enter = !geteuid() || !unshare(CLONE_NEWUSER);
		bool is_in = may_enter && !chroot(root) && !chdir("/");

		if (write(up[1], is_in ? "y" : "n", 1) == 1)
			pause();
		_exit(0);
	}
	close(up[1]);
	*ret_up = up[0];
	return pid;
}

/* Links that a container puts where its library is said to be lead to files of its own only. */
static void test_links_stay_in_their_root(void **state)
{
	static const char *const leads[] = {
		"%s", "../../../../../..%s", "/proc/self/root%s", "/proc/1/root%s",
	};
	char root[] = "/tmp/tolltap-test-XXXXXX", secret[64], name[96], lead[160], said = 0;
	struct stat st, own;
	int up;

	make_file(secret, &st);
	assert_non_null(mkdtemp(root));
	pid_t pid = start_container(root, &up);

	assert_int_equal(read(up, &said, 1), 1);
	if (said != 'y' && geteuid())
		skip();		/* no user namespaces: only root can make a container */
	assert_int_equal(said, 'y');
	snprintf(name, sizeof(name), "%s/lib", root);
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		snprintf(lead, sizeof(lead), leads[i], secret);
		assert_int_equal(symlink(lead, name), 0);
		int err = discover_open_file(pid, st.st_dev, st.st_ino, "/lib");

		assert_int_equal(err, -ENOENT);
		unlink(name);
	}
	/* and those within it lead where they say */
	snprintf(lead, sizeof(lead), "%s/own", root);
	assert_int_equal(link(secret, lead), 0);
	assert_int_equal(stat(lead, &own), 0);
	assert_int_equal(symlink("/own", name), 0);
	int fd = discover_open_file(pid, own.st_dev, own.st_ino, "/lib");
	assert_true(fd >= 0);
	close(fd);
	close(up);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(lead);
	unlink(name);
	rmdir(root);
	unlink(secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notices_of_scope_only),
		cmocka_unit_test(test_scan_tells_what_is_there),
		cmocka_unit_test(test_open_refuses_another_file),
		cmocka_unit_test(test_open_deleted_file),
		cmocka_unit_test(test_deleted_file_of_somebody_without_rights),
		cmocka_unit_test(test_links_stay_in_their_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
