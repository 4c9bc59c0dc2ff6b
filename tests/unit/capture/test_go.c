/* SPDX-License-Identifier: Apache-2.0 */
/* Which instructions of Go's crypto/tls get a probe. */
#include "unit.h"

#include <errno.h>
#include <unistd.h>

#include "capture/go_build.h"
#include "capture/target.h"

/* The frame of Write in Go 1.26: lea, cmp with the stack's end, jbe; then two ways out. */
#define PROLOGUE "\x4c\x8d\x64\x24\xb8\x4d\x3b\x66\x10\x0f\x86\x20\x00\x00\x00"
#define BODY PROLOGUE "\x55\x48\x89\xe5\x5d\xc3\x31\xc0\x5d\xc3"
/* c3 inside of an immediate, of a displacement and behind a VEX opcode; one real return */
#define DECOYS PROLOGUE "\xb8\xc3\xc3\xc3\xc3\x48\x8b\x83\xc3\x00\x00\x00\xc5\xf9\xc3\xc3" \
	"\xf3\x48\xab\x0f\x0b\xc3"

#define CODE(s) s, sizeof(s) - 1

static int classify(const struct go_build *b, struct target *ret)
{
	int fd = go_build_fd(b);
	int err = target_classify(fd, ret);

	close(fd);
	return err;
}

static size_t offsets_of(const struct target *t, enum probe_fn fn, u64 ret[], size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < t->probe_cnt; i++)
		if (t->probe[i].fn == fn && n < max)
			ret[n++] = t->probe[i].offset;
	return n;
}

static void test_returns(void **state)
{
	static const struct go_build_function f[] = {
		{ "crypto/tls.(*Conn).Write", CODE(BODY) },
		{ "crypto/tls.(*Conn).Read", CODE(DECOYS) },
		{ "crypto/tls.(*Conn).Close", CODE(BODY) },
		{ "crypto/tls.(*Conn).clientHandshake", CODE(BODY) },
		{ "crypto/tls.(*Conn).serverHandshake", CODE(BODY) },
	};
	struct target t;
	struct go_build b;
	u64 at[8];

	go_build(&b, f, ARRAY_LEN(f), &(struct go_build_options){ 0 });
	assert_int_equal(classify(&b, &t), 0);
	assert_int_equal(t.probe_cnt, 2 + 3 + 3);
	assert_int_equal(offsets_of(&t, PROBE_GO_WRITE, at, 8), 1);
	/* the jump that the stack check makes is emulated, and the arguments still stand */
	assert_int_equal(at[0], b.text + 9);
	assert_int_equal(offsets_of(&t, PROBE_GO_WRITE_RET, at, 8), 2);
	assert_int_equal(at[0], b.text + 20);
	assert_int_equal(at[1], b.text + 24);
	assert_int_equal(offsets_of(&t, PROBE_GO_READ_RET, at, 8), 1);
	assert_int_equal(at[0], b.text + 32 + sizeof(DECOYS) - 2);
	assert_int_equal(offsets_of(&t, PROBE_GO_HANDSHAKE, at, 8), 2);
	for (size_t i = 0; i < t.probe_cnt; i++)
		assert_int_equal(t.probe[i].stack, STACK_GO);
	assert_int_equal(target_worst_class(&t), SITE_STEPPED);
}

static void test_arm64(void **state)
{
	static const char code[] = "\x90\x0b\x40\xf9\xc0\x03\x5f\xd6"
				   "\x00\x00\x80\xd2\xc0\x03\x5f\xd6";
	static const struct go_build_function f[] = {
		{ "crypto/tls.(*Conn).Write", CODE(code) },
		{ "crypto/tls.(*Conn).Read", CODE(code) },
	};
	struct target t;
	struct go_build b;
	u64 at[8];

	go_build(&b, f, ARRAY_LEN(f), &(struct go_build_options){ .machine = EM_AARCH64 });
	assert_int_equal(classify(&b, &t), 0);
	assert_int_equal(offsets_of(&t, PROBE_GO_READ_RET, at, 8), 2);
	assert_int_equal(at[0], b.text + 32 + 4);
	assert_int_equal(at[1], b.text + 32 + 12);
}

/* Half of what is needed, or code that cannot be followed to its end: nothing is probed. */
static void test_refused(void **state)
{
	char many[1024];
	const struct {
		struct go_build_function write;
		int want;
	} row[] = {
		{ { "main.main", CODE(BODY) }, -ENOENT },
		{ { "crypto/tls.(*Conn).Write", CODE("\x55\x06\xc3") }, -EINVAL },
		{ { "crypto/tls.(*Conn).Write", CODE("\x55\x62\xf1\x7c\x48\x10\x07\xc3") },
		  -EINVAL },
		{ { "crypto/tls.(*Conn).Write", CODE("\x55\x0f\x0b") }, -EINVAL },
		{ { "crypto/tls.(*Conn).Write", CODE("\xcc\xc3") }, -EINVAL },
		{ { "crypto/tls.(*Conn).Write", many, sizeof(many) }, -E2BIG },
	};

	memset(many, 0xc3, sizeof(many));
	many[0] = 0x55;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const struct go_build_function f[] = {
			row[i].write, { "crypto/tls.(*Conn).Read", CODE(BODY) },
		};
		struct target t;
		struct go_build b;

		go_build(&b, f, ARRAY_LEN(f), &(struct go_build_options){ 0 });
		if (classify(&b, &t) != row[i].want)
			fail_msg("row %zu: %d", i, classify(&b, &t));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_returns),
		cmocka_unit_test(test_arm64),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
