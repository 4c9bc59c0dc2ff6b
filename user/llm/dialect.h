/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that say which API an exchange speaks and where its values stand.
 *
 *   host           -> provider        (dialect_provider)
 *   method + path  -> endpoint        (dialect_endpoint): family, paths, assembly rule
 *   endpoint       -> watched paths   (dialect_paths): path -> field, slot, counter
 *
 * A new OpenAI-compatible provider is a row of providers.c; a new API is a row of endpoints.c and,
 * if its names are new, a list of paths (paths_*.c). docs/ARCHITECTURE.md has worked examples.
 */
#ifndef TOLLTAP_LLM_DIALECT_H
#define TOLLTAP_LLM_DIALECT_H

#include "base/json.h"
#include "llm/call.h"
#include "llm/usage.h"

/* What a watched path means. */
enum field {
	FIELD_NONE,
	/* requests */
	FIELD_ASKED_MODEL,
	FIELD_ASKED_STREAM,
	FIELD_ASKED_PROMPT,	/* messages, input, prompt: proof of shape */
	FIELD_ASKED_TIER,
	FIELD_ASKED_GEO,
	FIELD_ASKED_SPEED,
	FIELD_USER_ID,		/* Anthropic's metadata.user_id, which holds a session */
	FIELD_ASKED_EFFORT,	/* reasoning is asked for */
	FIELD_ASKED_BILL_TO,	/* who pays (Anthropic's billing_policy) */
	/* responses */
	FIELD_ID,
	FIELD_MODEL,
	FIELD_TYPE,		/* of the event or document */
	FIELD_OBJECT,
	FIELD_STATUS,		/* of an OpenAI response */
	FIELD_STATUS_REASON,
	FIELD_BACKGROUND,
	FIELD_TIER,
	FIELD_GEO,
	FIELD_SPEED,
	FIELD_LIST,		/* choices, data, input_tokens: proof of shape */
	FIELD_BODY,		/* the same, an object */
	FIELD_CHOICE,		/* one element of choices */
	FIELD_CHOICE_INDEX,
	FIELD_FINISH,		/* of the current choice */
	FIELD_DONE,		/* true in the last document of a stream */
	FIELD_DELTA,		/* a piece of text of the answer */
	FIELD_DELTA_OTHER,	/* a piece of something else: tool call, audio, reasoning */
	FIELD_ERROR,		/* the error object, or a bare string */
	FIELD_ERROR_TYPE,
	FIELD_ERROR_CODE,
	FIELD_USAGE,		/* the usage object of a slot: begin, end or null */
	FIELD_COUNT,		/* one counter of a slot */
	FIELD_ADD,		/* the same, one of several that are summed up */
	FIELD_DETAILS,		/* a list of counts by modality or lifetime; counter: its first */
	FIELD_DETAIL,		/* one element of it */
	FIELD_DETAIL_NAME,
	FIELD_DETAIL_COUNT,
	FIELD_QUERY,		/* one search that grounds a candidate */
	FIELD_PIECE,		/* one thing that was made: counted in the slot's counter */
	FIELD_BYOK,
	FIELD_HOPS,		/* usage.iterations */
	FIELD_HOP,		/* one element of it */
	FIELD_HOP_MODEL,
	FIELD_HOP_TYPE,
	FIELD_ITEM,		/* one element of output, or a content block */
	FIELD_ITEM_TYPE,
	FIELD_ITEM_NAME,
	FIELD_ITEM_ACTION,
	FIELD_ITEM_CONTAINER,
	FIELD_WRAPPED,		/* base64 of a document */
	/* of messages on a socket, either side's */
	FIELD_ASKED_TYPE,	/* what the client's message is */
	FIELD_STREAM_ID,	/* which of the connection's lanes */
	FIELD_SESSION_MODEL,
	FIELD_HEARD_MODEL,	/* that transcribes the user's speech */
	FIELD_MAX,
};

/* Where a usage object of a document is collected. */
enum usage_slot {
	SLOT_MAIN,
	SLOT_TWIN,		/* x_groq.usage: the same numbers again, used when MAIN is absent */
	SLOT_HOP,		/* the current element of usage.iterations */
	SLOT_METRICS,		/* what the host measured: Bedrock's invocationMetrics, timings */
	SLOT_MAX,
};

/* tag of a json_path: field | slot << 8 | counter << 16 */
#define TAG(field, slot, counter) ((u32)(field) | (u32)(slot) << 8 | (u32)(counter) << 16)
#define TAG_FIELD(tag) ((enum field)((tag) & 0xff))
#define TAG_SLOT(tag) ((enum usage_slot)((tag) >> 8 & 0xff))
#define TAG_COUNTER(tag) ((enum counter)((tag) >> 16))

enum path_set {
	PATHS_REQUEST,
	PATHS_OPENAI,		/* chat, completions, embeddings */
	PATHS_RESPONSES,
	PATHS_ANTHROPIC,
	PATHS_GOOGLE,		/* generateContent, embeddings, cachedContents */
	PATHS_INTERACTIONS,
	PATHS_CONVERSE,
	PATHS_INVOKE,		/* Bedrock: the vendors' own bodies */
	PATHS_AGENT,		/* Bedrock agents */
	PATHS_ENVELOPE,		/* of a document that is wrapped into another */
	PATHS_COHERE,
	PATHS_OLLAMA,
	PATHS_TGI,
	PATHS_IMAGES,
	PATHS_AUDIO,
	PATHS_JOB,		/* a job that is asked after until it is done */
	PATHS_BATCH,		/* one line of a batch's results */
	PATHS_EVENTS,		/* of an agent that the provider runs */
	PATHS_OCR,
	PATHS_SOCKET,		/* OpenAI's responses and realtime messages, the server's */
	PATHS_LIVE,		/* Gemini Live's */
	PATHS_ASKED_LANE,	/* any client's messages on a socket */
	PATHS_SESSION,		/* of the JSON that Claude Code puts into metadata.user_id */
	PATH_SET_MAX,
};

/* How the documents of a response become one usage. */
enum assembly {
	ASSEMBLE_LAST,		/* the last non-null usage wins, never a sum */
	ASSEMBLE_TERMINAL,	/* only the terminal event's */
	ASSEMBLE_ANTHROPIC,	/* message_start, replaced field by field by message_delta */
	ASSEMBLE_GOOGLE,	/* the last whole object that counts the prompt */
	ASSEMBLE_INVOKE,	/* as the vendor's body, else the host's metrics */
	ASSEMBLE_SUM,		/* every usage object is another model call */
	ASSEMBLE_EACH,		/* every document is a call of its own */
};

enum endpoint_flag {
	ENDPOINT_F_FREE = 1 << 0,	/* counting, moderation: nobody pays */
	ENDPOINT_F_VIEW = 1 << 1,	/* shows a response made by another request */
	ENDPOINT_F_MODEL = 1 << 2,	/* the last "*" of the suffix is the model */
	ENDPOINT_F_WRAPPED = 1 << 3,	/* an event stream's documents are wrapped */
	ENDPOINT_F_JOB = 1 << 4,	/* billed by the first view that says it is done */
	ENDPOINT_F_STREAMS = 1 << 5,	/* streams unless asked not to */
	ENDPOINT_F_LINES = 1 << 6,	/* the body is lines, whatever its label says */
	ENDPOINT_F_SOCKET = 1 << 7,	/* becomes a WebSocket of many calls (lanes.c) */
	ENDPOINT_F_FRAMES = 1 << 8,	/* a good answer is an AWS event stream, labelled or not */
	ENDPOINT_F_ARRAY = 1 << 9,	/* what looks like one document is an array of them */
	ENDPOINT_F_GRPC = 1 << 10,	/* called by gRPC (grpc.c) */
	ENDPOINT_F_RUN = 1 << 11,	/* of events only the run's own count, not its steps' */
};

struct endpoint {
	const char *method;
	const char *suffix;	/* of the path, whole segments; "*" is any text within one */
	const char *name;	/* call.endpoint */
	const char *operation;	/* call.operation */
	const char *provider;	/* when the host is unknown */
	enum path_set paths;
	enum usage_family family;
	enum assembly assembly;
	u32 flags;		/* enum endpoint_flag */
	const char *only;	/* on this provider's hosts only, or NULL */
};

struct provider {
	/* lower case; "*" stands for any text; with ":port" the port is compared too */
	const char *host;
	const char *path;	/* prefix the path must have, or NULL */
	const char *name;
	enum billing billing;	/* BILLING_UNKNOWN: metered unless something says otherwise */
};

/* NULL when no endpoint has this path. provider: NULL when the host is nobody's we know. */
const struct endpoint *dialect_endpoint(struct str method, struct str path,
					const struct provider *provider);

/* NULL when the host is nobody's we know. */
const struct provider *dialect_provider(struct str host, struct str path);

/* Whether text is the pattern; "*" in it stands for one byte or more. Case does not matter. */
bool dialect_matches(struct str text, const char *pattern);

/* The arithmetic of an endpoint where a provider, or its model, differs from its dialect. */
enum usage_family dialect_family(const struct endpoint *e, struct str provider, struct str model);

/* The model as a path names it (ENDPOINT_F_MODEL), as sent: percent-encoded. Or STR_NONE. */
struct str dialect_path_model(const struct endpoint *e, struct str path);

/* The segment behind `name` in a path ("deployments", "locations"), or STR_NONE. */
struct str dialect_segment(struct str path, const char *name);

/* Compiles one set of paths. NULL when memory is out. */
struct json_paths *dialect_paths(enum path_set set);

#endif
