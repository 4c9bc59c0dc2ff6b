/* SPDX-License-Identifier: Apache-2.0 */
/* The same again: a request asked once more, a call seen from both ends of a gateway. */
#include "llm/state.h"

#include "llm/asked.h"
#include "llm/twin.h"

static struct map_key again_key(const struct llm_state *s, const struct exchange *x)
{
	return (struct map_key){
		.a = state_hash(state_hash(s->request_hash, s->call.host), s->call.path),
		.b = x->origin ^ s->request_hash,
	};
}

/* What SDKs try again after: timeouts and conflicts, too many, and the server's own failures. */
static bool is_failed(const struct llm_state *s, const struct exchange *x)
{
	return x->status == 408 || x->status == 409 || x->status == 429 || x->status >= 500 ||
	       !x->status || s->call.flags & CALL_F_ABORTED;
}

/*
 * The client says which attempt this is, or it asks the same soon after it failed. And who asks
 * the same without counting as many tokens was served from a cache that nobody told of.
 */
void again_note(struct asked *asked, struct llm_state *s, const struct exchange *x)
{
	struct map_key key = again_key(s, x);
	struct call *call = &s->call;
	struct asked_outcome before, now = {
		.is_failed = is_failed(s, x),
		.end_ns = x->end_ns,
		.input = meters_input_total(&call->meters),
		.request_id = call->request_id,
	};
	bool is_known;

	if (!x->body_bytes[HTTP_REQUEST] || s->lanes || s->endpoint->assembly == ASSEMBLE_EACH)
		return;
	is_known = asked_get(asked, key, &before);
	if (is_known && before.is_failed && x->request_start_ns < before.end_ns + LLM_RETRY_NS) {
		if (!s->has_attempt)
			call->retry_seq = before.seq + 1;
		if (call->retry_seq)
			call->retry_of = state_text(s, before.request_id);
	}
	if (is_known && call->cache_status == CACHE_NONE && now.input &&
	    before.input > now.input && !meters_has(&call->meters, METER_CACHE_READ))
		call->cache_status = CACHE_INFERRED;
	now.seq = call->retry_seq;
	if (before.input > now.input && is_known)
		now.input = before.input;
	asked_note(asked, key, &now);
}

static bool is_gateway(const struct exchange *x)
{
	return x->header[HTTP_RESPONSE][HTTP_H_X_LITELLM_CALL_ID].p;
}

/* The client's side of a gateway, and the gateway's own: one of them is billed. */
bool again_is_twin(struct twins *twins, const struct llm_state *s, const struct exchange *x)
{
	const struct call *c = &s->call;
	struct sight sight = {
		.conn = x->conn,
		.origin = x->origin,
		.is_outer = !s->provider || is_gateway(x),
		.is_rewritten = is_gateway(x),
		.start_ns = c->start_ns,
		.end_ns = c->end_ns,
		.id = c->response_id.n ? state_hash(LLM_HASH_START, c->response_id) : 0,
		.input = meters_input_total(&c->meters),
		.output = meters_output_total(&c->meters),
	};

	if (c->completeness == COMPLETE_FREE_CALL || c->completeness == COMPLETE_DUPLICATE_VIEW ||
	    s->endpoint->assembly == ASSEMBLE_EACH || x->status >= 400)
		return false;
	return twins_is_view(twins, &sight);
}
