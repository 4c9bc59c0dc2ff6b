/* SPDX-License-Identifier: Apache-2.0 */
/* Names of Bedrock: Converse, the vendors' own bodies that Invoke passes through, agents. */
#include "llm/paths.h"

/* Cache counts come under two names each, with one figure: never both. */
static const struct json_path converse_usage[] = {
	COUNT("inputTokens", INPUT),
	COUNT("outputTokens", OUTPUT),
	COUNT("totalTokens", TOTAL),
	COUNT("cacheReadInputTokens", CACHE_READ),
	COUNT("cacheReadInputTokenCount", CACHE_READ),
	COUNT("cacheWriteInputTokens", CACHE_WRITE),
	COUNT("cacheWriteInputTokenCount", CACHE_WRITE),
	DETAILS("cacheDetails", "ttl", "inputTokens", CACHE_5M),
};

static const struct json_path converse_paths[] = {
	AT("output", BODY),
	AT("stopReason", FINISH),
	AT("serviceTier.type", TIER),
	AT("performanceConfig.latency", SPEED),
	AT("trace.promptRouter.invokedModelId", MODEL),
	AT("inputTokens", LIST),	/* the answer of count-tokens */
};

static const struct path_list converse_lists[] = {
	LIST_AT("", converse_paths, SLOT_MAIN),
	LIST_AT("usage", paths_list_usage, SLOT_MAIN),
	LIST_AT("usage", converse_usage, SLOT_MAIN),
};

/*
 * Nova counts as Converse does; Mistral, AI21 and gpt-oss as OpenAI does; Llama and Titan at the
 * top; Cohere and older Mistral not at all. Claude's names are Anthropic's.
 */
static const struct json_path invoke_usage[] = {
	COUNT("prompt_tokens", PROMPT),
	COUNT("completion_tokens", OUTPUT),
	COUNT("total_tokens", TOTAL),
	COUNT("prompt_tokens_details.cached_tokens", CACHE_READ),
	COUNT("completion_tokens_details.reasoning_tokens", REASONING),
};

static const struct json_path invoke_tops[] = {
	AT("", USAGE),
	COUNT("prompt_token_count", INPUT),		/* Llama */
	COUNT("generation_token_count", OUTPUT),
	COUNT("inputTextTokenCount", INPUT),		/* Titan */
	COUNT("totalOutputTextTokenCount", OUTPUT),
	ADD("results[].tokenCount", OUTPUT),
};

static const struct json_path invoke_paths[] = {
	AT("generation", BODY),
	AT("generations", LIST),
	AT("generations[]", CHOICE),
	AT("generations[].finish_reason", FINISH),
	AT("finish_reason", FINISH),
	AT("response_id", ID),
	AT("generation_id", ID),
	AT("outputs", LIST),
	AT("outputs[]", CHOICE),
	AT("outputs[].stop_reason", FINISH),
	AT("completions[]", CHOICE),
	AT("completions[].finishReason.reason", FINISH),
	AT("choices", LIST),
	AT("choices[]", CHOICE),
	AT("choices[].finish_reason", FINISH),
	AT("choices[].stop_reason", FINISH),
	AT("results", LIST),
	AT("results[].completionReason", FINISH),
	AT("completionReason", FINISH),
	AT("embedding", LIST),
	AT("output", BODY),
	AT("stopReason", FINISH),			/* Nova */
	AT("messageStop.stopReason", FINISH),
};

static const struct json_path invoke_metrics[] = {
	AT("", USAGE),
	COUNT("inputTokenCount", INPUT),
	COUNT("outputTokenCount", OUTPUT),
	COUNT("cacheReadInputTokenCount", CACHE_READ),
	COUNT("cacheWriteInputTokenCount", CACHE_WRITE),
};

static const struct path_list invoke_lists[] = {
	ANTHROPIC_LISTS,
	LIST_AT("", invoke_paths, SLOT_MAIN),
	LIST_AT("", invoke_tops, SLOT_TWIN),
	LIST_AT("usage", converse_usage, SLOT_MAIN),
	LIST_AT("usage", invoke_usage, SLOT_MAIN),
	LIST_AT("metadata.usage", paths_list_usage, SLOT_MAIN),
	LIST_AT("metadata.usage", converse_usage, SLOT_MAIN),
	LIST_AT("amazon-bedrock-invocationMetrics", invoke_metrics, SLOT_METRICS),
};

/* An agent's model calls show in its trace alone: orchestration, routing, before and after. */
static const struct path_list agent_lists[] = {
	LIST_AT("trace.*.modelInvocationOutput.metadata.usage", paths_list_usage, SLOT_MAIN),
	LIST_AT("trace.*.modelInvocationOutput.metadata.usage", converse_usage, SLOT_MAIN),
};

static const struct json_path envelope_paths[] = {{"bytes", TAG(FIELD_WRAPPED, 0, 0), true}};

static const struct path_list envelope_lists[] = {LIST_AT("", envelope_paths, 0)};

const struct path_table paths_converse = PATH_TABLE(converse_lists);
const struct path_table paths_invoke = PATH_TABLE(invoke_lists);
const struct path_table paths_agent = PATH_TABLE(agent_lists);
const struct path_table paths_envelope = PATH_TABLE(envelope_lists);
