/* SPDX-License-Identifier: Apache-2.0 */
/* Prologues of real libraries, byte for byte, and where their probes belong. */
#include "unit.h"

#include <errno.h>

#include "capture/site.h"
#include "guard.h"
#include "capture/ssl_code.h"

/* --- the cheapest instruction --- */

static const struct {
	const char *what;
	const char *code;
	size_t n;
	enum probe_fn fn;
	u32 delta;
	enum site_class class;
} choice[] = {
	{ "node: push at once", "\x55\x48\x89\xe5\x41\x56", 6, PROBE_SSL_WRITE, 0, SITE_EMULATED },
	{ "3.5 internal: endbr64, push", "\xf3\x0f\x1e\xfa\x41\x56", 6, PROBE_SSL_WRITE_INTERNAL2,
	  4, SITE_EMULATED },
	{ "SSL_free: test, je", "\x48\x85\xff\x0f\x84\x97\x03\x00\x00", 9, PROBE_SSL_FREE,
	  3, SITE_EMULATED },
	{ "SSL_free: endbr64, test, je", "\xf3\x0f\x1e\xfa\x48\x85\xff\x74\x16", 9, PROBE_SSL_FREE,
	  7, SITE_EMULATED },
	{ "mbedtls: test, je", "\x48\x85\xff\x74\x10", 5, PROBE_SSL_READ, 3, SITE_EMULATED },
	{ "xor of no argument, jmp", "\x45\x31\xc0\xe9\x10\x00\x00\x00", 8, PROBE_SSL_WRITE,
	  3, SITE_EMULATED },
	{ "nop5", "\x0f\x1f\x44\x00\x00\x55", 6, PROBE_SSL_READ, 0, SITE_NOP5 },
	{ "endbr64, nop5", "\xf3\x0f\x1e\xfa\x0f\x1f\x44\x00\x00", 9, PROBE_SSL_READ,
	  4, SITE_NOP5 },
	{ "sub moves the stack", "\x48\x83\xec\x18\x55", 5, PROBE_SSL_WRITE, 0, SITE_STEPPED },
	{ "endbr64, sub", "\xf3\x0f\x1e\xfa\x48\x83\xec\x18\x55", 9, PROBE_SSL_WRITE,
	  0, SITE_STEPPED },
	{ "ex2: an argument moves before the jmp", "\xf3\x0f\x1e\xfa\x49\x89\xc8\x31\xc9\xeb\x02",
	  11, PROBE_SSL_WRITE_EX, 0, SITE_STEPPED },
	{ "the fourth argument counts where there is one", "\x31\xc9\x55", 3, PROBE_SSL_WRITE_EX,
	  0, SITE_STEPPED },
	{ "and not where there is none", "\x31\xc9\x55", 3, PROBE_SSL_WRITE, 2, SITE_EMULATED },
	{ "unknown instruction", "\xc5\xf8\x77\x55", 4, PROBE_SSL_WRITE, 0, SITE_STEPPED },
	{ "ret", "\xc3\x55", 2, PROBE_SSL_WRITE, 0, SITE_STEPPED },
	{ "nothing but tests", "\x85\xd2\x85\xd2", 4, PROBE_SSL_WRITE, 0, SITE_STEPPED },
	{ "push that the kernel does not know", "\x48\x55\x55", 3, PROBE_SSL_WRITE,
	  0, SITE_STEPPED },
};

static void test_choice(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(choice); i++) {
		u8 *p = guard_dup(choice[i].code, choice[i].n);
		struct site site;

		assert_int_equal(site_choose(p, choice[i].n, choice[i].fn, &site), 0);
		if (site.delta != choice[i].delta || site.class != choice[i].class)
			fail_msg("%s: +%u %s", choice[i].what, site.delta,
				 site_class_name(site.class));
		guard_free(p, choice[i].n);
	}
}

static void test_no_function(void **state)
{
	struct site site;

	assert_int_equal(site_choose((const u8 *)"\xcc\x55", 2, PROBE_SSL_READ, &site), -EINVAL);
	assert_int_equal(site_choose((const u8 *)"\0\0\0", 3, PROBE_SSL_READ, &site), -EINVAL);
	assert_int_equal(site_choose((const u8 *)"", 0, PROBE_SSL_READ, &site), -EINVAL);
}

/* --- the function behind it --- */

static void check_callee(const char *what, const char *code, size_t n, enum probe_fn fn,
			 s64 delta, enum probe_fn internal)
{
	u8 *p = guard_dup(code, n);
	struct site_callee callee = { 0 };
	int err = site_find_callee(p, n, fn, &callee);

	if (err || callee.delta != delta || callee.fn != internal)
		fail_msg("%s: error %d, delta %#lx, fn %d", what, err, (long)callee.delta,
			 callee.fn);
	/* the int forms pass a local out pointer, the others the caller's */
	assert_int_equal(callee.is_certain, fn == PROBE_SSL_READ || fn == PROBE_SSL_WRITE ||
						    fn == PROBE_SSL_PEEK);
	guard_free(p, n);
	/* up to the byte before the call's end there is nothing to be known */
	for (size_t cut = 0; cut < n; cut++) {
		p = guard_dup(code, cut);
		err = site_find_callee(p, cut, fn, &callee);
		if (!err && (callee.delta != delta || callee.fn != internal))
			fail_msg("%s cut to %zu: delta %#lx", what, cut, (long)callee.delta);
		guard_free(p, cut);
	}
}

#define CODE(name) name, sizeof(name) - 1

static void test_callees_of_real_libraries(void **state)
{
	check_callee("3.0 SSL_write", CODE(DEBIAN_30_WRITE), PROBE_SSL_WRITE, 0x355e0 - 0x359c0,
		     PROBE_SSL_WRITE_INTERNAL);
	check_callee("3.0 SSL_write_ex", CODE(DEBIAN_30_WRITE_EX), PROBE_SSL_WRITE_EX,
		     0x355e0 - 0x35a50, PROBE_SSL_WRITE_INTERNAL);
	check_callee("3.0 SSL_read", CODE(DEBIAN_30_READ), PROBE_SSL_READ, 0x352d0 - 0x35470,
		     PROBE_SSL_READ_INTERNAL);
	check_callee("3.0 SSL_read_ex", CODE(DEBIAN_30_READ_EX), PROBE_SSL_READ_EX,
		     0x352d0 - 0x35500, PROBE_SSL_READ_INTERNAL);
	check_callee("3.0 SSL_peek", CODE(DEBIAN_30_PEEK), PROBE_SSL_PEEK, 0x33100 - 0x35530,
		     PROBE_SSL_READ_INTERNAL);
	/* since 3.3 there are flags before the out pointer */
	check_callee("3.5 SSL_write", CODE(DEBIAN_35_WRITE), PROBE_SSL_WRITE, 0x3e8f0 - 0x3edd0,
		     PROBE_SSL_WRITE_INTERNAL2);
	check_callee("3.5 SSL_write_ex2", CODE(DEBIAN_35_WRITE_EX2), PROBE_SSL_WRITE_EX2,
		     0x3e8f0 - 0x3ee60, PROBE_SSL_WRITE_INTERNAL2);
	/* a tail jump through the PLT */
	check_callee("3.5 SSL_write_ex", CODE(DEBIAN_35_WRITE_EX), PROBE_SSL_WRITE_EX,
		     0x25ea0 - 0x3ee90, PROBE_SSL_WRITE_INTERNAL2);
}

static void check_none(const char *what, const char *code, size_t n, enum probe_fn fn)
{
	struct site_callee callee;
	u8 *p = guard_dup(code, n);

	if (site_find_callee(p, n, fn, &callee) != -ENOENT)
		fail_msg("%s: found %#lx", what, (long)callee.delta);
	guard_free(p, n);
}

static void test_no_callee(void **state)
{
	/* inlined: what is called has other arguments, and memory decides about the way */
	check_none("node SSL_write", CODE(NODE_20_WRITE), PROBE_SSL_WRITE);
	check_none("4.0 SSL_write", CODE(OPENSSL_40_WRITE), PROBE_SSL_WRITE);
	/* test edx,edx; jle: zero goes another way */
	check_none("jle", CODE("\x48\x83\xec\x18\x85\xd2\x7e\x20\x48\x89\xe1\xe8\x00\x01\x00\x00"),
		   PROBE_SSL_READ);
	/* test edi,edi; js: not about num */
	check_none("js of another", CODE("\x48\x83\xec\x18\x85\xff\x78\x20\x48\x89\xe1"
					 "\xe8\x00\x01\x00\x00"), PROBE_SSL_READ);
	/* flags of num overwritten before the branch */
	check_none("stale flags", CODE("\x48\x83\xec\x18\x85\xd2\x48\x39\xc8\x78\x20\x48\x89\xe1"
				       "\xe8\x00\x01\x00\x00"), PROBE_SSL_READ);
	/* the buffer was replaced */
	check_none("other buffer", CODE("\x48\x83\xec\x18\x48\x89\xe1\x48\x89\xce"
					"\xe8\x00\x01\x00\x00\xc3"), PROBE_SSL_READ);
	/* a size_t that was cut to 32 bits is not the caller's */
	check_none("cut num", CODE("\x89\xd2\xe8\x00\x01\x00\x00\xc3"), PROBE_SSL_READ_EX);
	/* arguments do not survive a call */
	check_none("after a call", CODE("\x48\x83\xec\x18\x31\xd2\xe8\x00\x01\x00\x00\x48\x89\xe1"
					"\xe8\x00\x01\x00\x00\xc3"), PROBE_SSL_READ);
	/* a jump to a far part of the same function is no tail call */
	check_none("cold part", CODE("\x55\xe9\x00\x01\x00\x00"), PROBE_SSL_READ_EX);
	/* a loop without end */
	check_none("loop", CODE("\xeb\xfe"), PROBE_SSL_READ);
}

/* Kept in saved registers over another call, they are still the caller's. */
static void test_callee_after_a_call(void **state)
{
	/* push rbx; push rbp; push r12; mov rdi,rbx; mov rsi,rbp; movslq edx,r12; sub $16,rsp;
	 * call x; mov rsp,rcx; mov r12,rdx; mov rbp,rsi; mov rbx,rdi; call y */
	check_callee("saved", CODE("\x53\x55\x41\x54\x48\x89\xfb\x48\x89\xf5\x4c\x63\xe2\x48"
				   "\x83\xec\x10\xe8\x00\x02\x00\x00\x48\x89\xe1\x4c\x89\xe2"
				   "\x48\x89\xee\x48\x89\xdf\xe8\x00\x01\x00\x00"),
		     PROBE_SSL_READ, 0x100 + 39, PROBE_SSL_READ_INTERNAL);
}

static int find_slot(const char *code, size_t n, s64 *ret_delta)
{
	u8 *p = guard_dup(code, n);
	int err = site_find_slot(p, n, ret_delta);

	guard_free(p, n);
	return err;
}

static void test_stub(void **state)
{
	s64 delta;

	/* endbr64; jmp *0x9b12c(%rip) */
	assert_int_equal(find_slot(CODE("\xf3\x0f\x1e\xfa\xff\x25\x2c\xb1\x09\x00"), &delta), 0);
	assert_int_equal(delta, 10 + 0x9b12c);
	assert_int_equal(find_slot(CODE("\xf3\x0f\x1e\xfa\xf2\xff\x25\xfe\xff\xff\xff"), &delta),
			 0);
	assert_int_equal(delta, 11 - 2);
	assert_int_equal(find_slot(CODE("\xff\x25\x2c\xb1\x09\x00"), &delta), 0);
	assert_int_equal(find_slot(CODE("\xff\x25\x2c\xb1\x09"), &delta), -ENOENT);
	assert_int_equal(find_slot(CODE("\xf3\x0f\x1e\xfa"), &delta), -ENOENT);
	assert_int_equal(find_slot(CODE("\x55\x48\x89\xe5\x90\x90"), &delta), -ENOENT);
	assert_int_equal(find_slot(CODE(""), &delta), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_no_function),
		cmocka_unit_test(test_callees_of_real_libraries),
		cmocka_unit_test(test_no_callee),
		cmocka_unit_test(test_callee_after_a_call),
		cmocka_unit_test(test_stub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
