/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that raise AWS-LC's AEAD errors, built by two compilers in many ways. */
#include <errno.h>

#include "aead/build.h"
#include "capture/awslc.h"
#include "capture/target.h"

static const char *const names[] = { "lib_seal", "lib_open" };

static int find(int fd, struct awslc *ret)
{
	const char *why;
	struct elf_file *e;
	struct anchors *a;

	assert_int_equal(elf_open(fd, &e, &why), 0);
	int err = anchors_new(e, &a);

	if (!err) {
		err = awslc_find(e, a, ret);
		anchors_free(a);
	}
	elf_free(e);
	close(fd);
	return err;
}

static void test_every_build(void **state)
{
	static const char *const compiler[] = { "gcc", "clang" };
	static const char *const level[] = { "-O1", "-O2", "-O3", "-Os" };
	static const char *const kind[] = { SHARED, FIXED, SHARED FRAMELESS, FIXED FRAMELESS };

	for (size_t i = 0; i < ARRAY_LEN(compiler) * ARRAY_LEN(level) * ARRAY_LEN(kind); i++) {
		struct elf_symbol symbol[2];
		struct awslc w = { 0 };
		char flags[256];

		snprintf(flags, sizeof(flags), "%s %s", level[i / 2 % 4], kind[i / 8]);
		int err = find(build(compiler[i % 2], flags, names, 2, symbol), &w);

		if (err || w.seal != symbol[0].value || w.open != symbol[1].value)
			fail_msg("%s %s: %d; seal %lx is %lx, open %lx is %lx", compiler[i % 2],
				 flags, err, (unsigned long)symbol[0].value,
				 (unsigned long)w.seal, (unsigned long)symbol[1].value,
				 (unsigned long)w.open);
	}
}

static void test_refusals(void **state)
{
	struct awslc w = { .seal = 77 };

	assert_int_equal(find(build("gcc", "-O2 " SHARED "-DNO_AEAD", NULL, 0, NULL), &w), -ENOENT);
	/* BoringSSL's newer file, whose SSL functions are probed */
	assert_int_equal(find(build("gcc", "-O2 " SHARED
					   "-DNAME='\"fipsmodule/cipher/aead.cc.inc\"'",
				    NULL, 0, NULL), &w), -ENOENT);
	assert_int_equal(w.seal, 77);
}

static void test_as_a_target(void **state)
{
	static const enum probe_fn fn[] = {
		PROBE_AEAD_SEAL, PROBE_AEAD_OPEN, PROBE_RING_SEAL, PROBE_RING_OPEN,
		PROBE_RING_SEAL, PROBE_RING_OPEN,
	};
	struct target t;
	int fd = build("gcc", "-O2 " SHARED "-s", NULL, 0, NULL);

	assert_int_equal(target_classify(fd, &t), 0);
	assert_int_equal(t.probe_cnt, ARRAY_LEN(fn));
	for (size_t i = 0; i < t.probe_cnt; i++) {
		assert_int_equal(t.probe[i].fn, fn[i]);
		assert_int_equal(t.probe[i].stack, STACK_AEAD);
	}
	close(fd);
}

static void test_copies(void **state)
{
	const char *const same = "-O2 -s " SHARED "-Wl,--build-id=0x1234";
	int first = build("gcc", same, NULL, 0, NULL), second = build("gcc", same, NULL, 0, NULL);
	struct target known, t = { .probe_cnt = 77 };
	u8 byte = 0x90;

	assert_int_equal(target_classify(first, &known), 0);
	assert_true(target_is_same_build(second, &known, &t));
	assert_int_equal(t.probe_cnt, known.probe_cnt);
	assert_int_not_equal(t.ino, known.ino);
	/* the build-id lies: other code at one of the places */
	t.probe_cnt = 77;
	assert_int_equal(pwrite(second, &byte, 1, (off_t)known.probe[1].offset), 1);
	assert_false(target_is_same_build(second, &known, &t));
	assert_int_equal(t.probe_cnt, 77);
	close(second);
	close(first);
}

/* What proved to be something else is not probed in another file of the same build either. */
static void test_condemned_build(void **state)
{
	const char *const same = "-O2 -s " SHARED "-Wl,--build-id=0x1234";
	struct target_cache *c = target_cache_new();
	const struct target *t;
	int first = build("gcc", same, NULL, 0, NULL), second = build("gcc", same, NULL, 0, NULL);
	int other = build("gcc", "-O2 -s " SHARED "-Wl,--build-id=0x5678", NULL, 0, NULL);

	assert_int_equal(target_cache_classify(c, first, &t), 0);
	assert_int_equal(t->build_id_len, 2);
	target_cache_condemn(c, t);
	assert_int_equal(target_cache_classify(c, second, &t), -ENOENT);
	assert_int_equal(target_cache_classify(c, other, &t), 0);
	target_cache_free(c);
	close(other);
	close(second);
	close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_build),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_as_a_target),
		cmocka_unit_test(test_condemned_build),
		cmocka_unit_test(test_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
