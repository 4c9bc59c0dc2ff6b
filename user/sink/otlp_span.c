/* SPDX-License-Identifier: Apache-2.0 */
/* What of a record becomes which attribute; names stand in otlp_names.h. */
#include "sink/otlp_span.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/money.h"
#include "sink/otlp_attr.h"

typedef Opentelemetry__Proto__Trace__V1__ResourceSpans resource_spans;
typedef Opentelemetry__Proto__Trace__V1__ScopeSpans scope_spans;
typedef Opentelemetry__Proto__Trace__V1__Span span_message;
typedef Opentelemetry__Proto__Trace__V1__Status status_message;
typedef Opentelemetry__Proto__Resource__V1__Resource resource_message;
typedef Opentelemetry__Proto__Common__V1__InstrumentationScope scope_message;

#define SPAN_KIND_CLIENT OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_CLIENT
#define STATUS_ERROR OPENTELEMETRY__PROTO__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR
#define SPAN_FLAG_HAS_IS_REMOTE 0x100u
#define PORT_HTTPS 443
#define PORT_HTTP 80

struct otlp_field {
	enum record_field field;
	enum otlp_name name;
};

/* Text that goes out as it stands. */
static const struct otlp_field otlp_span_texts[] = {
	{RECORD_OPERATION, OTLP_OPERATION},
	{RECORD_MODEL_REQUESTED, OTLP_REQUEST_MODEL},
	{RECORD_MODEL_SERVED, OTLP_RESPONSE_MODEL},
	{RECORD_RESPONSE_ID, OTLP_RESPONSE_ID},
	{RECORD_ERROR_CODE, OTLP_ERROR_CODE},
	{RECORD_USER_AGENT, OTLP_USER_AGENT},
	{RECORD_COST_STATUS, OTLP_COST_STATUS},
	{RECORD_COST_REASON, OTLP_COST_REASON},
	{RECORD_BILLING, OTLP_COST_BILLING},
	{RECORD_CARD, OTLP_COST_CARD},
	{RECORD_CARD_VERSION, OTLP_COST_CARD_VERSION},
	{RECORD_RATE, OTLP_COST_RATE},
	{RECORD_MATCH, OTLP_COST_MATCH},
	{RECORD_COST_SOURCE, OTLP_COST_SOURCE},
	{RECORD_USAGE_SOURCE, OTLP_USAGE_SOURCE},
	{RECORD_COMPLETENESS, OTLP_COMPLETENESS},
	{RECORD_CACHE_STATUS, OTLP_CACHE_STATUS},
	{RECORD_SESSION_ID, OTLP_SESSION_ID},
	{RECORD_SESSION_SOURCE, OTLP_SESSION_SOURCE},
	{RECORD_CREDENTIAL_HASH, OTLP_CREDENTIAL_HASH},
	{RECORD_CREDENTIAL_ORG, OTLP_CREDENTIAL_ORG},
	{RECORD_CREDENTIAL_PROJECT, OTLP_CREDENTIAL_PROJECT},
	{RECORD_TLS_STACK, OTLP_TLS_STACK},
};

static const struct otlp_field otlp_span_lists[] = {
	{RECORD_FINISH, OTLP_FINISH_REASONS},
	{RECORD_COST_UNPRICED, OTLP_COST_UNPRICED},
	{RECORD_FLAGS, OTLP_FLAGS},
};

static const struct otlp_field otlp_span_money[] = {
	{RECORD_AMOUNT, OTLP_COST_AMOUNT},
	{RECORD_LIST_AMOUNT, OTLP_COST_LIST},
	{RECORD_COMPUTED, OTLP_COST_COMPUTED},
	{RECORD_CACHE_SAVING, OTLP_COST_CACHE_SAVING},
};

static const struct otlp_field otlp_resource_texts[] = {
	{RECORD_COMM, OTLP_PROCESS_NAME},
	{RECORD_EXE, OTLP_PROCESS_PATH},
	{RECORD_CONTAINER_ID, OTLP_CONTAINER_ID},
	{RECORD_CONTAINER_RUNTIME, OTLP_CONTAINER_RUNTIME},
	{RECORD_CONTAINER_PARENT_ID, OTLP_CONTAINER_PARENT},
	{RECORD_K8S_NAMESPACE, OTLP_K8S_NAMESPACE},
	{RECORD_K8S_POD, OTLP_K8S_POD},
	{RECORD_K8S_POD_UID, OTLP_K8S_POD_UID},
	{RECORD_K8S_CONTAINER, OTLP_K8S_CONTAINER},
	{RECORD_GIT_REPO, OTLP_REPOSITORY},
	{RECORD_GIT_BRANCH, OTLP_BRANCH},
	{RECORD_GIT_COMMIT, OTLP_COMMIT},
	{RECORD_NODE_HOST, OTLP_HOST_NAME},
};

static const struct otlp_field otlp_resource_numbers[] = {
	{RECORD_PID, OTLP_PROCESS_PID},
	{RECORD_PPID, OTLP_PROCESS_PPID},
	{RECORD_UID, OTLP_PROCESS_UID},
};

static void otlp_add_server(struct otlp_attrs *as, const struct record *r)
{
	struct str host = record_str(r, RECORD_HOST);
	size_t at = host.n;
	u64 port = str_eq(record_str(r, RECORD_TLS_STACK), STR("socket")) ? PORT_HTTP : PORT_HTTPS;

	if (!host.n)
		return;
	while (at && host.p[at - 1] >= '0' && host.p[at - 1] <= '9')
		at--;
	/* "host:8443", "[::1]:8443"; a bare "::1" has no port */
	if (at && at < host.n && host.p[at - 1] == ':' &&
	    (str_find_char(host, ':') == at - 1 || (at > 1 && host.p[at - 2] == ']')) &&
	    !str_to_u64(str_cut(host, at, host.n), &port))
		host.n = at - 1;
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = str_cut(host, 1, host.n - 2);
	otlp_attr_str(as, OTLP_SERVER_ADDRESS, host);
	if (host.n)
		otlp_attr_int(as, OTLP_SERVER_PORT, port);
}

static void otlp_add_sum(struct otlp_attrs *as, enum otlp_name name, const struct meters *m,
			 const enum meter *ids, size_t n)
{
	bool has = false;
	u64 sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (!meters_has(m, ids[i]))
			continue;
		has = true;
		sum += m->count[ids[i]];
	}
	if (has)
		otlp_attr_int(as, name, sum);
}

/* The inclusive totals of the conventions: what was read from or written to a cache is input. */
static void otlp_add_usage(struct otlp_attrs *as, const struct record *r)
{
	static const enum meter reads[] = {METER_CACHE_READ, METER_CACHE_READ_AUDIO,
					   METER_CACHE_READ_IMAGE, METER_CACHE_READ_VIDEO};
	static const enum meter writes[] = {METER_CACHE_WRITE_5M, METER_CACHE_WRITE_1H,
					    METER_CACHE_WRITE};
	static const enum meter reasoning[] = {METER_REASONING};

	/* tokens of a response that is fetched again were reported with the first one */
	if (str_eq(record_str(r, RECORD_COMPLETENESS), STR("duplicate_view")))
		return;
	if (record_has(r, RECORD_TOTAL_INPUT))
		otlp_attr_int(as, OTLP_INPUT_TOKENS, record_u64(r, RECORD_TOTAL_INPUT));
	if (record_has(r, RECORD_TOTAL_OUTPUT))
		otlp_attr_int(as, OTLP_OUTPUT_TOKENS, record_u64(r, RECORD_TOTAL_OUTPUT));
	otlp_add_sum(as, OTLP_CACHE_READ_TOKENS, &r->meters, reads, ARRAY_LEN(reads));
	otlp_add_sum(as, OTLP_CACHE_WRITE_TOKENS, &r->meters, writes, ARRAY_LEN(writes));
	otlp_add_sum(as, OTLP_REASONING_TOKENS, &r->meters, reasoning, ARRAY_LEN(reasoning));
}

static void otlp_add_meters(struct otlp_attrs *as, const struct record *r)
{
	char text[MONEY_TEXT_LEN];

	for (int i = 0; i < METER_MAX; i++) {
		enum meter m = (enum meter)i;
		struct str name = str_of(meter_name(m));

		if (meters_has(&r->meters, m))
			otlp_attr_int_at(as, i < METER_TOKENS_MAX ? OTLP_TOKENS : OTLP_UNITS, name,
					 r->meters.count[i]);
		if (record_has_cost(r, m)) {
			money_format(record_cost(r, m), text);
			otlp_attr_str_at(as, OTLP_COST_METERS, name, str_of(text));
		}
	}
}

/* Dollars that nobody is billed never stand under the name that backends add up. */
static void otlp_add_cost(struct otlp_attrs *as, const struct record *r)
{
	char text[MONEY_TEXT_LEN];
	bool is_notional = str_eq(record_str(r, RECORD_COST_STATUS), STR("notional"));

	if (record_has(r, RECORD_AMOUNT))
		otlp_attr_double(as, is_notional ? OTLP_COST_NOTIONAL : OTLP_COST,
				 money_to_double(record_money(r, RECORD_AMOUNT)));
	for (size_t i = 0; i < ARRAY_LEN(otlp_span_money); i++) {
		if (!record_has(r, otlp_span_money[i].field))
			continue;
		money_format(record_money(r, otlp_span_money[i].field), text);
		otlp_attr_str(as, otlp_span_money[i].name, str_of(text));
	}
}

static void otlp_add_tags(struct otlp_attrs *as, const struct record *r)
{
	struct str rest = record_str(r, RECORD_TAGS);
	struct str key, value, source;

	while (str_next(&rest, RECORD_SEP, &key) && str_next(&rest, RECORD_SEP, &value) &&
	       str_next(&rest, RECORD_SEP, &source))
		if (key.n)
			otlp_attr_str_at(as, OTLP_TAG, key, value);
}

static void otlp_add_exchange(struct otlp_attrs *as, const struct record *r)
{
	static const struct str header = STR("header");

	otlp_attr_str(as, OTLP_PROVIDER, otlp_provider(record_str(r, RECORD_PROVIDER)));
	otlp_add_server(as, r);
	if (record_u64(r, RECORD_HTTP_STATUS))
		otlp_attr_int(as, OTLP_HTTP_STATUS, record_u64(r, RECORD_HTTP_STATUS));
	if (record_u64(r, RECORD_RETRY_SEQ))
		otlp_attr_int(as, OTLP_HTTP_RESEND, record_u64(r, RECORD_RETRY_SEQ));
	if (record_u64(r, RECORD_STREAM)) {
		otlp_attr_true(as, OTLP_REQUEST_STREAM);
		if (record_has(r, RECORD_TTFT))
			otlp_attr_double(as, OTLP_FIRST_CHUNK,
					 (double)record_u64(r, RECORD_TTFT) / 1e9);
	}
	/* the conventions forbid an invented conversation: only what the client itself sent */
	if (str_eq(record_str(r, RECORD_SESSION_SOURCE), header))
		otlp_attr_str(as, OTLP_CONVERSATION_ID, record_str(r, RECORD_SESSION_ID));
	if (str_eq(record_str(r, RECORD_PROVIDER), STR("openai")))
		otlp_attr_str(as, OTLP_SERVICE_TIER, record_str(r, RECORD_SERVICE_TIER));
}

static struct str otlp_error_type(const struct record *r, char status_text[24])
{
	u64 status = record_u64(r, RECORD_HTTP_STATUS);
	struct str type = record_str(r, RECORD_ERROR_TYPE);

	if (type.n)
		return type;
	if (record_str(r, RECORD_ERROR_CODE).n)
		return record_str(r, RECORD_ERROR_CODE);
	if (status < 400)
		return STR_NONE;
	snprintf(status_text, 24, "%llu", (unsigned long long)status);
	return str_of(status_text);
}

static int otlp_nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Empty when it is not an id of that length. */
static ProtobufCBinaryData otlp_id(struct arena *a, struct str hex, size_t bytes)
{
	ProtobufCBinaryData id = {0};
	u8 *data = hex.n == 2 * bytes ? arena_alloc(a, bytes) : NULL;

	for (size_t i = 0; data && i < bytes; i++) {
		int high = otlp_nibble(hex.p[2 * i]), low = otlp_nibble(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return id;
		data[i] = (u8)(high << 4 | low);
	}
	if (data)
		id = (ProtobufCBinaryData){bytes, data};
	return id;
}

static char *otlp_span_name(struct arena *a, const struct record *r)
{
	struct str operation = record_str(r, RECORD_OPERATION);
	struct str model = record_str(r, RECORD_MODEL_REQUESTED);
	char *name = arena_alloc(a, operation.n + model.n + 2);

	if (!name)
		return NULL;
	memcpy(name, operation.n ? operation.p : "", operation.n);
	if (operation.n && model.n)
		name[operation.n] = ' ';
	memcpy(name + operation.n + (operation.n && model.n), model.n ? model.p : "", model.n);
	return otlp_text(a, str_of(name));
}

static void otlp_add_all(struct otlp_attrs *as, const struct record *r)
{
	for (size_t i = 0; i < ARRAY_LEN(otlp_span_texts); i++)
		otlp_attr_str(as, otlp_span_texts[i].name,
			      record_str(r, otlp_span_texts[i].field));
	for (size_t i = 0; i < ARRAY_LEN(otlp_span_lists); i++)
		otlp_attr_list(as, otlp_span_lists[i].name,
			       record_str(r, otlp_span_lists[i].field));
	otlp_add_exchange(as, r);
	otlp_add_usage(as, r);
	otlp_add_meters(as, r);
	otlp_add_cost(as, r);
	otlp_add_tags(as, r);
}

static bool otlp_set_status(struct otlp_attrs *as, span_message *span, const struct record *r)
{
	char text[24];
	struct str type = otlp_error_type(r, text);
	status_message *status;

	if (!type.n)
		return true;
	otlp_attr_str(as, OTLP_ERROR_TYPE, type);
	status = arena_alloc(as->arena, sizeof(*status));
	if (!status)
		return false;
	opentelemetry__proto__trace__v1__status__init(status);
	status->code = STATUS_ERROR;
	span->status = status;
	return true;
}

static span_message *otlp_span_make(struct arena *a, const struct record *r)
{
	struct str parent = record_str(r, RECORD_PARENT_SPAN_ID);
	struct otlp_attrs as = {.arena = a};
	span_message *span = arena_alloc(a, sizeof(*span));

	if (!span)
		return NULL;
	opentelemetry__proto__trace__v1__span__init(span);
	span->trace_id = otlp_id(a, record_str(r, RECORD_TRACE_ID), 16);
	span->span_id = otlp_id(a, record_str(r, RECORD_SPAN_ID), 8);
	span->parent_span_id = otlp_id(a, parent, 8);
	span->trace_state = otlp_text(a, record_str(r, RECORD_TRACE_STATE));
	span->flags = (u32)record_u64(r, RECORD_TRACE_FLAGS) & 0xff;
	if (parent.n)
		span->flags |= SPAN_FLAG_HAS_IS_REMOTE;
	span->name = otlp_span_name(a, r);
	span->kind = SPAN_KIND_CLIENT;
	span->start_time_unix_nano = record_u64(r, RECORD_TS);
	span->end_time_unix_nano = record_u64(r, RECORD_TS) + record_u64(r, RECORD_DURATION);
	otlp_add_all(&as, r);
	if (!otlp_set_status(&as, span, r))
		return NULL;
	span->n_attributes = as.n;
	span->attributes = otlp_attrs_take(&as);
	span->dropped_attributes_count = as.dropped_cnt;
	return as.has_failed || !span->name || !span->trace_state ? NULL : span;
}

/* A name that the operator set in the environment is not set again: keys are unique. */
static bool otlp_is_set(const struct otlp_pairs *given, enum otlp_name name)
{
	return otlp_pairs_get(given, otlp_name(name)) != NULL;
}

static void otlp_add_own(struct otlp_attrs *as, const char *version)
{
	static const struct str own = STR("tolltap");

	otlp_attr_str(as, OTLP_SDK_NAME, own);
	otlp_attr_str(as, OTLP_SDK_VERSION, str_of(version));
	otlp_attr_str(as, OTLP_DISTRO_NAME, own);
	otlp_attr_str(as, OTLP_DISTRO_VERSION, str_of(version));
}

static resource_message *otlp_resource_make(struct arena *a, const struct record *r,
					    const struct otlp_pairs *given, const char *version)
{
	struct otlp_attrs as = {.arena = a};
	char start[CLOCK_TEXT_LEN];
	resource_message *resource = arena_alloc(a, sizeof(*resource));

	if (!resource)
		return NULL;
	opentelemetry__proto__resource__v1__resource__init(resource);
	for (size_t i = 0; i < given->n; i++)
		otlp_attr_own(&as, given->pair[i].key, given->pair[i].value);
	if (!otlp_is_set(given, OTLP_SERVICE_NAME))
		otlp_attr_str(&as, OTLP_SERVICE_NAME, record_str(r, RECORD_COMM).n
			      ? record_str(r, RECORD_COMM) : STR("unknown_service"));
	for (size_t i = 0; i < ARRAY_LEN(otlp_resource_texts); i++)
		if (!otlp_is_set(given, otlp_resource_texts[i].name))
			otlp_attr_str(&as, otlp_resource_texts[i].name,
				      record_str(r, otlp_resource_texts[i].field));
	for (size_t i = 0; i < ARRAY_LEN(otlp_resource_numbers); i++)
		if (record_has(r, otlp_resource_numbers[i].field) &&
		    !otlp_is_set(given, otlp_resource_numbers[i].name))
			otlp_attr_int(&as, otlp_resource_numbers[i].name,
				      record_u64(r, otlp_resource_numbers[i].field));
	if (record_has(r, RECORD_PROCESS_START) && !otlp_is_set(given, OTLP_PROCESS_START)) {
		clock_format(record_u64(r, RECORD_PROCESS_START), start);
		otlp_attr_str(&as, OTLP_PROCESS_START, str_of(start));
	}
	if (!otlp_is_set(given, OTLP_SDK_NAME))
		otlp_add_own(&as, version);
	resource->n_attributes = as.n;
	resource->attributes = otlp_attrs_take(&as);
	return as.has_failed ? NULL : resource;
}

static scope_spans *otlp_scope_make(struct arena *a, size_t span_max, const char *version)
{
	scope_spans *scoped = arena_alloc(a, sizeof(*scoped));
	scope_message *scope = arena_alloc(a, sizeof(*scope));

	if (!scoped || !scope)
		return NULL;
	opentelemetry__proto__trace__v1__scope_spans__init(scoped);
	opentelemetry__proto__common__v1__instrumentation_scope__init(scope);
	scope->name = otlp_text(a, STR("tolltap"));
	scope->version = otlp_text(a, str_of(version));
	scoped->scope = scope;
	scoped->spans = arena_alloc(a, span_max * sizeof(*scoped->spans));
	return scope->name && scope->version && scoped->spans ? scoped : NULL;
}

static bool otlp_is_same_process(const struct record *a, const struct record *b)
{
	return record_u64(a, RECORD_PID) == record_u64(b, RECORD_PID) &&
	       record_u64(a, RECORD_PROCESS_START) == record_u64(b, RECORD_PROCESS_START) &&
	       /* an exec keeps pid and start, and is another program */
	       str_eq(record_str(a, RECORD_COMM), record_str(b, RECORD_COMM)) &&
	       str_eq(record_str(a, RECORD_EXE), record_str(b, RECORD_EXE));
}

/* All spans of the process of records[first], which is the first of its process. */
static resource_spans *otlp_process_make(struct arena *a, const struct record *const records[],
					 size_t first, size_t n, const struct otlp_pairs *given,
					 const char *version)
{
	resource_spans *rs = arena_alloc(a, sizeof(*rs));
	scope_spans *scoped = otlp_scope_make(a, n - first, version);

	if (!rs || !scoped)
		return NULL;
	opentelemetry__proto__trace__v1__resource_spans__init(rs);
	rs->resource = otlp_resource_make(a, records[first], given, version);
	rs->scope_spans = arena_alloc(a, sizeof(*rs->scope_spans));
	if (!rs->resource || !rs->scope_spans)
		return NULL;
	rs->scope_spans[rs->n_scope_spans++] = scoped;
	for (size_t i = first; i < n; i++) {
		if (!otlp_is_same_process(records[first], records[i]))
			continue;

		span_message *span = otlp_span_make(a, records[i]);

		if (!span)
			return NULL;
		scoped->spans[scoped->n_spans++] = span;
	}
	return rs;
}

otlp_request *otlp_request_make(struct arena *a, const struct record *const records[], size_t n,
				const struct otlp_pairs *resource, const char *version)
{
	otlp_request *request = arena_alloc(a, sizeof(*request));

	if (!request)
		return NULL;
	opentelemetry__proto__collector__trace__v1__export_trace_service_request__init(request);
	request->resource_spans = arena_alloc(a, (n + 1) * sizeof(*request->resource_spans));
	if (!request->resource_spans)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		resource_spans *rs;
		size_t before = 0;

		while (before < i && !otlp_is_same_process(records[before], records[i]))
			before++;
		if (before < i)
			continue;
		rs = otlp_process_make(a, records, i, n, resource, version);
		if (!rs)
			return NULL;
		request->resource_spans[request->n_resource_spans++] = rs;
	}
	return request;
}
