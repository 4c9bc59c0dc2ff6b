/* SPDX-License-Identifier: Apache-2.0 */
/* A process whose code is its file, and then a copy; one that has started up, one that has not. */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/remap.h"

#define PAGE 4096
#define PAGES 8

static void test_code_that_is_copied(void **state)
{
	const u64 places[] = { PAGE + 1, 5 * PAGE, 8 * PAGE - 1 };
	char path[] = "/tmp/tolltap-remap-XXXXXX";
	int fd = mkstemp(path);
	struct stat st;

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(fd, PAGES * PAGE), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_false(remap_is_backed(getpid(), st.st_ino, places, ARRAY_LEN(places)));

	/* all but the first page, as a program's text is */
	u8 *text = mmap(NULL, (PAGES - 1) * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, PAGE);

	assert_true(text != MAP_FAILED);
	assert_true(remap_is_backed(getpid(), st.st_ino, places, ARRAY_LEN(places)));
	assert_false(remap_is_backed(getpid(), st.st_ino + 1, places, ARRAY_LEN(places)));
	const u64 outside[] = { PAGE - 1, PAGES * PAGE };

	assert_false(remap_is_backed(getpid(), st.st_ino, outside, 1));
	assert_false(remap_is_backed(getpid(), st.st_ino, outside + 1, 1));

	/* the fifth and sixth page, whole ones only, as node does */
	assert_ptr_equal(mmap(text + 4 * PAGE, 2 * PAGE, PROT_READ | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), text + 4 * PAGE);
	assert_false(remap_is_backed(getpid(), st.st_ino, places, ARRAY_LEN(places)));
	assert_true(remap_is_backed(getpid(), st.st_ino, places, 1));
	assert_true(remap_is_backed(getpid(), st.st_ino, places + 2, 1));
	munmap(text, (PAGES - 1) * PAGE);
	close(fd);
}

static void *wait_for_end(void *arg)
{
	char c;

	return read(*(int *)arg, &c, 1) ? NULL : arg;
}

static void test_start_up(void **state)
{
	int ends[2];
	pthread_t worker;

	/* a child of a program with one thread has one, whatever the sanitizer started here */
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();

	if (!pid) {
		close(ends[1]);
		wait_for_end(&ends[0]);
		_exit(0);
	}
	assert_false(remap_is_over(pid));
	assert_int_equal(pthread_create(&worker, NULL, wait_for_end, &ends[0]), 0);
	assert_true(remap_is_over(getpid()));
	close(ends[1]);
	pthread_join(worker, NULL);
	close(ends[0]);
	waitpid(pid, NULL, 0);
	assert_false(remap_is_over(pid));
	assert_false(remap_is_backed(pid, 1, (const u64[]){ 0 }, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code_that_is_copied),
		cmocka_unit_test(test_start_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
