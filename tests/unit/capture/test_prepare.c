/* SPDX-License-Identifier: Apache-2.0 */
/* Names the files a command will map; the loader's cache is read without trusting it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/prepare.h"
#include "guard.h"

struct seen {
	char text[4096];
};

static void on_file(void *arg, int fd, const char *path)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	assert_true(fd >= 0);
	close(fd);
	if (!strstr(path, "libssl") && !strstr(path, "libgnutls"))
		snprintf(s->text + n, sizeof(s->text) - n, "%s ", path);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, 0755), 0);
}

/* In a directory of its own: "tool" has the given first line; what is found, dir cut off. */
static void expect_found(const char *first_line, const char *want)
{
	char dir[] = "/tmp/tolltap-prepare-XXXXXX", path[128], env[256], got[4096] = "";
	struct seen s = { .text = "" };

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/tool", dir);
	write_file(path, first_line);
	snprintf(path, sizeof(path), "%s/inner", dir);
	write_file(path, "\x7f" "ELF");
	snprintf(env, sizeof(env), "/nonexistent:%s", dir);

	const char *const argv[] = { "tool", "-x", NULL };

	prepare_command(argv, env, on_file, &s);
	for (const char *p = s.text, *at; (at = strstr(p, dir)); p = at + strlen(dir)) {
		const char *name = at + strlen(dir) + 1;
		size_t n = strcspn(name, " ") + 1;

		strncat(got, name, n);
	}
	assert_string_equal(got, want);
	unlink(path);
	snprintf(path, sizeof(path), "%s/tool", dir);
	unlink(path);
	rmdir(dir);
}

static void test_follows_interpreters(void **state)
{
	expect_found("\x7f" "ELF", "tool ");
	expect_found("#!/usr/bin/env inner\n", "tool inner ");
	expect_found("#!/usr/bin/env -S A=b inner -u\n", "tool inner ");
	expect_found("#! /usr/bin/env\n", "tool ");
	expect_found("#!\n", "tool ");
	expect_found("#!/nonexistent/inner\n", "tool ");
	/* itself: an end is found all the same */
	expect_found("#!/usr/bin/env tool\n", "tool tool tool tool ");
}

static void test_survives_a_missing_command(void **state)
{
	const char *const argv[] = { "no-such-command", NULL };
	struct seen s = { .text = "" };

	prepare_command(argv, "", on_file, &s);
	assert_string_equal(s.text, "");
}

struct cache {
	char magic[20];
	u32 entry_cnt;
	u32 unused[6];
	struct {
		s32 flags;
		u32 name;
		u32 path;
		u32 os_version;
		u64 hwcap;
	} entry[3];
	char strings[64];
};

static struct cache make_cache(void)
{
	struct cache c = { .magic = "glibc-ld.so.cache1.", .entry_cnt = 3 };
	u32 base = offsetof(struct cache, strings);

	c.magic[19] = '1';
	memcpy(c.strings, "libc.so.6\0/lib/c\0libssl.so.3\0/lib/ssl3\0libssl.so.1\0/s1", 54);
	c.entry[0].name = base;
	c.entry[0].path = base + 10;
	c.entry[1].name = base + 17;
	c.entry[1].path = base + 29;
	c.entry[2].name = base + 39;
	c.entry[2].path = base + 51;
	return c;
}

static void test_reads_the_cache(void **state)
{
	struct cache c = make_cache();
	u32 at = 0;

	assert_string_equal(prepare_cache_next((char *)&c, sizeof(c), "libssl.so", &at),
			    "/lib/ssl3");
	assert_string_equal(prepare_cache_next((char *)&c, sizeof(c), "libssl.so", &at), "/s1");
	assert_null(prepare_cache_next((char *)&c, sizeof(c), "libssl.so", &at));
}

/* Cut at every length, ending on a guard page; every string it gives ends inside. */
static void test_survives_a_cut_cache(void **state)
{
	struct cache c = make_cache();

	c.entry_cnt = 0xffffffff;
	memset(c.strings + 54, 'x', sizeof(c.strings) - 54);
	for (size_t n = 1; n <= sizeof(c); n++) {
		u8 *p = guard_dup(&c, n);
		u32 at = 0;

		for (const char *s; (s = prepare_cache_next((char *)p, n, "lib", &at));)
			assert_true(strlen(s) < n);
		guard_free(p, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows_interpreters),
		cmocka_unit_test(test_survives_a_missing_command),
		cmocka_unit_test(test_reads_the_cache),
		cmocka_unit_test(test_survives_a_cut_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
