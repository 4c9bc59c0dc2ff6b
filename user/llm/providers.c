/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a host is, who pays there, and where its arithmetic is not its dialect's. */
#include "llm/dialect.h"
#include "llm/llm.h"

#include <string.h>

/*
 * A host that is in no row is still recognised, by path and shape, as the dialect's own provider:
 * gateways, sidecars and stand-ins on loopback. ChatGPT's and Copilot's doors are paid by
 * subscription.
 */
#define METERED BILLING_UNKNOWN
#define FLAT BILLING_SUBSCRIPTION

static const struct provider dialect_providers[] = {
	{"api.openai.com", NULL, "openai", METERED},
	{"*.api.openai.com", NULL, "openai", METERED},
	{"chatgpt.com", "/backend-api/", "openai", FLAT},
	{"api.anthropic.com", NULL, "anthropic", METERED},
	{"*.openai.azure.com", NULL, "azure", METERED},
	{"*.cognitiveservices.azure.com", NULL, "azure", METERED},
	{"*.services.ai.azure.com", NULL, "azure", METERED},
	{"*.azure-api.net", NULL, "azure", METERED},

	{"generativelanguage.googleapis.com", NULL, "gemini", METERED},
	{"cloudcode-pa.googleapis.com", NULL, "gemini", FLAT},
	{"*-aiplatform.googleapis.com", NULL, "vertex", METERED},
	{"aiplatform.googleapis.com", NULL, "vertex", METERED},
	{"aiplatform.*.rep.googleapis.com", NULL, "vertex", METERED},
	{"claude.googleapis.com", NULL, "anthropic-gcp", METERED},

	{"bedrock-runtime.*.amazonaws.com", NULL, "bedrock", METERED},
	{"bedrock-runtime-fips.*.amazonaws.com", NULL, "bedrock", METERED},
	{"bedrock-runtime.*.amazonaws.com.cn", NULL, "bedrock", METERED},
	{"bedrock-runtime.*.amazonaws.eu", NULL, "bedrock", METERED},
	{"bedrock-runtime.*.api.aws", NULL, "bedrock", METERED},
	{"bedrock-runtime-fips.*.api.aws", NULL, "bedrock", METERED},
	{"*.bedrock-runtime.*.vpce.amazonaws.com", NULL, "bedrock", METERED},
	{"bedrock-mantle.*.api.aws", NULL, "bedrock-mantle", METERED},
	{"bedrock-agent-runtime.*.amazonaws.com", NULL, "bedrock-agent", METERED},
	{"bedrock-agent-runtime-fips.*.amazonaws.com", NULL, "bedrock-agent", METERED},
	{"aws-external-anthropic.*.api.aws", NULL, "anthropic-aws", METERED},
	{"runtime.sagemaker.*.amazonaws.com", NULL, "sagemaker", METERED},

	/* gateways */
	{"openrouter.ai", "/api/", "openrouter", METERED},
	{"ai-gateway.vercel.sh", NULL, "vercel-gw", METERED},
	{"router.huggingface.co", NULL, "hf", METERED},
	{"gateway.pydantic.dev", NULL, "pydantic-gw", METERED},
	{"api.portkey.ai", NULL, "portkey", METERED},
	{"gateway.ai.cloudflare.com", NULL, "cloudflare-gw", METERED},
	{"oai.helicone.ai", NULL, "openai", METERED},
	{"anthropic.helicone.ai", NULL, "anthropic", METERED},
	{"ai-gateway.helicone.ai", NULL, "helicone", METERED},

	{"api.mistral.ai", NULL, "mistral", METERED},
	{"codestral.mistral.ai", NULL, "mistral", METERED},
	{"api.groq.com", NULL, "groq", METERED},
	{"api.deepseek.com", NULL, "deepseek", METERED},
	{"api.x.ai", NULL, "xai", METERED},
	{"*.api.x.ai", NULL, "xai", METERED},
	{"api.cerebras.ai", NULL, "cerebras", METERED},
	{"api.together.xyz", NULL, "together", METERED},
	{"api.together.ai", NULL, "together", METERED},
	{"api.fireworks.ai", NULL, "fireworks", METERED},
	{"api.perplexity.ai", NULL, "perplexity", METERED},
	{"api.z.ai", NULL, "zai", METERED},
	{"open.bigmodel.cn", NULL, "zai", METERED},
	{"api.moonshot.ai", NULL, "moonshot", METERED},
	{"api.moonshot.cn", NULL, "moonshot", METERED},
	{"api.minimax.io", NULL, "minimax", METERED},
	{"api.minimax.com", NULL, "minimax", METERED},
	{"api.minimaxi.io", NULL, "minimax", METERED},
	{"api.minimaxi.com", NULL, "minimax", METERED},
	{"api.novita.ai", NULL, "novita", METERED},
	{"dashscope*.aliyuncs.com", NULL, "dashscope", METERED},
	{"dashscope.aliyuncs.com", NULL, "dashscope", METERED},
	{"api.cohere.com", NULL, "cohere", METERED},
	{"api.cohere.ai", NULL, "cohere", METERED},
	{"api.voyageai.com", NULL, "voyage", METERED},
	{"api.deepgram.com", NULL, "deepgram", METERED},
	{"api.replicate.com", NULL, "replicate", METERED},
	{"api.writer.com", NULL, "writer", METERED},

	{"api.githubcopilot.com", NULL, "github-copilot", FLAT},
	{"*.githubcopilot.com", NULL, "github-copilot", FLAT},
	{"api2.cursor.sh", NULL, "cursor", FLAT},
	{"*.cursor.sh", NULL, "cursor", FLAT},
	{"ollama.com", NULL, "ollama", METERED},
	{"*:11434", NULL, "ollama", BILLING_SELF_HOSTED},
};

/* First match wins. model: what its name begins with, or NULL. */
static const struct {
	const char *provider;
	const char *endpoint;
	const char *model;
	enum usage_family family;
} dialect_quirks[] = {
	{"xai", "chat", NULL, FAMILY_ADDED_REASONING},
	{"gemini", "chat", NULL, FAMILY_HIDDEN_REASONING},
	{"vertex", "chat", NULL, FAMILY_HIDDEN_REASONING},
	{"vercel-gw", "chat", "google/", FAMILY_BESIDE_REASONING},
	{"perplexity", "chat", NULL, FAMILY_CITATIONS},
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool dialect_matches(struct str text, const char *pattern)
{
	size_t t = 0, p = 0, star = 0, taken = 0;
	bool has_star = false;

	while (t < text.n) {
		if (pattern[p] == '*') {
			has_star = true;
			star = p++;
			taken = ++t;	/* one byte at least */
		} else if (pattern[p] && lower(pattern[p]) == lower(text.p[t])) {
			p++;
			t++;
		} else if (has_star) {
			p = star + 1;
			t = ++taken;
		} else {
			return false;
		}
	}
	return !pattern[p];
}

static bool provider_has_host(const struct provider *p, struct str host)
{
	struct str name = str_cut(host, 0, str_find_char(host, ':'));

	return dialect_matches(strchr(p->host, ':') ? host : name, p->host);
}

bool llm_knows_host(struct str host)
{
	for (size_t i = 0; i < ARRAY_LEN(dialect_providers); i++)
		if (provider_has_host(&dialect_providers[i], host))
			return true;
	return false;
}

const struct provider *dialect_provider(struct str host, struct str path)
{
	for (size_t i = 0; i < ARRAY_LEN(dialect_providers); i++) {
		const struct provider *p = &dialect_providers[i];

		if (provider_has_host(p, host) &&
		    (!p->path || str_starts(path, str_of(p->path))))
			return p;
	}
	return NULL;
}

enum usage_family dialect_family(const struct endpoint *e, struct str provider, struct str model)
{
	for (size_t i = 0; i < ARRAY_LEN(dialect_quirks); i++)
		if (str_eq(provider, str_of(dialect_quirks[i].provider)) &&
		    !strcmp(e->name, dialect_quirks[i].endpoint) &&
		    (!dialect_quirks[i].model ||
		     str_starts(model, str_of(dialect_quirks[i].model))))
			return dialect_quirks[i].family;
	return e->family;
}
