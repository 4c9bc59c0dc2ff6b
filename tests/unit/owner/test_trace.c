/* SPDX-License-Identifier: Apache-2.0 */
/* traceparent: what is taken, what is refused; ids of calls without one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard.h"
#include "owner/trace.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static const struct trace_seed seed = {
	.boot_id = "b00t", .pid = 42, .process_start_ns = 7, .conn = 0xabc, .generation = 1,
	.request_start_ns = 99, .provider = STR("openai"), .response_id = STR("chatcmpl-1"),
};

static void make(const char *parent, struct trace_link *ret)
{
	size_t n = strlen(parent);
	u8 *guarded = guard_dup(parent, n);

	trace_link_make((struct str){(char *)guarded, n}, STR("a=b"), &seed, ret);
	guard_free(guarded, n);
}

static void test_taken(void **state)
{
	static const struct {
		const char *text;
		u8 flags;
	} rows[] = {
		{"00-" TRACE "-" SPAN "-01", 1},
		{"00-" TRACE "-" SPAN "-00", 0},
		{"00-" TRACE "-" SPAN "-03", 3},
		{" 00-" TRACE "-" SPAN "-01\t", 1},
		{"01-" TRACE "-" SPAN "-01", 1},
		{"cc-" TRACE "-" SPAN "-01-what-the-future-brings", 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct trace_link link;

		make(rows[i].text, &link);
		assert_string_equal(link.trace_id, TRACE);
		assert_string_equal(link.parent_span_id, SPAN);
		assert_int_equal(link.flags, rows[i].flags);
		assert_int_equal(strlen(link.span_id), 16);
		assert_string_not_equal(link.span_id, SPAN);
		assert_true(str_eq(link.state, STR("a=b")));
	}
}

static void test_refused(void **state)
{
	static const char *const rows[] = {
		"", "00", "00-" TRACE "-" SPAN "-0", "ff-" TRACE "-" SPAN "-01",
		"00-" TRACE "-" SPAN "-01-more", "00-" TRACE "-" SPAN "-01 x",
		"01-" TRACE "-" SPAN "-01x", "0-" TRACE "-" SPAN "-01-",
		"00-00000000000000000000000000000000-" SPAN "-01",
		"00-" TRACE "-0000000000000000-01",
		"00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
		"00_" TRACE "-" SPAN "-01", "00-" TRACE "_" SPAN "-01", "00-" TRACE "-" SPAN "_01",
		"0g-" TRACE "-" SPAN "-01", "00-" TRACE "-" SPAN "-0g",
		"00-0af7651916cd43dd8448eb211c80319g-" SPAN "-01",
	};
	struct trace_link none;

	trace_link_make(STR_NONE, STR("a=b"), &seed, &none);
	assert_null(none.state.p);
	assert_int_equal(none.flags, 1);
	assert_string_equal(none.parent_span_id, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct trace_link link;

		make(rows[i], &link);
		assert_string_equal(link.trace_id, none.trace_id);
		assert_string_equal(link.span_id, none.span_id);
		assert_string_equal(link.parent_span_id, "");
	}
}

static void test_ids_are_the_calls_own(void **state)
{
	struct trace_link one, again, other;
	struct trace_seed changed = seed;

	trace_link_make(STR_NONE, STR_NONE, &seed, &one);
	trace_link_make(STR_NONE, STR_NONE, &seed, &again);
	assert_memory_equal(one.trace_id, again.trace_id, sizeof(one.trace_id));
	assert_memory_equal(one.span_id, again.span_id, sizeof(one.span_id));
	assert_int_equal(strspn(one.trace_id, "0123456789abcdef"), 32);
	assert_int_equal(strspn(one.span_id, "0123456789abcdef"), 16);

	changed.request_start_ns++;
	trace_link_make(STR_NONE, STR_NONE, &changed, &other);
	assert_string_not_equal(one.trace_id, other.trace_id);
	assert_string_not_equal(one.span_id, other.span_id);

	/* the border between two texts counts */
	changed = seed;
	changed.provider = STR("openaic");
	changed.response_id = STR("hatcmpl-1");
	trace_link_make(STR_NONE, STR_NONE, &changed, &other);
	assert_string_not_equal(one.span_id, other.span_id);
}

static void test_long_state_is_left_out(void **state)
{
	static char big[513];
	struct trace_link link;

	memset(big, 'a', sizeof(big));
	trace_link_make(STR("00-" TRACE "-" SPAN "-01"), (struct str){big, 513}, &seed, &link);
	assert_null(link.state.p);
	trace_link_make(STR("00-" TRACE "-" SPAN "-01"), (struct str){big, 512}, &seed, &link);
	assert_int_equal(link.state.n, 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ids_are_the_calls_own),
		cmocka_unit_test(test_long_state_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
