/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the llm room as the http room would: one exchange, its bodies as units, cut in every way.
 *
 * A stream is given as SSE text (LF; "event:" and "data:" lines) and split here. So that JSON stays
 * readable in C, ' stands for " in every body.
 */
#ifndef TESTS_LLM_FEED_H
#define TESTS_LLM_FEED_H

#include "llm/llm.h"

struct feed_header {
	enum http_dir dir;
	enum http_header header;
	const char *value;
};

struct feed {
	const char *method; /* NULL: POST */
	const char *host;   /* NULL: api.openai.com */
	const char *path;   /* NULL: /v1/chat/completions */
	int status;         /* 0: 200; -1: no response */
	u32 flags;          /* enum exchange_flag, as of on_done */
	const char *request;
	const char *response; /* one document */
	const char *sse;      /* or a stream */
	const char *lines;    /* or a document per line, of this framing (0: NDJSON) */
	enum http_framing framing;
	const char *query;
	const char *form; /* request: "name=value" per line, as parts of a form */
	bool is_broken;       /* the last unit ends by UNIT_BROKEN */
	int broken_event;     /* this one (from 1) is broken; 0: none */
	void *conn;
	u64 start_ns, end_ns; /* 0: 1000 and 9000 */
	int exception_line;   /* this one (from 1) is an event stream's exception, "name|doc" */
	struct feed_header header[12];
};

struct fed {
	int calls;
	struct call call; /* of the last one; good until fed_free */
	u64 input, output; /* of all of them */
	struct arena *arena;
	bool is_wanted;
	bool is_call; /* llm_is_call before on_done */
};

/* way: as in cuts.h. l may be NULL: one is made for this exchange. */
struct fed llm_feed(struct llm *l, const struct feed *f, unsigned int way);
void fed_free(struct fed *fed);

/* For tests that drive the room themselves: the next on_call goes here. */
void llm_feed_expect(struct fed *fed);

/* Its on_call fills the struct fed of the llm_feed that runs. */
struct llm *llm_feed_new(void);

#define FEED_WAYS 12

#endif
