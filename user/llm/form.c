/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a form (multipart/form-data): files are passed over, a few short fields are kept. */
#include "llm/state.h"

static const struct {
	const char *name;
	enum field field;
} form_fields[] = {
	{"model", FIELD_ASKED_MODEL},
	{"stream", FIELD_ASKED_STREAM},
	{"prompt", FIELD_ASKED_PROMPT},
	{"file", FIELD_ASKED_PROMPT},
	{"image", FIELD_ASKED_PROMPT},
	{"image[]", FIELD_ASKED_PROMPT},
};

void form_begin(struct llm_state *s, struct str name)
{
	s->form_field = FIELD_NONE;
	s->form_len = 0;
	for (size_t i = 0; i < ARRAY_LEN(form_fields); i++)
		if (str_eq(name, str_of(form_fields[i].name)))
			s->form_field = form_fields[i].field;
}

void form_data(struct llm_state *s, struct str bytes)
{
	size_t room = sizeof(s->form_text) - s->form_len;
	size_t n = bytes.n < room ? bytes.n : room;

	if (s->form_field != FIELD_ASKED_MODEL && s->form_field != FIELD_ASKED_STREAM)
		return;
	memcpy(s->form_text + s->form_len, bytes.p, n);
	s->form_len += n;
}

void form_end(struct llm_state *s)
{
	struct str text = {s->form_text, s->form_len};
	enum json_type type = str_eq(text, STR("true")) ? JSON_T_TRUE : JSON_T_STRING;
	struct json_event e = {.tag = TAG(s->form_field, 0, 0), .type = type, .text = text};

	/* what fills the buffer is cut: no model has such a name */
	e.is_cut = s->form_len == sizeof(s->form_text);
	if (s->form_field != FIELD_NONE)
		request_on_event(s, &e);
	s->form_field = FIELD_NONE;
}
