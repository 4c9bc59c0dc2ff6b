/* SPDX-License-Identifier: Apache-2.0 */
/* The protobuf matcher: wire types, nesting, packed lists, what is not watched, every end. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/proto.h"
#include "cuts.h"

static const struct proto_path watched[] = {
	{"1", 1}, {"2", 2},   {"3", 3},	      {"4", 4},
	{"9", 9}, {"9.2", 92}, {"9.3.1", 931}, {"9.7[]", 97},
};

struct run {
	struct proto p;
	struct buf text;
};

static void say(void *arg, const struct proto_event *e)
{
	struct run *r = arg;

	buf_printf(&r->text, "%u", e->tag);
	if (e->type == PROTO_T_MESSAGE || e->type == PROTO_T_MESSAGE_END)
		buf_append_char(&r->text, e->type == PROTO_T_MESSAGE ? '{' : '}');
	else if (e->type == PROTO_T_BYTES)
		buf_printf(&r->text, "=" STR_FMT "%s ", STR_ARG(e->text), e->is_cut ? "..." : "");
	else
		buf_printf(&r->text, "=%llu%s ", (unsigned long long)e->value,
			   e->type == PROTO_T_VARINT ? "" :
			   e->type == PROTO_T_FIXED64 ? "L" : "I");
}

static void feed(void *arg, const u8 *p, size_t n)
{
	struct run *r = arg;

	proto_feed(&r->p, (const char *)p, n);
}

/* want: the events, and behind '!' why it died */
static void check_n(const char *in, size_t n, const char *want)
{
	struct proto_paths *set = proto_paths_new(watched, ARRAY_LEN(watched));

	for (unsigned int way = 0; way < 2 + CUTS_RANDOM_MIN; way++) {
		struct run *r = calloc(1, sizeof(*r));

		buf_init(&r->text, 1 << 20);
		proto_init(&r->p, set, say, r);
		cuts_feed(way, in, n, feed, r);
		assert_int_equal(proto_finish(&r->p), proto_dead(&r->p) ? -EINVAL : 0);
		if (proto_dead(&r->p))
			buf_printf(&r->text, "!%s", proto_dead(&r->p));
		buf_append_char(&r->text, '\0');
		assert_string_equal(r->text.p, want);
		buf_fini(&r->text);
		free(r);
	}
	proto_paths_free(set);
}

#define CHECK(in, want) check_n(in, sizeof(in) - 1, want)

static void test_numbers(void **state)
{
	CHECK("\x08\x96\x01", "1=150 ");
	CHECK("\x08\x00\x08\x7f", "1=0 1=127 ");
	CHECK("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "1=18446744073709551615 ");
	CHECK("\x19\x01\x02\x03\x04\x05\x06\x07\x08", "3=578437695752307201L ");
	CHECK("\x25\xff\xff\xff\xff", "4=4294967295I ");
	CHECK("", "");
}

static void test_bytes(void **state)
{
	CHECK("\x12\x02hi", "2=hi ");
	CHECK("\x12\x00\x08\x01", "2= 1=1 ");
	CHECK("\x12\x02hi\x12\x01x", "2=hi 2=x ");
}

static void test_unwatched(void **state)
{
	CHECK("\x2a\x03\x08\x01\x08\x30\x05\x39\x01\x02\x03\x04\x05\x06\x07\x08\x45\x01\x02\x03\x04"
	      "\x08\x01", "1=1 ");
	/* a large field number: 1 << 29 - 1 */
	CHECK("\xf8\xff\xff\xff\x0f\x01\x08\x02", "1=2 ");
}

static void test_messages(void **state)
{
	CHECK("\x4a\x00", "9{9}");
	CHECK("\x4a\x02\x10\x05\x08\x01", "9{92=5 9}1=1 ");
	/* 9 { 2: 7, 3 { 1: 8 }, 5: skipped } and the messages end together */
	CHECK("\x4a\x0a\x10\x07\x2a\x02\xff\xff\x1a\x02\x08\x08", "9{92=7 931=8 9}");
	CHECK("\x4a\x02\x1a\x00", "9{9}");
	/* a nested message that is not watched as such gives no events of its own */
	CHECK("\x4a\x04\x1a\x02\x10\x08", "9{9}");
	/* a message that comes as a number is no message */
	CHECK("\x48\x05", "9=5 ");
}

static void test_lists(void **state)
{
	CHECK("\x4a\x06\x3a\x04\x01\x96\x01\x02", "9{97=1 97=150 97=2 9}");
	CHECK("\x4a\x06\x38\x01\x38\x02\x38\x03", "9{97=1 97=2 97=3 9}");
	CHECK("\x4a\x02\x3a\x00", "9{9}");
	CHECK("\x4a\x04\x3a\x02\x01\x96", "9{97=1 !number past the end");
}

static void test_long_bytes(void **state)
{
	enum { N = PROTO_VALUE_MAX + 5 };
	char in[N + 3], want[N + 8];

	in[0] = 0x12;
	in[1] = (char)(0x80 | (N & 0x7f));
	in[2] = (char)(N >> 7);
	memset(in + 3, 'v', N);
	memset(want, 'v', sizeof(want));
	memcpy(want, "2=", 2);
	memcpy(want + 2 + PROTO_VALUE_MAX, "... ", 5);
	check_n(in, sizeof(in), want);
}

static void test_malformed(void **state)
{
	CHECK("\x00", "!bad field number");
	CHECK("\x80\x80\x80\x80\x10\x00", "!bad field number");
	CHECK("\x0b", "!bad wire type");
	CHECK("\x0c", "!bad wire type");
	CHECK("\x0f", "!bad wire type");
	CHECK("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "!number too long");
	CHECK("\x4a\x02\x12\x09", "9{!length past the end");
	CHECK("\x12\xff\xff\xff\xff\x7f", "!length past the end");
	CHECK("\x4a\x02\x10\x80\x01", "9{!field past the end");
	CHECK("\x4a\x03\x19\x01\x02\x03", "9{!field past the end");
	CHECK("\x4a\x01\x10\x05", "9{!field past the end");
}

static void test_cut(void **state)
{
	CHECK("\x08", "!cut short");
	CHECK("\x88", "!cut short");
	CHECK("\x12\x03hi", "!cut short");
	CHECK("\x4a\x05\x10\x01", "9{92=1 !cut short");
	CHECK("\x25\x01", "!cut short");
}

static void test_gap(void **state)
{
	struct proto_paths *set = proto_paths_new(watched, ARRAY_LEN(watched));
	struct run r;

	buf_init(&r.text, 64);
	proto_init(&r.p, set, say, &r);
	assert_int_equal(proto_feed(&r.p, "\x08", 1), 0);
	proto_gap(&r.p);
	proto_gap(&r.p);
	assert_int_equal(proto_feed(&r.p, "\x01", 1), -EINVAL);
	assert_int_equal(proto_finish(&r.p), -EINVAL);
	assert_string_equal(proto_dead(&r.p), "bytes are missing");
	assert_int_equal(r.text.n, 0);
	proto_reset(&r.p);
	assert_int_equal(proto_feed(&r.p, "\x08\x01", 2), 0);
	assert_int_equal(proto_finish(&r.p), 0);
	assert_int_equal(r.text.n, 4);
	buf_fini(&r.text);
	proto_paths_free(set);
	proto_paths_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	   cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_unwatched),  cmocka_unit_test(test_messages),
		cmocka_unit_test(test_lists),	   cmocka_unit_test(test_long_bytes),
		cmocka_unit_test(test_malformed),  cmocka_unit_test(test_cut),
		cmocka_unit_test(test_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
