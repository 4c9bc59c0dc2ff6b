/* SPDX-License-Identifier: Apache-2.0 */
/* What is read from a request, whatever its dialect. */
#include "llm/paths.h"

const struct json_path paths_list_asked[] = {
	AT("model", ASKED_MODEL),
	AT("stream", ASKED_STREAM),
	AT("messages", ASKED_PROMPT),
	AT("input", ASKED_PROMPT),
	AT("prompt", ASKED_PROMPT),
	AT("contents", ASKED_PROMPT),		/* Google */
	AT("content", ASKED_PROMPT),
	AT("requests", ASKED_PROMPT),
	AT("instances", ASKED_PROMPT),
	AT("inputText", ASKED_PROMPT),		/* Titan */
	AT("inputs", ASKED_PROMPT),		/* TGI */
	AT("message", ASKED_PROMPT),		/* Cohere */
	AT("texts", ASKED_PROMPT),
	AT("documents", ASKED_PROMPT),		/* of a reranker */
	AT("document", ASKED_PROMPT),		/* to be read */
	AT("service_tier", ASKED_TIER),
	AT("serviceTier.type", ASKED_TIER),	/* Converse */
	AT("performanceConfig.latency", ASKED_SPEED),
	AT("inference_geo", ASKED_GEO),
	AT("speed", ASKED_SPEED),
	AT("reasoning_effort", ASKED_EFFORT),
	AT("billing_policy.bill_to", ASKED_BILL_TO),
	AT("metadata.user_id", USER_ID),
};

static const struct path_list request_lists[] = {LIST_AT("", paths_list_asked, 0)};

static const struct json_path session_paths[] = {AT("session_id", ID)};

static const struct path_list session_lists[] = {LIST_AT("", session_paths, 0)};

const struct path_table paths_request = PATH_TABLE(request_lists);
const struct path_table paths_session = PATH_TABLE(session_lists);
