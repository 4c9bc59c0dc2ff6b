/* SPDX-License-Identifier: Apache-2.0 */
/* The install's secret: made once, kept 0600, never half; and what a key's name looks like. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "owner/credential.h"

static char folder[64];
static char path[128];

static int set_up(void **state)
{
	str_to_c(STR("/tmp/tolltap-secret-XXXXXX"), folder, sizeof(folder));
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/a/b/secret", folder);
	return 0;
}

static int tear_down(void **state)
{
	char sub[128];

	unlink(path);
	snprintf(sub, sizeof(sub), "%s/a/b", folder);
	rmdir(sub);
	snprintf(sub, sizeof(sub), "%s/a", folder);
	rmdir(sub);
	return rmdir(folder);
}

static void put(const char *bytes, size_t n, mode_t mode)
{
	char sub[128];
	struct credential_secret made;

	/* makes the folders too */
	assert_int_equal(credential_secret_load(path, &made), 0);
	unlink(path);
	snprintf(sub, sizeof(sub), "%s", path);

	int fd = open(sub, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void test_is_made_once(void **state)
{
	struct credential_secret first, second;
	struct stat st;
	char sub[128];

	assert_int_equal(credential_secret_load(path, &first), 0);
	assert_false(first.is_ephemeral);
	assert_int_equal(first.n, 32);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 32);
	snprintf(sub, sizeof(sub), "%s/a/b", folder);
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(credential_secret_load(path, &second), 0);
	assert_memory_equal(first.bytes, second.bytes, 32);

	/* nothing of the making is left */
	DIR *d = opendir(sub);
	int names = 0;

	while (readdir(d))
		names++;
	closedir(d);
	assert_int_equal(names, 3);
}

static void expect_ephemeral(const char *where)
{
	struct credential_secret one, two;

	assert_int_equal(credential_secret_load(where, &one), 0);
	assert_int_equal(credential_secret_load(where, &two), 0);
	assert_true(one.is_ephemeral);
	assert_int_equal(one.n, 32);
	assert_memory_not_equal(one.bytes, two.bytes, 32);
}

static void test_bad_files_are_not_used(void **state)
{
	struct stat st;

	put("short", 5, 0600);
	expect_ephemeral(path);
	/* and not replaced: it is somebody's */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 5);
	put("0123456789abcdef0123456789abcdef", 32, 0644);
	expect_ephemeral(path);
	unlink(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
	expect_ephemeral(path);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_ephemeral(path);
	expect_ephemeral("/proc/1/no/such/secret");
	expect_ephemeral(NULL);
}

static void test_hash(void **state)
{
	struct credential_secret secret;
	char hex[CREDENTIAL_HEX_LEN + 1], other[CREDENTIAL_HEX_LEN + 1];

	put("0123456789abcdef0123456789abcdef", 32, 0600);
	assert_int_equal(credential_secret_load(path, &secret), 0);
	/* printf sk-test | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef */
	credential_hash(&secret, STR("sk-test"), hex);
	assert_string_equal(hex, "310ea4895063ab88");
	credential_hash(&secret, STR("sk-tesu"), other);
	assert_string_not_equal(hex, other);
	credential_hash(&secret, STR_NONE, hex);
	assert_int_equal(strlen(hex), 16);
	secret.bytes[0] ^= 1;
	credential_hash(&secret, STR("sk-test"), other);
	assert_string_not_equal(other, "310ea4895063ab88");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_is_made_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_files_are_not_used, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hash, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
