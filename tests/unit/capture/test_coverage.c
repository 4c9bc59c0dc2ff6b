/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of processes, and which rows are dark. */
#include "unit.h"

#include <sys/socket.h>

#include "capture/coverage.h"
#include "capture/dark.h"

#define MS 1000000ull

static void test_hints_follow_fork_and_exit(void **state)
{
	struct coverage_notes *n = coverage_notes_new();

	coverage_note(n, 10, DARK_HAS_JVM, 100 * MS);
	coverage_note_fork(n, 10, 11);
	assert_int_equal(coverage_hints(n, 11), DARK_HAS_JVM);
	coverage_note(n, 11, DARK_HAS_PROBED, 101 * MS);
	assert_int_equal(coverage_hints(n, 11), DARK_HAS_JVM | DARK_HAS_PROBED);
	assert_int_equal(coverage_hints(n, 10), DARK_HAS_JVM);
	coverage_note_exit(n, 11);
	assert_int_equal(coverage_hints(n, 11), DARK_HAS_JVM | DARK_HAS_PROBED);
	/* another process of that number */
	coverage_note(n, 11, DARK_HAS_NSS, 200 * MS);
	assert_int_equal(coverage_hints(n, 11), DARK_HAS_NSS);
	assert_int_equal(coverage_hints(n, 12), 0);
	coverage_notes_free(n);
}

/* sh maps nothing of interest, the launcher did, java maps its own before and after the notice. */
static void test_an_exec_makes_older_hints_void(void **state)
{
	struct coverage_notes *n = coverage_notes_new();

	coverage_note(n, 10, DARK_HAS_GNUTLS, 0);
	coverage_note(n, 10, DARK_HAS_NSS, 50 * MS);
	coverage_note(n, 10, DARK_HAS_ERLANG, 999 * MS);	/* the program itself */
	coverage_note(n, 10, DARK_HAS_JVM, 1005 * MS);
	coverage_note_exec(n, 10, 1000 * MS);			/* told last */
	assert_int_equal(coverage_hints(n, 10), DARK_HAS_ERLANG | DARK_HAS_JVM);
	/* a child's mappings told before its fork stay, its parent's older ones do not come back */
	coverage_note(n, 11, DARK_HAS_PROBED, 1100 * MS);
	coverage_note_fork(n, 10, 11);
	assert_int_equal(coverage_hints(n, 11),
			 DARK_HAS_ERLANG | DARK_HAS_JVM | DARK_HAS_PROBED);
	coverage_notes_free(n);
}

static struct coverage_key tls_key(const char *host)
{
	struct coverage_key key = {
		.tgid = 42, .port = 443, .kind = COVERAGE_TLS, .family = AF_INET,
		.addr = { 10, 1, 2, 3 },
	};

	memcpy(key.host, host, strlen(host));
	return key;
}

static const struct coverage two = {
	.connections = 2, .bytes_in = 100, .bytes_out = 50, .comm = "java",
};

static void test_dark_row(void **state)
{
	const struct coverage_process p = { .hints = DARK_HAS_JVM };
	struct coverage_key key = tls_key("API.example.com");
	struct dark_row r;

	assert_true(coverage_row(&key, &two, &p, &r));
	assert_int_equal(r.pid, 42);
	assert_string_equal(r.comm, "java");
	assert_string_equal(r.host, "api.example.com");
	assert_string_equal(r.class, "jsse");
	assert_int_equal(r.connections, 2);
	assert_int_equal(r.bytes_in, 100);
	assert_int_equal(r.bytes_out, 50);
}

static void test_address_where_no_name_is_known(void **state)
{
	const struct coverage_process p = { 0 };
	struct coverage_key key = tls_key("");
	struct dark_row r;

	assert_true(coverage_row(&key, &two, &p, &r));
	assert_string_equal(r.host, "10.1.2.3:443");
	key.family = AF_INET6;
	memcpy(key.addr, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	assert_true(coverage_row(&key, &two, &p, &r));
	assert_string_equal(r.host, "[2001:db8::1]:443");
	memcpy(key.addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\1\2\3", 16);
	assert_true(coverage_row(&key, &two, &p, &r));
	assert_string_equal(r.host, "10.1.2.3:443");
}

/* A name of 63 bytes without a NUL behind it, a comm of 16. */
static void test_unterminated_texts(void **state)
{
	const struct coverage_process p = { 0 };
	struct coverage c = two;
	struct coverage_key key = tls_key("");
	struct dark_row r;

	memset(key.host, 'x', sizeof(key.host));
	memset(c.comm, 'y', sizeof(c.comm));
	assert_true(coverage_row(&key, &c, &p, &r));
	assert_int_equal(strlen(r.host), COVERAGE_HOST_LEN);
	assert_int_equal(strlen(r.comm), EVENT_COMM_LEN);
}

static const char *class_of(const struct coverage_process *p, u64 matched, u8 kind)
{
	struct coverage_key key = tls_key("api.example.com");
	struct coverage c = two;
	struct dark_row r;

	key.kind = kind;
	c.matched = matched;
	return coverage_row(&key, &c, p, &r) ? r.class : "read";
}

static void test_what_can_be_read_is_not_dark(void **state)
{
	const struct coverage_process unmatched = { .hints = DARK_HAS_PROBED, .is_readable = true };
	const struct coverage_process matched = {
		.hints = DARK_HAS_PROBED, .is_readable = true, .is_matched = true,
	};

	/* without a match anywhere in the process nothing can be told apart */
	assert_string_equal(class_of(&unmatched, 0, COVERAGE_TLS), "read");
	assert_string_equal(class_of(&matched, 1, COVERAGE_TLS), "read");
	assert_string_equal(class_of(&matched, 0, COVERAGE_TLS), "other_stack");
	assert_string_equal(class_of(&matched, 0, COVERAGE_QUIC), "quic");
	assert_string_equal(class_of(&matched, 0, COVERAGE_PLAIN), "plain_http");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hints_follow_fork_and_exit),
		cmocka_unit_test(test_an_exec_makes_older_hints_void),
		cmocka_unit_test(test_dark_row),
		cmocka_unit_test(test_address_where_no_name_is_known),
		cmocka_unit_test(test_unterminated_texts),
		cmocka_unit_test(test_what_can_be_read_is_not_dark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
