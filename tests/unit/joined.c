/* SPDX-License-Identifier: Apache-2.0 */
/* The two rooms' callbacks, as pipeline.c has them. */
#include "joined.h"

#include <stdio.h>
#include <stdlib.h>

static void must(bool is)
{
	if (!is)
		abort();
}

static void keep(char *dst, size_t room, struct str s)
{
	snprintf(dst, room, STR_FMT, STR_ARG(s));
}

static void on_call(void *arg, const struct exchange *x, const struct call *call)
{
	struct joined *j = arg;
	struct joined_call *c = &j->call[j->call_cnt % JOINED_CALLS_MAX];

	(void)x;
	j->call_cnt++;
	*c = (struct joined_call){
		.input = meters_input_total(&call->meters),
		.output = meters_output_total(&call->meters),
		.completeness = call->completeness,
		.flags = call->flags,
		.status = call->http_status,
	};
	keep(c->id, sizeof(c->id), call->response_id);
	keep(c->asked, sizeof(c->asked), call->model_requested);
	keep(c->served, sizeof(c->served), call->model_served);
	keep(c->provider, sizeof(c->provider), call->provider);
}

static bool on_request(void *arg, struct exchange *x)
{
	return llm_on_request(((struct joined *)arg)->llm, x);
}

static void on_response(void *arg, struct exchange *x)
{
	llm_on_response(((struct joined *)arg)->llm, x);
}

static void on_unit(void *arg, struct exchange *x, enum http_dir dir, enum unit_step step,
		    struct str s)
{
	llm_on_unit(((struct joined *)arg)->llm, x, dir, step, s);
}

static void on_done(void *arg, struct exchange *x)
{
	llm_on_done(((struct joined *)arg)->llm, x);
}

static void on_protocol(void *arg, void *conn, enum http_protocol protocol)
{
	(void)arg, (void)conn, (void)protocol;
}

static void on_undecoded(void *arg, const void *conn, enum undecoded_kind kind, u64 bytes)
{
	(void)conn, (void)kind;
	((struct joined *)arg)->undecoded += bytes;
}

static const struct http_ops http_ops = {on_request, on_response, on_unit,
					 on_done,    on_protocol, on_undecoded};

void joined_reopen(struct joined *j)
{
	joined_close(j);
	j->http = http_conn_new(&http_ops, j, j);
	j->call_cnt = 0;
	j->undecoded = 0;
	must(j->http);
}

void joined_start(struct joined *j)
{
	static const struct llm_ops llm_ops = {.on_call = on_call};

	*j = (struct joined){.llm = llm_new(&llm_ops, j)};
	must(j->llm);
	joined_reopen(j);
}

void joined_feed(struct joined *j, bool is_write, const void *p, size_t n)
{
	j->ts_ns += 100;
	http_conn_feed(j->http, is_write, j->ts_ns, p, n);
}

void joined_gap(struct joined *j, bool is_write, u64 n)
{
	j->ts_ns += 100;
	http_conn_gap(j->http, is_write, j->ts_ns, n, false);
}

void joined_close(struct joined *j)
{
	if (j->http)
		http_conn_close(j->http, j->ts_ns + 100);
	http_conn_free(j->http);
	j->http = NULL;
}

void joined_stop(struct joined *j)
{
	joined_close(j);
	llm_free(j->llm);
	j->llm = NULL;
}
