/* SPDX-License-Identifier: Apache-2.0 */
/* Names of OpenAI's chat and responses APIs, and of those that speak them in words of their own. */
#include "llm/paths.h"

static const struct json_path openai_paths[] = {
	AT("id", ID),
	AT("model", MODEL),
	AT("object", OBJECT),
	AT("service_tier", TIER),
	AT("choices", LIST),
	AT("choices[]", CHOICE),
	AT("choices[].index", CHOICE_INDEX),
	AT("choices[].finish_reason", FINISH),
	AT("choices[].text", DELTA),
	AT("choices[].delta.content", DELTA),
	AT("choices[].delta.tool_calls", DELTA_OTHER),
	AT("choices[].delta.function_call", DELTA_OTHER),
	AT("choices[].delta.audio", DELTA_OTHER),
	AT("choices[].delta.reasoning", DELTA_OTHER),
	AT("choices[].delta.reasoning_content", DELTA_OTHER),
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
const struct json_path paths_list_response[] = {
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

const struct json_path paths_list_openai_usage[] = {
	COUNT("prompt_tokens", INPUT),
	COUNT("input_tokens", INPUT),
	COUNT("completion_tokens", OUTPUT),
	COUNT("output_tokens", OUTPUT),
	COUNT("total_tokens", TOTAL),
	COUNT("prompt_audio_seconds", AUDIO_S_IN),		/* Mistral */
	COUNT("cache_creation_input_tokens", CACHE_WRITE_TWIN),	/* Vercel */
	COUNT("prompt_tokens_details.cached_tokens", CACHE_READ),
	COUNT("prompt_tokens_details.cache_write_tokens", CACHE_WRITE),
	COUNT("prompt_token_details.cached_tokens", CACHE_READ),	/* Assistants */
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
	COUNT("citation_tokens", CITATION),
	COUNT("reasoning_tokens", REASONING),
	/* xAI */
	COUNT("server_side_tool_usage_details.web_search_calls", WEB_SEARCH),
	COUNT("server_side_tool_usage_details.code_interpreter_calls", CODE_SESSION),
	COUNT("server_side_tool_usage_details.file_search_calls", FILE_SEARCH),
	COUNT("cost", COST),					/* OpenRouter, Vercel */
	COUNT("cost.total_cost", COST),				/* Perplexity */
	COUNT("cost_details.upstream_inference_cost", COST_UPSTREAM),
	COUNT("cost_in_usd_ticks", COST_TICKS),			/* xAI */
	COUNT("pydantic_ai_gateway.cost_estimate", COST),
	AT("is_byok", BYOK),
};

/* llama.cpp: what it counted itself, told even when usage was not asked for. */
static const struct json_path llama_timings[] = {
	AT("", USAGE),
	COUNT("cache_n", CACHE_READ),
	COUNT("prompt_n", INPUT),
	COUNT("predicted_n", OUTPUT),
};

const struct json_path paths_list_usage[] = {AT("", USAGE)};

static const struct path_list openai_lists[] = {
	LIST_AT("", openai_paths, SLOT_MAIN),
	LIST_AT("usage", paths_list_usage, SLOT_MAIN),
	LIST_AT("usage", paths_list_openai_usage, SLOT_MAIN),
	LIST_AT("x_groq.usage", paths_list_usage, SLOT_TWIN),
	LIST_AT("x_groq.usage", paths_list_openai_usage, SLOT_TWIN),
	LIST_AT("timings", llama_timings, SLOT_METRICS),
};

static const struct path_list responses_lists[] = {
	LIST_AT("", responses_paths, SLOT_MAIN),
	LIST_AT("", paths_list_response, SLOT_MAIN),
	LIST_AT("response", paths_list_response, SLOT_MAIN),
	LIST_AT("response", response_error_paths, SLOT_MAIN),
	LIST_AT("usage", paths_list_usage, SLOT_MAIN),
	LIST_AT("usage", paths_list_openai_usage, SLOT_MAIN),
	LIST_AT("response.usage", paths_list_usage, SLOT_MAIN),
	LIST_AT("response.usage", paths_list_openai_usage, SLOT_MAIN),
};

const struct path_table paths_openai = PATH_TABLE(openai_lists);
const struct path_table paths_responses = PATH_TABLE(responses_lists);
