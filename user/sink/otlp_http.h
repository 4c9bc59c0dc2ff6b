/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One POST at a time, without ever waiting: the caller polls. Connections are kept between posts.
 */
#ifndef TOLLTAP_OTLP_HTTP_H
#define TOLLTAP_OTLP_HTTP_H

#include "base/buf.h"
#include "sink/otlp_env.h"

struct otlp_http;

struct otlp_answer {
	int status;		/* 0: no answer came */
	u64 retry_after_ms;	/* 0: not said */
	struct str body;	/* cut at 64 KiB; good until the next post */
	const char *error;	/* why no answer came; static or good until the next post */
};

int otlp_http_new(const struct otlp_config *config, const char *version, struct otlp_http **ret);
void otlp_http_free(struct otlp_http *h);		/* NULL is fine */

/* body is borrowed until the answer is there. */
int otlp_http_post(struct otlp_http *h, struct str body, bool is_gzip);
/* True once: the answer to the post. wait_ms: how long it may block for the sockets (0: not). */
bool otlp_http_poll(struct otlp_http *h, int wait_ms, struct otlp_answer *ret);

#endif
