/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: which path is which endpoint, which host is whose, and that every path compiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/dialect.h"

static void test_endpoints(void **state)
{
	static const struct {
		const char *method, *path, *name;
		u32 flags;
	} rows[] = {
		{"POST", "/v1/chat/completions", "chat", 0},
		{"POST", "/chat/completions", "chat", 0},
		{"POST", "/v1/chat/completions/", "chat", 0},
		{"POST", "/openai/deployments/x/chat/completions", "chat", 0},
		{"POST", "/models/chat/completions", "chat", 0},
		{"GET", "/v1/chat/completions/chatcmpl-1", "chat", ENDPOINT_F_VIEW},
		{"POST", "/v1/completions", "completions", 0},
		{"POST", "/v1/responses", "responses", 0},
		{"POST", "/backend-api/codex/responses", "responses", 0},
		{"POST", "/v1/responses/compact", "compact", 0},
		{"POST", "/v1/responses/input_tokens", "count_tokens", ENDPOINT_F_FREE},
		{"POST", "/v1/responses/resp_1/cancel", "responses", ENDPOINT_F_VIEW},
		{"GET", "/v1/responses/resp_1", "responses", ENDPOINT_F_VIEW},
		{"POST", "/v1/embeddings", "embeddings", 0},
		{"POST", "/v1/moderations", "moderations", ENDPOINT_F_FREE},
		{"POST", "/v1/messages", "messages", 0},
		{"POST", "/anthropic/v1/messages", "messages", 0},
		{"POST", "/v1/messages/count_tokens", "count_tokens", ENDPOINT_F_FREE},
		{"GET", "/v1/chat/completions", NULL, 0},
		{"GET", "/v1/responses/", NULL, 0},
		{"GET", "/v1/responses/r/input_items", NULL, 0},
		{"DELETE", "/v1/responses/r", NULL, 0},
		{"post", "/v1/responses", NULL, 0},
		{"POST", "/v1/threads/t/messages", NULL, 0},
		{"POST", "/api/messages", NULL, 0},
		{"POST", "/v1/xcompletions", NULL, 0},
		{"POST", "/v1/chat/completions2", NULL, 0},
		{"POST", "completions", NULL, 0},
		{"POST", "/", NULL, 0},
		{"POST", "", NULL, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct endpoint *e =
			dialect_endpoint(str_of(rows[i].method), str_of(rows[i].path));

		if (!e != !rows[i].name)
			fail_msg("%s %s", rows[i].method, rows[i].path);
		if (!e)
			continue;
		assert_string_equal(e->name, rows[i].name);
		assert_int_equal(e->flags, rows[i].flags);
	}
}

static void test_providers(void **state)
{
	static const struct {
		const char *host, *path, *name;
		enum billing billing;
	} rows[] = {
		{"api.openai.com", "/", "openai", BILLING_UNKNOWN},
		{"eu.api.openai.com", "/", "openai", BILLING_UNKNOWN},
		{"api.openai.com:8443", "/", "openai", BILLING_UNKNOWN},
		{"chatgpt.com", "/backend-api/codex/responses", "openai", BILLING_SUBSCRIPTION},
		{"chatgpt.com", "/v1/responses", NULL, BILLING_UNKNOWN},
		{"api.anthropic.com", "/", "anthropic", BILLING_UNKNOWN},
		{"acme.openai.azure.com", "/", "azure", BILLING_UNKNOWN},
		{"bedrock-mantle.us-east-1.api.aws", "/", "bedrock-mantle", BILLING_UNKNOWN},
		{"aws-external-anthropic.eu-west-1.api.aws", "/", "anthropic-aws", BILLING_UNKNOWN},
		{"openrouter.ai", "/api/v1/chat/completions", "openrouter", BILLING_UNKNOWN},
		{"openrouter.ai", "/chat", NULL, BILLING_UNKNOWN},
		{"dashscope-intl.aliyuncs.com", "/", "dashscope", BILLING_UNKNOWN},
		{"api.githubcopilot.com", "/", "github-copilot", BILLING_SUBSCRIPTION},
		{"api.individual.githubcopilot.com", "/", "github-copilot", BILLING_SUBSCRIPTION},
		{"localhost:11434", "/", "ollama", BILLING_SELF_HOSTED},
		{"localhost:8080", "/", NULL, BILLING_UNKNOWN},
		{"api.openai.com.evil.example", "/", NULL, BILLING_UNKNOWN},
		{"evil-api.openai.com", "/", NULL, BILLING_UNKNOWN},
		{"notapi.anthropic.com", "/", NULL, BILLING_UNKNOWN},
		{".openai.azure.com", "/", NULL, BILLING_UNKNOWN},
		{"", "/", NULL, BILLING_UNKNOWN},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct provider *p =
			dialect_provider(str_of(rows[i].host), str_of(rows[i].path));

		if (!p != !rows[i].name)
			fail_msg("%s%s", rows[i].host, rows[i].path);
		if (!p)
			continue;
		assert_string_equal(p->name, rows[i].name);
		assert_int_equal(p->billing, rows[i].billing);
	}
}

static void test_families(void **state)
{
	const struct endpoint *chat = dialect_endpoint(STR("POST"), STR("/chat/completions"));
	const struct endpoint *responses = dialect_endpoint(STR("POST"), STR("/responses"));

	assert_int_equal(dialect_family(chat, STR("openai")), FAMILY_INCLUSIVE);
	assert_int_equal(dialect_family(chat, STR("xai")), FAMILY_ADDED_REASONING);
	assert_int_equal(dialect_family(responses, STR("xai")), FAMILY_INCLUSIVE);
	assert_int_equal(dialect_family(chat, STR("gemini")), FAMILY_HIDDEN_REASONING);
}

static void test_deployment(void **state)
{
	assert_true(str_eq(dialect_deployment(STR("/openai/deployments/d-1/chat/completions")),
			   STR("d-1")));
	assert_null(dialect_deployment(STR("/openai/deployments//chat")).p);
	assert_null(dialect_deployment(STR("/openai/deployments")).p);
	assert_null(dialect_deployment(STR("/v1/chat/completions")).p);
}

static void test_paths_compile(void **state)
{
	for (int i = 0; i < PATH_SET_MAX; i++) {
		struct json_paths *set = dialect_paths((enum path_set)i);

		assert_non_null(set);
		json_paths_free(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints),     cmocka_unit_test(test_providers),
		cmocka_unit_test(test_families),      cmocka_unit_test(test_deployment),
		cmocka_unit_test(test_paths_compile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
