/* SPDX-License-Identifier: Apache-2.0 */
/* Names of Anthropic's messages API. */
#include "llm/paths.h"

const struct json_path paths_list_anthropic_events[] = {
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
const struct json_path paths_list_message[] = {
	AT("id", ID),
	AT("model", MODEL),
	AT("stop_reason", FINISH),
	AT("content[]", ITEM),
	AT("content[].type", ITEM_TYPE),
	AT("content[].name", ITEM_NAME),
};

const struct json_path paths_list_anthropic_counts[] = {
	COUNT("input_tokens", INPUT),
	COUNT("output_tokens", OUTPUT),
	COUNT("cache_read_input_tokens", CACHE_READ),
	COUNT("cache_creation_input_tokens", CACHE_WRITE),
	COUNT("cache_creation.ephemeral_5m_input_tokens", CACHE_5M),
	COUNT("cache_creation.ephemeral_1h_input_tokens", CACHE_1H),
	COUNT("output_tokens_details.thinking_tokens", REASONING),
};

const struct json_path paths_list_anthropic_usage[] = {
	COUNT("server_tool_use.web_search_requests", WEB_SEARCH),
	COUNT("server_tool_use.web_fetch_requests", WEB_FETCH),
	AT("service_tier", TIER),
	AT("inference_geo", GEO),
	AT("speed", SPEED),
	AT("iterations", HOPS),
};

const struct json_path paths_list_anthropic_hop[] = {
	AT("", HOP),
	AT("model", HOP_MODEL),
	AT("type", HOP_TYPE),
};

static const struct path_list anthropic_lists[] = {ANTHROPIC_LISTS};

const struct path_table paths_anthropic = PATH_TABLE(anthropic_lists);
