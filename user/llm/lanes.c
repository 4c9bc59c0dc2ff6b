/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many calls on one WebSocket (ENDPOINT_F_SOCKET).
 *
 *	client: response.create {model, stream_id} --> a lane is opened, its response unknown
 *	server: response.created {id, stream_id}   --> the oldest such lane of that stream is bound
 *	        response.*.delta                   --> its first token
 *	        response.completed, .done ...      --> the call is handed on, the lane closed
 *	        error {status}                     --> the oldest lane that is not bound has failed
 *	end of the connection                      --> what is still open was aborted
 *
 * What a call consists of stands in the event that ends it; a lane keeps what was asked, and when.
 * Realtime servers begin responses of their own accord: such a lane is opened as it is bound. A
 * client's message may also come late, for its write returns after the answer was read: it then
 * belongs to the lane that was opened without one. Realtime servers also tell what a transcription
 * of the user's speech used, a call of its own at another model. Gemini Live has no names for its
 * turns: each usageMetadata is a call.
 *
 * Holds LLM_LANES_MAX lanes per connection; one more loses the oldest (calls.lost).
 */
#include "llm/state.h"

#include "base/limits.h"
#include "base/stats.h"

struct lane_text {
	u16 n;
	char p[LLM_TEXT_MAX];
};

struct lane {
	u64 order;			/* 0: free; lower is older */
	u64 stream;			/* hash of its stream_id, 0: none */
	bool is_bound;			/* its response's id is known */
	bool is_ahead;			/* and no client's message asked for it so far */
	u32 proof;			/* enum shape_proof, of what was asked */
	u64 start_ns, first_ns;
	struct lane_text id, model, tier;
};

struct lanes {
	struct lane lane[LLM_LANES_MAX];
	u64 last_order;
	u64 asked_ns;			/* when the client last sent anything */
	struct lane_text model;		/* of the session, as either side says */
	struct lane_text heard;		/* that transcribes the user's speech */
	struct llm_state asked;		/* the client's message that is being read */
};

static struct str text_get(const struct lane_text *t)
{
	return (struct str){t->n ? t->p : NULL, t->n};
}

/* Longer ones are no names, and left out. */
static void text_set(struct lane_text *t, struct str s)
{
	if (!s.n || s.n > sizeof(t->p))
		return;
	memcpy(t->p, s.p, s.n);
	t->n = (u16)s.n;
}

void lanes_on_field(struct llm_state *s, const struct json_event *e)
{
	if (e->type != JSON_T_STRING || e->is_cut)
		return;
	if (TAG_FIELD(e->tag) == FIELD_STREAM_ID)
		s->stream = state_hash(LLM_HASH_START, e->text);
	else if (TAG_FIELD(e->tag) == FIELD_SESSION_MODEL)
		state_set(s, &s->session_model, e->text);
	else
		state_set(s, &s->heard_model, e->text);
}

bool lanes_init(struct llm_state *s)
{
	s->lanes = arena_alloc(s->arena, sizeof(*s->lanes));
	return s->lanes != NULL;
}

/* --- which lane ------------------------------------------------------------------------------ */

/* The oldest one that is (not) bound and, when one is given, of that stream. */
static struct lane *lane_oldest(struct lanes *l, bool is_bound, u64 stream)
{
	struct lane *oldest = NULL;

	for (size_t i = 0; i < LLM_LANES_MAX; i++) {
		struct lane *lane = &l->lane[i];

		if (lane->order && lane->is_bound == is_bound &&
		    (!stream || lane->stream == stream) &&
		    (!oldest || lane->order < oldest->order))
			oldest = lane;
	}
	return oldest;
}

static struct lane *lane_of_id(struct lanes *l, struct str id)
{
	for (size_t i = 0; id.n && i < LLM_LANES_MAX; i++)
		if (l->lane[i].order && str_eq(text_get(&l->lane[i].id), id))
			return &l->lane[i];
	return NULL;
}

/* The lane of an event: by its response's id, else by its stream, else the oldest. */
static struct lane *lane_of_event(struct llm_state *s)
{
	struct lane *lane = lane_of_id(s->lanes, s->call.response_id);

	if (!lane && !s->call.response_id.n)
		lane = lane_oldest(s->lanes, true, s->stream);
	return lane;
}

/* --- calls ----------------------------------------------------------------------------------- */

static bool lanes_is_proven(const struct llm_state *s)
{
	return s->provider || shape_is_answered(s) || shape_is_asked(s);
}

/* What the lane remembers goes where the event that ends it says nothing. */
static void lane_fill(struct llm_state *s, const struct lane *lane)
{
	struct str asked = text_get(&s->lanes->model);

	if (lane && lane->model.n)
		asked = text_get(&lane->model);
	state_set(s, &s->call.model_requested, asked);
	if (!lane)
		return;
	state_set(s, &s->asked_tier, text_get(&lane->tier));
	if (!s->call.response_id.n)
		state_set(s, &s->call.response_id, text_get(&lane->id));
	s->asked_proof |= lane->proof;
	s->start_ns = lane->start_ns;
	s->first_ns = lane->first_ns;
}

static void lanes_emit(struct llm *l, struct llm_state *s, struct exchange *x, struct lane *lane)
{
	lane_fill(s, lane);
	s->end_ns = x->unit_ns[HTTP_RESPONSE] ? x->unit_ns[HTTP_RESPONSE] : x->end_ns;
	if (!s->start_ns)
		s->start_ns = s->lanes->asked_ns ? s->lanes->asked_ns : s->end_ns;
	/* nothing came any more, or both sides out of step */
	if (s->end_ns < s->start_ns)
		s->end_ns = x->end_ns > s->start_ns ? x->end_ns : s->start_ns;
	if (lanes_is_proven(s))
		llm_emit(l, s, x);
	if (lane)
		lane->order = 0;
}

/* Its end was not seen. */
static void lanes_abort(struct llm *l, struct llm_state *s, struct exchange *x, struct lane *lane)
{
	llm_each_begin(s);
	s->is_stream = true;
	lanes_emit(l, s, x, lane);
	llm_each_free(s, x);
}

static struct lane *lane_open(struct lanes *lanes)
{
	struct lane *lane = NULL;

	for (size_t i = 0; !lane && i < LLM_LANES_MAX; i++)
		if (!lanes->lane[i].order)
			lane = &lanes->lane[i];
	if (!lane) {
		lane = lane_oldest(lanes, true, 0);
		lane = lane ? lane : lane_oldest(lanes, false, 0);
		stats_add(STAT_CALLS_STARTED, 1);
		stats_add(STAT_CALLS_LOST, 1);
	}
	*lane = (struct lane){.order = ++lanes->last_order};
	return lane;
}

/* --- the client's messages ------------------------------------------------------------------- */

/* The lane that was opened before its client's message came. */
static struct lane *lane_ahead(struct lanes *l, u64 stream)
{
	struct lane *lane = lane_oldest(l, true, stream);

	return lane && lane->is_ahead ? lane : NULL;
}

static void lanes_asked(struct llm_state *s, const struct exchange *x)
{
	const struct llm_state *asked = &s->lanes->asked;
	struct lane *lane;

	text_set(&s->lanes->model, asked->session_model);
	text_set(&s->lanes->heard, asked->heard_model);
	s->lanes->asked_ns = x->unit_ns[HTTP_REQUEST];
	if (asked->doc.kind != DOC_RESPONSE_CREATE)
		return;
	lane = lane_ahead(s->lanes, asked->stream);
	if (!lane) {
		lane = lane_open(s->lanes);
		lane->stream = asked->stream;
		lane->start_ns = x->unit_ns[HTTP_REQUEST];
	}
	lane->is_ahead = false;
	lane->proof = asked->asked_proof;
	text_set(&lane->model, asked->call.model_requested);
	text_set(&lane->tier, asked->asked_tier);
}

static void lanes_request_begin(const struct llm *l, struct llm_state *s)
{
	struct llm_state *asked = &s->lanes->asked;

	*asked = (struct llm_state){.endpoint = s->endpoint};
	asked->arena = arena_new(LLM_LINE_ARENA_MAX);
	json_init(&asked->request, llm_paths(l, PATHS_ASKED_LANE), request_on_event, asked);
}

void lanes_request(struct llm *l, struct llm_state *s, struct exchange *x, enum unit_step step,
		   struct str bytes)
{
	struct llm_state *asked = &s->lanes->asked;

	switch (step) {
	case UNIT_BEGIN:
		lanes_request_begin(l, s);
		break;
	case UNIT_DATA:
		if (asked->arena)
			json_feed(&asked->request, bytes.p, bytes.n);
		break;
	case UNIT_POLICY:
		json_gap(&asked->request);
		break;
	case UNIT_BROKEN:
	case UNIT_END:
		/* what came before a loss stands */
		lanes_asked(s, x);
		arena_free(asked->arena);
		asked->arena = NULL;
		break;
	}
}

/* --- the server's messages ------------------------------------------------------------------- */

static void lanes_created(struct llm_state *s, const struct exchange *x)
{
	struct lane *lane = lane_oldest(s->lanes, false, s->stream);
	struct str id = s->call.response_id;

	if (!id.n || lane_of_id(s->lanes, id))
		return;
	if (!lane) {
		lane = lane_open(s->lanes);
		lane->stream = s->stream;
		lane->start_ns = x->unit_ns[HTTP_RESPONSE];
		lane->is_ahead = true;
	}
	text_set(&lane->id, id);
	lane->is_bound = true;
}

static void lanes_event(struct llm_state *s, const struct exchange *x)
{
	struct lane *lane = lane_of_event(s);

	if (lane && !lane->first_ns)
		lane->first_ns = x->unit_ns[HTTP_RESPONSE];
}

static void lanes_end(struct llm *l, struct llm_state *s, struct exchange *x)
{
	struct lane *lane = lane_of_event(s);

	/* its beginning may have been lost, or both come out of step */
	if (!lane)
		lane = lane_oldest(s->lanes, false, s->stream);
	s->is_terminal = !s->is_broken;
	lanes_emit(l, s, x, lane);
}

static void lanes_heard(struct llm *l, struct llm_state *s, struct exchange *x)
{
	if (!s->doc.has_usage[SLOT_MAIN])
		return;
	s->usage = s->doc.usage[SLOT_MAIN];
	s->usage_cnt = 1;
	s->is_terminal = true;
	s->call.endpoint = s->call.operation = STR("transcription");
	s->call.response_id = s->call.model_requested = s->call.model_served = STR_NONE;
	s->start_ns = s->end_ns = x->unit_ns[HTTP_RESPONSE];
	state_set(s, &s->call.model_requested, text_get(&s->lanes->heard));
	if (lanes_is_proven(s))
		llm_emit(l, s, x);
}

/* Without a status it is no call's: a session's message was wrong. */
static void lanes_error(struct llm *l, struct llm_state *s, struct exchange *x)
{
	struct lane *lane = lane_oldest(s->lanes, false, s->stream);

	if (!lane)
		return;
	if (s->error_status)
		lanes_emit(l, s, x, lane);
	else
		lane->order = 0;
}

void lanes_response_end(struct llm *l, struct llm_state *s, struct exchange *x)
{
	text_set(&s->lanes->model, s->session_model);
	text_set(&s->lanes->heard, s->heard_model);
	switch (s->doc.kind) {
	case DOC_RESPONSE_CREATE:
		lanes_created(s, x);
		break;
	case DOC_RESPONSE_EVENT:
		lanes_event(s, x);
		break;
	case DOC_RESPONSE_END:
		lanes_end(l, s, x);
		break;
	case DOC_HEARD:
		lanes_heard(l, s, x);
		break;
	case DOC_ERROR:
		lanes_error(l, s, x);
		break;
	case DOC_PLAIN:
		s->is_terminal = true;
		if (s->usage_cnt && s->endpoint->assembly == ASSEMBLE_GOOGLE)
			lanes_emit(l, s, x, NULL);
		break;
	default:
		break;
	}
}

void lanes_done(struct llm *l, struct llm_state *s, struct exchange *x)
{
	struct lane *lane;

	while ((lane = lane_oldest(s->lanes, true, 0)) || (lane = lane_oldest(s->lanes, false, 0)))
		lanes_abort(l, s, x, lane);
}
