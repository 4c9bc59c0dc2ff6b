/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the record for the enums of call.h. They are a contract: add, never rename. */
#include "llm/call.h"

static const char *const usage_source_names[USAGE_SOURCE_MAX] = {
	[USAGE_NONE] = "none",
	[USAGE_BODY_JSON] = "body_json",
	[USAGE_SSE_FINAL] = "sse_final",
	[USAGE_SSE_CUMULATIVE] = "sse_cumulative",
	[USAGE_SSE_PARTIAL] = "sse_partial",
	[USAGE_NDJSON] = "ndjson",
	[USAGE_HEADER] = "header",
	[USAGE_BODY_ESTIMATE] = "body_estimate",
	[USAGE_EVENTSTREAM] = "eventstream",
	[USAGE_WS] = "ws",
	[USAGE_GRPC] = "grpc",
};

static const char *const completeness_names[COMPLETENESS_MAX] = {
	[COMPLETE_EXACT] = "exact",
	[COMPLETE_LOWER_BOUND] = "lower_bound",
	[COMPLETE_ESTIMATED] = "estimated",
	[COMPLETE_UNMETERED] = "unmetered",
	[COMPLETE_DUPLICATE_VIEW] = "duplicate_view",
	[COMPLETE_FREE_CALL] = "free_call",
};

static const char *const billing_names[BILLING_MAX] = {
	[BILLING_UNKNOWN] = "unknown",
	[BILLING_METERED] = "metered",
	[BILLING_SUBSCRIPTION] = "subscription",
	[BILLING_BYOK] = "byok",
	[BILLING_SELF_HOSTED] = "self_hosted",
};

static const char *const cache_status_names[CACHE_STATUS_MAX] = {
	[CACHE_NONE] = "none",
	[CACHE_MISS] = "miss",
	[CACHE_WRITTEN] = "write",
	[CACHE_PARTIAL] = "partial",
	[CACHE_HIT] = "hit",
	[CACHE_GATEWAY_HIT] = "gateway_hit",
	[CACHE_INFERRED] = "inferred",
};

const char *usage_source_name(enum usage_source s)
{
	return usage_source_names[s];
}

const char *completeness_name(enum completeness c)
{
	return completeness_names[c];
}

const char *billing_name(enum billing b)
{
	return billing_names[b];
}

const char *cache_status_name(enum cache_status c)
{
	return cache_status_names[c];
}
