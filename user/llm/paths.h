/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON names, as lists that are put together into one set per dialect (enum path_set).
 *
 * One file per family of names (paths_*.c); dialect.c knows them all and compiles them. Private to
 * the tables.
 */
#ifndef TOLLTAP_LLM_PATHS_H
#define TOLLTAP_LLM_PATHS_H

#include "llm/dialect.h"

#define AT(path, field) {path, TAG(FIELD_##field, 0, 0)}
#define COUNT(path, counter) {path, TAG(FIELD_COUNT, 0, CTR_##counter)}

#define ADD(path, counter) {path, TAG(FIELD_ADD, 0, CTR_##counter)}

/* A list of {name, count}, by modality or lifetime: first is the first counter of its group. */
#define DETAILS(path, name, count, first) \
	{path, TAG(FIELD_DETAILS, 0, CTR_##first)}, {path "[]", TAG(FIELD_DETAIL, 0, CTR_##first)}, \
		AT(path "[]." name, DETAIL_NAME), AT(path "[]." count, DETAIL_COUNT)

/* A list of names below a place in the document. */
struct path_list {
	const char *prefix;
	const struct json_path *paths;
	size_t n;
	enum usage_slot slot;
};

#define LIST_AT(prefix, list, slot) {prefix, list, ARRAY_LEN(list), slot}

struct path_table {
	const struct path_list *lists;
	size_t n;
};

#define PATH_TABLE(lists) {lists, ARRAY_LEN(lists)}

/* Lists that more than one dialect has; each with its length. */
extern const struct json_path paths_list_usage[1], paths_list_openai_usage[39],
	paths_list_anthropic_counts[7], paths_list_anthropic_usage[6], paths_list_message[6],
	paths_list_anthropic_hop[3], paths_list_anthropic_events[8], paths_list_response[11],
	paths_list_asked[23];

/* What Anthropic's messages say, whole or as events; Bedrock passes them on. */
#define ANTHROPIC_LISTS \
	LIST_AT("", paths_list_anthropic_events, SLOT_MAIN), \
	LIST_AT("", paths_list_message, SLOT_MAIN), \
	LIST_AT("message", paths_list_message, SLOT_MAIN), \
	LIST_AT("usage", paths_list_usage, SLOT_MAIN), \
	LIST_AT("usage", paths_list_anthropic_usage, SLOT_MAIN), \
	LIST_AT("usage", paths_list_anthropic_counts, SLOT_MAIN), \
	LIST_AT("usage.iterations[]", paths_list_anthropic_hop, SLOT_HOP), \
	LIST_AT("usage.iterations[]", paths_list_anthropic_counts, SLOT_HOP), \
	LIST_AT("message.usage", paths_list_usage, SLOT_MAIN), \
	LIST_AT("message.usage", paths_list_anthropic_usage, SLOT_MAIN), \
	LIST_AT("message.usage", paths_list_anthropic_counts, SLOT_MAIN)

extern const struct path_table paths_request, paths_session, paths_openai, paths_responses,
	paths_anthropic, paths_google, paths_interactions, paths_converse, paths_invoke,
	paths_agent, paths_envelope, paths_cohere, paths_ollama, paths_tgi, paths_images,
	paths_audio, paths_job, paths_batch, paths_events, paths_ocr, paths_socket, paths_live,
	paths_asked_lane;

#endif
