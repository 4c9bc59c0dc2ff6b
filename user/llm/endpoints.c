/* SPDX-License-Identifier: Apache-2.0 */
/* Which method and path is which API. */
#include "llm/dialect.h"

#define FREE ENDPOINT_F_FREE
#define VIEW ENDPOINT_F_VIEW
#define MODEL ENDPOINT_F_MODEL
#define JOB ENDPOINT_F_JOB
#define SOCKET_F ENDPOINT_F_SOCKET
#define GRPC ENDPOINT_F_GRPC
#define RUN ENDPOINT_F_RUN
#define RUN_VIEW (RUN | VIEW | JOB)

/* Names of the columns: see struct endpoint. First match wins, so the longer path stands first. */
#define ROW(method, suffix, name, operation, provider, paths, family, assembly, flags, only) \
	{method, suffix, name, operation, provider, PATHS_##paths, FAMILY_##family, \
	 ASSEMBLE_##assembly, flags, only}

static const struct endpoint dialect_endpoints[] = {
	/* OpenAI, and everybody who speaks its dialect */
	ROW("POST", "/chat/completions", "chat", "chat", "openai", OPENAI, INCLUSIVE, LAST,
	    0, NULL),
	ROW("GET", "/chat/completions/*", "chat", "chat", "openai", OPENAI, INCLUSIVE, LAST, VIEW,
	    NULL),
	ROW("POST", "/text/chatcompletion_v2", "chat", "chat", "minimax", OPENAI, INCLUSIVE, LAST,
	    0, "minimax"),
	ROW("POST", "/v1/chat", "chat", "chat", "writer", OPENAI, INCLUSIVE, LAST, 0, "writer"),
	ROW("POST", "/completions", "completions", "text_completion", "openai", OPENAI, INCLUSIVE,
	    LAST, 0, NULL),
	ROW("POST", "/responses/input_tokens", "count_tokens", "count_tokens", "openai", OPENAI,
	    INPUT, LAST, FREE, NULL),
	ROW("POST", "/responses/compact", "compact", "chat", "openai", RESPONSES, INCLUSIVE,
	    TERMINAL, 0, NULL),
	ROW("POST", "/responses/*/cancel", "responses", "chat", "openai", RESPONSES, INCLUSIVE,
	    TERMINAL, VIEW, NULL),
	ROW("POST", "/responses", "responses", "chat", "openai", RESPONSES, INCLUSIVE, TERMINAL, 0,
	    NULL),
	ROW("GET", "/responses/*", "responses", "chat", "openai", RESPONSES, INCLUSIVE, TERMINAL,
	    VIEW, NULL),
	ROW("GET", "/responses", "responses", "chat", "openai", SOCKET, INCLUSIVE, TERMINAL,
	    SOCKET_F, NULL),
	ROW("GET", "/realtime", "realtime", "chat", "openai", SOCKET, INCLUSIVE, TERMINAL, SOCKET_F,
	    NULL),
	/* Assistants: a run is billed once, whoever asks after it */
	ROW("POST", "/threads/runs", "runs", "invoke_agent", "openai", OPENAI, INCLUSIVE, LAST, RUN,
	    NULL),
	ROW("POST", "/threads/*/runs", "runs", "invoke_agent", "openai", OPENAI, INCLUSIVE, LAST,
	    RUN, NULL),
	ROW("GET", "/threads/*/runs/*", "runs", "invoke_agent", "openai", OPENAI, INCLUSIVE, LAST,
	    RUN_VIEW, NULL),
	ROW("POST", "/threads/*/runs/*/submit_tool_outputs", "runs", "invoke_agent", "openai",
	    OPENAI, INCLUSIVE, LAST, RUN_VIEW, NULL),
	ROW("POST", "/threads/*/runs/*/cancel", "runs", "invoke_agent", "openai", OPENAI, INCLUSIVE,
	    LAST, RUN_VIEW, NULL),
	/* Ollama's, before OpenAI's: the path is the longer one */
	ROW("POST", "/api/embeddings", "embeddings", "embeddings", "ollama", OLLAMA, INPUT, LAST, 0,
	    NULL),
	ROW("POST", "/embeddings", "embeddings", "embeddings", "openai", OPENAI, INPUT, LAST, 0,
	    NULL),
	ROW("POST", "/moderations", "moderations", "moderation", "openai", OPENAI, INPUT, LAST,
	    FREE, NULL),
	ROW("POST", "/images/generations", "images", "image_generation", "openai", IMAGES, IMAGES,
	    LAST, 0, NULL),
	ROW("POST", "/images/edits", "images", "image_generation", "openai", IMAGES, IMAGES, LAST,
	    0, NULL),
	ROW("POST", "/images/variations", "images", "image_generation", "openai", IMAGES, IMAGES,
	    LAST, 0, NULL),
	ROW("POST", "/audio/transcriptions", "transcriptions", "transcription", "openai", AUDIO,
	    INCLUSIVE, LAST, 0, NULL),
	ROW("POST", "/audio/translations", "transcriptions", "transcription", "openai", AUDIO,
	    INCLUSIVE, LAST, 0, NULL),
	ROW("POST", "/audio/speech", "speech", "speech", "openai", AUDIO, SPEECH, LAST, 0, NULL),
	ROW("POST", "/v1/videos", "videos", "video_generation", "openai", JOB, INPUT, LAST, JOB,
	    NULL),
	ROW("GET", "/v1/videos/*", "videos", "video_generation", "openai", JOB, INPUT, LAST,
	    JOB | VIEW, NULL),
	ROW("GET", "/files/*/content", "batch", "chat", "openai", BATCH, INCLUSIVE, EACH,
	    ENDPOINT_F_LINES, NULL),

	/* Anthropic */
	ROW("POST", "/v1/messages/count_tokens", "count_tokens", "count_tokens", "anthropic",
	    ANTHROPIC, INPUT, ANTHROPIC, FREE, NULL),
	ROW("GET", "/v1/messages/batches/*/results", "batch", "chat", "anthropic", BATCH, ADDITIVE,
	    EACH, ENDPOINT_F_LINES, NULL),
	ROW("POST", "/v1/messages", "messages", "chat", "anthropic", ANTHROPIC, ADDITIVE,
	    ANTHROPIC, 0, NULL),
	ROW("POST", "/v1/complete", "completions", "text_completion", "anthropic", ANTHROPIC,
	    ADDITIVE, ANTHROPIC, 0, "anthropic"),
	ROW("GET", "/v1/sessions/*/events/stream", "sessions", "chat", "anthropic", EVENTS,
	    ADDITIVE, EACH, 0, "anthropic"),

	/* Google; Vertex serves others too, told by the publisher in the path */
	ROW("POST", "/publishers/anthropic/models/count-tokens:rawPredict", "count_tokens",
	    "count_tokens", "vertex", ANTHROPIC, INPUT, ANTHROPIC, FREE, NULL),
	ROW("POST", "/publishers/anthropic/models/*:rawPredict", "messages", "chat", "vertex",
	    ANTHROPIC, ADDITIVE, ANTHROPIC, MODEL, NULL),
	ROW("POST", "/publishers/anthropic/models/*:streamRawPredict", "messages", "chat", "vertex",
	    ANTHROPIC, ADDITIVE, ANTHROPIC, MODEL, NULL),
	ROW("POST", "/publishers/*/models/*:rawPredict", "chat", "chat", "vertex", OPENAI,
	    INCLUSIVE, LAST, MODEL, NULL),
	ROW("POST", "/publishers/*/models/*:streamRawPredict", "chat", "chat", "vertex", OPENAI,
	    INCLUSIVE, LAST, MODEL, NULL),
	ROW("POST", "/publishers/*/models/*:predict", "predict", "embeddings", "vertex", GOOGLE,
	    INPUT, GOOGLE, MODEL, NULL),
	ROW("POST", "/*:generateContent", "generate_content", "generate_content", "gemini", GOOGLE,
	    GEMINI, GOOGLE, MODEL, NULL),
	ROW("POST", "/*:streamGenerateContent", "generate_content", "generate_content", "gemini",
	    GOOGLE, GEMINI, GOOGLE, MODEL | ENDPOINT_F_ARRAY, NULL),
	ROW("POST", "/*:embedContent", "embeddings", "embeddings", "gemini", GOOGLE, INPUT, GOOGLE,
	    MODEL, NULL),
	ROW("POST", "/*:batchEmbedContents", "embeddings", "embeddings", "gemini", GOOGLE, INPUT,
	    GOOGLE, MODEL, NULL),
	ROW("POST", "/*:countTokens", "count_tokens", "count_tokens", "gemini", GOOGLE, INPUT,
	    GOOGLE, FREE | MODEL, NULL),
	ROW("POST", "/*:computeTokens", "count_tokens", "count_tokens", "gemini", GOOGLE, INPUT,
	    GOOGLE, FREE | MODEL, NULL),
	ROW("POST", "/cachedContents", "cached_contents", "cache", "gemini", GOOGLE, INPUT, LAST, 0,
	    NULL),
	ROW("GET", "/*.BidiGenerateContent", "live", "generate_content", "gemini", LIVE, GEMINI,
	    GOOGLE, SOCKET_F, NULL),
	ROW("GET", "/*.BidiGenerateContentConstrained", "live", "generate_content", "gemini", LIVE,
	    GEMINI, GOOGLE, SOCKET_F, NULL),
	ROW("GET", "/*.LlmBidiService/BidiGenerateContent", "live", "generate_content", "vertex",
	    LIVE, GEMINI, GOOGLE, SOCKET_F, NULL),
	ROW("POST", "/google.cloud.aiplatform.v1.PredictionService/GenerateContent",
	    "generate_content", "generate_content", "vertex", GOOGLE, GEMINI, GOOGLE, GRPC, NULL),
	ROW("POST", "/google.cloud.aiplatform.v1.PredictionService/StreamGenerateContent",
	    "generate_content", "generate_content", "vertex", GOOGLE, GEMINI, GOOGLE,
	    GRPC | ENDPOINT_F_STREAMS, NULL),
	ROW("POST", "/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent",
	    "generate_content", "generate_content", "gemini", GOOGLE, GEMINI, GOOGLE, GRPC, NULL),
	ROW("POST", "/google.ai.generativelanguage.v1beta.GenerativeService/StreamGenerateContent",
	    "generate_content", "generate_content", "gemini", GOOGLE, GEMINI, GOOGLE,
	    GRPC | ENDPOINT_F_STREAMS, NULL),
	ROW("POST", "/xai_api.Chat/GetCompletion", "chat", "chat", "xai", OPENAI, ADDED_REASONING,
	    LAST, GRPC, NULL),
	ROW("POST", "/xai_api.Chat/GetCompletionChunk", "chat", "chat", "xai", OPENAI,
	    ADDED_REASONING, LAST, GRPC | ENDPOINT_F_STREAMS, NULL),
	ROW("POST", "/interactions", "interactions", "chat", "gemini", INTERACTIONS, GEMINI, LAST,
	    0, NULL),

	/* Bedrock */
	ROW("POST", "/model/*/converse", "converse", "chat", "bedrock", CONVERSE, ADDITIVE, LAST,
	    MODEL, NULL),
	ROW("POST", "/model/*/converse-stream", "converse", "chat", "bedrock", CONVERSE, ADDITIVE,
	    LAST, MODEL | ENDPOINT_F_FRAMES, NULL),
	ROW("POST", "/model/*/invoke", "invoke", "chat", "bedrock", INVOKE, ADDITIVE, INVOKE, MODEL,
	    NULL),
	ROW("POST", "/model/*/invoke-with-response-stream", "invoke", "chat", "bedrock", INVOKE,
	    ADDITIVE, INVOKE, MODEL | ENDPOINT_F_WRAPPED | ENDPOINT_F_FRAMES, NULL),
	ROW("POST", "/model/*/count-tokens", "count_tokens", "count_tokens", "bedrock", CONVERSE,
	    INPUT, LAST, FREE | MODEL, NULL),
	ROW("POST", "/guardrail/*/version/*/apply", "guardrail", "guardrail", "bedrock", CONVERSE,
	    INPUT, LAST, 0, "bedrock"),
	ROW("POST", "/agents/*/agentAliases/*/sessions/*/text", "agent", "invoke_agent",
	    "bedrock-agent", AGENT, ADDITIVE, SUM, 0, "bedrock-agent"),
	ROW("POST", "/endpoints/*/invocations", "invoke", "chat", "sagemaker", OPENAI, INCLUSIVE,
	    LAST, 0, "sagemaker"),

	/* Cohere, and others that rank and read */
	ROW("POST", "/v1/chat", "chat", "chat", "cohere", COHERE, ADDITIVE, LAST, 0, "cohere"),
	ROW("POST", "/v2/chat", "chat", "chat", "cohere", COHERE, ADDITIVE, LAST, 0, NULL),
	ROW("POST", "/v1/generate", "completions", "text_completion", "cohere", COHERE, ADDITIVE,
	    LAST, 0, "cohere"),
	ROW("POST", "/embed", "embeddings", "embeddings", "cohere", COHERE, INPUT, LAST, 0,
	    "cohere"),
	ROW("POST", "/v1/tokenize", "count_tokens", "count_tokens", "cohere", COHERE, INPUT, LAST,
	    FREE, "cohere"),
	ROW("POST", "/rerank", "rerank", "rerank", "cohere", COHERE, INPUT, LAST, 0, NULL),
	ROW("POST", "/v1/ocr", "ocr", "ocr", "mistral", OCR, INPUT, LAST, 0, NULL),
	ROW("POST", "/v1/listen", "transcriptions", "transcription", "deepgram", AUDIO, INCLUSIVE,
	    LAST, 0, "deepgram"),
	ROW("POST", "/predictions", "predictions", "text_completion", "replicate", JOB, INPUT, LAST,
	    JOB, "replicate"),
	ROW("GET", "/predictions/*", "predictions", "text_completion", "replicate", JOB, INPUT,
	    LAST, JOB | VIEW, "replicate"),

	/* servers that one runs oneself */
	ROW("POST", "/api/chat", "chat", "chat", "ollama", OLLAMA, INCLUSIVE, LAST,
	    ENDPOINT_F_STREAMS, NULL),
	ROW("POST", "/api/generate", "completions", "text_completion", "ollama", OLLAMA, INCLUSIVE,
	    LAST, ENDPOINT_F_STREAMS, NULL),
	ROW("POST", "/api/embed", "embeddings", "embeddings", "ollama", OLLAMA, INPUT, LAST, 0,
	    NULL),
	ROW("POST", "/completion", "completions", "text_completion", "llamacpp", TGI, INCLUSIVE,
	    LAST, 0, NULL),
	ROW("POST", "/generate", "completions", "text_completion", "tgi", TGI, INCLUSIVE, LAST, 0,
	    NULL),
	ROW("POST", "/generate_stream", "completions", "text_completion", "tgi", TGI, INCLUSIVE,
	    LAST, 0, NULL),
};

/* Takes the last segment off *path; false when there is none. */
static bool path_last(struct str *path, struct str *ret)
{
	for (size_t i = path->n; i > 0; i--) {
		if (path->p[i - 1] == '/') {
			*ret = (struct str){path->p + i, path->n - i};
			path->n = i - 1;
			return true;
		}
	}
	return false;
}

static bool has_star(struct str s)
{
	return str_find_char(s, '*') < s.n;
}

static bool segment_matches(struct str have, struct str want)
{
	char pattern[64];

	if (!has_star(want))
		return str_eq(have, want);
	if (want.n >= sizeof(pattern))
		return false;
	memcpy(pattern, want.p, want.n);
	pattern[want.n] = 0;
	return dialect_matches(have, pattern);
}

/* ret_star: what the last "*" of the suffix stands for. */
static bool path_matches(struct str path, const char *suffix, struct str *ret_star)
{
	struct str want = str_of(suffix), have = path, a, b, star = STR_NONE;

	while (path_last(&want, &a)) {
		if (!path_last(&have, &b) || !segment_matches(b, a))
			return false;
		if (!star.p && has_star(a)) {
			size_t before = str_find_char(a, '*'), behind = a.n - before - 1;

			star = str_cut(b, before, b.n - before - behind);
		}
	}
	*ret_star = star;
	return true;
}

static struct str path_trim(struct str path)
{
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	return path;
}

const struct endpoint *dialect_endpoint(struct str method, struct str path,
					const struct provider *provider)
{
	struct str star;

	path = path_trim(path);
	for (size_t i = 0; i < ARRAY_LEN(dialect_endpoints); i++) {
		const struct endpoint *e = &dialect_endpoints[i];
		bool is_here = !e->only || (provider && !strcmp(provider->name, e->only));

		if (is_here && str_eq(method, str_of(e->method)) &&
		    path_matches(path, e->suffix, &star))
			return e;
	}
	return NULL;
}

/* "/v1internal:generateContent" names no model: before the verb stands none of Google's models. */
struct str dialect_path_model(const struct endpoint *e, struct str path)
{
	struct str star, last, before;

	path = path_trim(path);
	if (!(e->flags & ENDPOINT_F_MODEL) || !path_matches(path, e->suffix, &star))
		return STR_NONE;
	path_last(&path, &last);
	if (e->suffix[1] == '*' &&
	    (!path_last(&path, &before) || !str_ends(before, STR("odels"))))
		return STR_NONE;
	return star;
}

struct str dialect_segment(struct str path, const char *name)
{
	struct str part;

	while (str_next(&path, '/', &part))
		if (str_eq(part, str_of(name)))
			return str_next(&path, '/', &part) && part.n ? part : STR_NONE;
	return STR_NONE;
}
