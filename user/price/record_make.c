/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where what the rooms found out becomes the record that leaves the house. */
#include "price/record_make.h"

static void set_c(struct record_builder *b, enum record_field f, const char *z)
{
	record_set_str(b, f, str_of(z));
}

static void set_nonempty(struct record_builder *b, enum record_field f, const char *z)
{
	if (z && *z)
		set_c(b, f, z);
}

static void set_known(struct record_builder *b, enum record_field f, u64 v)
{
	if (v)
		record_set_u64(b, f, v);
}

static u64 wall_of(const struct record_inputs *in, u64 boot_ns)
{
	return boot_ns + (u64)in->wall_offset_ns;
}

static void set_times(struct record_builder *b, const struct record_inputs *in)
{
	const struct call *c = in->call;

	record_set_u64(b, RECORD_TS, wall_of(in, c->start_ns));
	if (c->end_ns >= c->start_ns)
		record_set_u64(b, RECORD_DURATION, c->end_ns - c->start_ns);
	if (c->first_token_ns >= c->start_ns && c->first_token_ns)
		record_set_u64(b, RECORD_TTFT, c->first_token_ns - c->start_ns);
}

static void set_call(struct record_builder *b, const struct call *c)
{
	record_set_str(b, RECORD_PROVIDER, c->provider);
	record_set_str(b, RECORD_ENDPOINT, c->endpoint);
	record_set_str(b, RECORD_OPERATION, c->operation);
	record_set_str(b, RECORD_HOST, c->host);
	record_set_str(b, RECORD_PATH, c->path);
	set_known(b, RECORD_HTTP_STATUS, c->http_status);
	record_set_u64(b, RECORD_STREAM, !!(c->flags & CALL_F_STREAM));
	record_set_str(b, RECORD_MODEL_REQUESTED, c->model_requested);
	record_set_str(b, RECORD_MODEL_SERVED, c->model_served);
	record_set_str(b, RECORD_RESPONSE_ID, c->response_id);
	record_set_str(b, RECORD_REQUEST_ID, c->request_id);
	for (size_t i = 0; i < c->finish_cnt; i++)
		record_list_add(b, RECORD_FINISH, c->finish[i]);
	record_set_str(b, RECORD_SERVICE_TIER, c->service_tier);
	record_set_str(b, RECORD_GEO, c->geo);
	record_set_str(b, RECORD_SPEED, c->speed);
	record_set_str(b, RECORD_ERROR_TYPE, c->error_type);
	record_set_str(b, RECORD_ERROR_CODE, c->error_code);
	set_c(b, RECORD_CACHE_STATUS, cache_status_name(c->cache_status));
	record_set_u64(b, RECORD_RETRY_SEQ, c->retry_seq);
	record_set_str(b, RECORD_RETRY_OF, c->retry_of);
}

static void set_usage(struct record_builder *b, const struct call *c)
{
	record_set_meters(b, &c->meters);
	if (meters_has_input(&c->meters))
		record_set_u64(b, RECORD_TOTAL_INPUT, meters_input_total(&c->meters));
	/* what was read and nothing made is a making of nothing: embeddings */
	if (meters_has_input(&c->meters) || meters_has_output(&c->meters))
		record_set_u64(b, RECORD_TOTAL_OUTPUT, meters_output_total(&c->meters));
	set_c(b, RECORD_USAGE_SOURCE, usage_source_name(c->usage_source));
	set_c(b, RECORD_COMPLETENESS, completeness_name(c->completeness));
	if (c->has_provider_total)
		record_set_u64(b, RECORD_RESIDUAL, (u64)c->residual);
}

static u64 fallback_depth(const struct call *c)
{
	u64 n = c->fallback_depth;

	for (size_t i = 0; i < c->sub_cnt; i++)
		n += str_eq(c->sub[i].type, STR("fallback_message"));
	return n;
}

static void set_flags(struct record_builder *b, const struct call *c, const struct charge *ch)
{
	static const struct {
		u32 flag;
		const char *name;
	} names[] = {
		{CALL_F_ABORTED, "aborted"},	     {CALL_F_TRUNCATED, "truncated"},
		{CALL_F_REQUEST_GAP, "request_gap"}, {CALL_F_REQUEST_POLICY, "request_policy"},
		{CALL_F_CLAMPED, "clamped"},	     {CALL_F_SUBSTITUTED, "substituted"},
		{CALL_F_SHAPE, "shape"},	     {CALL_F_ITERATED, "iterated"},
		{CALL_F_RESIDUAL, "residual"},	     {CALL_F_ARITHMETIC, "arithmetic"},
		{CALL_F_SERVER_SIDE, "server_side"}, {CALL_F_SPILLED, "spilled_over"},
		{CALL_F_HEAD_UNKNOWN, "head_unknown"},
	};
	u32 flags = c->flags | (ch->is_substituted ? CALL_F_SUBSTITUTED : 0u);

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (flags & names[i].flag)
			record_list_add(b, RECORD_FLAGS, str_of(names[i].name));
}

static void set_amounts(struct record_builder *b, const struct charge *c)
{
	if (c->has_amount) {
		set_c(b, RECORD_CURRENCY, "USD");
		record_set_money(b, RECORD_AMOUNT, c->amount_femto);
		record_set_money(b, RECORD_LIST_AMOUNT, c->list_femto);
		set_c(b, RECORD_COST_SOURCE, c->is_from_provider ? "provider" : "local");
	}
	if (c->is_from_provider && c->has_computed)
		record_set_money(b, RECORD_COMPUTED, c->computed_femto);
	if (c->has_cache_saving)
		record_set_money(b, RECORD_CACHE_SAVING, c->cache_saving_femto);
	for (int m = 0; m < METER_MAX; m++)
		if (c->priced_meters >> m & 1)
			record_set_cost(b, (enum meter)m, c->meter_femto[m]);
}

static void set_cost(struct record_builder *b, const struct record_inputs *in)
{
	const struct charge *c = in->charge;

	set_c(b, RECORD_COST_STATUS, cost_status_name(c->status));
	record_set_str(b, RECORD_COST_REASON, c->reason);
	for (int m = 0; m < METER_MAX; m++)
		if (c->unpriced_meters >> m & 1)
			record_list_add(b, RECORD_COST_UNPRICED, str_of(meter_name((enum meter)m)));
	set_c(b, RECORD_BILLING, billing_name(in->call->billing));
	set_amounts(b, c);
	record_set_str(b, RECORD_CARD, c->card);
	record_set_str(b, RECORD_CARD_VERSION, c->card_version);
	record_set_str(b, RECORD_RATE, c->rate_id);
	if (c->match != MATCH_NONE)
		set_c(b, RECORD_MATCH, match_kind_name(c->match));
}

static void set_process(struct record_builder *b, const struct record_inputs *in)
{
	const struct owner *o = in->owner;

	set_known(b, RECORD_PID, o->pid);
	set_known(b, RECORD_PPID, o->ppid);
	record_set_str(b, RECORD_COMM, o->comm);
	record_set_str(b, RECORD_EXE, o->exe);
	if (o->start_ns)
		record_set_u64(b, RECORD_PROCESS_START, wall_of(in, o->start_ns));
	if (o->has_uid)
		record_set_u64(b, RECORD_UID, o->uid);
	record_set_str(b, RECORD_WORKDIR, o->workdir);
	record_set_str(b, RECORD_PARENT_COMM, o->parent_comm);
	set_known(b, RECORD_ROOT_PID, o->root_pid);
	record_set_str(b, RECORD_ROOT_COMM, o->root_comm);
	record_set_str(b, RECORD_GIT_REPO, o->git_repo);
	record_set_str(b, RECORD_GIT_BRANCH, o->git_branch);
	record_set_str(b, RECORD_GIT_COMMIT, o->git_commit);
	set_known(b, RECORD_CGROUP_ID, o->cgroup_id);
	record_set_str(b, RECORD_CGROUP_PATH, o->cgroup_path);
	record_set_str(b, RECORD_CONTAINER_ID, o->container_id);
	record_set_str(b, RECORD_CONTAINER_RUNTIME, o->container_runtime);
	record_set_str(b, RECORD_CONTAINER_PARENT_ID, o->container_parent_id);
	record_set_str(b, RECORD_K8S_NAMESPACE, o->k8s_namespace);
	record_set_str(b, RECORD_K8S_POD_UID, o->pod_uid);
	for (size_t i = 0; i < o->tag_cnt; i++) {
		record_list_add(b, RECORD_TAGS, o->tag[i].key);
		record_list_add(b, RECORD_TAGS, o->tag[i].value);
		record_list_add(b, RECORD_TAGS, o->tag[i].source);
	}
}

static void set_trace(struct record_builder *b, const struct trace_link *t)
{
	set_nonempty(b, RECORD_TRACE_ID, t->trace_id);
	set_nonempty(b, RECORD_SPAN_ID, t->span_id);
	set_nonempty(b, RECORD_PARENT_SPAN_ID, t->parent_span_id);
	record_set_str(b, RECORD_TRACE_STATE, t->state);
	record_set_u64(b, RECORD_TRACE_FLAGS, t->flags);
}

/* What the client says of itself is the truth; whose it is otherwise, its processes tell. */
static void set_session(struct record_builder *b, const struct record_inputs *in)
{
	bool is_told = !str_is_empty(in->call->session_id);

	if (!is_told && !in->owner)
		return;
	record_set_str(b, RECORD_SESSION_ID,
		       is_told ? in->call->session_id : in->owner->session_id);
	record_set_str(b, RECORD_SESSION_SOURCE,
		       is_told ? in->call->session_source : in->owner->session_source);
}

static void set_identity(struct record_builder *b, const struct record_inputs *in)
{
	const struct call *c = in->call;

	set_nonempty(b, RECORD_NODE_HOST, in->node_host);
	set_nonempty(b, RECORD_NODE_BOOT_ID, in->boot_id);
	set_session(b, in);
	set_nonempty(b, RECORD_CREDENTIAL_HASH, in->credential_hash);
	record_set_str(b, RECORD_CREDENTIAL_SCHEME, c->credential_scheme);
	record_set_str(b, RECORD_CREDENTIAL_ORG, c->organization);
	record_set_str(b, RECORD_CREDENTIAL_PROJECT, c->project);
	record_set_str(b, RECORD_USER_AGENT, c->user_agent);
	set_nonempty(b, RECORD_TLS_STACK, in->tls_stack);
	set_nonempty(b, RECORD_TLS_FORM, in->tls_form);
}

struct record *record_make(struct record_builder *b, const struct record_inputs *in)
{
	set_times(b, in);
	set_call(b, in->call);
	set_usage(b, in->call);
	record_set_u64(b, RECORD_FALLBACK_DEPTH, fallback_depth(in->call));
	set_flags(b, in->call, in->charge);
	set_cost(b, in);
	if (in->owner)
		set_process(b, in);
	if (in->trace)
		set_trace(b, in->trace);
	set_identity(b, in);
	return record_take(b);
}
