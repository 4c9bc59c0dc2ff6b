/* SPDX-License-Identifier: Apache-2.0 */
/* The full record mirrors tests/live/otlp_expected.json field by field. */
#include "sink/otlp_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define FEMTO 1000000000ll	/* of one micro-USD */

struct text_row {
	enum record_field field;
	const char *text;
};

struct number_row {
	enum record_field field;
	u64 number;
};

static const struct text_row full_texts[] = {
	{RECORD_PROVIDER, "openai"}, {RECORD_ENDPOINT, "chat"}, {RECORD_OPERATION, "chat"},
	{RECORD_HOST, "api.openai.com"}, {RECORD_PATH, "/v1/chat/completions"},
	{RECORD_MODEL_REQUESTED, "gpt-4o"}, {RECORD_MODEL_SERVED, "gpt-4o-2024-08-06"},
	{RECORD_RESPONSE_ID, "chatcmpl-X"}, {RECORD_SERVICE_TIER, "default"},
	{RECORD_USAGE_SOURCE, "sse_final"}, {RECORD_COMPLETENESS, "exact"},
	{RECORD_CACHE_STATUS, "hit"}, {RECORD_COST_STATUS, "priced"}, {RECORD_BILLING, "metered"},
	{RECORD_CURRENCY, "USD"}, {RECORD_CARD, "builtin/openai"},
	{RECORD_CARD_VERSION, "2026-11-20.1"}, {RECORD_RATE, "gpt-4o@2024-08-06"},
	{RECORD_MATCH, "exact"}, {RECORD_COST_SOURCE, "local"}, {RECORD_NODE_HOST, "n1"},
	{RECORD_NODE_BOOT_ID, "b00t"}, {RECORD_COMM, "python3"},
	{RECORD_EXE, "/usr/bin/python3.11"}, {RECORD_WORKDIR, "shop"},
	{RECORD_GIT_REPO, "shop"}, {RECORD_GIT_BRANCH, "main"},
	{RECORD_GIT_COMMIT, "0123456789abcdef0123456789abcdef01234567"},
	{RECORD_CGROUP_PATH, "/kubepods/x"}, {RECORD_CONTAINER_ID, "c0ffee"},
	{RECORD_CONTAINER_RUNTIME, "containerd"}, {RECORD_CONTAINER_PARENT_ID, "deca"},
	{RECORD_K8S_NAMESPACE, "shop"}, {RECORD_K8S_POD, "cart-7d9"},
	{RECORD_K8S_POD_UID, "6a2c1f0e-8d3b-4c55-9f17-0b6f2f7f8a11"},
	{RECORD_K8S_CONTAINER, "app"}, {RECORD_TRACE_ID, "0af7651916cd43dd8448eb211c80319c"},
	{RECORD_SPAN_ID, "00f067aa0ba902b7"}, {RECORD_PARENT_SPAN_ID, "b7ad6b7169203331"},
	{RECORD_TRACE_STATE, "vendor=1"}, {RECORD_SESSION_ID, "sess-1"},
	{RECORD_SESSION_SOURCE, "header"}, {RECORD_CREDENTIAL_HASH, "9f2c000000000001"},
	{RECORD_CREDENTIAL_SCHEME, "bearer"}, {RECORD_CREDENTIAL_ORG, "org-1"},
	{RECORD_CREDENTIAL_PROJECT, "proj_1"},
	{RECORD_USER_AGENT, "OpenAI/Python 1.0 \xff\xc3\xa9"},
	{RECORD_TLS_STACK, "openssl"}, {RECORD_TLS_FORM, "uprobe_multi"},
};

static const struct number_row full_numbers[] = {
	{RECORD_TS, 1795309323123456789ull}, {RECORD_DURATION, 812400000}, {RECORD_TTFT, 190200000},
	{RECORD_HTTP_STATUS, 200}, {RECORD_STREAM, 1}, {RECORD_TOTAL_INPUT, 2006},
	{RECORD_TOTAL_OUTPUT, 300}, {RECORD_RESIDUAL, 0}, {RECORD_PID, 4242}, {RECORD_PPID, 4200},
	{RECORD_PROCESS_START, 1795309200000000000ull}, {RECORD_UID, 1000},
	{RECORD_TRACE_FLAGS, 1}, {RECORD_RETRY_SEQ, 2},
};

static void set_all(struct record_builder *b, const struct text_row *texts, size_t text_cnt,
		    const struct number_row *numbers, size_t number_cnt)
{
	for (size_t i = 0; i < text_cnt; i++)
		record_set_str(b, texts[i].field, str_of(texts[i].text));
	for (size_t i = 0; i < number_cnt; i++)
		record_set_u64(b, numbers[i].field, numbers[i].number);
}

static struct record *take(struct record_builder *b)
{
	struct record *r = record_take(b);

	record_builder_free(b);
	if (!r)
		abort();
	return r;
}

struct record *otlp_fixture_full(void)
{
	struct record_builder *b = record_builder_new();
	struct meters m = {0};

	set_all(b, full_texts, ARRAY_LEN(full_texts), full_numbers, ARRAY_LEN(full_numbers));
	meters_set(&m, METER_INPUT, 76);
	meters_set(&m, METER_CACHE_READ, 1920);
	meters_set(&m, METER_CACHE_WRITE_5M, 4);
	meters_set(&m, METER_CACHE_WRITE_1H, 6);
	meters_set(&m, METER_OUTPUT, 200);
	meters_set(&m, METER_REASONING, 100);
	meters_set(&m, METER_WEB_SEARCH, 3);
	record_set_meters(b, &m);
	record_set_money(b, RECORD_AMOUNT, 5615 * FEMTO);
	record_set_money(b, RECORD_LIST_AMOUNT, 5615 * FEMTO);
	record_set_money(b, RECORD_CACHE_SAVING, 2400 * FEMTO);
	record_set_cost(b, METER_INPUT, 215 * FEMTO);
	record_set_cost(b, METER_CACHE_READ, 2400 * FEMTO);
	record_set_cost(b, METER_OUTPUT, 3000 * FEMTO);
	record_list_add(b, RECORD_FINISH, STR("stop"));
	record_list_add(b, RECORD_FINISH, STR("length"));
	record_list_add(b, RECORD_FLAGS, STR("stream"));
	record_list_add(b, RECORD_TAGS, STR("team"));
	record_list_add(b, RECORD_TAGS, STR("payments"));
	record_list_add(b, RECORD_TAGS, STR("command_line"));
	return take(b);
}

struct record *otlp_fixture_small(u32 pid, u32 number)
{
	struct record_builder *b = record_builder_new();
	char span_id[17];

	snprintf(span_id, sizeof(span_id), "%016x", number + 1);
	record_set_str(b, RECORD_OPERATION, STR("chat"));
	record_set_str(b, RECORD_PROVIDER, STR("anthropic"));
	record_set_str(b, RECORD_HOST, STR("[::1]:8443"));
	record_set_str(b, RECORD_COMM, STR("node"));
	record_set_str(b, RECORD_TRACE_ID, STR("0af7651916cd43dd8448eb211c80319c"));
	record_set_str(b, RECORD_SPAN_ID, str_of(span_id));
	record_set_u64(b, RECORD_TS, 1795309323000000000ull + number);
	record_set_u64(b, RECORD_DURATION, 5);
	record_set_u64(b, RECORD_PID, pid);
	record_set_u64(b, RECORD_STREAM, 0);
	record_set_u64(b, RECORD_TRACE_FLAGS, 1);
	return take(b);
}

struct record *otlp_fixture_failed(void)
{
	struct record_builder *b = record_builder_new();

	record_set_str(b, RECORD_OPERATION, STR("chat"));
	record_set_str(b, RECORD_MODEL_REQUESTED, STR("claude-opus-4-5"));
	record_set_str(b, RECORD_PROVIDER, STR("bedrock"));
	record_set_str(b, RECORD_HOST, STR("127.0.0.1:9443"));
	record_set_u64(b, RECORD_HTTP_STATUS, 429);
	record_set_str(b, RECORD_COST_STATUS, STR("notional"));
	record_set_money(b, RECORD_AMOUNT, 1500 * FEMTO);
	record_set_str(b, RECORD_SESSION_ID, STR("guess"));
	record_set_str(b, RECORD_SESSION_SOURCE, STR("proctree"));
	record_set_str(b, RECORD_COMPLETENESS, STR("duplicate_view"));
	record_set_u64(b, RECORD_TOTAL_INPUT, 10);
	record_set_u64(b, RECORD_TS, 1000);
	return take(b);
}
