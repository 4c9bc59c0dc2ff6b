/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the lists of JSON names together and compiles them. */
#include "llm/dialect.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "llm/paths.h"

static const struct path_table *const dialect_sets[PATH_SET_MAX] = {
	[PATHS_REQUEST] = &paths_request,
	[PATHS_SESSION] = &paths_session,
	[PATHS_OPENAI] = &paths_openai,
	[PATHS_RESPONSES] = &paths_responses,
	[PATHS_ANTHROPIC] = &paths_anthropic,
	[PATHS_GOOGLE] = &paths_google,
	[PATHS_INTERACTIONS] = &paths_interactions,
	[PATHS_CONVERSE] = &paths_converse,
	[PATHS_INVOKE] = &paths_invoke,
	[PATHS_AGENT] = &paths_agent,
	[PATHS_ENVELOPE] = &paths_envelope,
	[PATHS_COHERE] = &paths_cohere,
	[PATHS_OLLAMA] = &paths_ollama,
	[PATHS_TGI] = &paths_tgi,
	[PATHS_IMAGES] = &paths_images,
	[PATHS_AUDIO] = &paths_audio,
	[PATHS_JOB] = &paths_job,
	[PATHS_BATCH] = &paths_batch,
	[PATHS_EVENTS] = &paths_events,
	[PATHS_OCR] = &paths_ocr,
	[PATHS_SOCKET] = &paths_socket,
	[PATHS_LIVE] = &paths_live,
	[PATHS_ASKED_LANE] = &paths_asked_lane,
};

/* "usage" and "prompt_tokens" become "usage.prompt_tokens". */
static int path_join(char *dst, size_t size, const char *prefix, const char *path)
{
	return snprintf(dst, size, "%s%s%s", prefix, *prefix && *path ? "." : "", path);
}

#define PATH_TEXT_MAX 80

struct json_paths *dialect_paths(enum path_set set)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < dialect_sets[set]->n; i++)
		n += dialect_sets[set]->lists[i].n;

	struct json_path *paths = calloc(n, sizeof(*paths));
	char (*text)[PATH_TEXT_MAX] = calloc(n, sizeof(*text));
	struct json_paths *compiled = NULL;

	for (size_t i = 0; paths && text && i < dialect_sets[set]->n; i++) {
		const struct path_list *list = &dialect_sets[set]->lists[i];

		for (size_t k = 0; k < list->n; k++, at++) {
			int len = path_join(text[at], PATH_TEXT_MAX, list->prefix,
					    list->paths[k].path);

			assert(len < PATH_TEXT_MAX);
			paths[at].path = text[at];
			paths[at].is_streamed = list->paths[k].is_streamed;
			paths[at].tag = list->paths[k].tag | TAG(0, list->slot, 0);
		}
	}
	if (paths && text)
		compiled = json_paths_new(paths, n);
	free(text);
	free(paths);
	return compiled;
}
