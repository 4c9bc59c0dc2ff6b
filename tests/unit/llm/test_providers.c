/* SPDX-License-Identifier: Apache-2.0 */
/* Which host is whose, and whose arithmetic is its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/dialect.h"
#include "llm/llm.h"

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
		{"API.OpenAI.com", "/", "openai", BILLING_UNKNOWN},
		{"generativelanguage.googleapis.com", "/", "gemini", BILLING_UNKNOWN},
		{"us-east5-aiplatform.googleapis.com", "/", "vertex", BILLING_UNKNOWN},
		{"aiplatform.eu.rep.googleapis.com", "/", "vertex", BILLING_UNKNOWN},
		{"cloudcode-pa.googleapis.com", "/", "gemini", BILLING_SUBSCRIPTION},
		{"bedrock-runtime.eu-west-1.amazonaws.com", "/", "bedrock", BILLING_UNKNOWN},
		{"bedrock-runtime-fips.us-east-1.api.aws", "/", "bedrock", BILLING_UNKNOWN},
		{"bedrock-runtime.cn-north-1.amazonaws.com.cn", "/", "bedrock", BILLING_UNKNOWN},
		{"vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", "/", "bedrock",
		 BILLING_UNKNOWN},
		{"bedrock-runtime.amazonaws.com", "/", NULL, BILLING_UNKNOWN},
		{"api.cohere.ai", "/", "cohere", BILLING_UNKNOWN},
		{"api2.cursor.sh", "/", "cursor", BILLING_SUBSCRIPTION},
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

static void test_matches(void **state)
{
	static const struct {
		const char *text, *pattern;
		bool is_match;
	} rows[] = {
		{"abc", "abc", true},	 {"ABC", "abc", true},	  {"abc", "a*c", true},
		{"ac", "a*c", false},	 {"abbc", "a*c", true},	  {"abcbc", "a*bc", true},
		{"a", "*", true},	 {"", "*", false},	  {"a.b.c", "*.c", true},
		{"x.a.y.b", "*.a.*.b", true}, {"x.a.b", "*.a.*.b", false}, {"ab", "abc", false},
		{"abcd", "abc", false},	 {"", "", true},	  {"aaab", "*ab", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (dialect_matches(str_of(rows[i].text), rows[i].pattern) != rows[i].is_match)
			fail_msg("%s %s", rows[i].text, rows[i].pattern);
}

static void test_families(void **state)
{
	static const struct {
		const char *provider, *path, *model;
		enum usage_family family;
	} rows[] = {
		{"openai", "/chat/completions", "gpt-4o", FAMILY_INCLUSIVE},
		{"xai", "/chat/completions", "grok-4", FAMILY_ADDED_REASONING},
		{"xai", "/responses", "grok-4", FAMILY_INCLUSIVE},
		{"gemini", "/chat/completions", "gemini-2.5-flash", FAMILY_HIDDEN_REASONING},
		{"vertex", "/chat/completions", "google/gemini-2.5-flash", FAMILY_HIDDEN_REASONING},
		{"vercel-gw", "/chat/completions", "google/gemini-3-pro", FAMILY_BESIDE_REASONING},
		{"vercel-gw", "/chat/completions", "openai/gpt-5", FAMILY_INCLUSIVE},
		{"perplexity", "/chat/completions", "sonar", FAMILY_CITATIONS},
		{"anthropic", "/v1/messages", "claude", FAMILY_ADDITIVE},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct endpoint *e =
			dialect_endpoint(STR("POST"), str_of(rows[i].path), NULL);

		assert_int_equal(dialect_family(e, str_of(rows[i].provider), str_of(rows[i].model)),
				 rows[i].family);
	}
}

/* A dark connection shows a name and no path. */
static void test_hosts_by_name_alone(void **state)
{
	(void)state;
	assert_true(llm_knows_host(STR("api.openai.com")));
	assert_true(llm_knows_host(STR("acme.openai.azure.com")));
	assert_true(llm_knows_host(STR("openrouter.ai")));
	assert_true(llm_knows_host(STR("127.0.0.1:11434")));
	assert_false(llm_knows_host(STR("127.0.0.1:443")));
	assert_false(llm_knows_host(STR("api.openai.com.evil.example")));
	assert_false(llm_knows_host(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_providers),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_hosts_by_name_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
