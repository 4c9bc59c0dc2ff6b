/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the rooms meet. Every function here is a joint between two of them:
 *
 *   event -> conn -> http -> llm -> (owner, price) -> record -> sinks
 *     `-> owner                          verdict <-'
 */
#include "pipeline.h"

#include <errno.h>
#include <stdlib.h>

#include "base/stats.h"
#include "conn/conn.h"
#include "http/http.h"
#include "llm/llm.h"
#include "owner/trace.h"
#include "price/record_make.h"

struct pipeline {
	struct pipeline_options options;
	struct conn_table *conns;
	struct llm *llm;
	struct owners *owners;
	struct record_builder *builder;
	u64 undecoded_bytes[UNDECODED_MAX];
	bool has_seen_tls;
};

/* --- backward: what was learnt about a connection ------------------------------------------- */

static void pipeline_set_verdict(struct pipeline *p, struct conn *conn, enum verdict_state verdict)
{
	const struct chunk name = {
		.ev = {.tgid = conn->tgid, .start_ns = conn->start_ns},
		.conn = conn->key,
		.generation = conn->generation,
		.dir = CHUNK_WRITE,
		.position = conn->position[CHUNK_WRITE],
	};

	/* where one call was there may be its views */
	if (conn->verdict == VERDICT_IGNORED ||
	    (conn->verdict == VERDICT_TRACKED && verdict != VERDICT_IGNORED))
		return;
	conn->verdict = verdict;
	if (p->options.on_verdict)
		p->options.on_verdict(p->options.arg, &name, verdict);
}

/* --- llm -> owner, price -> record -> sinks -------------------------------------------------- */

static const char *stack_name(u8 stack)
{
	static const char *const names[] = {
		[STACK_OPENSSL] = "openssl", [STACK_BORINGSSL] = "boringssl", [STACK_GO] = "go",
		[STACK_AEAD] = "rustls", [STACK_GNUTLS] = "gnutls", [STACK_SOCKET] = "socket",
	};

	return stack < ARRAY_LEN(names) ? names[stack] : NULL;
}

static const char *form_name(u8 form)
{
	static const char *const names[] = {
		[FORM_PERF] = "perf_uprobe",
		[FORM_MULTI] = "uprobe_multi",
		[FORM_SESSION] = "uprobe_session",
		[FORM_FENTRY] = "fentry",
		[FORM_KPROBE] = "kprobe",
		[FORM_REPLAY] = "replay",
	};

	return form < ARRAY_LEN(names) ? names[form] : NULL;
}

static void pipeline_make_trace(const struct pipeline *p, const struct call *call,
				const struct conn *conn, struct trace_link *ret)
{
	const struct trace_seed seed = {
		.boot_id = owners_boot_id(p->owners),
		.pid = conn->tgid,
		.process_start_ns = conn->start_ns,
		.conn = conn->key,
		.generation = conn->generation,
		.request_start_ns = call->start_ns,
		.provider = call->provider,
		.response_id = call->response_id,
	};

	trace_link_make(call->traceparent, call->tracestate, &seed, ret);
}

static struct record *pipeline_make_record(struct pipeline *p, const struct call *call,
					   const struct conn *conn)
{
	char credential[OWNER_CREDENTIAL_HEX + 1];
	struct trace_link trace;
	struct charge charge;
	const struct record_inputs in = {
		.call = call,
		.owner = owners_get(p->owners, conn->tgid, conn->start_ns),
		.charge = &charge,
		.trace = &trace,
		.node_host = owners_node(p->owners),
		.boot_id = owners_boot_id(p->owners),
		.credential_hash = str_is_empty(call->credential) ? NULL : credential,
		.tls_stack = stack_name(conn->stack),
		.tls_form = form_name(conn->form),
		.wall_offset_ns = p->options.wall_offset_ns,
	};

	if (!in.owner)
		return NULL;
	if (in.credential_hash)
		owners_hash_credential(p->owners, call->credential, credential);
	pipeline_make_trace(p, call, conn, &trace);
	price_call(p->options.book, call, (u64)((s64)call->start_ns + p->options.wall_offset_ns),
		   &charge);
	return record_make(p->builder, &in);
}

static void on_call(void *arg, const struct exchange *x, const struct call *call)
{
	struct pipeline *p = arg;
	struct record *record = pipeline_make_record(p, call, x->conn);

	if (!record) {
		stats_add(STAT_CALLS_LOST, 1);
		return;
	}
	stats_add(STAT_CALLS_WRITTEN, 1);
	sinks_submit(p->options.sinks, record);
}

/* --- http -> llm ----------------------------------------------------------------------------- */

static bool on_request(void *arg, struct exchange *x)
{
	struct pipeline *p = arg;
	struct conn *conn = x->conn;
	bool is_wanted;

	x->origin = (u64)conn->tgid << 40 ^ conn->start_ns;
	is_wanted = llm_on_request(p->llm, x);

	if (is_wanted)
		pipeline_set_verdict(p, conn, VERDICT_TRACKED);
	return is_wanted;
}

static void on_response(void *arg, struct exchange *x)
{
	llm_on_response(((struct pipeline *)arg)->llm, x);
}

static void on_unit(void *arg, struct exchange *x, enum http_dir dir, enum unit_step step,
		    struct str s)
{
	llm_on_unit(((struct pipeline *)arg)->llm, x, dir, step, s);
}

/*
 * Behind an exchange that was no call: whether nothing is wanted of its connection until the next
 * POST. At a provider's host a GET may be the view of a call. HTTP/2's header tables need every
 * byte; a server reads its POST, which ends no suspension.
 */
static enum verdict_state pipeline_verdict_on(const struct exchange *x)
{
	const struct conn *conn = x->conn;
	bool is_wanted = llm_knows_host(x->authority) || x->version >= 20 ||
			 x->flags & EXCHANGE_F_SERVER_SIDE || !http_conn_is_idle(conn->user);

	return is_wanted ? VERDICT_UNKNOWN : VERDICT_SUSPENDED;
}

static void on_done(void *arg, struct exchange *x)
{
	struct pipeline *p = arg;

	if (!llm_is_call(x))
		pipeline_set_verdict(p, x->conn, pipeline_verdict_on(x));
	llm_on_done(p->llm, x);
}

static void on_protocol(void *arg, void *conn, enum http_protocol protocol)
{
	if (protocol == HTTP_PROTO_NONE)
		pipeline_set_verdict(arg, conn, VERDICT_IGNORED);
}

static void on_undecoded(void *arg, const void *conn, enum undecoded_kind kind, u64 bytes)
{
	struct pipeline *p = arg;

	(void)conn;
	p->undecoded_bytes[kind] += bytes;
}

static const struct http_ops http_joint = {
	.on_request = on_request,
	.on_response = on_response,
	.on_unit = on_unit,
	.on_done = on_done,
	.on_protocol = on_protocol,
	.on_undecoded = on_undecoded,
};

/* --- conn -> http ---------------------------------------------------------------------------- */

static void *on_open(void *arg, struct conn *conn)
{
	return http_conn_new(&http_joint, arg, conn);
}

static void on_bytes(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, const u8 *bytes,
		     size_t n)
{
	(void)arg;
	if (conn->user)
		http_conn_feed(conn->user, dir == CHUNK_WRITE, ts_ns, bytes, n);
}

static void on_gap(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, u64 n,
		   enum gap_kind kind)
{
	(void)arg;
	if (!conn->user)
		return;
	if (kind == GAP_LATE)
		http_conn_late(conn->user);
	else
		http_conn_gap(conn->user, dir == CHUNK_WRITE, ts_ns, n, kind == GAP_POLICY);
}

static void on_close(void *arg, struct conn *conn, u64 ts_ns)
{
	(void)arg;
	if (!conn->user)
		return;
	http_conn_close(conn->user, ts_ns);
	http_conn_free(conn->user);
	conn->user = NULL;
}

static const struct conn_ops conn_joint = {
	.on_open = on_open,
	.on_bytes = on_bytes,
	.on_gap = on_gap,
	.on_close = on_close,
};

/* --- capture -> conn, owner ------------------------------------------------------------------ */

void pipeline_feed(struct pipeline *p, const struct event *ev)
{
	switch (ev->kind) {
	case EVENT_CHUNK:
		p->has_seen_tls |= ((const struct chunk *)ev)->stack != STACK_SOCKET;
		conn_table_feed(p->conns, (const struct chunk *)ev);
		break;
	case EVENT_CLOSE:
		conn_table_feed(p->conns, (const struct chunk *)ev);
		break;
	case EVENT_EXEC:
	case EVENT_EXIT:
		conn_table_exit(p->conns, ev->tgid, ev->start_ns, ev->ts_ns);
		owners_feed(p->owners, (const struct process_event *)ev);
		break;
	case EVENT_PROCESS:
	case EVENT_FORK:
		owners_feed(p->owners, (const struct process_event *)ev);
		break;
	default:
		break;
	}
}

void pipeline_tick(struct pipeline *p, u64 now_ns)
{
	conn_table_tick(p->conns, now_ns);
}

void pipeline_finish(struct pipeline *p)
{
	conn_table_free(p->conns);
	p->conns = NULL;
}

bool pipeline_knows_host(struct str host)
{
	return llm_knows_host(host);
}

void pipeline_facts(const struct pipeline *p, struct receipt_facts *ret)
{
	_Static_assert(UNDECODED_MAX <= ARRAY_LEN(ret->undecoded_bytes), "room for every kind");

	for (int k = 0; k < UNDECODED_MAX; k++) {
		ret->undecoded_bytes[k] = p->undecoded_bytes[k];
		ret->undecoded_name[k] = http_undecoded_name((enum undecoded_kind)k);
	}
	ret->undecoded_cnt = UNDECODED_MAX;
	ret->has_seen_tls = p->has_seen_tls;
}

/* --- life ------------------------------------------------------------------------------------ */

int pipeline_new(const struct pipeline_options *options, struct pipeline **ret)
{
	static const struct llm_ops llm_joint = {.on_call = on_call};
	struct pipeline *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->options = *options;
	err = owners_new(&options->owners, &p->owners);
	if (err)
		goto out;
	err = -ENOMEM;
	p->llm = llm_new(&llm_joint, p);
	p->builder = record_builder_new();
	p->conns = conn_table_new(&conn_joint, p);
	if (p->llm && p->builder && p->conns)
		err = 0;
out:
	if (err)
		pipeline_free(p);
	else
		*ret = p;
	return err;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	conn_table_free(p->conns);
	llm_free(p->llm);
	owners_free(p->owners);
	record_builder_free(p->builder);
	free(p);
}
