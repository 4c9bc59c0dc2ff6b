/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the request's document: the model that was asked for, and proof that it is a prompt. */
#include "llm/state.h"

static void set_asked(struct llm_state *s, struct str *dst, const struct json_event *e)
{
	if (e->type == JSON_T_STRING && !e->is_cut)
		state_set(s, dst, e->text);
}

/* On Azure the deployment in the path decides, whatever the body says. */
static void on_asked_model(struct llm_state *s, const struct json_event *e)
{
	if (e->type != JSON_T_STRING || !e->text.n || e->is_cut)
		return;
	s->asked_proof |= PROOF_MODEL;
	if (!s->has_deployment)
		set_asked(s, &s->call.model_requested, e);
}

static void on_asked_prompt(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_OBJECT || e->type == JSON_T_ARRAY || e->type == JSON_T_STRING)
		s->asked_proof |= PROOF_PROMPT;
}

void request_on_event(void *arg, const struct json_event *e)
{
	struct llm_state *s = arg;

	switch (TAG_FIELD(e->tag)) {
	case FIELD_ASKED_MODEL:
		on_asked_model(s, e);
		break;
	case FIELD_ASKED_STREAM:
		s->asked_stream = e->type == JSON_T_TRUE;
		break;
	case FIELD_ASKED_EFFORT:
		s->has_effort = e->type == JSON_T_STRING && !str_eq(e->text, STR("none"));
		break;
	case FIELD_ASKED_BILL_TO:
		s->is_billed_to_profile = e->type == JSON_T_STRING &&
					  str_eq(e->text, STR("user_profile"));
		break;
	case FIELD_ASKED_PROMPT:
		on_asked_prompt(s, e);
		break;
	case FIELD_ASKED_TIER:
		set_asked(s, &s->asked_tier, e);
		break;
	case FIELD_ASKED_GEO:
		set_asked(s, &s->asked_geo, e);
		break;
	case FIELD_ASKED_SPEED:
		set_asked(s, &s->asked_speed, e);
		break;
	case FIELD_ASKED_TYPE:
		if (e->type == JSON_T_STRING)
			s->doc.kind = response_kind(e->text);
		break;
	case FIELD_STREAM_ID:
	case FIELD_SESSION_MODEL:
	case FIELD_HEARD_MODEL:
		lanes_on_field(s, e);
		break;
	case FIELD_USER_ID:
		if (e->type == JSON_T_STRING && !e->is_cut)
			s->user_id = arena_dup(s->arena, e->text);
		break;
	default:
		break;
	}
}

/* A wish for any tier is no tier; standard_only can have but one outcome. */
static struct str asked_tier(const struct llm_state *s)
{
	if (str_eq(s->asked_tier, STR("auto")))
		return STR_NONE;
	return str_eq(s->asked_tier, STR("standard_only")) ? STR("standard") : s->asked_tier;
}

void request_fill(struct llm_state *s)
{
	struct call *call = &s->call;

	if (!call->service_tier.n)
		call->service_tier = asked_tier(s);
	if (!call->geo.n)
		call->geo = s->asked_geo;
	if (!call->speed.n)
		call->speed = s->asked_speed;
}
