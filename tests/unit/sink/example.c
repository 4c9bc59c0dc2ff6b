/* SPDX-License-Identifier: Apache-2.0 */
/* Records for the tests, made the way record_make makes them. */
#include "sink/example.h"

#include <stdio.h>
#include <stdlib.h>

#define FEMTO 1000000000000000ll

static void set_all(struct record_builder *b)
{
	static const struct {
		enum record_field f;
		const char *text;
	} texts[] = {
		{RECORD_PROVIDER, "openai"}, {RECORD_ENDPOINT, "chat"}, {RECORD_OPERATION, "chat"},
		{RECORD_HOST, "api.openai.com"}, {RECORD_PATH, "/v1/chat/completions"},
		{RECORD_MODEL_REQUESTED, "gpt-4o"}, {RECORD_MODEL_SERVED, "gpt-4o-2024-08-06"},
		{RECORD_RESPONSE_ID, "chatcmpl-X"}, {RECORD_SERVICE_TIER, "default"},
		{RECORD_USAGE_SOURCE, "sse_final"}, {RECORD_COMPLETENESS, "exact"},
		{RECORD_CACHE_STATUS, "hit"}, {RECORD_COST_STATUS, "priced"},
		{RECORD_BILLING, "metered"}, {RECORD_CURRENCY, "USD"},
		{RECORD_CARD, "builtin/openai"}, {RECORD_CARD_VERSION, "2026-11-20.1"},
		{RECORD_RATE, "gpt-4o@2024-08-06"}, {RECORD_MATCH, "exact"},
		{RECORD_COST_SOURCE, "local"}, {RECORD_NODE_HOST, "n1"},
		{RECORD_NODE_BOOT_ID, "..."}, {RECORD_COMM, "python3"},
		{RECORD_EXE, "/usr/bin/python3.11"}, {RECORD_WORKDIR, "shop"},
		{RECORD_CGROUP_PATH, "/kubepods.slice/..."}, {RECORD_CONTAINER_ID, "..."},
		{RECORD_CONTAINER_RUNTIME, "containerd"}, {RECORD_K8S_NAMESPACE, "shop"},
		{RECORD_K8S_POD, "cart-7d9"}, {RECORD_K8S_POD_UID, "..."},
		{RECORD_K8S_CONTAINER, "app"}, {RECORD_TRACE_ID, "..."}, {RECORD_SPAN_ID, "..."},
		{RECORD_PARENT_SPAN_ID, "..."}, {RECORD_SESSION_ID, "..."},
		{RECORD_SESSION_SOURCE, "header"}, {RECORD_CREDENTIAL_HASH, "9f2c..."},
		{RECORD_CREDENTIAL_SCHEME, "bearer"}, {RECORD_CREDENTIAL_ORG, "org-..."},
		{RECORD_CREDENTIAL_PROJECT, "proj_..."}, {RECORD_USER_AGENT, "OpenAI/Python 1.0"},
		{RECORD_TLS_STACK, "openssl"}, {RECORD_TLS_FORM, "uprobe_multi"},
	};
	static const struct {
		enum record_field f;
		u64 value;
	} numbers[] = {
		{RECORD_TS, EXAMPLE_TS_NS}, {RECORD_DURATION, 812400000},
		{RECORD_TTFT, 190200000}, {RECORD_HTTP_STATUS, 200}, {RECORD_STREAM, 1},
		{RECORD_TOTAL_INPUT, 2006}, {RECORD_TOTAL_OUTPUT, 300}, {RECORD_RESIDUAL, 0},
		{RECORD_PID, 4242}, {RECORD_PPID, 4200}, {RECORD_UID, 1000},
		{RECORD_PROCESS_START, 1795309200000000000ull}, {RECORD_CGROUP_ID, 4711},
		{RECORD_RETRY_SEQ, 0}, {RECORD_FALLBACK_DEPTH, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		record_set_str(b, texts[i].f, str_of(texts[i].text));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		record_set_u64(b, numbers[i].f, numbers[i].value);
}

struct record_builder *example_builder(void)
{
	struct record_builder *b = record_builder_new();
	struct meters m = {};

	if (!b)
		abort();
	set_all(b);
	record_list_add(b, RECORD_FINISH, STR("stop"));
	record_list_add(b, RECORD_TAGS, STR("team"));
	record_list_add(b, RECORD_TAGS, STR("payments"));
	record_list_add(b, RECORD_TAGS, STR("pod_label"));
	meters_set(&m, METER_INPUT, 86);
	meters_set(&m, METER_CACHE_READ, 1920);
	meters_set(&m, METER_OUTPUT, 300);
	record_set_meters(b, &m);
	record_set_money(b, RECORD_AMOUNT, 5615 * (FEMTO / 1000000));
	record_set_money(b, RECORD_LIST_AMOUNT, 5615 * (FEMTO / 1000000));
	record_set_cost(b, METER_INPUT, 215 * (FEMTO / 1000000));
	record_set_cost(b, METER_CACHE_READ, 2400 * (FEMTO / 1000000));
	record_set_cost(b, METER_OUTPUT, 3000 * (FEMTO / 1000000));
	return b;
}

static struct record *take(struct record_builder *b)
{
	struct record *r = record_take(b);

	record_builder_free(b);
	if (!r)
		abort();
	return r;
}

struct record *example_record(void)
{
	return take(example_builder());
}

struct record *example_call(const struct example_call *c)
{
	struct record_builder *b = record_builder_new();
	struct meters m = {};
	char span[32];

	if (!b)
		abort();
	snprintf(span, sizeof(span), "%016llx", (unsigned long long)c->id);
	record_set_str(b, RECORD_TRACE_ID, STR("0af7651916cd43dd8448eb211c80319c"));
	record_set_str(b, RECORD_SPAN_ID, str_of(span));
	record_set_u64(b, RECORD_TS, c->ts_ns ? c->ts_ns : EXAMPLE_TS_NS);
	record_set_u64(b, RECORD_DURATION, 812400000);
	record_set_u64(b, RECORD_PID, c->pid);
	record_set_str(b, RECORD_COMM, str_of(c->comm));
	record_set_str(b, RECORD_PROVIDER, str_of(c->provider));
	record_set_str(b, RECORD_MODEL_SERVED, str_of(c->model));
	record_set_str(b, RECORD_COST_STATUS, str_of(c->status ? c->status : "priced"));
	record_set_str(b, RECORD_COST_REASON, str_of(c->reason));
	record_set_str(b, RECORD_COMPLETENESS, str_of(c->completeness ? c->completeness : "exact"));
	record_set_u64(b, RECORD_HTTP_STATUS, c->http_status ? c->http_status : 200);
	if (c->femto >= 0)
		record_set_money(b, RECORD_AMOUNT, c->femto);
	for (size_t i = 0; i < ARRAY_LEN(c->flags) && c->flags[i]; i++)
		record_list_add(b, RECORD_FLAGS, str_of(c->flags[i]));
	if (c->team) {
		record_list_add(b, RECORD_TAGS, STR("team"));
		record_list_add(b, RECORD_TAGS, str_of(c->team));
		record_list_add(b, RECORD_TAGS, STR("command_line"));
	}
	meters_set(&m, METER_INPUT, c->input - c->cached);
	meters_set(&m, METER_CACHE_READ, c->cached);
	meters_set(&m, METER_OUTPUT, c->output);
	record_set_meters(b, &m);
	record_set_u64(b, RECORD_TOTAL_INPUT, c->input);
	record_set_u64(b, RECORD_TOTAL_OUTPUT, c->output);
	return take(b);
}
