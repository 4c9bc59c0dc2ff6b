/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the documents of a response: what each watched value means, field by field. */
#include "llm/state.h"

/* --- small helpers --------------------------------------------------------------------------- */

static void on_text(struct llm_state *s, struct str *dst, const struct json_event *e)
{
	if (e->type == JSON_T_STRING && !e->is_cut)
		state_set(s, dst, e->text);
}

static bool is_begin(const struct json_event *e)
{
	return e->type == JSON_T_OBJECT || e->type == JSON_T_ARRAY;
}

static u64 text_hash(struct str text)
{
	u64 h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (u8)text.p[i]) * 0x100000001b3ull;
	return h ? h : 1;
}

/* --- identity of the response ---------------------------------------------------------------- */

/* The first id that is one: Azure opens with an empty chunk. */
static void on_id(struct llm_state *s, const struct json_event *e)
{
	if (e->type != JSON_T_STRING || !e->text.n)
		return;
	s->doc.proof |= PROOF_ID;
	if (str_is_empty(s->call.response_id))
		on_text(s, &s->call.response_id, e);
}

static void on_model(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_STRING && e->text.n)
		s->doc.proof |= PROOF_MODEL;
	on_text(s, &s->call.model_served, e);
}

static const struct {
	const char *type;
	enum document_kind kind;
} document_kinds[] = {
	{"message", DOC_MESSAGE},
	{"message_start", DOC_MESSAGE_START},
	{"message_delta", DOC_MESSAGE_DELTA},
	{"message_stop", DOC_MESSAGE_STOP},
	{"response.completed", DOC_RESPONSE_END},
	{"response.incomplete", DOC_RESPONSE_END},
	{"response.failed", DOC_RESPONSE_END},
	{"response.cancelled", DOC_RESPONSE_END},
	{"error", DOC_ERROR},
};

static enum document_kind document_kind(struct str type)
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
	s->doc.kind = document_kind(e->text);
	if (s->doc.kind != DOC_OTHER && s->doc.kind != DOC_ERROR)
		s->doc.proof |= PROOF_TYPE;
}

static void on_object(struct llm_state *s, const struct json_event *e)
{
	static const char *const ours[] = {"chat.completion", "text_completion", "response",
					   "embedding"};

	for (size_t i = 0; e->type == JSON_T_STRING && i < ARRAY_LEN(ours); i++)
		if (str_starts(e->text, str_of(ours[i])))
			s->doc.proof |= PROOF_OBJECT;
}

static void on_status(struct llm_state *s, const struct json_event *e)
{
	on_text(s, &s->status, e);
}

static void on_status_reason(struct llm_state *s, const struct json_event *e)
{
	on_text(s, &s->status_reason, e);
}

static void on_background(struct llm_state *s, const struct json_event *e)
{
	s->is_background = e->type == JSON_T_TRUE;
}

/* "auto" is a wish, not a tier. */
static void on_tier(struct llm_state *s, const struct json_event *e)
{
	if (!str_eq(e->text, STR("auto")))
		on_text(s, &s->call.service_tier, e);
}

static void on_geo(struct llm_state *s, const struct json_event *e)
{
	on_text(s, &s->call.geo, e);
}

static void on_speed(struct llm_state *s, const struct json_event *e)
{
	on_text(s, &s->call.speed, e);
}

/* --- choices and errors ---------------------------------------------------------------------- */

static void on_list(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_ARRAY || e->type == JSON_T_NUMBER)
		s->doc.proof |= PROOF_LIST;
}

static void on_choice(struct llm_state *s, const struct json_event *e)
{
	if (!is_begin(e))
		return;
	s->doc.has_choice = true;
	s->doc.choice = s->doc.choice_cnt++;
}

static void on_choice_index(struct llm_state *s, const struct json_event *e)
{
	u64 index;

	if (e->type == JSON_T_NUMBER && !str_to_u64(e->text, &index))
		s->doc.choice = index;
}

static void on_finish(struct llm_state *s, const struct json_event *e)
{
	if (e->type != JSON_T_STRING || !e->text.n)
		return;
	s->doc.has_finish = true;
	if (s->doc.choice < CALL_FINISH_MAX)
		on_text(s, &s->finish[s->doc.choice], e);
}

/* The message of an error may quote the prompt, so only type and code are read. */
static void on_error(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_OBJECT || (e->type == JSON_T_STRING && e->text.n))
		s->doc.has_error = true;
}

static void on_error_type(struct llm_state *s, const struct json_event *e)
{
	on_text(s, &s->call.error_type, e);
}

static void on_error_code(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_NUMBER)
		state_set(s, &s->call.error_code, e->text);
	else
		on_text(s, &s->call.error_code, e);
}

/* --- usage ----------------------------------------------------------------------------------- */

/* A usage object that comes twice in one document counts as its last. */
static void on_usage(struct llm_state *s, const struct json_event *e)
{
	enum usage_slot slot = TAG_SLOT(e->tag);

	if (e->type == JSON_T_OBJECT) {
		s->doc.usage[slot] = (struct usage){0};
		if (slot == SLOT_MAIN)
			s->doc.hop_cnt = 0;
	} else if (e->type == JSON_T_OBJECT_END) {
		s->doc.has_usage[slot] = true;
		s->doc.proof |= PROOF_USAGE;
	}
}

static void on_count(struct llm_state *s, const struct json_event *e)
{
	struct usage *u = &s->doc.usage[TAG_SLOT(e->tag)];
	enum counter c = TAG_COUNTER(e->tag);

	if (e->type == JSON_T_NUMBER || e->type == JSON_T_STRING)
		usage_read(u, c, e->text);
	else if (e->type == JSON_T_TRUE || e->type == JSON_T_FALSE)
		u->broken |= 1u << c;
}

static void on_byok(struct llm_state *s, const struct json_event *e)
{
	s->doc.usage[TAG_SLOT(e->tag)].is_byok = e->type == JSON_T_TRUE;
}

static void on_hops(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_ARRAY)
		s->doc.hop_cnt = 0;
}

static struct hop *current_hop(struct llm_state *s)
{
	if (!s->hop)
		s->hop = arena_alloc(s->arena, CALL_SUB_MAX * sizeof(*s->hop));
	return s->hop && s->doc.hop_cnt < CALL_SUB_MAX ? &s->hop[s->doc.hop_cnt] : NULL;
}

static void on_hop(struct llm_state *s, const struct json_event *e)
{
	struct hop *hop = current_hop(s);

	if (e->type == JSON_T_OBJECT) {
		s->doc.usage[SLOT_HOP] = (struct usage){0};
		if (hop)
			*hop = (struct hop){0};
	} else if (e->type == JSON_T_OBJECT_END) {
		if (hop)
			hop->usage = s->doc.usage[SLOT_HOP];
		s->doc.hop_cnt++;
	}
}

static void on_hop_model(struct llm_state *s, const struct json_event *e)
{
	struct hop *hop = current_hop(s);

	if (hop)
		on_text(s, &hop->model, e);
}

static void on_hop_type(struct llm_state *s, const struct json_event *e)
{
	struct hop *hop = current_hop(s);

	if (hop)
		on_text(s, &hop->type, e);
}

/* --- server tools: items of output, content blocks ------------------------------------------- */

static const struct {
	const char *type;
	enum item_kind kind;
} item_kinds[] = {
	{"web_search_call", ITEM_WEB_SEARCH},
	{"file_search_call", ITEM_FILE_SEARCH},
	{"code_interpreter_call", ITEM_CODE},
	{"server_tool_use", ITEM_SERVER_TOOL},
};

/* One session per container, however often it was used. */
static void count_container(struct document *doc)
{
	for (size_t i = 0; doc->item_container && i < doc->container_cnt; i++)
		if (doc->container[i] == doc->item_container)
			return;
	if (doc->item_container && doc->container_cnt < CONTAINER_MAX)
		doc->container[doc->container_cnt++] = doc->item_container;
	doc->code_session++;
}

static void count_item(struct document *doc)
{
	if (doc->item == ITEM_WEB_SEARCH && doc->item_is_search)
		doc->web_search++;
	else if (doc->item == ITEM_FILE_SEARCH)
		doc->file_search++;
	else if (doc->item == ITEM_CODE)
		count_container(doc);
	else if (doc->item == ITEM_SERVER_TOOL && doc->item_is_code)
		doc->code_session++;
}

static void on_item(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_OBJECT) {
		s->doc.item = ITEM_OTHER;
		s->doc.item_is_search = true;
		s->doc.item_is_code = false;
		s->doc.item_container = 0;
	} else if (e->type == JSON_T_OBJECT_END) {
		count_item(&s->doc);
	}
}

static void on_item_type(struct llm_state *s, const struct json_event *e)
{
	s->doc.item = ITEM_OTHER;
	for (size_t i = 0; e->type == JSON_T_STRING && i < ARRAY_LEN(item_kinds); i++)
		if (str_eq(e->text, str_of(item_kinds[i].type)))
			s->doc.item = item_kinds[i].kind;
}

static void on_item_name(struct llm_state *s, const struct json_event *e)
{
	s->doc.item_is_code = e->type == JSON_T_STRING && str_ends(e->text, STR("code_execution"));
}

/* Opening a page that was found is not a search. */
static void on_item_action(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_STRING)
		s->doc.item_is_search = str_eq(e->text, STR("search"));
}

static void on_item_container(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_STRING)
		s->doc.item_container = text_hash(e->text);
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
	[FIELD_CHOICE] = on_choice,
	[FIELD_CHOICE_INDEX] = on_choice_index,
	[FIELD_FINISH] = on_finish,
	[FIELD_ERROR] = on_error,
	[FIELD_ERROR_TYPE] = on_error_type,
	[FIELD_ERROR_CODE] = on_error_code,
	[FIELD_USAGE] = on_usage,
	[FIELD_COUNT] = on_count,
	[FIELD_BYOK] = on_byok,
	[FIELD_HOPS] = on_hops,
	[FIELD_HOP] = on_hop,
	[FIELD_HOP_MODEL] = on_hop_model,
	[FIELD_HOP_TYPE] = on_hop_type,
	[FIELD_ITEM] = on_item,
	[FIELD_ITEM_TYPE] = on_item_type,
	[FIELD_ITEM_NAME] = on_item_name,
	[FIELD_ITEM_ACTION] = on_item_action,
	[FIELD_ITEM_CONTAINER] = on_item_container,
};

void response_on_event(void *arg, const struct json_event *e)
{
	response_fields[TAG_FIELD(e->tag)](arg, e);
}

void response_begin(struct llm_state *s, struct str event_name)
{
	s->doc = (struct document){.kind = DOC_PLAIN};
	s->head_len = 0;
	if (event_name.n) {
		s->doc.kind = document_kind(event_name);
		if (s->doc.kind == DOC_OTHER)
			s->doc.kind = DOC_PLAIN;
	}
	json_reset(&s->response);
}

void response_data(struct llm_state *s, struct str bytes)
{
	for (size_t i = 0; i < bytes.n && s->head_len < sizeof(s->head); i++)
		s->head[s->head_len++] = bytes.p[i];
	json_feed(&s->response, bytes.p, bytes.n);
}

/*
 * A cut or malformed event says nothing. A cut body may have said much already: what it said
 * stands, as a lower bound.
 */
void response_end(struct llm_state *s, bool is_whole)
{
	struct str head = str_trim((struct str){s->head, s->head_len});

	if (str_eq(head, STR("[DONE]"))) {
		s->is_terminal = true;
		return;
	}
	if (!head.n)
		return;
	if (!is_whole || json_finish(&s->response)) {
		s->is_broken = true;
		if (s->is_stream)
			return;
	} else {
		s->document_cnt++;
	}
	s->answered_proof |= s->doc.proof;
	assemble_document(s);
}
