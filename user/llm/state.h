/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the llm room remembers about one exchange, in the exchange's arena.
 *
 *   request unit  --json--> call.model_requested ...
 *   response unit --json--> doc (what this one document says) --assembly--> seen, call
 *   done          --------> call (identity.c, finish in llm.c) --> on_call
 */
#ifndef TOLLTAP_LLM_STATE_H
#define TOLLTAP_LLM_STATE_H

#include "base/proto.h"
#include "http/exchange.h"
#include "http/http.h"
#include "llm/base64.h"
#include "llm/dialect.h"

/* What a document of a response is. */
enum document_kind {
	DOC_PLAIN,		/* no type member: OpenAI chat and the like */
	DOC_MESSAGE,		/* Anthropic, not streamed */
	DOC_MESSAGE_START,
	DOC_MESSAGE_DELTA,
	DOC_MESSAGE_STOP,
	DOC_RESPONSE_CREATE,	/* asked for, or made */
	DOC_RESPONSE_EVENT,	/* OpenAI responses: not the last event */
	DOC_RESPONSE_END,	/* response.completed, .incomplete, .failed, .cancelled */
	DOC_END,		/* the last of a stream: message-end, transcript.text.done ... */
	DOC_HEARD,		/* the user's speech was transcribed */
	DOC_CALL,		/* one model call of an agent that the provider runs */
	DOC_ERROR,
	DOC_OTHER,
};

enum item_kind {
	ITEM_OTHER,
	ITEM_WEB_SEARCH,
	ITEM_FILE_SEARCH,
	ITEM_CODE,
	ITEM_SERVER_TOOL,	/* Anthropic: which one is told by its name */
};

/* Distinct code interpreter containers that are told apart within one response. */
#define CONTAINER_MAX 8

/* One hop of usage.iterations. */
struct hop {
	struct usage usage;
	struct str model;
	struct str type;
};

/* What the document that is being read says; begun anew for each. */
struct document {
	enum document_kind kind;
	struct usage usage[SLOT_MAX];
	bool has_usage[SLOT_MAX];
	bool has_choice;
	bool has_finish;
	bool has_error;
	bool is_list;			/* object: "list" */
	bool is_skipped;		/* an event that says nothing of the call */
	u32 proof;			/* enum shape_proof */
	u32 query_cnt;			/* searches that ground it */
	u32 delta_cnt;			/* pieces of text */
	bool has_other_delta;		/* or of something else */
	char detail[16];		/* the current detail's name */
	struct usage detail_usage;	/* and its count, as CTR_INPUT */
	size_t choice;			/* index of the current choice */
	size_t choice_cnt;
	bool in_choice;
	struct str choice_finish;	/* until the choice is over */
	u32 hop_cnt;			/* seen, may be more than CALL_SUB_MAX */
	enum item_kind item;
	bool item_is_code;
	bool item_is_search;		/* no action, or the action is a search */
	u64 item_container;		/* hash, 0: none */
	u64 web_search;
	u64 file_search;
	u64 code_session;
	u64 container[CONTAINER_MAX];
	size_t container_cnt;
};

/* What shows that an exchange with an unknown host is an LLM's. */
enum shape_proof {
	PROOF_MODEL = 1 << 0,
	PROOF_PROMPT = 1 << 1,
	PROOF_LIST = 1 << 2,		/* choices, data, input_tokens */
	PROOF_OBJECT = 1 << 3,		/* object: "chat.completion" and the like */
	PROOF_TYPE = 1 << 4,		/* an event or document type of the dialect */
	PROOF_USAGE = 1 << 5,
	PROOF_HEADER = 1 << 6,
	PROOF_ID = 1 << 7,
};

struct llm_state {
	const struct endpoint *endpoint;
	const struct provider *provider;	/* NULL: unknown host */
	struct arena *arena;
	struct llm_state *base;			/* before the first of many calls (ASSEMBLE_EACH) */
	struct arena *line_arena;		/* of the current one */
	bool is_pathless;			/* which API it is, the answer tells (late.c) */
	struct llm_state *other;		/* what else it may be then */
	struct grpc_state *grpc;		/* its messages are protobuf */
	struct lanes *lanes;			/* of a socket: which calls are under way */
	u64 stream;				/* hash of the message's stream_id, 0: none */
	struct str session_model, heard_model;	/* as the message tells them */
	u16 error_status;			/* of an error message */
	u64 start_ns, first_ns, end_ns;		/* of this call; 0: as the exchange's */
	struct call call;
	struct str finish[CALL_FINISH_MAX];	/* by index of the choice */

	const struct json_paths *session_paths;
	const struct json_paths *envelope_paths;
	struct json request;
	struct json response;
	struct json *envelope;			/* of wrapped documents, once there is one */
	struct base64 base64;
	bool has_deployment;			/* the path names the model */
	bool has_effort;			/* reasoning was asked for */
	bool is_billed_to_profile;
	enum field form_field;			/* of the form's part that is being read */
	char form_text[LLM_TEXT_MAX];
	size_t form_len;
	u64 request_hash;			/* of its body, to know it again */
	bool has_attempt;			/* the client says which attempt it is */
	bool asked_stream;
	struct str asked_tier;
	struct str asked_geo;
	struct str asked_speed;
	struct str user_id;

	struct document doc;
	char head[8];				/* of the document, to tell "[DONE]" */
	size_t head_len;
	struct str status;			/* of an OpenAI response */
	struct str status_reason;		/* why it is incomplete */

	u32 asked_proof;			/* enum shape_proof, of the request */
	u32 answered_proof;			/* of all documents of the response */
	bool is_started;			/* counted in CALLS_STARTED */
	bool is_stream;				/* the response is a stream of documents */
	bool is_wrapped;			/* and each is wrapped */
	bool is_terminal;			/* the provider's last event was seen */
	bool is_broken;				/* a document was cut or malformed */
	bool is_background;
	bool has_error;
	u32 document_cnt;			/* whole ones */

	struct usage usage;			/* what counts so far */
	struct usage metrics;			/* what the host measured itself */
	bool has_metrics;
	bool is_from_header;			/* no body told, a header did */
	bool is_estimated;
	u64 query_cnt;
	u64 delta_cnt;
	bool has_other_delta;
	u32 usage_cnt;				/* documents that carried usage */
	bool has_main;				/* it came under its first name, not its twin */
	bool is_started_only;			/* Anthropic: message_start's, no final figures */
	bool is_usage_whole;			/* it has all that its family needs */
	struct hop *hop;			/* CALL_SUB_MAX of them, once needed */
	u32 hop_cnt;
	u64 web_search;				/* counted items */
	u64 file_search;
	u64 code_session;
};

/* FNV-1a, to know texts again. h: LLM_HASH_START, or what came before. */
#define LLM_HASH_START 0xcbf29ce484222325ull
u64 state_hash(u64 h, struct str text);

/* A short text from the wire, kept only when it is clean: bounded, UTF-8, no control characters. */
struct str state_text(struct llm_state *s, struct str text);

/* *dst becomes text, copied only when it differs; dirty or empty text changes nothing. */
void state_set(struct llm_state *s, struct str *dst, struct str text);

/* The same for a JSON string that came whole. */
void state_take(struct llm_state *s, struct str *dst, const struct json_event *e);

/* request.c: the document of a request */
void request_on_event(void *arg, const struct json_event *e);
void request_fill(struct llm_state *s);		/* asked for, where no answer says better */

/* response.c: documents of a response */
void response_begin(struct llm_state *s, struct str event_name);
void response_data(struct llm_state *s, struct str bytes);
void response_end(struct llm_state *s, bool is_whole);
void response_on_event(void *arg, const struct json_event *e);

enum document_kind response_kind(struct str type);	/* of a message or event */

/* llm.c: each of many calls in one exchange starts from what was known before the first */
struct llm;
void llm_each_begin(struct llm_state *s);
void llm_each_free(struct llm_state *s, const struct exchange *x);
void llm_emit(struct llm *l, struct llm_state *s, struct exchange *x);
const struct json_paths *llm_paths(const struct llm *l, enum path_set set);

/* grpc.c: APIs whose messages are protobuf */
#define GRPC_METHODS 6
struct grpc_sets {
	struct proto_paths *set[GRPC_METHODS][HTTP_DIR_MAX];
};
bool grpc_sets_new(struct grpc_sets *sets);		/* false: free what there is */
void grpc_sets_free(struct grpc_sets *sets);
bool grpc_init(struct llm_state *s, const struct grpc_sets *sets);
void grpc_unit(struct llm_state *s, enum http_dir dir, enum unit_step step, struct str bytes);
void grpc_done(struct llm_state *s, const struct exchange *x);	/* what the trailers say */

/* lanes.c: the messages of a WebSocket */
bool lanes_init(struct llm_state *s);
void lanes_on_field(struct llm_state *s, const struct json_event *e);
void lanes_request(struct llm *l, struct llm_state *s, struct exchange *x, enum unit_step step,
		   struct str bytes);
/* a message was read into s, whole unless s->is_broken */
void lanes_response_end(struct llm *l, struct llm_state *s, struct exchange *x);
void lanes_done(struct llm *l, struct llm_state *s, struct exchange *x);

/* form.c: one part of a form (multipart/form-data) */
void form_begin(struct llm_state *s, struct str name);
void form_data(struct llm_state *s, struct str bytes);
void form_end(struct llm_state *s);

/* assemble.c: what a document that has ended means for the call */
void assemble_document(struct llm_state *s);
/* meters, hops, residual: at the end */
void assemble_call(struct llm_state *s, const struct exchange *x);

/* anthropic.c */
void anthropic_document(struct llm_state *s);
void anthropic_split(struct llm_state *s);	/* TTL split of the top level */
void anthropic_hops(struct llm_state *s);	/* iterations -> call.sub */

/* google.c */
void google_document(struct llm_state *s);
void google_grounding(struct llm_state *s);	/* searches -> units */
struct str google_finish(u64 number);		/* names of its enums' numbers, or STR_NONE */
struct str google_traffic(u64 number);

/* bedrock.c */
void bedrock_document(struct llm_state *s);
void bedrock_usage(struct llm_state *s);	/* which of its figures count */
void bedrock_begin(struct llm_state *s);	/* a wrapped document */
void bedrock_data(struct llm_state *s, struct str bytes);
bool bedrock_end(struct llm_state *s, bool is_whole);	/* whether it was whole */
struct str bedrock_geo(struct str model);	/* "us" of "us.anthropic...", or STR_NONE */
bool bedrock_is_embedding(struct str model);

/* estimate.c: what can be said where no usage was told */
void estimate_usage(struct llm_state *s);
bool estimate_is_low(const struct llm_state *s);	/* hidden reasoning is missing in it */

/* headers.c: what a response's headers tell of usage, model, tier and provider */
const char *headers_provider(const struct exchange *x);	/* on a host that is nobody's, or NULL */
void headers_done(struct llm_state *s, const struct exchange *x);
bool headers_usage(struct llm_state *s, const struct exchange *x);

/* late.c: an HTTP/2 stream whose path could not be known */
bool late_is_pathless(const struct exchange *x);
const struct endpoint *late_endpoint(void);		/* what it may be, until more is known */
/* the response begins: s->other are all that it may be besides */
void late_begin(const struct llm *l, struct llm_state *s, struct exchange *x);
struct llm_state *late_choose(struct llm_state *s);	/* at the end; NULL: no call */

/* again.c */
struct asked;
struct twins;
void again_note(struct asked *asked, struct llm_state *s, const struct exchange *x);
bool again_is_twin(struct twins *twins, const struct llm_state *s, const struct exchange *x);

/* identity.c: headers, credential, billing, session, cache status */
void identity_request(struct llm_state *s, const struct exchange *x);	/* head is there */
void identity_done(struct llm_state *s, const struct exchange *x);	/* all is there */
void identity_cost(struct llm_state *s, const struct exchange *x);	/* header of a gateway */
bool identity_is_proof(const struct exchange *x);
enum cache_status identity_cache(const struct llm_state *s, const struct exchange *x);

/* shape.c */
bool shape_is_asked(const struct llm_state *s);
bool shape_is_answered(const struct llm_state *s);

#endif
