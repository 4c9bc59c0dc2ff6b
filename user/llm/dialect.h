/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that say which API an exchange speaks and where its values stand.
 *
 *   host           -> provider        (dialect_provider)
 *   method + path  -> endpoint        (dialect_endpoint): family, paths, assembly rule
 *   endpoint       -> watched paths   (dialect_paths): path -> field, slot, counter
 *
 * A new OpenAI-compatible provider is a row of dialect_providers; a new API is a row of
 * dialect_endpoints and, if its names are new, a list of paths.
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
	FIELD_CHOICE,		/* one element of choices */
	FIELD_CHOICE_INDEX,
	FIELD_FINISH,		/* of the current choice */
	FIELD_ERROR,		/* the error object, or a bare string */
	FIELD_ERROR_TYPE,
	FIELD_ERROR_CODE,
	FIELD_USAGE,		/* the usage object of a slot: begin, end or null */
	FIELD_COUNT,		/* one counter of a slot */
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
	FIELD_MAX,
};

/* Where a usage object of a document is collected. */
enum usage_slot {
	SLOT_MAIN,
	SLOT_TWIN,		/* x_groq.usage: the same numbers again, used when MAIN is absent */
	SLOT_HOP,		/* the current element of usage.iterations */
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
	PATHS_SESSION,		/* of the JSON that Claude Code puts into metadata.user_id */
	PATH_SET_MAX,
};

/* How the documents of a response become one usage. */
enum assembly {
	ASSEMBLE_LAST,		/* the last non-null usage wins, never a sum */
	ASSEMBLE_TERMINAL,	/* only the terminal event's */
	ASSEMBLE_ANTHROPIC,	/* message_start, replaced field by field by message_delta */
};

enum endpoint_flag {
	ENDPOINT_F_FREE = 1 << 0,	/* counting, moderation: nobody pays */
	ENDPOINT_F_VIEW = 1 << 1,	/* shows a response made by another request */
};

struct endpoint {
	const char *method;
	const char *suffix;	/* of the path, whole segments; "*" is any one segment */
	const char *name;	/* call.endpoint */
	const char *operation;	/* call.operation */
	const char *provider;	/* when the host is unknown */
	enum path_set paths;
	enum usage_family family;
	enum assembly assembly;
	u32 flags;		/* enum endpoint_flag */
};

struct provider {
	const char *host;	/* "*" stands for any text; with ":port" the port is compared too */
	const char *path;	/* prefix the path must have, or NULL */
	const char *name;
	enum billing billing;	/* BILLING_UNKNOWN: metered unless something says otherwise */
};

/* NULL when no endpoint has this path. */
const struct endpoint *dialect_endpoint(struct str method, struct str path);

/* host: lower case. NULL when the host is nobody's we know. */
const struct provider *dialect_provider(struct str host, struct str path);

/* The arithmetic of an endpoint where a provider differs from its dialect. */
enum usage_family dialect_family(const struct endpoint *e, struct str provider);

/* The deployment of an Azure path, which is the model that was asked for; or STR_NONE. */
struct str dialect_deployment(struct str path);

/* Compiles one set of paths. NULL when memory is out. */
struct json_paths *dialect_paths(enum path_set set);

#endif
