/* SPDX-License-Identifier: Apache-2.0 */
/* What a dark process is called. */
#include "unit.h"

#include "capture/dark.h"

static const char *class_of(u32 hints)
{
	return dark_class_of(hints)->name;
}

static void test_names_of_files(void **state)
{
	assert_int_equal(dark_hint_of_path("/usr/lib/jvm/java-17/lib/server/libjvm.so"),
			 DARK_HAS_JVM);
	assert_int_equal(dark_hint_of_path("/usr/lib/libgnutls.so.30.34.3"), DARK_HAS_GNUTLS);
	assert_int_equal(dark_hint_of_path("beam.smp"), DARK_HAS_ERLANG);
	/* NSS has a libssl3, OpenSSL a libssl.so.3 */
	assert_int_equal(dark_hint_of_path("/usr/lib/libssl3.so"), DARK_HAS_NSS);
	assert_int_equal(dark_hint_of_path("/usr/lib/libssl.so.3"), 0);
	assert_int_equal(dark_hint_of_path("/opt/libjvm.so/other"), 0);
	assert_int_equal(dark_hint_of_path(""), 0);
	assert_int_equal(dark_hint_of_path("/"), 0);
}

static void test_the_likeliest_reason_wins(void **state)
{
	assert_string_equal(class_of(0), "unknown_stack");
	assert_string_equal(class_of(DARK_HAS_JVM), "jsse");
	/* the JDK's own libssl-like helpers do not make it readable */
	assert_string_equal(class_of(DARK_HAS_JVM | DARK_HAS_PROBED), "jsse");
	assert_string_equal(class_of(DARK_HAS_PROBED), "other_stack");
	assert_string_equal(class_of(DARK_HAS_PROBED | DARK_HAS_WAITING), "lpstub");
	assert_string_equal(class_of(DARK_HAS_PROBED | DARK_HAS_REMAPPED), "huge_pages");
	assert_string_equal(class_of(DARK_HAS_REFUSED | DARK_HAS_PROBED), "unreadable");
	assert_string_equal(dark_class_quic()->name, "quic");
	assert_string_equal(dark_class_other_stack()->name, "other_stack");
}

static void test_each_says_why(void **state)
{
	for (u32 bit = 0; bit < 16; bit++)
		assert_true(dark_class_of(1u << bit)->why[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_files),
		cmocka_unit_test(test_the_likeliest_reason_wins),
		cmocka_unit_test(test_each_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
