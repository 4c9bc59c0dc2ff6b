/* SPDX-License-Identifier: Apache-2.0 */
/* Names of APIs that speak neither OpenAI's nor Anthropic's dialect: Cohere, Ollama, TGI, OCR. */
#include "llm/paths.h"

/*
 * billed_units are billed; tokens are what the model saw, the context. Rerankers of others count
 * tokens, as OpenAI does.
 */
static const struct json_path cohere_usage[] = {
	AT("", USAGE),
	COUNT("billed_units.input_tokens", INPUT),
	COUNT("billed_units.output_tokens", OUTPUT),
	COUNT("billed_units.image_tokens", INPUT_IMAGE),
	COUNT("billed_units.images", IMAGE),
	COUNT("billed_units.search_units", RERANK),
	COUNT("tokens.input_tokens", CONTEXT),
	COUNT("total_tokens", TOTAL),
	COUNT("cost", COST),
};

static const struct json_path cohere_paths[] = {
	AT("id", ID),
	AT("response_id", ID),
	AT("error_type", ERROR_TYPE),
	AT("model", MODEL),
	AT("type", TYPE),
	AT("event_type", TYPE),
	AT("finish_reason", FINISH),
	AT("delta.finish_reason", FINISH),
	AT("response.finish_reason", FINISH),
	AT("response.response_id", ID),
	AT("generations", LIST),
	AT("generations[]", CHOICE),
	AT("generations[].finish_reason", FINISH),
	AT("results", LIST),
	AT("data", LIST),
	AT("embeddings", BODY),
	AT("message", BODY),
	AT("text", BODY),
};

static const struct path_list cohere_lists[] = {
	LIST_AT("", cohere_paths, SLOT_MAIN),
	LIST_AT("usage", cohere_usage, SLOT_MAIN),
	LIST_AT("meta", cohere_usage, SLOT_MAIN),
	LIST_AT("delta.usage", cohere_usage, SLOT_MAIN),
	LIST_AT("response.meta", cohere_usage, SLOT_MAIN),
};

/* Counts stand at the top of the last object. A prompt out of the server's cache is not counted. */
static const struct json_path ollama_paths[] = {
	AT("", USAGE),
	AT("model", MODEL),
	AT("done", DONE),
	AT("done_reason", FINISH),
	AT("message", BODY),
	AT("response", BODY),
	AT("embedding", LIST),
	AT("embeddings", LIST),
	AT("error", ERROR),
	COUNT("prompt_eval_count", INPUT),
	COUNT("eval_count", OUTPUT),
};

static const struct path_list ollama_lists[] = {LIST_AT("", ollama_paths, SLOT_MAIN)};

/* text-generation-inference, and llama.cpp's own /completion. */
static const struct json_path tgi_paths[] = {
	AT("", USAGE),
	AT("model", MODEL),
	AT("stop", DONE),
	AT("generated_text", BODY),
	AT("content", BODY),
	AT("details.finish_reason", FINISH),
	AT("error", ERROR),
	AT("error_type", ERROR_TYPE),
	COUNT("details.generated_tokens", OUTPUT),
	COUNT("tokens_evaluated", INPUT),
	COUNT("tokens_predicted", OUTPUT),
	COUNT("tokens_cached", CONTEXT),
};

static const struct path_list tgi_lists[] = {LIST_AT("", tgi_paths, SLOT_MAIN)};

static const struct json_path ocr_paths[] = {
	AT("model", MODEL),
	AT("pages", LIST),
	AT("usage_info", USAGE),
	COUNT("usage_info.pages_processed", PAGE),
};

static const struct path_list ocr_lists[] = {LIST_AT("", ocr_paths, SLOT_MAIN)};

const struct path_table paths_cohere = PATH_TABLE(cohere_lists);
const struct path_table paths_ollama = PATH_TABLE(ollama_lists);
const struct path_table paths_tgi = PATH_TABLE(tgi_lists);
const struct path_table paths_ocr = PATH_TABLE(ocr_lists);
