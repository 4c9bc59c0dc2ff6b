/* SPDX-License-Identifier: Apache-2.0 */
/* What is read from a request, whatever its dialect. */
#include "llm/paths.h"

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

static const struct path_list request_lists[] = {LIST_AT("", request_paths, 0)};

static const struct json_path session_paths[] = {AT("session_id", ID)};

static const struct path_list session_lists[] = {LIST_AT("", session_paths, 0)};

const struct path_table paths_request = PATH_TABLE(request_lists);
const struct path_table paths_session = PATH_TABLE(session_lists);
