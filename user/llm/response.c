/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the documents of a response: what each watched value means, field by field. */
#include "llm/fields.h"

/* --- identity of the response ---------------------------------------------------------------- */

/* The first id that is one: Azure opens with an empty chunk. */
static void on_id(struct llm_state *s, const struct json_event *e)
{
	if (e->type != JSON_T_STRING || !e->text.n)
		return;
	s->doc.proof |= PROOF_ID;
	if (str_is_empty(s->call.response_id))
		state_take(s, &s->call.response_id, e);
}

static void on_model(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_STRING && e->text.n)
		s->doc.proof |= PROOF_MODEL;
	state_take(s, &s->call.model_served, e);
}

static const struct {
	const char *type;
	enum document_kind kind;
} document_kinds[] = {
	{"message", DOC_MESSAGE},
	{"message_start", DOC_MESSAGE_START},
	{"message_delta", DOC_MESSAGE_DELTA},
	{"message_stop", DOC_MESSAGE_STOP},
	{"response.create", DOC_RESPONSE_CREATE},
	{"response.created", DOC_RESPONSE_CREATE},
	{"response.completed", DOC_RESPONSE_END},
	{"response.done", DOC_RESPONSE_END},	/* realtime */
	{"response.incomplete", DOC_RESPONSE_END},
	{"response.failed", DOC_RESPONSE_END},
	{"response.cancelled", DOC_RESPONSE_END},
	{"message-end", DOC_END},		/* Cohere, and its first version */
	{"stream-end", DOC_END},
	{"interaction.completed", DOC_END},
	{"interaction.complete", DOC_END},
	{"image_generation.completed", DOC_END},
	{"image_edit.completed", DOC_END},
	{"transcript.text.done", DOC_END},
	{"speech.audio.done", DOC_END},
	{"span.model_request_end", DOC_CALL},
	{"conversation.item.input_audio_transcription.completed", DOC_HEARD},
	{"error", DOC_ERROR},
};

enum document_kind response_kind(struct str type)
{
	for (size_t i = 0; i < ARRAY_LEN(document_kinds); i++)
		if (str_eq(type, str_of(document_kinds[i].type)))
			return document_kinds[i].kind;
	return str_starts(type, STR("response.")) ? DOC_RESPONSE_EVENT : DOC_OTHER;
}

static void on_type(struct llm_state *s, const struct json_event *e)
{
	if (e->type != JSON_T_STRING)
		return;
	s->doc.kind = response_kind(e->text);
	if (s->doc.kind != DOC_OTHER && s->doc.kind != DOC_ERROR)
		s->doc.proof |= PROOF_TYPE;
}

static void on_object(struct llm_state *s, const struct json_event *e)
{
	static const char *const ours[] = {"chat.completion", "text_completion", "response",
					   "embedding", "interaction", "video",
					   "thread.run"};

	s->doc.is_list = e->type == JSON_T_STRING && str_eq(e->text, STR("list"));
	for (size_t i = 0; e->type == JSON_T_STRING && i < ARRAY_LEN(ours); i++)
		if (str_starts(e->text, str_of(ours[i])))
			s->doc.proof |= PROOF_OBJECT;
}

static void on_status(struct llm_state *s, const struct json_event *e)
{
	u64 number;

	if (e->type == JSON_T_NUMBER && !str_to_u64(e->text, &number) && number <= UINT16_MAX)
		s->error_status = (u16)number;
	state_take(s, &s->status, e);
}

static void on_status_reason(struct llm_state *s, const struct json_event *e)
{
	state_take(s, &s->status_reason, e);
}

static void on_background(struct llm_state *s, const struct json_event *e)
{
	s->is_background = e->type == JSON_T_TRUE;
}

/* "auto" is a wish, not a tier. */
static void on_tier(struct llm_state *s, const struct json_event *e)
{
	u64 number;

	if (e->type == JSON_T_NUMBER && !str_to_u64(e->text, &number))
		state_set(s, &s->call.service_tier, google_traffic(number));
	else if (!str_eq(e->text, STR("auto")))
		state_take(s, &s->call.service_tier, e);
}

static void on_geo(struct llm_state *s, const struct json_event *e)
{
	state_take(s, &s->call.geo, e);
}

static void on_speed(struct llm_state *s, const struct json_event *e)
{
	state_take(s, &s->call.speed, e);
}

/* --- choices and errors ---------------------------------------------------------------------- */

static void on_list(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_ARRAY || e->type == JSON_T_NUMBER)
		s->doc.proof |= PROOF_LIST;
}

static void on_body(struct llm_state *s, const struct json_event *e)
{
	if (is_begin(e) || e->type == JSON_T_STRING)
		s->doc.proof |= PROOF_LIST;
}

static void set_finish(struct llm_state *s, size_t choice, struct str text)
{
	if (choice < CALL_FINISH_MAX)
		state_set(s, &s->finish[choice], text);
}

/* Its reason may come before its index. */
static void on_choice(struct llm_state *s, const struct json_event *e)
{
	if (is_begin(e)) {
		s->doc.has_choice = s->doc.in_choice = true;
		s->doc.choice = s->doc.choice_cnt++;
		s->doc.choice_finish = STR_NONE;
	} else if (e->type == JSON_T_OBJECT_END) {
		set_finish(s, s->doc.choice, s->doc.choice_finish);
		s->doc.in_choice = false;
	}
}

static void on_choice_index(struct llm_state *s, const struct json_event *e)
{
	u64 index;

	if (e->type == JSON_T_NUMBER && !str_to_u64(e->text, &index))
		s->doc.choice = index;
}

static void on_finish(struct llm_state *s, const struct json_event *e)
{
	bool is_number = e->type == JSON_T_NUMBER && s->endpoint->assembly == ASSEMBLE_GOOGLE;
	struct str reason = e->text;
	u64 number;

	if ((e->type != JSON_T_STRING && !is_number) || !e->text.n || e->is_cut)
		return;
	s->doc.has_finish = true;
	if (is_number)
		reason = str_to_u64(e->text, &number) ? STR_NONE : google_finish(number);
	if (s->doc.in_choice)
		state_set(s, &s->doc.choice_finish, reason);
	else
		set_finish(s, s->doc.choice, reason);
}

/* True, or why there will be nothing more. */
static void on_done(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_TRUE || (e->type == JSON_T_STRING && e->text.n))
		s->doc.has_finish = true;
}

/* The message of an error may quote the prompt, so only type and code are read. */
static void on_error(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_OBJECT || (e->type == JSON_T_STRING && e->text.n))
		s->doc.has_error = true;
}

static void on_error_type(struct llm_state *s, const struct json_event *e)
{
	state_take(s, &s->call.error_type, e);
}

static void on_error_code(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_NUMBER)
		state_set(s, &s->call.error_code, e->text);
	else
		state_take(s, &s->call.error_code, e);
}

/* --- documents ------------------------------------------------------------------------------- */

static void (*const response_fields[FIELD_MAX])(struct llm_state *s, const struct json_event *e) = {
	[FIELD_ID] = on_id,
	[FIELD_MODEL] = on_model,
	[FIELD_TYPE] = on_type,
	[FIELD_OBJECT] = on_object,
	[FIELD_STATUS] = on_status,
	[FIELD_STATUS_REASON] = on_status_reason,
	[FIELD_BACKGROUND] = on_background,
	[FIELD_TIER] = on_tier,
	[FIELD_GEO] = on_geo,
	[FIELD_SPEED] = on_speed,
	[FIELD_LIST] = on_list,
	[FIELD_BODY] = on_body,
	[FIELD_DONE] = on_done,
	[FIELD_DELTA] = counts_on_delta,
	[FIELD_DELTA_OTHER] = counts_on_delta_other,
	[FIELD_ADD] = counts_on_add,
	[FIELD_DETAILS] = counts_on_details,
	[FIELD_DETAIL] = counts_on_detail,
	[FIELD_DETAIL_NAME] = counts_on_detail_name,
	[FIELD_DETAIL_COUNT] = counts_on_detail_count,
	[FIELD_QUERY] = counts_on_query,
	[FIELD_PIECE] = counts_on_piece,
	[FIELD_CHOICE] = on_choice,
	[FIELD_CHOICE_INDEX] = on_choice_index,
	[FIELD_FINISH] = on_finish,
	[FIELD_ERROR] = on_error,
	[FIELD_ERROR_TYPE] = on_error_type,
	[FIELD_ERROR_CODE] = on_error_code,
	[FIELD_USAGE] = counts_on_usage,
	[FIELD_COUNT] = counts_on_count,
	[FIELD_BYOK] = counts_on_byok,
	[FIELD_STREAM_ID] = lanes_on_field,
	[FIELD_SESSION_MODEL] = lanes_on_field,
	[FIELD_HEARD_MODEL] = lanes_on_field,
	[FIELD_HOPS] = counts_on_hops,
	[FIELD_HOP] = counts_on_hop,
	[FIELD_HOP_MODEL] = counts_on_hop_model,
	[FIELD_HOP_TYPE] = counts_on_hop_type,
	[FIELD_ITEM] = counts_on_item,
	[FIELD_ITEM_TYPE] = counts_on_item_type,
	[FIELD_ITEM_NAME] = counts_on_item_name,
	[FIELD_ITEM_ACTION] = counts_on_item_action,
	[FIELD_ITEM_CONTAINER] = counts_on_item_container,
};

void response_on_event(void *arg, const struct json_event *e)
{
	response_fields[TAG_FIELD(e->tag)](arg, e);
}

/* "thread.run.completed", but not "thread.run.step.completed", nor of a message of the thread. */
static bool is_of_another(struct str event_name)
{
	struct str run = STR("thread.run."), rest = str_cut(event_name, run.n, event_name.n);

	return str_starts(event_name, STR("thread.")) &&
	       (!str_starts(event_name, run) || str_find_char(rest, '.') < rest.n);
}

void response_begin(struct llm_state *s, struct str event_name)
{
	s->doc = (struct document){.kind = DOC_PLAIN};
	s->head_len = 0;
	if (event_name.n) {
		s->doc.kind = response_kind(event_name);
		if (s->doc.kind == DOC_OTHER)
			s->doc.kind = DOC_PLAIN;
	}
	s->doc.is_skipped = s->endpoint->flags & ENDPOINT_F_RUN && is_of_another(event_name);
	json_reset(&s->response);
}

void response_data(struct llm_state *s, struct str bytes)
{
	for (size_t i = 0; i < bytes.n && s->head_len < sizeof(s->head); i++)
		s->head[s->head_len++] = bytes.p[i];
	if (!s->doc.is_skipped)
		json_feed(&s->response, bytes.p, bytes.n);
}

/*
 * A cut or malformed event says nothing. A cut body may have said much already: what it said
 * stands, as a lower bound. A body whose JSON is closed has said all: clients that read a coded
 * body to the coding's end leave without the last chunk (Deno).
 */
void response_end(struct llm_state *s, bool is_whole)
{
	struct str head = str_trim((struct str){s->head, s->head_len});

	if (str_eq(head, STR("[DONE]"))) {
		s->is_terminal = true;
		return;
	}
	s->is_broken = s->is_broken || (s->doc.is_skipped && !is_whole);
	if (!head.n || s->doc.is_skipped)
		return;
	if ((!is_whole && s->is_stream) || json_finish(&s->response)) {
		s->is_broken = true;
		if (s->is_stream)
			return;
	} else {
		s->document_cnt++;
	}
	s->answered_proof |= s->doc.proof;
	assemble_document(s);
}
