/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a whole connection. Input: steps of one letter and a little-endian u16, as in
 * tests/unit/http/transcript.h: w r data; W R lost, P Q left out; l late; t time; c close.
 */
#ifndef TESTS_HTTP_RUN_H
#define TESTS_HTTP_RUN_H

#include <stdlib.h>
#include <string.h>

#include "http/http.h"

struct state {
	u64 begun, done, fed, undecoded;
	bool is_h2;
};

static void must(bool is)
{
	if (!is)
		abort();
}

/* Reads every byte, so that a view into freed memory is seen. */
static u32 touch(struct str s)
{
	u32 sum = 0;

	for (size_t i = 0; i < s.n; i++)
		sum += (u8)s.p[i];
	return sum;
}

static bool on_request(void *arg, struct exchange *x)
{
	struct state *s = arg;

	s->begun++;
	for (int h = 0; h < HTTP_H_MAX; h++)
		must(touch(x->header[HTTP_REQUEST][h]) < UINT32_MAX);
	must(touch(x->method) + touch(x->path) + touch(x->query) + touch(x->authority) > 0 ||
	     x->version == 20);
	return x->path.n % 5 != 4;
}

static void on_response(void *arg, struct exchange *x)
{
	must(x->status == 101 || x->status >= 200 || x->version == 20);
	for (int h = 0; h < HTTP_H_MAX; h++)
		must(touch(x->header[HTTP_RESPONSE][h]) < UINT32_MAX);
}

static void on_unit(void *arg, struct exchange *x, enum http_dir dir, enum unit_step step,
		    struct str str)
{
	/* which directions are in a unit: kept where the llm room keeps its state */
	uintptr_t bits = (uintptr_t)x->user, bit = 1u << dir;

	must(!(bits & bit) == (step == UNIT_BEGIN));
	bits = step != UNIT_END && step != UNIT_BROKEN ? bits | bit : bits & ~bit;
	x->user = (void *)bits;
	must(touch(str) < UINT32_MAX);
	must(step != UNIT_DATA || str.n > 0);
}

static void on_done(void *arg, struct exchange *x)
{
	struct state *s = arg;

	s->done++;
	must(s->done <= s->begun);
}

static void on_protocol(void *arg, void *conn, enum http_protocol protocol)
{
	struct state *s = arg;

	must(protocol != HTTP_PROTO_UNKNOWN);
	s->is_h2 |= protocol == HTTP_PROTO_H2;
}

static void on_undecoded(void *arg, const void *conn, enum undecoded_kind kind, u64 bytes)
{
	struct state *s = arg;

	s->undecoded += bytes;
	must(bytes > 0 && s->undecoded <= s->fed && http_undecoded_name(kind) != NULL);
}

static const struct http_ops ops = {on_request, on_response, on_unit, on_done, on_protocol,
				    on_undecoded};

static void feed(struct http_conn *h, bool is_write, u64 ts_ns, const u8 *p, size_t n)
{
	u8 *copy = malloc(n ? n : 1);		/* of its own: an over-read is seen */

	memcpy(copy, p, n);
	http_conn_feed(h, is_write, ts_ns, copy, n);
	free(copy);
}

/* may_be_h2: else what turns into HTTP/2 is left at that, for its own target */
static void http_run(const u8 *data, size_t size, bool may_be_h2)
{
	struct state s = {0};
	struct http_conn *h = http_conn_new(&ops, &s, NULL);
	u64 ts_ns = 0;

	for (size_t at = 0; at + 3 <= size && (may_be_h2 || !s.is_h2);) {
		u8 kind = data[at];
		size_t n = data[at + 1] | (size_t)data[at + 2] << 8, room = size - at - 3;

		at += 3;
		ts_ns += 100;
		if (kind == 'w' || kind == 'r') {
			n = n < room ? n : room;
			s.fed += n;
			feed(h, kind == 'w', ts_ns, data + at, n);
			at += n;
		} else if (kind == 'l') {
			http_conn_late(h);
		} else if (kind == 't') {
			ts_ns = n;
		} else if (kind == 'c') {
			break;
		} else {
			http_conn_gap(h, kind == 'W' || kind == 'P', ts_ns, n,
				      kind == 'P' || kind == 'Q');
		}
	}
	http_conn_close(h, ts_ns);
	must(s.begun == s.done);
	http_conn_free(h);
}

#endif
