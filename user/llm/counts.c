/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what a response's document counts: usage objects, their details, hops, server tools. */
#include "llm/fields.h"

/* --- usage ----------------------------------------------------------------------------------- */

/*
 * A usage object that comes twice in one document counts as its last. One that counts nothing
 * (Vertex: the kind of traffic alone) is none.
 */
void counts_on_usage(struct llm_state *s, const struct json_event *e)
{
	enum usage_slot slot = TAG_SLOT(e->tag);

	if (e->type == JSON_T_OBJECT) {
		s->doc.usage[slot] = (struct usage){0};
		if (slot == SLOT_MAIN)
			s->doc.hop_cnt = 0;
	} else if (e->type == JSON_T_OBJECT_END) {
		const struct usage *u = &s->doc.usage[slot];

		s->doc.has_usage[slot] = u->present || u->broken || u->is_byok;
		s->doc.proof |= s->doc.has_usage[slot] ? (u32)PROOF_USAGE : 0;
	}
}

void counts_on_count(struct llm_state *s, const struct json_event *e)
{
	struct usage *u = &s->doc.usage[TAG_SLOT(e->tag)];
	enum counter c = TAG_COUNTER(e->tag);

	if (e->type == JSON_T_NUMBER || e->type == JSON_T_STRING)
		usage_read(u, c, e->text);
	else if (e->type == JSON_T_TRUE || e->type == JSON_T_FALSE)
		u->broken |= 1ull << c;
}

void counts_on_add(struct llm_state *s, const struct json_event *e)
{
	struct usage one = {0};

	if (e->type == JSON_T_NUMBER || e->type == JSON_T_STRING)
		usage_read(&one, TAG_COUNTER(e->tag), e->text);
	usage_add(&s->doc.usage[TAG_SLOT(e->tag)], &one);
}

void counts_on_piece(struct llm_state *s, const struct json_event *e)
{
	struct usage one = {0};

	if (e->type != JSON_T_OBJECT)
		return;
	usage_set(&one, TAG_COUNTER(e->tag), 1);
	usage_add(&s->doc.usage[TAG_SLOT(e->tag)], &one);
}

/* --- counts by modality or lifetime: [{"modality":"IMAGE","tokenCount":258}, ...] ------------ */

#define GROUP_MAX 3

/* A list that comes twice counts as its last. */
void counts_on_details(struct llm_state *s, const struct json_event *e)
{
	struct usage *u = &s->doc.usage[TAG_SLOT(e->tag)];
	int first = TAG_COUNTER(e->tag), n = first == CTR_CACHE_5M ? 2 : GROUP_MAX;

	if (e->type == JSON_T_ARRAY)
		for (int c = first; c < first + n; c++)
			u->present &= ~(1ull << c);
}

/* Name and count may come in either order; a missing count is none. */
void counts_on_detail(struct llm_state *s, const struct json_event *e)
{
	enum counter first = TAG_COUNTER(e->tag), c;

	if (e->type == JSON_T_OBJECT) {
		s->doc.detail_usage = (struct usage){0};
		s->doc.detail[0] = 0;
	} else if (e->type == JSON_T_OBJECT_END) {
		struct usage one = {0};

		c = usage_modality(first, str_of(s->doc.detail));
		one.broken = s->doc.detail_usage.broken;
		if (c != CTR_NONE && usage_has(&s->doc.detail_usage, CTR_INPUT))
			usage_set(&one, c, s->doc.detail_usage.count[CTR_INPUT]);
		usage_add(&s->doc.usage[TAG_SLOT(e->tag)], &one);
	}
}

void counts_on_detail_name(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_STRING || e->type == JSON_T_NUMBER)
		str_to_c(e->text, s->doc.detail, sizeof(s->doc.detail));
}

void counts_on_detail_count(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_NUMBER || e->type == JSON_T_STRING)
		usage_read(&s->doc.detail_usage, CTR_INPUT, e->text);
}

/* --- what was made --------------------------------------------------------------------------- */

void counts_on_query(struct llm_state *s, const struct json_event *e)
{
	s->doc.query_cnt += e->type == JSON_T_STRING && e->text.n;
}

void counts_on_delta(struct llm_state *s, const struct json_event *e)
{
	s->doc.delta_cnt += e->type == JSON_T_STRING && e->text.n;
}

void counts_on_delta_other(struct llm_state *s, const struct json_event *e)
{
	if (is_begin(e) || (e->type == JSON_T_STRING && e->text.n))
		s->doc.has_other_delta = true;
}

/* --- hops ------------------------------------------------------------------------------------ */

void counts_on_byok(struct llm_state *s, const struct json_event *e)
{
	s->doc.usage[TAG_SLOT(e->tag)].is_byok = e->type == JSON_T_TRUE;
}

void counts_on_hops(struct llm_state *s, const struct json_event *e)
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

void counts_on_hop(struct llm_state *s, const struct json_event *e)
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

void counts_on_hop_model(struct llm_state *s, const struct json_event *e)
{
	struct hop *hop = current_hop(s);

	if (hop)
		state_take(s, &hop->model, e);
}

void counts_on_hop_type(struct llm_state *s, const struct json_event *e)
{
	struct hop *hop = current_hop(s);

	if (hop)
		state_take(s, &hop->type, e);
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

void counts_on_item(struct llm_state *s, const struct json_event *e)
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

void counts_on_item_type(struct llm_state *s, const struct json_event *e)
{
	s->doc.item = ITEM_OTHER;
	for (size_t i = 0; e->type == JSON_T_STRING && i < ARRAY_LEN(item_kinds); i++)
		if (str_eq(e->text, str_of(item_kinds[i].type)))
			s->doc.item = item_kinds[i].kind;
}

void counts_on_item_name(struct llm_state *s, const struct json_event *e)
{
	s->doc.item_is_code = e->type == JSON_T_STRING && str_ends(e->text, STR("code_execution"));
}

/* Opening a page that was found is not a search. */
void counts_on_item_action(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_STRING)
		s->doc.item_is_search = str_eq(e->text, STR("search"));
}

void counts_on_item_container(struct llm_state *s, const struct json_event *e)
{
	if (e->type == JSON_T_STRING)
		s->doc.item_container = state_hash(LLM_HASH_START, e->text) | 1;
}
