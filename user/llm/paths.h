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

extern const struct path_table paths_request, paths_session, paths_openai, paths_responses,
	paths_anthropic;

#endif
