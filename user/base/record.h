/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flat call record: the one thing that leaves the house.
 *
 * Versioned and pointer-free: a fixed part, then strings by offset, in one heap block. Made once
 * per call after owner and price (price/record_make.h); every sink reads it, the queue carries it.
 * It holds no plaintext and no secret: the credential has been hashed before.
 *
 * RECORD_FIELDS is the contract: FIELD(id, type, json path, ledger column). NDJSON, the ledger's
 * columns and the span's attributes are views of this table. Add, never rename. "" leaves a field
 * out of that view. Fields that share an object prefix stand next to each other, so that a writer
 * can nest in one pass.
 *
 * Absent means unknown; zero means zero.
 */
#ifndef TOLLTAP_RECORD_H
#define TOLLTAP_RECORD_H

#include "base/meter.h"
#include "base/str.h"

enum record_type {
	RECORD_T_STR,
	RECORD_T_U64,
	RECORD_T_S64,
	RECORD_T_BOOL,
	RECORD_T_TIME,	/* wall-clock ns; JSON: RFC 3339 with nanoseconds, ledger: integer ns */
	RECORD_T_MS,	/* ns; JSON: milliseconds as a decimal number, ledger: integer ns */
	RECORD_T_LIST,	/* strings separated by RECORD_SEP; JSON: array, ledger: JSON text */
	RECORD_T_MONEY,	/* femto-USD; JSON: decimal string, ledger: decimal text */
	/* of struct record: the token meters; JSON: object, ledger: JSON text */
	RECORD_T_TOKENS,
	RECORD_T_UNITS,	/* of struct record: the counted meters */
	RECORD_T_COSTS,	/* of struct record: money per meter */
	/* key, value, source triples separated by RECORD_SEP; JSON: {"key":{"value","source"}} */
	RECORD_T_TAGS,
};

#define RECORD_SEP '\x1f'

#define RECORD_FIELDS(FIELD) \
	FIELD(TS, TIME, "ts", "ts") \
	FIELD(DURATION, MS, "duration_ms", "duration_ns") \
	FIELD(TTFT, MS, "ttft_ms", "ttft_ns") \
	FIELD(PROVIDER, STR, "provider", "provider") \
	FIELD(ENDPOINT, STR, "endpoint", "endpoint") \
	FIELD(OPERATION, STR, "operation", "operation") \
	FIELD(HOST, STR, "host", "host") \
	FIELD(PATH, STR, "path", "path") \
	FIELD(HTTP_STATUS, U64, "http_status", "http_status") \
	FIELD(STREAM, BOOL, "stream", "stream") \
	FIELD(MODEL_REQUESTED, STR, "model.requested", "model_requested") \
	FIELD(MODEL_SERVED, STR, "model.served", "model_served") \
	FIELD(RESPONSE_ID, STR, "response_id", "response_id") \
	FIELD(REQUEST_ID, STR, "request_id", "request_id") \
	FIELD(FINISH, LIST, "finish", "finish") \
	FIELD(SERVICE_TIER, STR, "service_tier", "service_tier") \
	FIELD(GEO, STR, "geo", "geo") \
	FIELD(SPEED, STR, "speed", "speed") \
	FIELD(TOKENS, TOKENS, "tokens", "tokens") \
	FIELD(UNITS, UNITS, "units", "units") \
	FIELD(TOTAL_INPUT, U64, "totals.input", "total_input") \
	FIELD(TOTAL_OUTPUT, U64, "totals.output", "total_output") \
	FIELD(USAGE_SOURCE, STR, "usage.source", "usage_source") \
	FIELD(COMPLETENESS, STR, "usage.completeness", "completeness") \
	FIELD(RESIDUAL, S64, "usage.residual", "residual") \
	FIELD(CACHE_STATUS, STR, "cache.status", "cache_status") \
	FIELD(COST_STATUS, STR, "cost.status", "cost_status") \
	FIELD(COST_REASON, STR, "cost.reason", "cost_reason") \
	FIELD(COST_UNPRICED, LIST, "cost.unpriced_meters", "cost_unpriced") \
	FIELD(BILLING, STR, "cost.billing", "billing") \
	FIELD(CURRENCY, STR, "cost.currency", "currency") \
	FIELD(AMOUNT, MONEY, "cost.amount", "amount") \
	FIELD(LIST_AMOUNT, MONEY, "cost.list", "list_amount") \
	FIELD(COMPUTED, MONEY, "cost.computed", "computed_amount") \
	FIELD(CACHE_SAVING, MONEY, "cost.cache_saving", "cache_saving") \
	FIELD(COSTS, COSTS, "cost.meters", "cost_meters") \
	FIELD(CARD, STR, "cost.card", "card") \
	FIELD(CARD_VERSION, STR, "cost.card_version", "card_version") \
	FIELD(RATE, STR, "cost.rate", "rate") \
	FIELD(MATCH, STR, "cost.match", "cost_match") \
	FIELD(COST_SOURCE, STR, "cost.source", "cost_source") \
	FIELD(ERROR_TYPE, STR, "error.type", "error_type") \
	FIELD(ERROR_CODE, STR, "error.code", "error_code") \
	FIELD(NODE_HOST, STR, "node.host", "node_host") \
	FIELD(NODE_BOOT_ID, STR, "node.boot_id", "node_boot_id") \
	FIELD(PID, U64, "process.pid", "pid") \
	FIELD(PPID, U64, "process.ppid", "ppid") \
	FIELD(COMM, STR, "process.comm", "comm") \
	FIELD(EXE, STR, "process.exe", "exe") \
	FIELD(PROCESS_START, TIME, "process.start", "process_start") \
	FIELD(UID, U64, "process.uid", "uid") \
	FIELD(WORKDIR, STR, "process.workdir", "workdir") \
	FIELD(PARENT_COMM, STR, "process.parent_comm", "parent_comm") \
	FIELD(ROOT_PID, U64, "process.root_pid", "root_pid") \
	FIELD(ROOT_COMM, STR, "process.root_comm", "root_comm") \
	FIELD(GIT_REPO, STR, "git.repo", "git_repo") \
	FIELD(GIT_BRANCH, STR, "git.branch", "git_branch") \
	FIELD(GIT_COMMIT, STR, "git.commit", "git_commit") \
	FIELD(CGROUP_ID, U64, "cgroup.id", "cgroup_id") \
	FIELD(CGROUP_PATH, STR, "cgroup.path", "cgroup_path") \
	FIELD(CONTAINER_ID, STR, "container.id", "container_id") \
	FIELD(CONTAINER_RUNTIME, STR, "container.runtime", "container_runtime") \
	FIELD(CONTAINER_PARENT_ID, STR, "container.parent_id", "container_parent_id") \
	FIELD(K8S_NAMESPACE, STR, "k8s.namespace", "k8s_namespace") \
	FIELD(K8S_POD, STR, "k8s.pod", "k8s_pod") \
	FIELD(K8S_POD_UID, STR, "k8s.pod_uid", "k8s_pod_uid") \
	FIELD(K8S_CONTAINER, STR, "k8s.container", "k8s_container") \
	FIELD(TAGS, TAGS, "tags", "tags") \
	FIELD(TRACE_ID, STR, "trace.trace_id", "trace_id") \
	FIELD(SPAN_ID, STR, "trace.span_id", "span_id") \
	FIELD(PARENT_SPAN_ID, STR, "trace.parent_span_id", "parent_span_id") \
	FIELD(TRACE_STATE, STR, "trace.state", "trace_state") \
	FIELD(TRACE_FLAGS, U64, "", "trace_flags") \
	FIELD(SESSION_ID, STR, "session.id", "session_id") \
	FIELD(SESSION_SOURCE, STR, "session.source", "session_source") \
	FIELD(CREDENTIAL_HASH, STR, "credential.hash", "credential_hash") \
	FIELD(CREDENTIAL_SCHEME, STR, "credential.scheme", "credential_scheme") \
	FIELD(CREDENTIAL_ORG, STR, "credential.org", "credential_org") \
	FIELD(CREDENTIAL_PROJECT, STR, "credential.project", "credential_project") \
	FIELD(USER_AGENT, STR, "client.user_agent", "user_agent") \
	FIELD(TLS_STACK, STR, "tls.stack", "tls_stack") \
	FIELD(TLS_FORM, STR, "tls.form", "tls_form") \
	FIELD(RETRY_SEQ, U64, "retry.seq", "retry_seq") \
	FIELD(RETRY_OF, STR, "retry.of", "retry_of") \
	FIELD(FALLBACK_DEPTH, U64, "fallback_depth", "fallback_depth") \
	FIELD(FLAGS, LIST, "flags", "flags")

enum record_field {
#define RECORD_ID(id, type, json, column) RECORD_##id,
	RECORD_FIELDS(RECORD_ID)
#undef RECORD_ID
	RECORD_FIELD_MAX,
};

#define RECORD_MAGIC 0x636c6c74u	/* "tllc" */
#define RECORD_VERSION 1

/* How many RECORD_T_MONEY fields one record can hold. */
#define RECORD_MONEY_MAX 8

struct record_money {
	u64 lo;
	s64 hi;
};

struct record {
	u32 magic;
	u32 version;
	u32 size;				/* of the whole block */
	u32 field_max;
	u64 present[(RECORD_FIELD_MAX + 63) / 64];
	u64 value[RECORD_FIELD_MAX];		/* text: offset << 32 | length */
	/* indexed by value[] of a RECORD_T_MONEY field */
	struct record_money money[RECORD_MONEY_MAX];
	struct meters meters;
	u64 cost_present;			/* bit per enum meter */
	struct record_money cost[METER_MAX];
	char strings[];
};

struct record_field_info {
	const char *json;
	const char *column;
	enum record_type type;
};

const struct record_field_info *record_field_info(enum record_field f);

/* Reading. A getter of an absent field returns STR_NONE / 0. */
bool record_has(const struct record *r, enum record_field f);
struct str record_str(const struct record *r, enum record_field f);
u64 record_u64(const struct record *r, enum record_field f);
s128 record_money(const struct record *r, enum record_field f);
s128 record_cost(const struct record *r, enum meter m);
bool record_has_cost(const struct record *r, enum meter m);

/*
 * Whether a block from outside (a spool, a pipe) is a record of this version with every offset
 * inside it.
 */
bool record_is_valid(const void *p, size_t n);

/*
 * Building. Strings are copied. A builder that ran out of memory or past RECORD_SIZE_MAX yields
 * NULL from record_take; the record is one malloc block, freed with free().
 */
#define RECORD_SIZE_MAX (256u << 10)

struct record_builder;

struct record_builder *record_builder_new(void);
void record_builder_free(struct record_builder *b);
/* absent s: no effect */
void record_set_str(struct record_builder *b, enum record_field f, struct str s);
void record_set_u64(struct record_builder *b, enum record_field f, u64 v);
void record_set_money(struct record_builder *b, enum record_field f, s128 femto);
/* sets TOKENS and UNITS too */
void record_set_meters(struct record_builder *b, const struct meters *m);
void record_set_cost(struct record_builder *b, enum meter m, s128 femto);	/* sets COSTS too */
/* RECORD_SEP in it becomes ' ' */
void record_list_add(struct record_builder *b, enum record_field f, struct str item);
struct record *record_take(struct record_builder *b);	/* resets the builder for the next record */

#endif
