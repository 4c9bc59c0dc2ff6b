/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records -> OTLP: one CLIENT span per call, under one resource per process.
 *
 * The message tree lives in the arena it was built in; strings are copied and made valid UTF-8,
 * which protobuf demands and HTTP does not.
 */
#ifndef TOLLTAP_OTLP_SPAN_H
#define TOLLTAP_OTLP_SPAN_H

#include "base/arena.h"
#include "base/record.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "sink/otlp_env.h"

#define OTLP_SPANS_MAX 512

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest otlp_request;

/* n <= OTLP_SPANS_MAX. NULL when the arena has no room. */
otlp_request *otlp_request_make(struct arena *a, const struct record *const records[], size_t n,
				const struct otlp_pairs *resource, const char *version);

#endif
