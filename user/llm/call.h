/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One LLM call: what the llm room makes, and what owner and price read.
 *
 * Borrowed: every struct str points into the exchange's arena and is good for the on_call callback
 * only. Absent means unknown (STR_NONE, meter not present); zero means zero.
 */
#ifndef TOLLTAP_CALL_H
#define TOLLTAP_CALL_H

#include "base/meter.h"
#include "base/str.h"

enum usage_source {
	USAGE_NONE,
	USAGE_BODY_JSON,
	USAGE_SSE_FINAL,
	USAGE_SSE_CUMULATIVE,
	USAGE_SSE_PARTIAL,
	USAGE_NDJSON,
	USAGE_HEADER,
	USAGE_BODY_ESTIMATE,
	USAGE_EVENTSTREAM,
	USAGE_WS,
	USAGE_GRPC,
	USAGE_SOURCE_MAX,
};

enum completeness {
	COMPLETE_EXACT,
	COMPLETE_LOWER_BOUND,
	COMPLETE_ESTIMATED,
	COMPLETE_UNMETERED,
	COMPLETE_DUPLICATE_VIEW,
	COMPLETE_FREE_CALL,
	COMPLETENESS_MAX,
};

enum billing {
	BILLING_UNKNOWN,
	BILLING_METERED,
	BILLING_SUBSCRIPTION,
	BILLING_BYOK,
	BILLING_SELF_HOSTED,
	BILLING_MAX,
};

enum cache_status {
	CACHE_NONE,		/* no figure, or nothing read or written and none expected */
	CACHE_MISS,		/* nothing, though such prompts are cached unasked */
	CACHE_WRITTEN,		/* written, nothing read */
	CACHE_PARTIAL,		/* some of the prompt was read */
	CACHE_HIT,		/* at least 95 % of it */
	CACHE_GATEWAY_HIT,	/* a gateway answered from its own cache */
	CACHE_INFERRED,
	CACHE_STATUS_MAX,
};

enum call_flag {
	CALL_F_STREAM = 1 << 0,
	CALL_F_ABORTED = 1 << 1,		/* ended before the provider's last event */
	CALL_F_TRUNCATED = 1 << 2,		/* bytes of the response were lost to us */
	CALL_F_REQUEST_GAP = 1 << 3,
	CALL_F_REQUEST_POLICY = 1 << 4,		/* part of the request was left out on purpose */
	/* a subset was larger than its total; clamped at 0 */
	CALL_F_CLAMPED = 1 << 5,
	/* asked and served are different models of the card (set by price) */
	CALL_F_SUBSTITUTED = 1 << 6,
	CALL_F_SHAPE = 1 << 7,			/* recognised by shape, not by host */
	CALL_F_ITERATED = 1 << 8,		/* has sub-usages */
	/* provider_total does not equal the sum of the parts */
	CALL_F_RESIDUAL = 1 << 9,
	CALL_F_ARITHMETIC = 1 << 10,		/* a count overflowed or made no sense; left out */
	CALL_F_SERVER_SIDE = 1 << 11,		/* seen in the server process */
	/* Azure: over the provisioned units, pay as you go */
	CALL_F_SPILLED = 1 << 12,
	/* HTTP/2 joined late or after a loss: some of its headers could not be known */
	CALL_F_HEAD_UNKNOWN = 1 << 13,
};

/* A hop inside one call that is priced at its own model (Anthropic iterations). */
struct sub_usage {
	struct str model;	/* STR_NONE: the call's model */
	struct str type;	/* message, compaction, advisor_message, fallback_message */
	struct meters meters;
	u64 context_tokens;	/* prompt size that decides a context tier */
};

#define CALL_SUB_MAX 64
#define CALL_FINISH_MAX 16

struct call {
	struct str provider;		/* openai, anthropic, ... (user/llm/providers.c) */
	struct str endpoint;		/* chat, completions, responses, embeddings, messages ... */
	/* OpenTelemetry gen_ai.operation.name: chat, text_completion, embeddings ... */
	struct str operation;
	struct str host;		/* lower case, port kept when it is not the scheme's */
	struct str path;		/* without query */
	u16 http_status;		/* 0: no response */
	u32 flags;			/* enum call_flag */
	struct str model_requested;
	struct str model_served;
	struct str response_id;
	struct str request_id;		/* provider's header */
	struct str finish[CALL_FINISH_MAX];
	size_t finish_cnt;
	/* effective tier as reported by the response, else as asked */
	struct str service_tier;
	struct str geo;			/* inference_geo and the like */
	struct str speed;
	struct str error_type;
	struct str error_code;
	struct meters meters;		/* disjoint; with sub_cnt > 0, the sum of the subs */
	/* sub_cnt of them, priced one by one; NULL: price `meters` */
	struct sub_usage *sub;
	size_t sub_cnt;
	u64 context_tokens;		/* whole prompt size, for context tiers */
	bool has_provider_total;
	u64 provider_total;
	s64 residual;			/* provider_total - sum of the parts */
	bool has_provider_cost;
	s64 provider_cost_femto_usd;	/* 1e-15 USD, as reported */
	enum usage_source usage_source;
	enum completeness completeness;
	enum cache_status cache_status;
	enum billing billing;
	/* the secret itself: owner hashes it, nobody else may read it */
	struct str credential;
	struct str credential_scheme;	/* bearer, x-api-key, api-key, ... */
	struct str organization;
	struct str project;
	struct str user_agent;
	struct str traceparent;
	struct str tracestate;
	struct str baggage;
	struct str session_id;
	struct str session_source;	/* header | body */
	u32 retry_seq;
	struct str retry_of;		/* request_id of the attempt that this one repeats */
	u32 fallback_depth;		/* as a gateway says; hops of the call itself are in sub */
	u32 gateway_retries;		/* attempts a gateway made for this one, beyond the first */
	u64 start_ns;			/* boot time */
	u64 end_ns;
	u64 first_token_ns;		/* first body byte of a stream; 0 when not streamed */
};

const char *usage_source_name(enum usage_source s);
const char *completeness_name(enum completeness c);
const char *billing_name(enum billing b);
const char *cache_status_name(enum cache_status c);

#endif
