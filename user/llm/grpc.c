/* SPDX-License-Identifier: Apache-2.0 */
/*
 * APIs that are called by gRPC: their messages are protobuf, whose fields have numbers for names.
 *
 * Which message it is, the path says (package, service and method); nothing in the bytes does. Each
 * watched number is handed on as the JSON value of the same meaning would be, so everything behind
 * it is the other dialects'. Numbers were read in the vendors' published descriptors.
 */
#include "llm/state.h"

#include <stdio.h>

#include "base/proto.h"

#define AT(path, field) {path, TAG(FIELD_##field, 0, 0)}
#define COUNT(path, counter) {path, TAG(FIELD_COUNT, 0, CTR_##counter)}
/* One modality's count, repeated; its own fields have the same numbers everywhere. */
#define DETAIL(path, first) \
	{path, TAG(FIELD_DETAIL, 0, CTR_##first)}, AT(path ".1", DETAIL_NAME), \
		AT(path ".2", DETAIL_COUNT)

static const struct proto_path vertex_asked[] = {AT("5", ASKED_MODEL), AT("2", ASKED_PROMPT)};

/* google.cloud.aiplatform.v1.GenerateContentResponse */
static const struct proto_path vertex_answer[] = {
	AT("2", CHOICE), AT("2.1", CHOICE_INDEX), AT("2.3", FINISH),
	AT("11", MODEL), AT("13", ID),
	AT("4", USAGE), COUNT("4.1", INPUT), COUNT("4.2", OUTPUT), COUNT("4.3", TOTAL),
	COUNT("4.5", CACHE_READ), COUNT("4.14", REASONING),
	AT("4.8", TIER),
	DETAIL("4.9", INPUT_AUDIO), DETAIL("4.10", CACHE_AUDIO), DETAIL("4.11", OUTPUT_AUDIO),
};

static const struct proto_path gemini_asked[] = {AT("1", ASKED_MODEL), AT("2", ASKED_PROMPT)};

/* google.ai.generativelanguage.v1beta.GenerateContentResponse */
static const struct proto_path gemini_answer[] = {
	AT("1", CHOICE), AT("1.3", CHOICE_INDEX), AT("1.2", FINISH),
	AT("4", MODEL), AT("5", ID),
	AT("3", USAGE), COUNT("3.1", INPUT), COUNT("3.2", OUTPUT), COUNT("3.3", TOTAL),
	COUNT("3.4", CACHE_READ), COUNT("3.8", INPUT_TOOL), COUNT("3.10", REASONING),
	DETAIL("3.5", INPUT_AUDIO), DETAIL("3.6", CACHE_AUDIO), DETAIL("3.7", OUTPUT_AUDIO),
};

static const struct proto_path xai_asked[] = {AT("2", ASKED_MODEL), AT("1", ASKED_PROMPT)};

/* xai_api.SamplingUsage; ITEM_TYPE: a tool that the server used */
#define XAI_USAGE(at) \
	AT(at, USAGE), COUNT(at ".1", OUTPUT), COUNT(at ".2", INPUT), COUNT(at ".3", TOTAL), \
		COUNT(at ".5", INPUT_IMAGE), COUNT(at ".6", REASONING), \
		COUNT(at ".7", CACHE_READ), AT(at ".9[]", ITEM_TYPE), COUNT(at ".11", COST_TICKS)

static const struct proto_path xai_answer[] = {
	AT("1", ID), AT("6", MODEL), AT("15", TIER),
	AT("2", CHOICE), AT("2.2", CHOICE_INDEX), AT("2.1", FINISH),
	XAI_USAGE("9"),
};

static const struct proto_path xai_chunk[] = {
	AT("1", ID), AT("4", MODEL), AT("12", TIER),
	AT("2", CHOICE), AT("2.4", CHOICE_INDEX), AT("2.3", FINISH),
	XAI_USAGE("6"),
};

/* Two sets each: what is asked, what is answered. */
#define SETS(asked, answer) {{asked, ARRAY_LEN(asked)}, {answer, ARRAY_LEN(answer)}}

static const struct {
	const char *suffix;		/* of the endpoint: "/package.service/method" */
	struct {
		const struct proto_path *paths;
		size_t n;
	} set[HTTP_DIR_MAX];
} grpc_methods[GRPC_METHODS] = {
	{"/google.cloud.aiplatform.v1.PredictionService/GenerateContent",
	 SETS(vertex_asked, vertex_answer)},
	{"/google.cloud.aiplatform.v1.PredictionService/StreamGenerateContent",
	 SETS(vertex_asked, vertex_answer)},
	{"/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent",
	 SETS(gemini_asked, gemini_answer)},
	{"/google.ai.generativelanguage.v1beta.GenerativeService/StreamGenerateContent",
	 SETS(gemini_asked, gemini_answer)},
	{"/xai_api.Chat/GetCompletion", SETS(xai_asked, xai_answer)},
	{"/xai_api.Chat/GetCompletionChunk", SETS(xai_asked, xai_chunk)},
};

struct grpc_state {
	struct proto message[HTTP_DIR_MAX];
};

bool grpc_sets_new(struct grpc_sets *sets)
{
	bool is_complete = true;

	for (int i = 0; i < GRPC_METHODS; i++)
		for (int dir = 0; dir < HTTP_DIR_MAX; dir++) {
			sets->set[i][dir] = proto_paths_new(grpc_methods[i].set[dir].paths,
							    grpc_methods[i].set[dir].n);
			is_complete = is_complete && sets->set[i][dir];
		}
	return is_complete;
}

void grpc_sets_free(struct grpc_sets *sets)
{
	for (int i = 0; i < GRPC_METHODS; i++)
		for (int dir = 0; dir < HTTP_DIR_MAX; dir++)
			proto_paths_free(sets->set[i][dir]);
}

/* --- values ---------------------------------------------------------------------------------- */

/* xAI's enums: of a finish, and of a tier. */
static struct str xai_name(enum field field, u64 value)
{
	static const char *const finish[] = {NULL, "REASON_MAX_LEN", "REASON_MAX_CONTEXT",
					     "REASON_STOP", "REASON_TOOL_CALLS",
					     "REASON_TIME_LIMIT"};
	static const char *const tier[] = {NULL, "default", "priority"};

	if (field == FIELD_FINISH)
		return value < ARRAY_LEN(finish) ? str_of(finish[value]) : STR_NONE;
	return value < ARRAY_LEN(tier) ? str_of(tier[value]) : STR_NONE;
}

/* xai_api.ServerSideTool: what has a price of its own here; the last usage counts, as all of it. */
static void xai_tool(struct llm_state *s, u64 tool)
{
	struct usage *u = &s->doc.usage[SLOT_MAIN];
	enum counter c = tool == 1 ? CTR_WEB_SEARCH : tool == 3 ? CTR_CODE_SESSION : CTR_NONE;

	if (c != CTR_NONE)
		usage_set(u, c, usage_get(u, c) + 1);
}

/* "projects/p/locations/l/publishers/google/models/gemini-x" */
static struct str last_segment(struct str name)
{
	struct str part = name, rest = name;

	while (str_next(&rest, '/', &part))
		;
	return part;
}

static void grpc_number(struct llm_state *s, const struct proto_event *e, struct json_event *j)
{
	bool is_xai = s->endpoint->assembly == ASSEMBLE_LAST;
	enum field field = TAG_FIELD(e->tag);
	char text[24];

	if (is_xai && field == FIELD_ITEM_TYPE) {
		xai_tool(s, e->value);
		return;
	}
	if (is_xai && (field == FIELD_FINISH || field == FIELD_TIER)) {
		j->type = JSON_T_STRING;
		j->text = xai_name(field, e->value);
	} else {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)e->value);
		j->type = JSON_T_NUMBER;
		j->text = str_of(text);
	}
	response_on_event(s, j);
}

static void grpc_on_answer(void *arg, const struct proto_event *e)
{
	struct llm_state *s = arg;
	struct json_event j = {.tag = e->tag, .is_cut = e->is_cut, .text = e->text};

	switch (e->type) {
	case PROTO_T_VARINT:
		grpc_number(s, e, &j);
		return;
	case PROTO_T_BYTES:
		j.type = JSON_T_STRING;
		break;
	case PROTO_T_MESSAGE:
		j.type = JSON_T_OBJECT;
		break;
	case PROTO_T_MESSAGE_END:
		j.type = JSON_T_OBJECT_END;
		break;
	default:
		return;			/* none of ours is of a fixed size */
	}
	response_on_event(s, &j);
}

static void grpc_on_asked(void *arg, const struct proto_event *e)
{
	struct json_event j = {.tag = e->tag, .type = JSON_T_STRING, .is_cut = e->is_cut};

	if (e->type != PROTO_T_BYTES)
		return;
	j.text = TAG_FIELD(e->tag) == FIELD_ASKED_MODEL ? last_segment(e->text) : e->text;
	request_on_event(arg, &j);
}

/* --- messages -------------------------------------------------------------------------------- */

bool grpc_init(struct llm_state *s, const struct grpc_sets *sets)
{
	size_t i = 0;

	while (i < GRPC_METHODS && strcmp(grpc_methods[i].suffix, s->endpoint->suffix))
		i++;
	s->grpc = i < GRPC_METHODS ? arena_alloc(s->arena, sizeof(*s->grpc)) : NULL;
	if (!s->grpc)
		return false;
	proto_init(&s->grpc->message[HTTP_REQUEST], sets->set[i][HTTP_REQUEST], grpc_on_asked, s);
	proto_init(&s->grpc->message[HTTP_RESPONSE], sets->set[i][HTTP_RESPONSE], grpc_on_answer,
		   s);
	return true;
}

static void grpc_answer_end(struct llm_state *s, bool is_whole)
{
	if (!is_whole || proto_finish(&s->grpc->message[HTTP_RESPONSE])) {
		s->is_broken = true;
		if (s->is_stream)
			return;
	} else {
		s->document_cnt++;
	}
	/* its path has no second meaning: a message that counts proves it */
	if (s->doc.proof & PROOF_USAGE)
		s->doc.proof |= PROOF_LIST;
	s->answered_proof |= s->doc.proof;
	assemble_document(s);
}

void grpc_unit(struct llm_state *s, enum http_dir dir, enum unit_step step, struct str bytes)
{
	struct proto *p = &s->grpc->message[dir];

	switch (step) {
	case UNIT_BEGIN:
		proto_reset(p);
		if (dir == HTTP_RESPONSE) {
			s->doc = (struct document){.kind = DOC_PLAIN};
			s->is_stream = s->endpoint->flags & ENDPOINT_F_STREAMS;
		}
		break;
	case UNIT_DATA:
		proto_feed(p, bytes.p, bytes.n);
		break;
	case UNIT_POLICY:
		proto_gap(p);
		break;
	case UNIT_BROKEN:
	case UNIT_END:
		if (dir == HTTP_RESPONSE)
			grpc_answer_end(s, step == UNIT_END);
		break;
	}
}

/* A status other than 0 comes in the trailers, behind HTTP's 200. */
void grpc_done(struct llm_state *s, const struct exchange *x)
{
	struct str status = x->header[HTTP_RESPONSE][HTTP_H_GRPC_STATUS];

	if (!status.n || str_eq(status, STR("0")))
		return;
	s->has_error = true;
	state_set(s, &s->call.error_code, status);
}
