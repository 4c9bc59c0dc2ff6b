/* SPDX-License-Identifier: Apache-2.0 */
/* What counts.c does for fields of a response's document; the table is response.c's. */
#ifndef TOLLTAP_LLM_FIELDS_H
#define TOLLTAP_LLM_FIELDS_H

#include "llm/state.h"

static inline bool is_begin(const struct json_event *e)
{
	return e->type == JSON_T_OBJECT || e->type == JSON_T_ARRAY;
}

void counts_on_usage(struct llm_state *s, const struct json_event *e);
void counts_on_count(struct llm_state *s, const struct json_event *e);
void counts_on_add(struct llm_state *s, const struct json_event *e);
void counts_on_details(struct llm_state *s, const struct json_event *e);
void counts_on_detail(struct llm_state *s, const struct json_event *e);
void counts_on_detail_name(struct llm_state *s, const struct json_event *e);
void counts_on_detail_count(struct llm_state *s, const struct json_event *e);
void counts_on_query(struct llm_state *s, const struct json_event *e);
void counts_on_piece(struct llm_state *s, const struct json_event *e);
void counts_on_delta(struct llm_state *s, const struct json_event *e);
void counts_on_delta_other(struct llm_state *s, const struct json_event *e);
void counts_on_byok(struct llm_state *s, const struct json_event *e);
void counts_on_hops(struct llm_state *s, const struct json_event *e);
void counts_on_hop(struct llm_state *s, const struct json_event *e);
void counts_on_hop_model(struct llm_state *s, const struct json_event *e);
void counts_on_hop_type(struct llm_state *s, const struct json_event *e);
void counts_on_item(struct llm_state *s, const struct json_event *e);
void counts_on_item_type(struct llm_state *s, const struct json_event *e);
void counts_on_item_name(struct llm_state *s, const struct json_event *e);
void counts_on_item_action(struct llm_state *s, const struct json_event *e);
void counts_on_item_container(struct llm_state *s, const struct json_event *e);

#endif
