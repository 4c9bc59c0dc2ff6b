/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection through the http and llm rooms, joined as user/pipeline.c joins them: bytes in,
 * calls out.
 */
#ifndef TESTS_JOINED_H
#define TESTS_JOINED_H

#include "http/http.h"
#include "llm/llm.h"

/* What is kept of a call; texts are cut to fit. */
struct joined_call {
	char id[40], asked[40], served[40], provider[16];
	u64 input, output;
	enum completeness completeness;
	u32 flags; /* enum call_flag */
	u16 status;
};

#define JOINED_CALLS_MAX 32

struct joined {
	struct llm *llm;
	struct http_conn *http;
	struct joined_call call[JOINED_CALLS_MAX];
	size_t call_cnt; /* may be more than are kept */
	u64 undecoded;	 /* bytes */
	u64 ts_ns;	 /* of the last bytes; each feed is 100 ns later */
};

void joined_start(struct joined *j);
void joined_feed(struct joined *j, bool is_write, const void *p, size_t n);
void joined_gap(struct joined *j, bool is_write, u64 n);
void joined_close(struct joined *j); /* the connection ends: all its calls are told */
void joined_reopen(struct joined *j); /* another one, closed calls forgotten */
void joined_stop(struct joined *j);

#endif
