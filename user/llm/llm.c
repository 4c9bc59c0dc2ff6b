/* SPDX-License-Identifier: Apache-2.0 */
/* The life of one call: begun at the request's head, filled by documents, handed on when done. */
#include "llm/llm.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/stats.h"
#include "llm/asked.h"
#include "llm/recent.h"
#include "llm/state.h"
#include "llm/twin.h"

struct llm {
	const struct llm_ops *ops;
	void *arg;
	struct recent *recent;
	struct asked *asked;
	struct twins *twins;
	struct json_paths *paths[PATH_SET_MAX];
	struct grpc_sets grpc;
};

struct llm *llm_new(const struct llm_ops *ops, void *arg)
{
	struct llm *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->ops = ops;
	l->arg = arg;
	l->recent = recent_new();
	l->asked = asked_new();
	l->twins = twins_new();
	bool is_complete = grpc_sets_new(&l->grpc) && l->recent && l->asked && l->twins;

	for (int i = 0; i < PATH_SET_MAX; i++) {
		l->paths[i] = dialect_paths((enum path_set)i);
		is_complete = is_complete && l->paths[i];
	}
	if (is_complete)
		return l;
	llm_free(l);
	return NULL;
}

void llm_free(struct llm *l)
{
	if (!l)
		return;
	for (int i = 0; i < PATH_SET_MAX; i++)
		json_paths_free(l->paths[i]);
	grpc_sets_free(&l->grpc);
	recent_free(l->recent);
	asked_free(l->asked);
	twins_free(l->twins);
	free(l);
}

/* --- begin ----------------------------------------------------------------------------------- */

/* Whether the exchange is many calls, or one. */
static bool llm_is_many(const struct llm_state *s)
{
	return s->endpoint->assembly == ASSEMBLE_EACH || s->lanes;
}

static void llm_start(struct llm_state *s)
{
	if (!s->is_started)
		stats_add(STAT_CALLS_STARTED, 1);
	s->is_started = true;
}

/* No memory for it: a call that a known host will bill is told as lost. */
static void llm_lose(const struct provider *p)
{
	if (!p)
		return;
	stats_add(STAT_CALLS_STARTED, 1);
	stats_add(STAT_CALLS_LOST, 1);
}

const struct json_paths *llm_paths(const struct llm *l, enum path_set set)
{
	return l->paths[set];
}

/* A WebSocket whose upgrade was not seen has no path: OpenAI's messages name themselves. */
static struct str llm_path(const struct exchange *x)
{
	return x->framing == FRAMING_WEBSOCKET && !x->path.n ? STR("/responses") : x->path;
}

bool llm_on_request(struct llm *l, struct exchange *x)
{
	const struct provider *p = dialect_provider(x->authority, x->path);
	bool is_pathless = late_is_pathless(x);
	const struct endpoint *e = is_pathless ? late_endpoint() :
						 dialect_endpoint(x->method, llm_path(x), p);
	struct llm_state *s;

	x->user = NULL;
	if (!e)
		return false;
	s = arena_alloc(x->arena, sizeof(*s));
	if (!s) {
		llm_lose(p);
		return false;
	}
	s->is_pathless = is_pathless;
	s->provider = p;
	s->endpoint = e;
	s->arena = x->arena;
	s->call.endpoint = str_of(e->name);
	s->call.operation = str_of(e->operation);
	identity_request(s, x);
	s->has_deployment = s->call.model_requested.n > 0;
	s->asked_stream = e->flags & ENDPOINT_F_STREAMS;
	s->request_hash = LLM_HASH_START;
	s->session_paths = l->paths[PATHS_SESSION];
	s->envelope_paths = l->paths[PATHS_ENVELOPE];
	json_init(&s->request, l->paths[PATHS_REQUEST], request_on_event, s);
	json_init(&s->response, l->paths[e->paths], response_on_event, s);
	if (e->flags & ENDPOINT_F_SOCKET && !lanes_init(s))
		return false;
	if (e->flags & ENDPOINT_F_GRPC &&
	    (x->request_framing != FRAMING_GRPC || !grpc_init(s, &l->grpc)))
		return false;
	if (p && !llm_is_many(s) && !is_pathless)
		llm_start(s);
	x->user = s;
	return true;
}

void llm_on_response(struct llm *l, struct exchange *x)
{
	struct llm_state *s = x->user;

	if (!s)
		return;
	if (identity_is_proof(x))
		s->answered_proof |= PROOF_HEADER;
	/* not upgraded: what answers instead is no call's */
	if (s->lanes && x->framing != FRAMING_WEBSOCKET) {
		x->framing = FRAMING_NONE;
		x->user = NULL;
	}
	if (x->framing == FRAMING_NONE || x->status >= 300)
		return;
	if (s->is_pathless)
		late_begin(l, s, x);
	if (s->endpoint->flags & ENDPOINT_F_LINES)
		x->framing = FRAMING_NDJSON;
	else if (s->endpoint->flags & ENDPOINT_F_ARRAY && x->framing == FRAMING_WHOLE)
		x->framing = FRAMING_ARRAY;
	else if (s->endpoint->flags & ENDPOINT_F_FRAMES)
		x->framing = FRAMING_EVENTSTREAM;
}

/* --- documents ------------------------------------------------------------------------------- */

static void llm_form_unit(struct llm_state *s, enum unit_step step, struct str bytes)
{
	if (step == UNIT_BEGIN)
		form_begin(s, bytes);
	else if (step == UNIT_DATA)
		form_data(s, bytes);
	else if (step == UNIT_END)
		form_end(s);
}

static void llm_request_unit(struct llm_state *s, enum unit_step step, struct str bytes)
{
	switch (step) {
	case UNIT_BEGIN:
		json_reset(&s->request);
		break;
	case UNIT_DATA:
		json_feed(&s->request, bytes.p, bytes.n);
		break;
	case UNIT_POLICY:
	case UNIT_BROKEN:
		/* What came before stands; nothing after has a place that could be proven. */
		json_gap(&s->request);
		break;
	case UNIT_END:
		json_finish(&s->request);
		break;
	}
}

/* --- many calls in one exchange -------------------------------------------------------------- */

/*
 * A line of a batch's results, or an event of an agent that the provider runs, is a call of its
 * own. Each begins with what was known before the first, and its texts have an arena of their own,
 * for there may be any number of lines.
 */
void llm_each_begin(struct llm_state *s)
{
	u32 proof = s->answered_proof;

	if (!s->base) {
		struct llm_state *base = arena_alloc(s->arena, sizeof(*base));

		if (!base)
			return;
		*base = *s;
		base->base = base;
		s->base = base;
	}
	*s = *s->base;
	s->answered_proof = proof;
	s->line_arena = arena_new(LLM_LINE_ARENA_MAX);
	if (s->line_arena)
		s->arena = s->line_arena;
}

static void llm_each_end(struct llm *l, struct llm_state *s, struct exchange *x)
{
	bool is_batch = s->endpoint->flags & ENDPOINT_F_LINES;
	bool is_call = s->doc.has_usage[SLOT_MAIN] && (is_batch || s->doc.kind == DOC_CALL) &&
		       (s->provider || shape_is_answered(s));

	if (is_batch)
		state_set(s, &s->call.service_tier, STR("batch"));
	if (is_batch && s->doc.is_list)
		s->call.operation = STR("embeddings");
	if (is_call && s->base)
		llm_emit(l, s, x);
}

void llm_each_free(struct llm_state *s, const struct exchange *x)
{
	arena_free(s->line_arena);
	s->line_arena = NULL;
	s->arena = x->arena;
}

/* One of many documents was read. */
static void llm_many_end(struct llm *l, struct llm_state *s, struct exchange *x)
{
	if (s->lanes)
		lanes_response_end(l, s, x);
	else
		llm_each_end(l, s, x);
	llm_each_free(s, x);
}

/* --- units ----------------------------------------------------------------------------------- */

/* A frame that ends an event stream badly. */
static void llm_exception(struct llm_state *s, struct str name)
{
	s->has_error = true;
	state_set(s, &s->call.error_type, name);
}

static void llm_response_begin(struct llm_state *s, const struct exchange *x, struct str name)
{
	s->is_wrapped = x->framing == FRAMING_EVENTSTREAM &&
			s->endpoint->flags & ENDPOINT_F_WRAPPED;
	if (llm_is_many(s))
		llm_each_begin(s);
	s->is_stream = x->framing != FRAMING_WHOLE && !(s->endpoint->flags & ENDPOINT_F_LINES);
	response_begin(s, name);
	if (s->is_wrapped)
		bedrock_begin(s);
	if (x->unit_flags[HTTP_RESPONSE] & UNIT_F_EXCEPTION)
		llm_exception(s, name);
}

static void llm_response_unit(struct llm *l, struct llm_state *s, struct exchange *x,
			      enum unit_step step, struct str bytes)
{
	bool is_whole = step == UNIT_END;

	switch (step) {
	case UNIT_BEGIN:
		llm_response_begin(s, x, bytes);
		break;
	case UNIT_DATA:
		if (s->is_wrapped)
			bedrock_data(s, bytes);
		else
			response_data(s, bytes);
		break;
	case UNIT_POLICY:
		json_gap(s->is_wrapped && s->envelope ? s->envelope : &s->response);
		break;
	case UNIT_BROKEN:
	case UNIT_END:
		if (s->is_wrapped)
			is_whole = bedrock_end(s, is_whole);
		response_end(s, is_whole);
		if (llm_is_many(s))
			llm_many_end(l, s, x);
		break;
	}
}

void llm_on_unit(struct llm *l, struct exchange *x, enum http_dir dir, enum unit_step step,
		 struct str bytes)
{
	struct llm_state *s = x->user;

	if (!s)
		return;
	if (dir == HTTP_REQUEST && step == UNIT_DATA)
		s->request_hash = state_hash(s->request_hash, bytes);
	if (s->grpc)
		grpc_unit(s, dir, step, bytes);
	else if (dir == HTTP_RESPONSE)
		for (; s; s = s->other)
			llm_response_unit(l, s, x, step, bytes);
	else if (s->lanes)
		lanes_request(l, s, x, step, bytes);
	else if (x->request_framing == FRAMING_MULTIPART)
		llm_form_unit(s, step, bytes);
	else
		llm_request_unit(s, step, bytes);
}

bool llm_is_call(const struct exchange *x)
{
	struct llm_state *s = x->user;

	if (s && s->is_pathless)
		return late_choose(s) != NULL;
	return s && (s->provider || shape_is_asked(s) || shape_is_answered(s));
}

/* --- end ------------------------------------------------------------------------------------- */

/*
 * On an unknown host a request that looks right is believed, unless a good answer that was read to
 * its end does not look like the dialect's.
 */
static bool llm_is_proven(const struct llm_state *s, const struct exchange *x)
{
	bool is_good = x->status >= 200 && x->status < 300;

	if (s->provider || shape_is_answered(s))
		return true;
	if (!shape_is_asked(s) || s->endpoint->flags & ENDPOINT_F_VIEW)
		return false;
	return !is_good || !s->document_cnt || s->has_error;
}

static void llm_fill_flags(struct llm_state *s, const struct exchange *x)
{
	static const struct {
		u32 from;
		u32 to;
	} map[] = {
		{EXCHANGE_F_REQUEST_GAP | EXCHANGE_F_REQUEST_CUT, CALL_F_REQUEST_GAP},
		{EXCHANGE_F_REQUEST_POLICY, CALL_F_REQUEST_POLICY},
		{EXCHANGE_F_RESPONSE_GAP | EXCHANGE_F_DECODE_FAILED, CALL_F_TRUNCATED},
		{EXCHANGE_F_SERVER_SIDE, CALL_F_SERVER_SIDE},
		{EXCHANGE_F_HEAD_UNKNOWN, CALL_F_HEAD_UNKNOWN},
	};
	u32 cut = EXCHANGE_F_RESPONSE_CUT | EXCHANGE_F_NO_RESPONSE | EXCHANGE_F_CLIENT_CLOSED;
	u32 flags = s->provider ? 0 : CALL_F_SHAPE;
	/* of a socket, what was lost is not every call's */
	u32 have = s->lanes ? x->flags & EXCHANGE_F_SERVER_SIDE : x->flags;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (have & map[i].from)
			flags |= map[i].to;
	if (s->is_stream || (!x->status && s->asked_stream) ||
	    (have & EXCHANGE_F_STREAM && !(s->endpoint->flags & ENDPOINT_F_LINES)))
		flags |= CALL_F_STREAM;
	if (s->is_broken)
		flags |= CALL_F_TRUNCATED;
	/* A client that has the last event need not wait for the connection's end. */
	bool is_finite = s->endpoint->assembly != ASSEMBLE_SUM;

	if (!s->is_terminal && x->status < 400 &&
	    (have & cut || (s->is_stream && is_finite && !s->finish[0].n && !s->has_error)))
		flags |= CALL_F_ABORTED;
	s->call.flags |= flags;
}

/* OpenTelemetry's error.type of an HTTP error that says no more. */
static struct str llm_status(struct llm_state *s, const struct exchange *x)
{
	char text[8];

	if (x->status < 400)
		return STR("error");
	snprintf(text, sizeof(text), "%u", x->status);
	return arena_dup(s->arena, str_of(text));
}

static void llm_fill_error(struct llm_state *s, const struct exchange *x)
{
	struct call *call = &s->call;
	if (!s->has_error && x->status < 400) {
		call->error_type = STR_NONE;
		call->error_code = STR_NONE;
		return;
	}
	if (!call->error_type.n)
		call->error_type = call->error_code.n ? call->error_code : llm_status(s, x);
}

static void llm_fill_finish(struct llm_state *s)
{
	for (size_t i = 0; i < CALL_FINISH_MAX; i++)
		if (s->finish[i].n)
			s->call.finish[s->call.finish_cnt++] = s->finish[i];
}

static enum usage_source llm_source(const struct llm_state *s, const struct exchange *x)
{
	if (!s->usage_cnt)
		return USAGE_NONE;
	if (s->lanes)
		return USAGE_WS;
	if (s->grpc)
		return USAGE_GRPC;
	if (s->is_from_header)
		return USAGE_HEADER;
	if (s->is_estimated)
		return USAGE_BODY_ESTIMATE;
	if (x->framing == FRAMING_NDJSON)
		return USAGE_NDJSON;
	if (x->framing == FRAMING_EVENTSTREAM)
		return USAGE_EVENTSTREAM;
	if (!s->is_stream)
		return USAGE_BODY_JSON;
	if (s->call.completeness == COMPLETE_LOWER_BOUND)
		return USAGE_SSE_PARTIAL;
	if (s->endpoint->assembly == ASSEMBLE_LAST && s->usage_cnt > 1)
		return USAGE_SSE_CUMULATIVE;
	return USAGE_SSE_FINAL;
}

/*
 * A view is billed when it is the first sight of usage that its creation could not show: a
 * background response, or one whose creating request ended without usage.
 */
static bool llm_is_duplicate(const struct llm *l, const struct llm_state *s,
			     const struct exchange *x)
{
	enum recent_seen seen = recent_get(l->recent, s->call.provider, s->call.response_id);

	if (x->status >= 400)
		return false;
	if (llm_is_many(s))
		return seen == RECENT_WITH_USAGE;
	if (!(s->endpoint->flags & ENDPOINT_F_VIEW))
		return false;
	if (!s->usage_cnt || seen == RECENT_WITH_USAGE)
		return true;
	return seen == RECENT_UNKNOWN && !s->is_background &&
	       !(s->endpoint->flags & ENDPOINT_F_JOB);
}

static enum completeness llm_completeness(const struct llm *l, const struct llm_state *s,
					  const struct exchange *x)
{
	/* After a loss only the last event tells that no later figure was missed. */
	bool is_lost = s->call.flags & CALL_F_ABORTED ||
		       (s->call.flags & CALL_F_TRUNCATED && !s->is_terminal);

	if (s->endpoint->flags & ENDPOINT_F_FREE)
		return COMPLETE_FREE_CALL;
	/* what a traced server answers, its client pays for */
	if (x->flags & EXCHANGE_F_SERVER_SIDE || llm_is_duplicate(l, s, x))
		return COMPLETE_DUPLICATE_VIEW;
	if (!s->usage_cnt)
		return COMPLETE_UNMETERED;
	if (s->is_estimated && (estimate_is_low(s) || s->call.flags & CALL_F_TRUNCATED))
		return COMPLETE_LOWER_BOUND;	/* of what was lost nothing was counted */
	if (s->is_estimated)
		return COMPLETE_ESTIMATED;
	if (s->is_from_header && s->is_usage_whole)
		return COMPLETE_EXACT;
	if (is_lost || s->is_started_only || !s->is_usage_whole)
		return COMPLETE_LOWER_BOUND;
	return COMPLETE_EXACT;
}

static void llm_fill_times(struct llm_state *s, const struct exchange *x)
{
	struct call *call = &s->call;
	u64 first_ns = s->lanes ? s->first_ns : x->response_body_ns;

	call->start_ns = s->start_ns ? s->start_ns : x->request_start_ns;
	call->end_ns = s->end_ns ? s->end_ns : x->end_ns;
	call->first_token_ns = call->flags & CALL_F_STREAM ? first_ns : 0;
}

/* From what was read to the call that is handed on. */
void llm_emit(struct llm *l, struct llm_state *s, struct exchange *x)
{
	llm_start(s);
	s->call.http_status = s->error_status ? s->error_status : x->status;
	if (s->grpc)
		grpc_done(s, x);
	headers_done(s, x);
	identity_done(s, x);
	assemble_call(s, x);
	identity_cost(s, x);
	llm_fill_flags(s, x);
	llm_fill_error(s, x);
	llm_fill_finish(s);
	request_fill(s);
	llm_fill_times(s, x);
	s->call.completeness = llm_completeness(l, s, x);
	if (again_is_twin(l->twins, s, x))
		s->call.completeness = COMPLETE_DUPLICATE_VIEW;
	s->call.usage_source = llm_source(s, x);
	s->call.cache_status = identity_cache(s, x);
	again_note(l->asked, s, x);
	recent_note(l->recent, s->call.provider, s->call.response_id, s->usage_cnt > 0);
	l->ops->on_call(l->arg, x, &s->call);
}

void llm_on_done(struct llm *l, struct exchange *x)
{
	struct llm_state *s = x->user;

	x->user = NULL;
	if (s && s->is_pathless)
		s = late_choose(s);
	if (s && s->lanes)
		lanes_done(l, s, x);
	else if (s && !llm_is_many(s) && llm_is_proven(s, x))
		llm_emit(l, s, x);
}
