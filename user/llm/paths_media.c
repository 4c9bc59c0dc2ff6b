/* SPDX-License-Identifier: Apache-2.0 */
/* Names of APIs that read or make pictures, sound and films. */
#include "llm/paths.h"

static const struct json_path media_paths[] = {
	AT("id", ID),
	AT("model", MODEL),
	AT("type", TYPE),
	AT("error", ERROR),
	AT("error.type", ERROR_TYPE),
	AT("error.code", ERROR_CODE),
};

/* Older picture models are billed by the piece. */
static const struct json_path image_pieces[] = {
	AT("", USAGE),
	{"data[]", TAG(FIELD_PIECE, 0, CTR_IMAGE)},
};

static const struct json_path image_paths[] = {
	AT("data", LIST),
	AT("usage", USAGE),
	COUNT("usage.input_tokens", INPUT),
	COUNT("usage.output_tokens", OUTPUT),
	COUNT("usage.total_tokens", TOTAL),
	COUNT("usage.input_tokens_details.image_tokens", INPUT_IMAGE),
	COUNT("usage.input_tokens_details.cached_tokens", CACHE_READ),
	COUNT("usage.output_tokens_details.text_tokens", OUTPUT_TEXT),
	COUNT("usage.cost", COST),
	COUNT("usage.cost_in_usd_ticks", COST_TICKS),
};

static const struct path_list images_lists[] = {
	LIST_AT("", media_paths, SLOT_MAIN),
	LIST_AT("", image_paths, SLOT_MAIN),
	LIST_AT("", image_pieces, SLOT_TWIN),
};

static const struct json_path audio_paths[] = {
	AT("text", BODY),
	AT("metadata.request_id", ID),				/* Deepgram */
	AT("usage", USAGE),
	AT("usage.service_tier", TIER),
	COUNT("usage.input_tokens", INPUT),
	COUNT("usage.prompt_tokens", INPUT),			/* Mistral */
	COUNT("usage.output_tokens", OUTPUT),
	COUNT("usage.completion_tokens", OUTPUT),
	COUNT("usage.total_tokens", TOTAL),
	COUNT("usage.input_token_details.audio_tokens", INPUT_AUDIO),
	COUNT("usage.prompt_tokens_details.audio_tokens", INPUT_AUDIO),
	COUNT("usage.prompt_tokens_details.cached_tokens", CACHE_READ),
	COUNT("usage.seconds", AUDIO_S_IN),
	COUNT("usage.prompt_audio_seconds", AUDIO_S_IN),
	COUNT("usage.cost", COST),
};

/* Where nothing is said of usage: how long what was heard took. */
static const struct json_path audio_duration[] = {
	AT("", USAGE),
	COUNT("duration", AUDIO_S_IN),
	COUNT("metadata.duration", AUDIO_S_IN),
};

static const struct path_list audio_lists[] = {
	LIST_AT("", media_paths, SLOT_MAIN),
	LIST_AT("", audio_paths, SLOT_MAIN),
	LIST_AT("", audio_duration, SLOT_TWIN),
};

static const struct json_path job_paths[] = {
	AT("status", STATUS),
	AT("object", OBJECT),
	AT("", USAGE),
	COUNT("seconds", VIDEO_S),
	COUNT("video.duration", VIDEO_S),			/* xAI */
	COUNT("usage.cost_in_usd_ticks", COST_TICKS),
	COUNT("metrics.input_token_count", INPUT),		/* Replicate */
	COUNT("metrics.output_token_count", OUTPUT),
	COUNT("metrics.predict_time", GPU_S),
};

static const struct path_list job_lists[] = {
	LIST_AT("", media_paths, SLOT_MAIN),
	LIST_AT("", job_paths, SLOT_MAIN),
};

const struct path_table paths_images = PATH_TABLE(images_lists);
const struct path_table paths_audio = PATH_TABLE(audio_lists);
const struct path_table paths_job = PATH_TABLE(job_lists);
