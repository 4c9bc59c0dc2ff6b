/* SPDX-License-Identifier: Apache-2.0 */
/* A full record and an almost empty one, field by field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "price/record_make.h"

#define MS 1000000ull

static struct call full_call(void)
{
	struct call c = {
		.provider = STR("openai"), .endpoint = STR("chat"), .operation = STR("chat"),
		.host = STR("api.openai.com"), .path = STR("/v1/chat/completions"),
		.http_status = 200, .flags = CALL_F_STREAM | CALL_F_ABORTED | CALL_F_SERVER_SIDE,
		.model_requested = STR("gpt-4o"), .model_served = STR("gpt-4o-2024-08-06"),
		.response_id = STR("chatcmpl-1"), .request_id = STR("req_1"),
		.finish = {STR("stop"), STR("le\x1fngth")}, .finish_cnt = 2,
		.service_tier = STR("default"), .geo = STR("us"), .speed = STR("fast"),
		.error_type = STR("overloaded"), .error_code = STR("529"),
		.has_provider_total = true, .residual = -3,
		.usage_source = USAGE_SSE_FINAL, .completeness = COMPLETE_EXACT,
		.cache_status = CACHE_HIT, .billing = BILLING_METERED,
		.credential = STR("sk-secret"), .credential_scheme = STR("bearer"),
		.organization = STR("org-1"), .project = STR("proj-1"),
		.user_agent = STR("OpenAI/Python 1.0"), .traceparent = STR("00-secret"),
		.session_id = STR("s-1"), .session_source = STR("header"), .retry_seq = 2,
		.start_ns = 5000 * MS, .end_ns = 5812 * MS, .first_token_ns = 5190 * MS,
	};

	meters_set(&c.meters, METER_INPUT, 86);
	meters_set(&c.meters, METER_CACHE_READ, 1920);
	meters_set(&c.meters, METER_OUTPUT, 200);
	meters_set(&c.meters, METER_REASONING, 100);
	meters_set(&c.meters, METER_WEB_SEARCH, 1);
	return c;
}

static struct charge full_charge(void)
{
	struct charge c = {
		.status = COST_PARTIAL, .reason = STR("no_rate"),
		.unpriced_meters = 1ull << METER_WEB_SEARCH | 1ull << METER_REASONING,
		.has_amount = true, .amount_femto = 5615000000000, .list_femto = 6000000000000,
		.priced_meters = 1ull << METER_INPUT | 1ull << METER_OUTPUT,
		.has_cache_saving = true, .cache_saving_femto = 2400000000000,
		.match = MATCH_EXACT, .is_substituted = true, .card = STR("builtin/openai"),
		.card_version = STR("2026-11-24.1"), .rate_id = STR("gpt-4o"),
		.model_matched = STR("gpt-4o"),
	};

	c.meter_femto[METER_INPUT] = 215000000000;
	c.meter_femto[METER_OUTPUT] = 5400000000000;
	return c;
}

static const struct owner owner = {
	.pid = 4242, .ppid = 4200, .uid = 0, .has_uid = true, .start_ns = 1000 * MS,
	.comm = STR("python3"), .exe = STR("/usr/bin/python3.11"), .workdir = STR("shop"),
	.parent_comm = STR("bash"), .root_comm = STR("make"), .root_pid = 4000,
	.cgroup_id = 4711, .cgroup_path = STR("/a.slice"), .container_id = STR("c1"),
	.container_runtime = STR("containerd"), .container_parent_id = STR("c0"),
	.pod_uid = STR("pod-1"), .k8s_namespace = STR("ns"), .git_repo = STR("repo"),
	.git_branch = STR("main"), .git_commit = STR("abc"), .tag_cnt = 2,
	.session_id = STR("tree-1"), .session_source = STR("process_tree"),
	.tag = {{STR("team"), STR("pay"), STR("pod_label")}, {STR("env"), STR(""), STR("x")}},
};

static const struct trace_link trace = {
	.trace_id = "0123456789abcdef0123456789abcdef", .span_id = "0123456789abcdef",
	.parent_span_id = "fedcba9876543210", .state = STR("a=b"), .flags = 1,
};

static struct record_inputs inputs(const struct call *call, const struct charge *charge)
{
	return (struct record_inputs){
		.call = call, .owner = &owner, .charge = charge, .trace = &trace,
		.node_host = "n1", .boot_id = "boot-1", .credential_hash = "9f2c000000000000",
		.tls_stack = "openssl", .tls_form = "uprobe_multi",
		.wall_offset_ns = 1700000000000000000,
	};
}

static void expect_str(const struct record *r, enum record_field f, const char *want)
{
	struct str got = record_str(r, f);

	if (!str_eq(got, str_of(want)) || !got.p)
		fail_msg("%s is \"" STR_FMT "\", want \"%s\"", record_field_info(f)->json,
			 STR_ARG(got), want);
}

static void test_texts(void **state)
{
	static const struct {
		enum record_field field;
		const char *want;
	} rows[] = {
		{RECORD_PROVIDER, "openai"}, {RECORD_ENDPOINT, "chat"}, {RECORD_OPERATION, "chat"},
		{RECORD_HOST, "api.openai.com"}, {RECORD_PATH, "/v1/chat/completions"},
		{RECORD_MODEL_REQUESTED, "gpt-4o"}, {RECORD_MODEL_SERVED, "gpt-4o-2024-08-06"},
		{RECORD_RESPONSE_ID, "chatcmpl-1"}, {RECORD_REQUEST_ID, "req_1"},
		{RECORD_FINISH, "stop\x1fle ngth"}, {RECORD_SERVICE_TIER, "default"},
		{RECORD_GEO, "us"}, {RECORD_SPEED, "fast"}, {RECORD_USAGE_SOURCE, "sse_final"},
		{RECORD_COMPLETENESS, "exact"}, {RECORD_CACHE_STATUS, "hit"},
		{RECORD_COST_STATUS, "partial"}, {RECORD_COST_REASON, "no_rate"},
		{RECORD_COST_UNPRICED, "reasoning\x1fweb_search"}, {RECORD_BILLING, "metered"},
		{RECORD_CURRENCY, "USD"}, {RECORD_CARD, "builtin/openai"},
		{RECORD_CARD_VERSION, "2026-11-24.1"}, {RECORD_RATE, "gpt-4o"},
		{RECORD_MATCH, "exact"}, {RECORD_COST_SOURCE, "local"},
		{RECORD_ERROR_TYPE, "overloaded"}, {RECORD_ERROR_CODE, "529"},
		{RECORD_NODE_HOST, "n1"}, {RECORD_NODE_BOOT_ID, "boot-1"}, {RECORD_COMM, "python3"},
		{RECORD_EXE, "/usr/bin/python3.11"}, {RECORD_WORKDIR, "shop"},
		{RECORD_PARENT_COMM, "bash"}, {RECORD_ROOT_COMM, "make"}, {RECORD_GIT_REPO, "repo"},
		{RECORD_GIT_BRANCH, "main"}, {RECORD_GIT_COMMIT, "abc"},
		{RECORD_CGROUP_PATH, "/a.slice"}, {RECORD_CONTAINER_ID, "c1"},
		{RECORD_CONTAINER_RUNTIME, "containerd"}, {RECORD_CONTAINER_PARENT_ID, "c0"},
		{RECORD_K8S_NAMESPACE, "ns"}, {RECORD_K8S_POD_UID, "pod-1"},
		{RECORD_TAGS, "team\x1fpay\x1fpod_label\x1f" "env\x1f\x1fx"},
		{RECORD_TRACE_ID, "0123456789abcdef0123456789abcdef"},
		{RECORD_SPAN_ID, "0123456789abcdef"}, {RECORD_PARENT_SPAN_ID, "fedcba9876543210"},
		{RECORD_TRACE_STATE, "a=b"}, {RECORD_SESSION_ID, "s-1"},
		{RECORD_SESSION_SOURCE, "header"}, {RECORD_CREDENTIAL_HASH, "9f2c000000000000"},
		{RECORD_CREDENTIAL_SCHEME, "bearer"}, {RECORD_CREDENTIAL_ORG, "org-1"},
		{RECORD_CREDENTIAL_PROJECT, "proj-1"}, {RECORD_USER_AGENT, "OpenAI/Python 1.0"},
		{RECORD_TLS_STACK, "openssl"}, {RECORD_TLS_FORM, "uprobe_multi"},
		{RECORD_FLAGS, "aborted\x1fsubstituted\x1fserver_side"},
	};
	struct record_builder *b = record_builder_new();
	struct call call = full_call();
	struct charge charge = full_charge();
	struct record_inputs in = inputs(&call, &charge);
	struct record *r = record_make(b, &in);

	assert_non_null(r);
	assert_true(record_is_valid(r, r->size));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_str(r, rows[i].field, rows[i].want);
	/* the secrets that a call carries stay behind */
	assert_null(memmem(r, r->size, "secret", 6));
	free(r);
	record_builder_free(b);
}

static void test_numbers(void **state)
{
	static const struct {
		enum record_field field;
		u64 want;
	} rows[] = {
		{RECORD_TS, 1700000005000000000}, {RECORD_DURATION, 812 * MS},
		{RECORD_TTFT, 190 * MS}, {RECORD_HTTP_STATUS, 200}, {RECORD_STREAM, 1},
		{RECORD_TOTAL_INPUT, 2006}, {RECORD_TOTAL_OUTPUT, 300},
		{RECORD_RESIDUAL, (u64)-3}, {RECORD_PID, 4242}, {RECORD_PPID, 4200},
		{RECORD_PROCESS_START, 1700000001000000000}, {RECORD_UID, 0},
		{RECORD_ROOT_PID, 4000}, {RECORD_CGROUP_ID, 4711}, {RECORD_TRACE_FLAGS, 1},
		{RECORD_RETRY_SEQ, 2}, {RECORD_FALLBACK_DEPTH, 0},
	};
	struct record_builder *b = record_builder_new();
	struct call call = full_call();
	struct charge charge = full_charge();
	struct record_inputs in = inputs(&call, &charge);
	struct record *r = record_make(b, &in);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(record_has(r, rows[i].field));
		assert_true(record_u64(r, rows[i].field) == rows[i].want);
	}
	assert_true(record_has(r, RECORD_TOKENS) && record_has(r, RECORD_UNITS));
	assert_memory_equal(&r->meters, &call.meters, sizeof(call.meters));
	assert_true(record_money(r, RECORD_AMOUNT) == charge.amount_femto);
	assert_true(record_money(r, RECORD_LIST_AMOUNT) == charge.list_femto);
	assert_true(record_money(r, RECORD_CACHE_SAVING) == charge.cache_saving_femto);
	assert_false(record_has(r, RECORD_COMPUTED));
	assert_true(record_cost(r, METER_OUTPUT) == charge.meter_femto[METER_OUTPUT]);
	assert_true(record_has_cost(r, METER_INPUT) && !record_has_cost(r, METER_REASONING));
	free(r);
	record_builder_free(b);
}

/* Absent means unknown: nothing is made up for a call that nothing is known about. */
static void test_empty(void **state)
{
	static const enum record_field present[] = {
		RECORD_TS, RECORD_DURATION, RECORD_STREAM, RECORD_USAGE_SOURCE, RECORD_COMPLETENESS,
		RECORD_CACHE_STATUS, RECORD_COST_STATUS, RECORD_COST_REASON, RECORD_BILLING,
		RECORD_RETRY_SEQ, RECORD_FALLBACK_DEPTH,
	};
	struct record_builder *b = record_builder_new();
	struct call call = {.retry_seq = 0};
	struct charge charge = {.status = COST_UNPRICED, .reason = STR("no_usage")};
	struct record_inputs in = {.call = &call, .charge = &charge};
	struct record *r = record_make(b, &in);
	size_t cnt = 0;

	for (size_t i = 0; i < ARRAY_LEN(present); i++)
		assert_true(record_has(r, present[i]));
	for (int f = 0; f < RECORD_FIELD_MAX; f++)
		cnt += record_has(r, (enum record_field)f);
	assert_int_equal(cnt, ARRAY_LEN(present));
	free(r);
	record_builder_free(b);
}

/* The builder is reused; the provider's own cost shows both figures. */
static void test_provider_cost_and_reuse(void **state)
{
	struct record_builder *b = record_builder_new();
	struct sub_usage sub[2] = {{.type = STR("message")}, {.type = STR("fallback_message")}};
	struct call call = full_call();
	struct charge charge = full_charge();
	struct record_inputs in = inputs(&call, &charge);

	free(record_make(b, &in));
	charge.is_from_provider = charge.has_computed = true;
	charge.computed_femto = 7;
	charge.unpriced_meters = 0;
	charge.reason = STR_NONE;
	charge.is_substituted = false;
	call.sub = sub;
	call.sub_cnt = 2;
	call.end_ns = 0;

	struct record *r = record_make(b, &in);

	expect_str(r, RECORD_COST_SOURCE, "provider");
	assert_true(record_money(r, RECORD_COMPUTED) == 7);
	assert_false(record_has(r, RECORD_COST_UNPRICED) || record_has(r, RECORD_COST_REASON));
	assert_false(record_has(r, RECORD_DURATION));
	assert_int_equal(record_u64(r, RECORD_FALLBACK_DEPTH), 1);
	expect_str(r, RECORD_FLAGS, "aborted\x1fserver_side");
	free(r);
	record_builder_free(b);
}

/* A client that names no session belongs to its tree of processes. */
static void test_session_of_the_owner(void **state)
{
	struct record_builder *b = record_builder_new();
	struct call call = full_call();
	struct charge charge = full_charge();
	struct record_inputs in = inputs(&call, &charge);

	call.session_id = call.session_source = STR_NONE;

	struct record *r = record_make(b, &in);

	expect_str(r, RECORD_SESSION_ID, "tree-1");
	expect_str(r, RECORD_SESSION_SOURCE, "process_tree");
	free(r);
	record_builder_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_provider_cost_and_reuse),
		cmocka_unit_test(test_session_of_the_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
