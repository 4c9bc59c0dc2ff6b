/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a checkout: what git writes, and what somebody may have put there instead. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "owner/git_text.h"

#define SHA1 "0123456789abcdef0123456789abcdef01234567"
#define SHA2 SHA1 "0123456789abcdef01234567"

static void expect(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(got), want);
}

static void test_head(void **state)
{
	static const char *const refused[] = {
		"", "ref:", "ref: ", "ref: refs/heads/", "ref: HEAD", "ref: refs/../../etc/shadow",
		"ref: refs/heads/a b", "ref: refs/heads/a\x01", "ref: refs/heads/.invalid",
		"ref: refs/heads/a..b", "ref: refs//heads/x", "ref: /etc/passwd", "root:x:0:0:root",
		SHA1 "0", "0123", "0123456789ABCDEF0123456789abcdef01234567",
	};
	struct str ref, commit;

	assert_true(git_text_head(STR("ref: refs/heads/feature/x\n"), &ref, &commit));
	expect(ref, "refs/heads/feature/x");
	assert_null(commit.p);
	assert_true(git_text_head(STR(SHA1 "\n"), &ref, &commit));
	expect(commit, SHA1);
	assert_null(ref.p);
	assert_true(git_text_head(STR(SHA2), &ref, &commit));
	expect(commit, SHA2);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (git_text_head(str_of(refused[i]), &ref, &commit))
			fail_msg("'%s' was taken", refused[i]);
}

static void test_gitdir(void **state)
{
	expect(git_text_gitdir(STR("gitdir: ../.git/worktrees/x\n")), "../.git/worktrees/x");
	expect(git_text_gitdir(STR("gitdir:/a b\nmore")), "/a b");
	assert_null(git_text_gitdir(STR("gitdir:\n")).p);
	assert_null(git_text_gitdir(STR("dir: x")).p);
	assert_null(git_text_gitdir(STR("gitdir: a\0b")).p);
}

static void test_packed(void **state)
{
	static const struct str text = STR(
		"# pack-refs with: peeled fully-peeled sorted\n"
		SHA1 " refs/heads/main\n"
		"fedcba9876543210fedcba9876543210fedcba98 refs/heads/main2\n"
		"fedcba9876543210fedcba9876543210fedcba98 refs/tags/v1\n^" SHA1 "\n"
		"nonsense refs/heads/odd");

	expect(git_text_packed(text, STR("refs/heads/main")), SHA1);
	expect(git_text_packed(text, STR("refs/heads/main2")),
	       "fedcba9876543210fedcba9876543210fedcba98");
	assert_null(git_text_packed(text, STR("refs/heads/mai")).p);
	assert_null(git_text_packed(text, STR("refs/heads/odd")).p);
	assert_null(git_text_packed(STR(""), STR("refs/heads/main")).p);
}

static void test_mounts(void **state)
{
	static const struct str table = STR(
		"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
		"30 22 0:40 / /home rw - nfs4 srv:/home rw\n"
		"31 30 8:2 / /home/me/local\\040disk rw shared:3 master:1 - xfs /dev/sdb rw\n"
		"32 22 0:41 / /mnt/s rw - fuse.sshfs x rw\n"
		"33 22 0:50 / /twice rw - ext4 x rw\n"
		"34 33 0:51 / /twice rw - nfs x rw\n"
		"broken line\n"
		"35 22 0:52 / /cut rw -");

	assert_true(git_text_is_local(table, STR("/root/src")));
	assert_true(git_text_is_local(table, STR("/homes/x")));
	assert_false(git_text_is_local(table, STR("/home")));
	assert_false(git_text_is_local(table, STR("/home/me")));
	assert_true(git_text_is_local(table, STR("/home/me/local disk/src")));
	assert_false(git_text_is_local(table, STR("/mnt/s/x")));
	assert_false(git_text_is_local(table, STR("/twice/x")));
	assert_false(git_text_is_local(STR(""), STR("/x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_gitdir),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
