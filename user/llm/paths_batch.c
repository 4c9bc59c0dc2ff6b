/* SPDX-License-Identifier: Apache-2.0 */
/* Names of one line of a batch's results, and of the events of an agent that the provider runs. */
#include "llm/paths.h"

/* {"custom_id":..,"response":{"status_code":200,"body":{...}}}: chat, responses, embeddings */
static const struct json_path batch_paths[] = {
	AT("response.body.id", ID),
	AT("response.body.model", MODEL),
	AT("response.body.object", OBJECT),
	AT("response.body.choices", LIST),
	AT("response.body.choices[]", CHOICE),
	AT("response.body.choices[].index", CHOICE_INDEX),
	AT("response.body.choices[].finish_reason", FINISH),
	AT("response.body.error", ERROR),
	AT("response.body.error.type", ERROR_TYPE),
	AT("response.body.error.code", ERROR_CODE),
	AT("result.type", STATUS),
	AT("result.error", ERROR),
	AT("result.error.error.type", ERROR_TYPE),
	AT("error", ERROR),
	AT("error.code", ERROR_CODE),
};

static const struct path_list batch_lists[] = {
	LIST_AT("", batch_paths, SLOT_MAIN),
	LIST_AT("response.body.usage", paths_list_usage, SLOT_MAIN),
	LIST_AT("response.body.usage", paths_list_openai_usage, SLOT_MAIN),
	LIST_AT("result.message", paths_list_message, SLOT_MAIN),
	LIST_AT("result.message.usage", paths_list_usage, SLOT_MAIN),
	LIST_AT("result.message.usage", paths_list_anthropic_usage, SLOT_MAIN),
	LIST_AT("result.message.usage", paths_list_anthropic_counts, SLOT_MAIN),
	LIST_AT("result.message.usage.iterations[]", paths_list_anthropic_hop, SLOT_HOP),
	LIST_AT("result.message.usage.iterations[]", paths_list_anthropic_counts, SLOT_HOP),
};

static const struct json_path events_paths[] = {
	AT("type", TYPE),
	AT("id", ID),
	AT("model", MODEL),
};

static const struct path_list events_lists[] = {
	LIST_AT("", events_paths, SLOT_MAIN),
	LIST_AT("model_usage", paths_list_usage, SLOT_MAIN),
	LIST_AT("model_usage", paths_list_anthropic_usage, SLOT_MAIN),
	LIST_AT("model_usage", paths_list_anthropic_counts, SLOT_MAIN),
};

const struct path_table paths_batch = PATH_TABLE(batch_lists);
const struct path_table paths_events = PATH_TABLE(events_lists);
