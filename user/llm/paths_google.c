/* SPDX-License-Identifier: Apache-2.0 */
/* Names of Google's APIs: Gemini and Vertex generateContent and embeddings, interactions. */
#include "llm/paths.h"

/* At the top, or as `response` where Code Assist wraps it. */
static const struct json_path google_paths[] = {
	AT("responseId", ID),
	AT("modelVersion", MODEL),
	AT("candidates", LIST),
	AT("candidates[]", CHOICE),
	AT("candidates[].index", CHOICE_INDEX),
	AT("candidates[].finishReason", FINISH),
	AT("promptFeedback", BODY),	/* blocked before there was a candidate */
	AT("promptFeedback.blockReason", DONE),
	AT("candidates[].groundingMetadata.webSearchQueries[]", QUERY),
	AT("usageMetadata.trafficType", TIER),
	AT("usageMetadata.serviceTier", TIER),
};

static const struct json_path google_tops[] = {
	AT("error", ERROR),
	AT("error.status", ERROR_TYPE),
	AT("error.code", ERROR_CODE),
	AT("totalTokens", LIST),	/* the answer of countTokens */
	AT("embedding", BODY),
	AT("embeddings", LIST),
	AT("predictions", LIST),
	AT("model", MODEL),		/* of cachedContents */
};

static const struct json_path google_usage[] = {
	AT("", USAGE),
	COUNT("promptTokenCount", INPUT),
	COUNT("candidatesTokenCount", OUTPUT),
	COUNT("responseTokenCount", OUTPUT),	/* AI Studio, live */
	COUNT("totalTokenCount", TOTAL),
	COUNT("cachedContentTokenCount", CACHE_READ),
	COUNT("thoughtsTokenCount", REASONING),
	COUNT("toolUsePromptTokenCount", INPUT_TOOL),
	DETAILS("promptTokensDetails", "modality", "tokenCount", INPUT_AUDIO),
	DETAILS("promptTokenDetails", "modality", "tokenCount", INPUT_AUDIO),	/* batchEmbed */
	DETAILS("cacheTokensDetails", "modality", "tokenCount", CACHE_AUDIO),
	DETAILS("candidatesTokensDetails", "modality", "tokenCount", OUTPUT_AUDIO),
	DETAILS("responseTokensDetails", "modality", "tokenCount", OUTPUT_AUDIO),
};

/* Vertex :predict, whose counts stand beside each vector. */
static const struct json_path predict_usage[] = {
	AT("", USAGE),
	ADD("predictions[].embeddings.statistics.token_count", INPUT),
	COUNT("metadata.billableCharacterCount", CHAR_IN),
};

static const struct path_list google_lists[] = {
	LIST_AT("", google_paths, SLOT_MAIN),
	LIST_AT("", google_tops, SLOT_MAIN),
	LIST_AT("", predict_usage, SLOT_TWIN),
	LIST_AT("usageMetadata", google_usage, SLOT_MAIN),
	LIST_AT("response", google_paths, SLOT_MAIN),
	LIST_AT("response.usageMetadata", google_usage, SLOT_MAIN),
};

/* The interaction, at the top or as `interaction` of an event. */
static const struct json_path interaction_paths[] = {
	AT("id", ID),
	AT("model", MODEL),
	AT("object", OBJECT),
	AT("status", STATUS),
	AT("service_tier", TIER),
};

static const struct json_path interaction_tops[] = {
	AT("event_type", TYPE),
	AT("error", ERROR),
	AT("error.status", ERROR_TYPE),
	AT("error.code", ERROR_CODE),
};

static const struct json_path interaction_usage[] = {
	AT("", USAGE),
	COUNT("total_input_tokens", INPUT),
	COUNT("total_output_tokens", OUTPUT),
	COUNT("total_thought_tokens", REASONING),
	COUNT("total_tool_use_tokens", INPUT_TOOL),
	COUNT("total_cached_tokens", CACHE_READ),
	COUNT("total_tokens", TOTAL),
	DETAILS("input_tokens_by_modality", "modality", "tokens", INPUT_AUDIO),
	DETAILS("cached_tokens_by_modality", "modality", "tokens", CACHE_AUDIO),
	DETAILS("output_tokens_by_modality", "modality", "tokens", OUTPUT_AUDIO),
	ADD("grounding_tool_count[].count", WEB_SEARCH),
};

static const struct path_list interactions_lists[] = {
	LIST_AT("", interaction_tops, SLOT_MAIN),
	LIST_AT("", interaction_paths, SLOT_MAIN),
	LIST_AT("usage", interaction_usage, SLOT_MAIN),
	LIST_AT("interaction", interaction_paths, SLOT_MAIN),
	LIST_AT("interaction.usage", interaction_usage, SLOT_MAIN),
	LIST_AT("metadata.usage", interaction_usage, SLOT_TWIN),
	LIST_AT("metadata.total_usage", interaction_usage, SLOT_TWIN),
};

static const struct json_path live_paths[] = {
	AT("serverContent", BODY),
	AT("setupComplete", BODY),
	AT("usageMetadata.trafficType", TIER),
};

static const struct path_list live_lists[] = {
	LIST_AT("", live_paths, SLOT_MAIN),
	LIST_AT("usageMetadata", google_usage, SLOT_MAIN),
};

const struct path_table paths_google = PATH_TABLE(google_lists);
const struct path_table paths_interactions = PATH_TABLE(interactions_lists);
const struct path_table paths_live = PATH_TABLE(live_lists);
