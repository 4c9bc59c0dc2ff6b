/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of /proc/PID/maps. */
#include "unit.h"

#include <errno.h>
#include <sys/sysmacros.h>

#include "capture/maps.h"

static int parse(const char *text, char line[512], struct maps_line *ret)
{
	snprintf(line, 512, "%s", text);
	return maps_parse(line, ret);
}

static void test_lines(void **state)
{
	struct maps_line m;
	char line[512];

	assert_int_equal(parse("7f3c1c01f000-7f3c1c07c000 r-xp 0001f000 fe:00 1187"
			       "                       /usr/lib/libssl.so.3\n", line, &m), 0);
	assert_int_equal(m.start, 0x7f3c1c01f000);
	assert_int_equal(m.end, 0x7f3c1c07c000);
	assert_int_equal(m.offset, 0x1f000);
	assert_int_equal(m.dev, makedev(0xfe, 0));
	assert_int_equal(m.ino, 1187);
	assert_true(m.is_executable);
	assert_string_equal(m.path, "/usr/lib/libssl.so.3");

	assert_int_equal(parse("00400000-00401000 rw-p 00000000 00:2d 42 /a b (deleted)\n", line,
			       &m), 0);
	assert_false(m.is_executable);
	assert_string_equal(m.path, "/a b (deleted)");

	assert_int_equal(parse("7ffd7d5e0000-7ffd7d601000 rw-p 00000000 00:00 0 [stack]\n", line,
			       &m), 0);
	assert_int_equal(m.ino, 0);
	assert_int_equal(parse("7f00-7f01 r-xp 00000000 00:00 0\n", line, &m), 0);
	assert_string_equal(m.path, "");
	assert_int_equal(parse("7f00-7f01 r-xp 00000000 00:00 0 \n", line, &m), 0);
	assert_string_equal(m.path, "");
	assert_int_equal(parse("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]",
			       line, &m), 0);
	assert_true(m.is_executable);
}

static void test_damaged_lines(void **state)
{
	static const char *const text[] = {
		"", "\n", "7f00", "7f00-", "7f00-7f01", "7f00-7f01 ", "7f00-7f01 r-x",
		"7f00-7f01 r-xp", "7f00-7f01 r-xp ", "7f00-7f01 r-xp 0 ", "7f00-7f01 r-xp 0 0:",
		"7f00-7f01 r-xp 0 0:0 ",
		"-7f00-7f01 r-xp 0 0:0 1", " 7f00-7f01 r-xp 0 0:0 1", "7f00 7f01 r-xp 0 0:0 1",
		"7f00-7f01 r-xp 0 0:0 x", "7f00-7f01 r-xp 0 0:0 1x",
		"fffffffffffffffff-7f01 r-xp 0 0:0 1",
	};

	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		struct maps_line m;
		char line[512];

		if (parse(text[i], line, &m) != -EINVAL)
			fail_msg("taken: '%s'", text[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_damaged_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
