/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of messages on a WebSocket: OpenAI's responses and realtime (and Azure's, xAI's), both
 * sides; the client's of Gemini Live. Realtime spells its details without the s.
 */
#include "llm/paths.h"

static const struct json_path socket_tops[] = {
	AT("type", TYPE),
	AT("response_id", ID),
	AT("stream_id", STREAM_ID),
	AT("error", ERROR),
	AT("error.type", ERROR_TYPE),
	AT("error.code", ERROR_CODE),
	AT("status", STATUS),		/* of an error, a number */
	AT("session.model", SESSION_MODEL),
	AT("session.input_audio_transcription.model", HEARD_MODEL),
	AT("session.audio.input.transcription.model", HEARD_MODEL),
};

static const struct json_path socket_response[] = {
	AT("status_details.reason", STATUS_REASON),
	AT("status_details.error", ERROR),
	AT("status_details.error.type", ERROR_TYPE),
	AT("status_details.error.code", ERROR_CODE),
	AT("error", ERROR),
	AT("error.type", ERROR_TYPE),
	AT("error.code", ERROR_CODE),
};

static const struct json_path socket_usage[] = {
	COUNT("seconds", AUDIO_S_IN),	/* of a transcription */
	COUNT("input_token_details.cached_tokens", CACHE_READ),
	COUNT("input_token_details.audio_tokens", INPUT_AUDIO),
	COUNT("input_token_details.image_tokens", INPUT_IMAGE),
	COUNT("input_token_details.cached_tokens_details.audio_tokens", CACHE_AUDIO),
	COUNT("input_token_details.cached_tokens_details.image_tokens", CACHE_IMAGE),
	COUNT("output_token_details.audio_tokens", OUTPUT_AUDIO),
	COUNT("output_token_details.reasoning_tokens", REASONING),
};

/* xAI's realtime tells usage beside the response. */
static const struct path_list socket_lists[] = {
	LIST_AT("", socket_tops, SLOT_MAIN),
	LIST_AT("response", paths_list_response, SLOT_MAIN),
	LIST_AT("response", socket_response, SLOT_MAIN),
	LIST_AT("response.usage", paths_list_usage, SLOT_MAIN),
	LIST_AT("response.usage", paths_list_openai_usage, SLOT_MAIN),
	LIST_AT("response.usage", socket_usage, SLOT_MAIN),
	LIST_AT("usage", paths_list_usage, SLOT_MAIN),
	LIST_AT("usage", paths_list_openai_usage, SLOT_MAIN),
	LIST_AT("usage", socket_usage, SLOT_MAIN),
};

static const struct json_path lane_paths[] = {
	AT("type", ASKED_TYPE),
	AT("stream_id", STREAM_ID),
	AT("session.model", SESSION_MODEL),
	AT("session.input_audio_transcription.model", HEARD_MODEL),
	AT("session.audio.input.transcription.model", HEARD_MODEL),
	AT("setup.model", SESSION_MODEL),	/* Gemini Live */
};

static const struct path_list lane_lists[] = {
	LIST_AT("", paths_list_asked, 0),
	LIST_AT("", lane_paths, 0),
};

const struct path_table paths_socket = PATH_TABLE(socket_lists);
const struct path_table paths_asked_lane = PATH_TABLE(lane_lists);
