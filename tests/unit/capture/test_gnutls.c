/* SPDX-License-Identifier: Apache-2.0 */
/* GnuTLS by its names: what of it gets a probe, and when nothing does. */
#include "unit.h"

#include <errno.h>
#include <unistd.h>

#include "capture/elf_build.h"
#include "capture/target.h"

/* xor ecx, ecx; xor r8d, r8d; jmp: send2 with two zeros */
#define SEND "\x31\xc9\x45\x31\xc0\xe9\x10\x00\x00\x00", 10
#define PUSH "\x55\x48\x89\xe5\xc3", 5
#define SUB "\x48\x83\xec\x08\xc3", 5

static int classify(const struct build_symbol *symbol, size_t cnt, u32 table, struct build *b,
		    struct target *ret)
{
	build_elf(b, symbol, cnt, table, "x", 0);

	int fd = build_fd(b);
	int err = target_classify(fd, ret);

	close(fd);
	return err;
}

static void test_all_functions(void **state)
{
	static const struct build_symbol symbol[] = {
		{ "gnutls_record_send", SEND, 0x20 },	{ "gnutls_record_send2", PUSH, 0x40 },
		{ "gnutls_record_recv", SUB, 0x60 },	{ "gnutls_record_recv_seq", SUB, 0x80 },
		{ "gnutls_record_uncork", PUSH, 0xa0 }, { "gnutls_init", PUSH, 0xc0 },
		{ "gnutls_deinit", PUSH, 0xe0 },
	};
	static const enum probe_fn want[] = {
		PROBE_GNUTLS_SEND,   PROBE_GNUTLS_SEND2, PROBE_GNUTLS_RECV,   PROBE_GNUTLS_RECV,
		PROBE_GNUTLS_UNCORK, PROBE_GNUTLS_INIT,	 PROBE_GNUTLS_DEINIT,
	};

	for (u32 table = SHT_SYMTAB; table <= SHT_DYNSYM; table += SHT_DYNSYM - SHT_SYMTAB) {
		struct target t;
		struct build b;

		assert_int_equal(classify(symbol, ARRAY_LEN(symbol), table, &b, &t), 0);
		assert_int_equal(t.probe_cnt, ARRAY_LEN(want));
		for (size_t i = 0; i < t.probe_cnt; i++) {
			assert_int_equal(t.probe[i].fn, want[i]);
			assert_int_equal(t.probe[i].stack, STACK_GNUTLS);
		}
		/* the jump is emulated, and the three arguments still stand */
		assert_int_equal(t.probe[0].offset, b.text + 0x25);
		assert_int_equal(t.probe[0].class, SITE_EMULATED);
		assert_int_equal(target_worst_class(&t), SITE_STEPPED);
	}
}

static void test_half_of_it(void **state)
{
	static const struct build_symbol one[] = { { "gnutls_record_send", PUSH, 0 } };
	static const struct build_symbol import[] = {
		{ "gnutls_record_send", NULL, 0, 0 }, { "gnutls_record_recv", NULL, 0, 0 },
	};
	static const struct build_symbol trap[] = {
		{ "gnutls_record_send", "\xcc\xc3", 2, 0 }, { "gnutls_record_recv", PUSH, 0 },
	};
	struct target t;
	struct build b;

	assert_int_equal(classify(one, 1, SHT_DYNSYM, &b, &t), -ENOENT);
	assert_int_equal(classify(import, 2, SHT_DYNSYM, &b, &t), -ENOENT);
	assert_int_equal(classify(trap, 2, SHT_DYNSYM, &b, &t), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_functions),
		cmocka_unit_test(test_half_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
