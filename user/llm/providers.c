/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a host is, who pays there, and where its arithmetic is not its dialect's. */
#include "llm/dialect.h"

#include <string.h>

/*
 * A host that is in no row is still recognised, by path and shape, as the dialect's own provider:
 * gateways, sidecars and stand-ins on loopback. ChatGPT's and Copilot's doors are paid by
 * subscription.
 */
static const struct provider dialect_providers[] = {
	{"api.openai.com", NULL, "openai", BILLING_UNKNOWN},
	{"*.api.openai.com", NULL, "openai", BILLING_UNKNOWN},
	{"chatgpt.com", "/backend-api/", "openai", BILLING_SUBSCRIPTION},
	{"api.anthropic.com", NULL, "anthropic", BILLING_UNKNOWN},
	{"*.openai.azure.com", NULL, "azure", BILLING_UNKNOWN},
	{"*.cognitiveservices.azure.com", NULL, "azure", BILLING_UNKNOWN},
	{"*.services.ai.azure.com", NULL, "azure", BILLING_UNKNOWN},
	{"*.azure-api.net", NULL, "azure", BILLING_UNKNOWN},
	{"aws-external-anthropic.*.api.aws", NULL, "anthropic-aws", BILLING_UNKNOWN},
	{"bedrock-mantle.*.api.aws", NULL, "bedrock-mantle", BILLING_UNKNOWN},
	{"openrouter.ai", "/api/", "openrouter", BILLING_UNKNOWN},
	{"ai-gateway.vercel.sh", NULL, "vercel-gw", BILLING_UNKNOWN},
	{"router.huggingface.co", NULL, "hf", BILLING_UNKNOWN},
	{"api.mistral.ai", NULL, "mistral", BILLING_UNKNOWN},
	{"codestral.mistral.ai", NULL, "mistral", BILLING_UNKNOWN},
	{"api.groq.com", NULL, "groq", BILLING_UNKNOWN},
	{"api.deepseek.com", NULL, "deepseek", BILLING_UNKNOWN},
	{"api.x.ai", NULL, "xai", BILLING_UNKNOWN},
	{"*.api.x.ai", NULL, "xai", BILLING_UNKNOWN},
	{"api.cerebras.ai", NULL, "cerebras", BILLING_UNKNOWN},
	{"api.together.xyz", NULL, "together", BILLING_UNKNOWN},
	{"api.together.ai", NULL, "together", BILLING_UNKNOWN},
	{"api.fireworks.ai", NULL, "fireworks", BILLING_UNKNOWN},
	{"api.perplexity.ai", NULL, "perplexity", BILLING_UNKNOWN},
	{"api.z.ai", NULL, "zai", BILLING_UNKNOWN},
	{"open.bigmodel.cn", NULL, "zai", BILLING_UNKNOWN},
	{"api.moonshot.ai", NULL, "moonshot", BILLING_UNKNOWN},
	{"api.moonshot.cn", NULL, "moonshot", BILLING_UNKNOWN},
	{"api.minimax.io", NULL, "minimax", BILLING_UNKNOWN},
	{"api.minimaxi.com", NULL, "minimax", BILLING_UNKNOWN},
	{"api.novita.ai", NULL, "novita", BILLING_UNKNOWN},
	{"dashscope*.aliyuncs.com", NULL, "dashscope", BILLING_UNKNOWN},
	{"generativelanguage.googleapis.com", NULL, "gemini", BILLING_UNKNOWN},
	{"api.voyageai.com", NULL, "voyage", BILLING_UNKNOWN},
	{"gateway.pydantic.dev", NULL, "pydantic-gw", BILLING_UNKNOWN},
	{"api.portkey.ai", NULL, "portkey", BILLING_UNKNOWN},
	{"gateway.ai.cloudflare.com", NULL, "cloudflare-gw", BILLING_UNKNOWN},
	{"api.githubcopilot.com", NULL, "github-copilot", BILLING_SUBSCRIPTION},
	{"*.githubcopilot.com", NULL, "github-copilot", BILLING_SUBSCRIPTION},
	{"ollama.com", NULL, "ollama", BILLING_UNKNOWN},
	{"*:11434", NULL, "ollama", BILLING_SELF_HOSTED},
};

static const struct {
	const char *provider;
	const char *endpoint;
	enum usage_family family;
} dialect_quirks[] = {
	{"xai", "chat", FAMILY_ADDED_REASONING},
	{"gemini", "chat", FAMILY_HIDDEN_REASONING},
};

/* One "*" at most, standing for one byte or more. */
static bool host_matches(struct str host, const char *pattern)
{
	struct str want = str_of(pattern);
	size_t star = str_find_char(want, '*');

	if (star == want.n)
		return str_eq(host, want);
	return host.n >= want.n && str_starts(host, str_cut(want, 0, star)) &&
	       str_ends(host, str_cut(want, star + 1, want.n));
}

const struct provider *dialect_provider(struct str host, struct str path)
{
	struct str name = str_cut(host, 0, str_find_char(host, ':'));

	for (size_t i = 0; i < ARRAY_LEN(dialect_providers); i++) {
		const struct provider *p = &dialect_providers[i];
		bool has_port = strchr(p->host, ':') != NULL;

		if (host_matches(has_port ? host : name, p->host) &&
		    (!p->path || str_starts(path, str_of(p->path))))
			return p;
	}
	return NULL;
}

enum usage_family dialect_family(const struct endpoint *e, struct str provider)
{
	for (size_t i = 0; i < ARRAY_LEN(dialect_quirks); i++)
		if (str_eq(provider, str_of(dialect_quirks[i].provider)) &&
		    !strcmp(e->name, dialect_quirks[i].endpoint))
			return dialect_quirks[i].family;
	return e->family;
}
