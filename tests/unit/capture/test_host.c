/* SPDX-License-Identifier: Apache-2.0 */
/* What is read out of kernel texts, and that this machine can be looked at without root. */
#include "unit.h"

#include "capture/capture.h"
#include "capture/host.h"

static void test_release(void **state)
{
	assert_true(host_release_is("5.8.0", 5, 8));
	assert_true(host_release_is("6.1.0-56-cloud-amd64", 5, 8));
	assert_true(host_release_is("5.10", 5, 8));
	assert_false(host_release_is("5.7.19", 5, 8));
	assert_false(host_release_is("4.19.0-27-amd64", 5, 8));
	assert_false(host_release_is("", 5, 8));
	assert_false(host_release_is("gnu", 5, 8));
}

static void test_effective_caps(void **state)
{
	assert_int_equal(host_effective_caps(STR("Name:\tx\nCapPrm:\t0f\n"
						 "CapEff:\t000001ffffffffff\n")),
			 0x1ffffffffff);
	assert_int_equal(host_effective_caps(STR("CapEff:\t0000000000000000")), 0);
	assert_int_equal(host_effective_caps(STR("Name:\tCapEff: ff\n")), 0);
	assert_int_equal(host_effective_caps(STR("")), 0);
}

static void expect_missing(u64 caps, bool has_multi, const char *want)
{
	char got[128];

	host_missing_caps(caps, has_multi, got, sizeof(got));
	assert_string_equal(got, want);
}

static void test_missing_caps(void **state)
{
	const u64 search = 1 << 2, ptrace = 1 << 19, admin = 1 << 21, perfmon = 1ull << 38,
		  bpf = 1ull << 39;

	expect_missing(search | ptrace | perfmon | bpf, true, "");
	expect_missing(search | ptrace | admin, true, "");
	expect_missing(search | ptrace | perfmon | bpf, false, "CAP_SYS_ADMIN");
	expect_missing(search | perfmon, true, "CAP_BPF, CAP_SYS_PTRACE");
	expect_missing(0, true, "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH");
}

static void test_missing_caps_are_cut(void **state)
{
	char got[12];

	host_missing_caps(0, false, got, sizeof(got));
	assert_string_equal(got, "CAP_BPF, CA");
}

static void test_lockdown(void **state)
{
	assert_true(str_eq(host_lockdown_mode(STR("none [integrity] confidentiality")),
			   STR("integrity")));
	assert_true(str_eq(host_lockdown_mode(STR("[none] integrity confidentiality")),
			   STR("none")));
	assert_true(str_is_empty(host_lockdown_mode(STR("none"))));
	assert_true(str_is_empty(host_lockdown_mode(STR(""))));
}

struct seen {
	size_t cnt;
	bool has_kernel;
	bool has_form;
	bool has_failed;
};

static void on_fact(void *arg, const struct host_fact *f)
{
	struct seen *s = arg;

	s->cnt++;
	s->has_kernel |= !strcmp(f->name, "kernel");
	s->has_form |= !strcmp(f->name, "form");
	s->has_failed |= f->state == HOST_FAIL;
	assert_true(f->value[0]);
	/* whoever is told that something is amiss is told what to do */
	assert_true(f->state == HOST_OK ? !f->remedy[0] : f->remedy[0]);
}

static void test_this_host(void **state)
{
	struct seen s = { 0 };
	bool is_capable = capture_examine_host(on_fact, &s);

	assert_true(s.cnt >= 12);
	assert_true(s.has_kernel);
	assert_true(s.has_form);
	assert_true(is_capable == !s.has_failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_effective_caps),
		cmocka_unit_test(test_missing_caps),
		cmocka_unit_test(test_missing_caps_are_cut),
		cmocka_unit_test(test_lockdown),
		cmocka_unit_test(test_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
