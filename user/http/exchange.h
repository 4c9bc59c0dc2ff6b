/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP request and its response: what the http room makes and the llm room reads.
 *
 * Bodies are never held: they are pushed piecewise, decoded, as units (http/http.h). Everything a
 * struct str points to lives in `arena`, which dies after on_done. Only the headers in enum
 * http_header are kept.
 */
#ifndef TOLLTAP_EXCHANGE_H
#define TOLLTAP_EXCHANGE_H

#include "base/arena.h"
#include "base/str.h"
#include "base/types.h"

/*
 * H(id, lower-case name). The headers later rooms ask for; everything else is skipped. Add freely.
 */
#define HTTP_HEADERS(H) \
	H(ACCEPT, "accept") \
	H(AMZ_SDK_REQUEST, "amz-sdk-request") \
	H(ANTHROPIC_ORGANIZATION_ID, "anthropic-organization-id") \
	H(ANTHROPIC_VERSION, "anthropic-version") \
	H(ANTHROPIC_WORKSPACE_ID, "anthropic-workspace-id") \
	H(API_KEY, "api-key") \
	H(APIM_REQUEST_ID, "apim-request-id") \
	H(AUTHORIZATION, "authorization") \
	H(BAGGAGE, "baggage") \
	H(CF_AIG_CACHE_STATUS, "cf-aig-cache-status") \
	H(CONTENT_ENCODING, "content-encoding") \
	H(CONTENT_TYPE, "content-type") \
	H(GRPC_ENCODING, "grpc-encoding") \
	H(GRPC_STATUS, "grpc-status") \
	H(HELICONE_CACHE, "helicone-cache") \
	H(HOST, "host") \
	H(INFERENCE_ID, "inference-id") \
	H(MISTRAL_CORRELATION_ID, "mistral-correlation-id") \
	H(NUM_TOKENS_DASH, "num-tokens") \
	H(NUM_TOKENS, "num_tokens") \
	H(OPENAI_MODEL, "openai-model") \
	H(OPENAI_ORGANIZATION, "openai-organization") \
	H(OPENAI_PROCESSING_MS, "openai-processing-ms") \
	H(OPENAI_PROJECT, "openai-project") \
	H(REQUEST_ID, "request-id") \
	H(RETRY_AFTER, "retry-after") \
	H(SEC_WEBSOCKET_EXTENSIONS, "sec-websocket-extensions") \
	H(SERVER, "server") \
	H(SESSION_ID, "session-id") \
	H(SESSION_ID_UNDERSCORE, "session_id") \
	H(TRACEPARENT, "traceparent") \
	H(TRACESTATE, "tracestate") \
	H(USER_AGENT, "user-agent") \
	H(X_AMZN_BEDROCK_CACHE_READ_INPUT_TOKEN_COUNT, "x-amzn-bedrock-cache-read-input-token-count") \
	H(X_AMZN_BEDROCK_CACHE_WRITE_INPUT_TOKEN_COUNT, "x-amzn-bedrock-cache-write-input-token-count") \
	H(X_AMZN_BEDROCK_INPUT_TOKEN_COUNT, "x-amzn-bedrock-input-token-count") \
	H(X_AMZN_BEDROCK_INVOCATION_LATENCY, "x-amzn-bedrock-invocation-latency") \
	H(X_AMZN_BEDROCK_OUTPUT_TOKEN_COUNT, "x-amzn-bedrock-output-token-count") \
	H(X_AMZN_BEDROCK_PERFORMANCECONFIG_LATENCY, "x-amzn-bedrock-performanceconfig-latency") \
	H(X_AMZN_BEDROCK_SERVICE_TIER, "x-amzn-bedrock-service-tier") \
	H(X_AMZN_ERRORTYPE, "x-amzn-errortype") \
	H(X_AMZN_REQUESTID, "x-amzn-requestid") \
	H(X_API_KEY, "x-api-key") \
	H(X_CLAUDE_CODE_SESSION_ID, "x-claude-code-session-id") \
	H(X_COMPUTE_TYPE, "x-compute-type") \
	H(X_GEMINI_SERVICE_TIER, "x-gemini-service-tier") \
	H(X_GENERATED_TOKENS, "x-generated-tokens") \
	H(X_GENERATION_ID, "x-generation-id") \
	H(X_GOOG_API_KEY, "x-goog-api-key") \
	H(X_GROQ_REGION, "x-groq-region") \
	H(X_INFERENCE_PROVIDER, "x-inference-provider") \
	H(X_LITELLM_ATTEMPTED_FALLBACKS, "x-litellm-attempted-fallbacks") \
	H(X_LITELLM_ATTEMPTED_RETRIES, "x-litellm-attempted-retries") \
	H(X_LITELLM_CACHE_KEY, "x-litellm-cache-key") \
	H(X_LITELLM_CALL_ID, "x-litellm-call-id") \
	H(X_LITELLM_RESPONSE_COST, "x-litellm-response-cost") \
	H(X_MS_DEPLOYMENT_NAME, "x-ms-deployment-name") \
	H(X_MS_IS_SPILLED_OVER, "x-ms-is-spilled-over") \
	H(X_MS_REGION, "x-ms-region") \
	H(X_MS_SERVED_MODEL, "x-ms-served-model") \
	H(X_OPENCODE_SESSION_ID, "x-opencode-session-id") \
	H(X_PORTKEY_CACHE_STATUS, "x-portkey-cache-status") \
	H(X_PORTKEY_PROVIDER, "x-portkey-provider") \
	H(X_PROMPT_TOKENS, "x-prompt-tokens") \
	H(X_REQUEST_ID, "x-request-id") \
	H(X_STAINLESS_RETRY_COUNT, "x-stainless-retry-count")

enum http_header {
#define HTTP_HEADER_ID(id, name) HTTP_H_##id,
	HTTP_HEADERS(HTTP_HEADER_ID)
#undef HTTP_HEADER_ID
	HTTP_H_MAX,
};

enum http_dir {
	HTTP_REQUEST = 0,
	HTTP_RESPONSE = 1,
	HTTP_DIR_MAX = 2,
};

enum exchange_flag {
	EXCHANGE_F_REQUEST_GAP = 1 << 0,	/* bytes missing in the request body (loss) */
	/* bytes missing in the request body (policy hole) */
	EXCHANGE_F_REQUEST_POLICY = 1 << 1,
	EXCHANGE_F_RESPONSE_GAP = 1 << 2,
	EXCHANGE_F_RESPONSE_CUT = 1 << 3,	/* the connection ended before the response did */
	EXCHANGE_F_REQUEST_CUT = 1 << 4,
	/* content coding broken, unknown, or over its cap */
	EXCHANGE_F_DECODE_FAILED = 1 << 5,
	EXCHANGE_F_STREAM = 1 << 6,		/* the response is a stream of events */
	EXCHANGE_F_NO_RESPONSE = 1 << 7,	/* the connection ended without any response */
	/* the traced process is the server: it read the request */
	EXCHANGE_F_SERVER_SIDE = 1 << 8,
	/*
	 * cut or unanswered on a traced client: taken for its abort (who closed first is not seen)
	 */
	EXCHANGE_F_CLIENT_CLOSED = 1 << 9,
	/*
	 * HTTP/2, joined late or after a loss: a header could not be known. What is absent, an
	 * empty path, method or authority, and status 0 then mean unknown.
	 */
	EXCHANGE_F_HEAD_UNKNOWN = 1 << 10,
};

/*
 * How a body is cut into units. The message's label decides (content type, or the switch to
 * WebSocket), then the callee of on_response, then a response's first bytes: WHOLE that starts like
 * events is SSE, ARRAY that does not start with a bracket is WHOLE. So the framing is final at the
 * response's first unit.
 */
enum http_framing {
	FRAMING_NONE,		/* no body, or one nobody wants */
	FRAMING_WHOLE,		/* one unit: the whole body (JSON) */
	FRAMING_SSE,		/* one unit per event */
	FRAMING_NDJSON,		/* one unit per line */
	/* one unit per element of the body's one JSON array; only on the callee's wish */
	FRAMING_ARRAY,
	FRAMING_EVENTSTREAM,	/* AWS event stream: one unit per frame, its payload as it is */
	FRAMING_GRPC,		/* one unit per message: protobuf, uncompressed, without prefix */
	FRAMING_WEBSOCKET,	/* one unit per text or binary message; both directions */
	FRAMING_MULTIPART,	/* multipart/form-data: one unit per part */
	FRAMING_MAX,
};

/* More about a unit; known from its UNIT_BEGIN on. */
enum unit_flag {
	/* event stream: a frame of :message-type exception or error, not an event */
	UNIT_F_EXCEPTION = 1 << 0,
	UNIT_F_BINARY = 1 << 1,		/* WebSocket: a binary message */
	UNIT_F_FILE = 1 << 2,		/* multipart: the part has a file name */
};

struct exchange {
	struct arena *arena;
	u64 id;				/* unique within the process tree of this tolltap */
	struct str method;
	struct str authority;		/* Host or :authority, as sent */
	struct str path;		/* without the query */
	/* without '?'; may hold a key: never stored, never printed */
	struct str query;
	u16 status;			/* 0: no response head was seen */
	u16 version;			/* 10, 11, 20 */
	u32 flags;			/* enum exchange_flag */
	enum http_framing framing;	/* of the response */
	enum http_framing request_framing;
	u32 unit_flags[HTTP_DIR_MAX];	/* enum unit_flag, of the unit begun last */
	/* WebSocket: boot time of the bytes that the step under way came with */
	u64 unit_ns[HTTP_DIR_MAX];
	/* first value of each; STR_NONE when absent */
	struct str header[HTTP_DIR_MAX][HTTP_H_MAX];
	u64 request_start_ns;		/* boot time of the first byte of each */
	u64 request_end_ns;
	u64 response_start_ns;
	u64 response_body_ns;		/* first body byte; 0 when there was none */
	u64 end_ns;
	u64 wire_bytes[HTTP_DIR_MAX];	/* head and body as captured */
	u64 body_bytes[HTTP_DIR_MAX];	/* decoded */
	u64 gap_bytes[HTTP_DIR_MAX];	/* policy holes included */
	void *conn;		/* struct conn of the pipeline, opaque here */
	u64 origin;			/* equal for exchanges of one process, opaque too */
	void *user;			/* the llm room's state */
};

#endif
