/* SPDX-License-Identifier: Apache-2.0 */
/* The newest GenAI conventions (semantic-conventions-genai, `cache_write`), and our own names. */
#include "sink/otlp_names.h"

static const char *const otlp_names[OTLP_NAME_MAX] = {
#define OTLP_NAME_TEXT(id, text) text,
	OTLP_NAMES(OTLP_NAME_TEXT)
#undef OTLP_NAME_TEXT
};

static const struct {
	struct str ours;
	struct str theirs;
} otlp_providers[] = {
	{STR("azure"), STR("azure.ai.openai")},
	{STR("azure_openai"), STR("azure.ai.openai")},
	{STR("azure_ai"), STR("azure.ai.inference")},
	{STR("bedrock"), STR("aws.bedrock")},
	{STR("aws_bedrock"), STR("aws.bedrock")},
	{STR("gemini"), STR("gcp.gemini")},
	{STR("google"), STR("gcp.gemini")},
	{STR("vertex"), STR("gcp.vertex_ai")},
	{STR("vertex_ai"), STR("gcp.vertex_ai")},
	{STR("mistral"), STR("mistral_ai")},
	{STR("moonshot"), STR("moonshot_ai")},
	{STR("xai"), STR("x_ai")},
	{STR("watsonx"), STR("ibm.watsonx.ai")},
};

const char *otlp_name(enum otlp_name id)
{
	return otlp_names[id];
}

struct str otlp_provider(struct str provider)
{
	for (size_t i = 0; i < ARRAY_LEN(otlp_providers); i++)
		if (str_eq(otlp_providers[i].ours, provider))
			return otlp_providers[i].theirs;
	return provider;
}
