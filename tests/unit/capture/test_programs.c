/* SPDX-License-Identifier: Apache-2.0 */
/* Every probed function has its program in every form, and in none a leg that must not be. */
#include "unit.h"

#include <bpf/libbpf.h>

#include "capture/programs.h"
#include "tolltap.skel.h"

static const char *name_of(const struct tolltap_bpf *skel, enum attach_form form, enum probe_fn fn,
			   bool is_return)
{
	struct program p;

	if (!programs_find(skel, form, fn, is_return, &p))
		return NULL;
	return bpf_program__name(p.prog);
}

static void test_openssl(void **state)
{
	struct tolltap_bpf *s = tolltap_bpf__open();

	assert_non_null(s);
	assert_string_equal(name_of(s, FORM_SESSION, PROBE_SSL_READ, false), "ssl_session");
	assert_string_equal(name_of(s, FORM_SESSION, PROBE_SSL_NEW, false), "ssl_session");
	assert_null(name_of(s, FORM_SESSION, PROBE_SSL_READ, true));
	assert_string_equal(name_of(s, FORM_MULTI, PROBE_SSL_READ, false), "ssl_multi_enter");
	assert_string_equal(name_of(s, FORM_MULTI, PROBE_SSL_READ, true), "ssl_multi_leave");
	/* its argument says nothing, and what it returns says all */
	assert_null(name_of(s, FORM_MULTI, PROBE_SSL_NEW, false));
	assert_string_equal(name_of(s, FORM_MULTI, PROBE_SSL_NEW, true), "ssl_multi_leave");
	assert_null(name_of(s, FORM_MULTI, PROBE_SSL_FREE, true));
	assert_string_equal(name_of(s, FORM_PERF, PROBE_SSL_READ_EX, false), "ssl_perf_read_ex");
	assert_string_equal(name_of(s, FORM_PERF, PROBE_SSL_READ_EX, true), "ssl_perf_leave_read");
	tolltap_bpf__destroy(s);
}

static void test_aead(void **state)
{
	struct tolltap_bpf *s = tolltap_bpf__open();

	assert_non_null(s);
	assert_string_equal(name_of(s, FORM_SESSION, PROBE_AEAD_SEAL, false), "aead_session");
	assert_string_equal(name_of(s, FORM_MULTI, PROBE_RING_OPEN, true), "aead_multi_leave");
	assert_string_equal(name_of(s, FORM_PERF, PROBE_RING_SEAL, false), "aead_perf_ring_seal");
	assert_string_equal(name_of(s, FORM_PERF, PROBE_AEAD_OPEN, true), "aead_perf_leave_open");
	tolltap_bpf__destroy(s);
}

static void test_gnutls(void **state)
{
	struct tolltap_bpf *s = tolltap_bpf__open();

	assert_non_null(s);
	assert_string_equal(name_of(s, FORM_SESSION, PROBE_GNUTLS_INIT, false), "gnutls_session");
	assert_string_equal(name_of(s, FORM_MULTI, PROBE_GNUTLS_RECV, true), "gnutls_multi_leave");
	assert_null(name_of(s, FORM_MULTI, PROBE_GNUTLS_DEINIT, true));
	assert_string_equal(name_of(s, FORM_PERF, PROBE_GNUTLS_SEND2, true),
			    "gnutls_perf_leave_write");
	tolltap_bpf__destroy(s);
}

/* A goroutine's stack moves: whatever the form, no leg of Go's may be a return probe. */
static void test_go(void **state)
{
	static const enum probe_fn fn[] = { PROBE_GO_WRITE,	PROBE_GO_READ,	PROBE_GO_WRITE_RET,
					    PROBE_GO_READ_RET, PROBE_GO_CLOSE, PROBE_GO_HANDSHAKE };
	struct tolltap_bpf *s = tolltap_bpf__open();
	struct program p;

	assert_non_null(s);
	for (size_t i = 0; i < ARRAY_LEN(fn); i++) {
		for (u32 form = FORM_PERF; form <= FORM_SESSION; form++)
			assert_null(name_of(s, form, fn[i], true));
		assert_string_equal(name_of(s, FORM_MULTI, fn[i], false), "go_multi");
		assert_true(programs_find(s, FORM_SESSION, fn[i], false, &p));
		assert_string_equal(bpf_program__name(p.prog), "go_multi");
		assert_int_equal(p.form, FORM_MULTI);
	}
	assert_string_equal(name_of(s, FORM_PERF, PROBE_GO_READ_RET, false), "go_perf_read_ret");
	tolltap_bpf__destroy(s);
}

static void test_no_such_function(void **state)
{
	struct tolltap_bpf *s = tolltap_bpf__open();

	assert_non_null(s);
	for (u32 form = FORM_PERF; form <= FORM_SESSION; form++) {
		assert_null(name_of(s, form, PROBE_NONE, false));
		assert_null(name_of(s, form, PROBE_FN_MAX, false));
		assert_null(name_of(s, form, 0xff, true));
	}
	tolltap_bpf__destroy(s);
}

static bool is_notice(const char *name)
{
	static const char *const names[] = { "on_fork", "on_exec", "on_exit", "on_socket" };
	bool is_found = false;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		is_found |= !strcmp(name, names[i]);
	return is_found;
}

/*
 * What is switched on besides the notices is switched on by hand: nothing of another form slips in,
 * and nothing that a kernel may refuse.
 */
static void test_off_by_default(void **state)
{
	struct tolltap_bpf *s = tolltap_bpf__open();
	struct bpf_program *prog;

	assert_non_null(s);
	bpf_object__for_each_program(prog, s->obj)
		assert_int_equal(bpf_program__autoload(prog), is_notice(bpf_program__name(prog)));
	tolltap_bpf__destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openssl), cmocka_unit_test(test_aead),
		cmocka_unit_test(test_gnutls),
		cmocka_unit_test(test_go),
		cmocka_unit_test(test_no_such_function),
		cmocka_unit_test(test_off_by_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
