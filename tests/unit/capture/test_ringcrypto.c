/* SPDX-License-Identifier: Apache-2.0 */
/* Algorithm records as the crate ring has them, with and without relocations. */
#include <errno.h>

#include "aead/build.h"
#include "capture/ringcrypto.h"

static const char *const names[] = {
	"ring_seal", "ring_open", "ring_chacha_seal", "ring_chacha_open",
};

static int find(int fd, struct ringcrypto *ret)
{
	const char *why;
	struct elf_file *e;

	assert_int_equal(elf_open(fd, &e, &why), 0);
	int err = ringcrypto_find(e, ret);

	elf_free(e);
	close(fd);
	return err;
}

static void test_every_build(void **state)
{
	static const char *const compiler[] = { "gcc", "clang" };
	static const char *const kind[] = {
		SHARED, FIXED, "-pie -fPIE ", SHARED "-DNO_AEAD -fuse-ld=bfd ",
	};

	for (size_t i = 0; i < ARRAY_LEN(compiler) * ARRAY_LEN(kind); i++) {
		struct elf_symbol symbol[4];
		struct ringcrypto r = { 0 };
		char flags[256];

		snprintf(flags, sizeof(flags), "-O2 %s", kind[i / 2]);
		int err = find(build(compiler[i % 2], flags, names, 4, symbol), &r);

		if (err || r.seal != symbol[0].value || r.open != symbol[1].value ||
		    r.chacha_seal != symbol[2].value || r.chacha_open != symbol[3].value)
			fail_msg("%s %s: %d; seal %lx is %lx", compiler[i % 2], flags, err,
				 (unsigned long)symbol[0].value, (unsigned long)r.seal);
	}
}

static void test_refusals(void **state)
{
	struct ringcrypto r = { .seal = 77 };

	assert_int_equal(find(build("gcc", "-O2 " SHARED "-DNO_RING", NULL, 0, NULL), &r), -ENOENT);
	/* the two do not share: some other table */
	assert_int_equal(find(build("gcc", "-O2 " SHARED "-DAPART", NULL, 0, NULL), &r), -ENOENT);
	/* Bun has such a table */
	assert_int_equal(find(build("gcc", "-O2 " SHARED "-DTWO_ONLY", NULL, 0, NULL), &r),
			 -ENOENT);
	/* two copies: which of them runs? */
	assert_int_equal(find(build("gcc", "-O2 " SHARED "-DTWICE", NULL, 0, NULL), &r), -ENOENT);
	assert_int_equal(r.seal, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_build),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
