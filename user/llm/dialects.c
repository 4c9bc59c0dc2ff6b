/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that knows hosts, paths and JSON names of providers. */
#include "llm/dialect.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* First match wins: the longer path stands before its own suffix. */
static const struct endpoint dialect_endpoints[] = {
	{"POST", "/chat/completions", "chat", "chat", "openai", PATHS_OPENAI, FAMILY_INCLUSIVE,
	 ASSEMBLE_LAST, 0},
	{"GET", "/chat/completions/*", "chat", "chat", "openai", PATHS_OPENAI, FAMILY_INCLUSIVE,
	 ASSEMBLE_LAST, ENDPOINT_F_VIEW},
	{"POST", "/completions", "completions", "text_completion", "openai", PATHS_OPENAI,
	 FAMILY_INCLUSIVE, ASSEMBLE_LAST, 0},
	{"POST", "/responses/input_tokens", "count_tokens", "count_tokens", "openai", PATHS_OPENAI,
	 FAMILY_INPUT, ASSEMBLE_LAST, ENDPOINT_F_FREE},
	{"POST", "/responses/compact", "compact", "chat", "openai", PATHS_RESPONSES,
	 FAMILY_INCLUSIVE, ASSEMBLE_TERMINAL, 0},
	{"POST", "/responses/*/cancel", "responses", "chat", "openai", PATHS_RESPONSES,
	 FAMILY_INCLUSIVE, ASSEMBLE_TERMINAL, ENDPOINT_F_VIEW},
	{"POST", "/responses", "responses", "chat", "openai", PATHS_RESPONSES, FAMILY_INCLUSIVE,
	 ASSEMBLE_TERMINAL, 0},
	{"GET", "/responses/*", "responses", "chat", "openai", PATHS_RESPONSES, FAMILY_INCLUSIVE,
	 ASSEMBLE_TERMINAL, ENDPOINT_F_VIEW},
	{"POST", "/embeddings", "embeddings", "embeddings", "openai", PATHS_OPENAI, FAMILY_INPUT,
	 ASSEMBLE_LAST, 0},
	{"POST", "/moderations", "moderations", "moderation", "openai", PATHS_OPENAI, FAMILY_INPUT,
	 ASSEMBLE_LAST, ENDPOINT_F_FREE},
	{"POST", "/v1/messages/count_tokens", "count_tokens", "count_tokens", "anthropic",
	 PATHS_ANTHROPIC, FAMILY_INPUT, ASSEMBLE_ANTHROPIC, ENDPOINT_F_FREE},
	{"POST", "/v1/messages", "messages", "chat", "anthropic", PATHS_ANTHROPIC, FAMILY_ADDITIVE,
	 ASSEMBLE_ANTHROPIC, 0},
};

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

/* --- JSON names ------------------------------------------------------------------------------ */

#define AT(path, field) {path, TAG(FIELD_##field, 0, 0)}
#define COUNT(path, counter) {path, TAG(FIELD_COUNT, 0, CTR_##counter)}

static const struct json_path request_paths[] = {
	AT("model", ASKED_MODEL),
	AT("stream", ASKED_STREAM),
	AT("messages", ASKED_PROMPT),
	AT("input", ASKED_PROMPT),
	AT("prompt", ASKED_PROMPT),
	AT("service_tier", ASKED_TIER),
	AT("inference_geo", ASKED_GEO),
	AT("speed", ASKED_SPEED),
	AT("metadata.user_id", USER_ID),
};

static const struct json_path openai_paths[] = {
	AT("id", ID),
	AT("model", MODEL),
	AT("object", OBJECT),
	AT("service_tier", TIER),
	AT("choices", LIST),
	AT("choices[]", CHOICE),
	AT("choices[].index", CHOICE_INDEX),
	AT("choices[].finish_reason", FINISH),
	AT("data", LIST),
	AT("error", ERROR),
	AT("error.type", ERROR_TYPE),
	AT("error.code", ERROR_CODE),
	AT("usage.service_tier", TIER),
	AT("input_tokens", LIST),	/* the answer of responses/input_tokens */
};

static const struct json_path responses_paths[] = {
	AT("type", TYPE),
	AT("error", ERROR),		/* event: error */
	AT("error.type", ERROR_TYPE),
	AT("error.code", ERROR_CODE),
	AT("code", ERROR_CODE),		/* of an error event */
};

/* The response object, at the top or as `response` of an event. */
static const struct json_path response_paths[] = {
	AT("id", ID),
	AT("model", MODEL),
	AT("object", OBJECT),
	AT("status", STATUS),
	AT("incomplete_details.reason", STATUS_REASON),
	AT("background", BACKGROUND),
	AT("service_tier", TIER),
	AT("output[]", ITEM),
	AT("output[].type", ITEM_TYPE),
	AT("output[].action.type", ITEM_ACTION),
	AT("output[].container_id", ITEM_CONTAINER),
};

static const struct json_path response_error_paths[] = {
	AT("error", ERROR),
	AT("error.type", ERROR_TYPE),
	AT("error.code", ERROR_CODE),
};

static const struct json_path anthropic_paths[] = {
	AT("type", TYPE),
	AT("error", ERROR),
	AT("error.type", ERROR_TYPE),
	AT("delta.stop_reason", FINISH),
	AT("content_block", ITEM),
	AT("content_block.type", ITEM_TYPE),
	AT("content_block.name", ITEM_NAME),
	AT("input_tokens", LIST),	/* the answer of count_tokens */
};

/* The message, at the top or as `message` of message_start. */
static const struct json_path message_paths[] = {
	AT("id", ID),
	AT("model", MODEL),
	AT("stop_reason", FINISH),
	AT("content[]", ITEM),
	AT("content[].type", ITEM_TYPE),
	AT("content[].name", ITEM_NAME),
};

static const struct json_path openai_usage[] = {
	COUNT("prompt_tokens", INPUT),
	COUNT("input_tokens", INPUT),
	COUNT("completion_tokens", OUTPUT),
	COUNT("output_tokens", OUTPUT),
	COUNT("total_tokens", TOTAL),
	COUNT("prompt_tokens_details.cached_tokens", CACHE_READ),
	COUNT("prompt_tokens_details.cache_write_tokens", CACHE_WRITE),
	COUNT("prompt_tokens_details.audio_tokens", INPUT_AUDIO),
	COUNT("prompt_tokens_details.image_tokens", INPUT_IMAGE),
	COUNT("prompt_tokens_details.video_tokens", INPUT_VIDEO),
	COUNT("input_tokens_details.cached_tokens", CACHE_READ),
	COUNT("input_tokens_details.cache_write_tokens", CACHE_WRITE),
	COUNT("input_tokens_details.audio_tokens", INPUT_AUDIO),
	COUNT("input_tokens_details.image_tokens", INPUT_IMAGE),
	COUNT("completion_tokens_details.reasoning_tokens", REASONING),
	COUNT("completion_tokens_details.audio_tokens", OUTPUT_AUDIO),
	COUNT("completion_tokens_details.image_tokens", OUTPUT_IMAGE),
	COUNT("output_tokens_details.reasoning_tokens", REASONING),
	COUNT("output_tokens_details.audio_tokens", OUTPUT_AUDIO),
	COUNT("output_tokens_details.image_tokens", OUTPUT_IMAGE),
	COUNT("cached_tokens", CACHE_READ_TWIN),		/* Together, Moonshot */
	COUNT("num_cached_tokens", CACHE_READ_TWIN),		/* Mistral */
	COUNT("prompt_cache_hit_tokens", CACHE_READ_TWIN),	/* DeepSeek */
	COUNT("server_tool_use_details.web_search_requests", WEB_SEARCH),
	COUNT("num_search_queries", WEB_SEARCH),		/* Perplexity */
	COUNT("cost", COST),					/* OpenRouter, Vercel */
	COUNT("cost.total_cost", COST),				/* Perplexity */
	COUNT("cost_details.upstream_inference_cost", COST_UPSTREAM),
	COUNT("cost_in_usd_ticks", COST_TICKS),			/* xAI */
	AT("is_byok", BYOK),
};

static const struct json_path anthropic_counts[] = {
	COUNT("input_tokens", INPUT),
	COUNT("output_tokens", OUTPUT),
	COUNT("cache_read_input_tokens", CACHE_READ),
	COUNT("cache_creation_input_tokens", CACHE_WRITE),
	COUNT("cache_creation.ephemeral_5m_input_tokens", CACHE_5M),
	COUNT("cache_creation.ephemeral_1h_input_tokens", CACHE_1H),
	COUNT("output_tokens_details.thinking_tokens", REASONING),
};

static const struct json_path anthropic_usage[] = {
	COUNT("server_tool_use.web_search_requests", WEB_SEARCH),
	COUNT("server_tool_use.web_fetch_requests", WEB_FETCH),
	AT("service_tier", TIER),
	AT("inference_geo", GEO),
	AT("speed", SPEED),
	AT("iterations", HOPS),
};

static const struct json_path anthropic_hop[] = {
	AT("", HOP),
	AT("model", HOP_MODEL),
	AT("type", HOP_TYPE),
};

static const struct json_path usage_object[] = {AT("", USAGE)};

/* A list of names below a place in the document. */
struct path_list {
	const char *prefix;
	const struct json_path *paths;
	size_t n;
	enum usage_slot slot;
};

#define LIST_AT(prefix, list, slot) {prefix, list, ARRAY_LEN(list), slot}

static const struct path_list request_lists[] = {LIST_AT("", request_paths, 0)};

static const struct json_path session_paths[] = {AT("session_id", ID)};

static const struct path_list session_lists[] = {LIST_AT("", session_paths, 0)};

static const struct path_list openai_lists[] = {
	LIST_AT("", openai_paths, SLOT_MAIN),
	LIST_AT("usage", usage_object, SLOT_MAIN),
	LIST_AT("usage", openai_usage, SLOT_MAIN),
	LIST_AT("x_groq.usage", usage_object, SLOT_TWIN),
	LIST_AT("x_groq.usage", openai_usage, SLOT_TWIN),
};

static const struct path_list responses_lists[] = {
	LIST_AT("", responses_paths, SLOT_MAIN),
	LIST_AT("", response_paths, SLOT_MAIN),
	LIST_AT("response", response_paths, SLOT_MAIN),
	LIST_AT("response", response_error_paths, SLOT_MAIN),
	LIST_AT("usage", usage_object, SLOT_MAIN),
	LIST_AT("usage", openai_usage, SLOT_MAIN),
	LIST_AT("response.usage", usage_object, SLOT_MAIN),
	LIST_AT("response.usage", openai_usage, SLOT_MAIN),
};

static const struct path_list anthropic_lists[] = {
	LIST_AT("", anthropic_paths, SLOT_MAIN),
	LIST_AT("", message_paths, SLOT_MAIN),
	LIST_AT("message", message_paths, SLOT_MAIN),
	LIST_AT("usage", usage_object, SLOT_MAIN),
	LIST_AT("usage", anthropic_usage, SLOT_MAIN),
	LIST_AT("usage", anthropic_counts, SLOT_MAIN),
	LIST_AT("usage.iterations[]", anthropic_hop, SLOT_HOP),
	LIST_AT("usage.iterations[]", anthropic_counts, SLOT_HOP),
	LIST_AT("message.usage", usage_object, SLOT_MAIN),
	LIST_AT("message.usage", anthropic_usage, SLOT_MAIN),
	LIST_AT("message.usage", anthropic_counts, SLOT_MAIN),
};

static const struct {
	const struct path_list *lists;
	size_t n;
} dialect_sets[PATH_SET_MAX] = {
	[PATHS_REQUEST] = {request_lists, ARRAY_LEN(request_lists)},
	[PATHS_SESSION] = {session_lists, ARRAY_LEN(session_lists)},
	[PATHS_OPENAI] = {openai_lists, ARRAY_LEN(openai_lists)},
	[PATHS_RESPONSES] = {responses_lists, ARRAY_LEN(responses_lists)},
	[PATHS_ANTHROPIC] = {anthropic_lists, ARRAY_LEN(anthropic_lists)},
};

/* --- reading the tables ---------------------------------------------------------------------- */

/* Takes the last segment off *path; false when there is none. */
static bool path_last(struct str *path, struct str *ret)
{
	for (size_t i = path->n; i > 0; i--) {
		if (path->p[i - 1] == '/') {
			*ret = (struct str){path->p + i, path->n - i};
			path->n = i - 1;
			return true;
		}
	}
	return false;
}

static bool path_matches(struct str path, const char *suffix)
{
	struct str want = str_of(suffix), have = path, a, b;

	while (path_last(&want, &a)) {
		if (!path_last(&have, &b))
			return false;
		if (str_eq(a, STR("*")) ? !b.n : !str_eq(a, b))
			return false;
	}
	return true;
}

const struct endpoint *dialect_endpoint(struct str method, struct str path)
{
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	for (size_t i = 0; i < ARRAY_LEN(dialect_endpoints); i++) {
		const struct endpoint *e = &dialect_endpoints[i];

		if (str_eq(method, str_of(e->method)) && path_matches(path, e->suffix))
			return e;
	}
	return NULL;
}

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

struct str dialect_deployment(struct str path)
{
	struct str part;

	while (str_next(&path, '/', &part))
		if (str_eq(part, STR("deployments")))
			return str_next(&path, '/', &part) && part.n ? part : STR_NONE;
	return STR_NONE;
}

/* "usage" and "prompt_tokens" become "usage.prompt_tokens". */
static int path_join(char *dst, size_t size, const char *prefix, const char *path)
{
	return snprintf(dst, size, "%s%s%s", prefix, *prefix && *path ? "." : "", path);
}

#define PATH_TEXT_MAX 80

struct json_paths *dialect_paths(enum path_set set)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < dialect_sets[set].n; i++)
		n += dialect_sets[set].lists[i].n;

	struct json_path *paths = calloc(n, sizeof(*paths));
	char (*text)[PATH_TEXT_MAX] = calloc(n, sizeof(*text));
	struct json_paths *compiled = NULL;

	for (size_t i = 0; paths && text && i < dialect_sets[set].n; i++) {
		const struct path_list *list = &dialect_sets[set].lists[i];

		for (size_t k = 0; k < list->n; k++, at++) {
			int len = path_join(text[at], PATH_TEXT_MAX, list->prefix,
					    list->paths[k].path);

			assert(len < PATH_TEXT_MAX);
			paths[at].path = text[at];
			paths[at].tag = list->paths[k].tag | TAG(0, list->slot, 0);
		}
	}
	if (paths && text)
		compiled = json_paths_new(paths, n);
	free(text);
	free(paths);
	return compiled;
}
