/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which response answers which request.
 *
 * HTTP/1 pairs by order, and as long as every head was seen, so do we: the order of delivery says
 * nothing (two rings), the order within each direction everything. Once a head may have gone by
 * unseen (a gap, a late start), times decide: a response cannot be older than its request, and a
 * client that does not pipeline does not send the next request before the answer to the last. What
 * stays ambiguous is not paired at all.
 */
#include "http/private.h"

#include "base/limits.h"
#include "base/stats.h"

struct http_x *pair_new(struct http_conn *h, struct http_side *s, const struct h1_start *start)
{
	if (h->count >= HTTP_PIPELINE_MAX) {
		stats_add(STAT_HTTP_PIPELINE_FULL, 1);
		return NULL;
	}

	struct http_x *x = exchange_new(h, start->version, s->start_ns);

	if (x && !exchange_set_target(x, start->method, start->target)) {
		exchange_free(x);
		x = NULL;
	}
	if (!x) {
		stats_add(STAT_HTTP_NO_MEMORY, 1);
		return NULL;
	}
	*(h->last ? &h->last->next : &h->first) = x;
	h->last = x;
	h->count++;
	return x;
}

struct http_x *pair_awaiting(const struct http_conn *h)
{
	struct http_x *x = h->first;

	while (x && x->response_started)
		x = x->next;
	return x && x->head_done ? x : NULL;
}

static void pair_unlink(struct http_conn *h, struct http_x *x)
{
	struct http_x **at = &h->first, *before = NULL;

	while (*at != x) {
		before = *at;
		at = &before->next;
	}
	*at = x->next;
	if (h->last == x)
		h->last = before;
	h->count--;
}

void pair_detach(struct http_conn *h, struct http_x *x)
{
	pair_unlink(h, x);
	for (int i = 0; i < 2; i++)
		if (h->side[i].x == x)
			h->side[i].x = NULL;
}

static void pair_finish(struct http_conn *h, struct http_x *x)
{
	pair_detach(h, x);
	if (!x->is_ghost && x->head_done)
		h->ops->on_done(h->arg, &x->pub);
	exchange_free(x);
}

void pair_finish_if_over(struct http_conn *h, struct http_x *x)
{
	if (x->request_over && x->response_over && !x->is_upgraded)
		pair_finish(h, x);
}

struct http_x *pair_upgraded(const struct http_conn *h)
{
	struct http_x *x = h->first;

	while (x && !x->is_upgraded)
		x = x->next;
	return x;
}

void pair_close(struct http_conn *h, struct http_x *x)
{
	pair_finish(h, x);
}

/* Its response, if there was one, was not seen. */
static void pair_give_up(struct http_conn *h, struct http_x *x)
{
	x->response_started = x->response_over = true;
	x->pub.flags |= EXCHANGE_F_NO_RESPONSE;
	if (h->responses_missing)
		x->pub.flags |= EXCHANGE_F_RESPONSE_GAP;
	pair_finish_if_over(h, x);
}

/* Those that waited from before ts_ns, except keep. */
static void pair_give_up_older(struct http_conn *h, u64 ts_ns, const struct http_x *keep)
{
	struct http_x *next;

	for (struct http_x *x = h->first; x; x = next) {
		next = x->next;
		if (x != keep && x->head_done && !x->response_started &&
		    x->pub.request_start_ns <= ts_ns)
			pair_give_up(h, x);
	}
}

static struct http_x *pair_take(struct http_conn *h, struct http_x *x)
{
	const struct http_side *request = &h->side[h->request_side];

	x->response_started = true;
	/* Nothing older waits and both directions are read again: order holds from here on. */
	if (!x->next && request->state != SIDE_RESYNC)
		h->requests_missing = h->responses_missing = false;
	return x;
}

struct http_x *pair_pick(struct http_conn *h, u64 ts_ns)
{
	struct http_x *first = pair_awaiting(h), *newest = NULL;
	unsigned int candidates = 0;

	if (!first)
		return NULL;
	if (first->next && first->next->head_done && first->next->pub.request_start_ns <= ts_ns &&
	    !h->responses_missing)
		h->is_pipelined = true;
	if (!h->requests_missing && !h->responses_missing)
		return pair_take(h, first);

	for (struct http_x *x = first; x; x = x->next)
		if (x->head_done && !x->response_started && x->pub.request_start_ns <= ts_ns) {
			newest = x;
			candidates++;
		}
	if (candidates == 0)
		return NULL;
	if (candidates > 1 && h->is_pipelined) {
		/*
		 * Requests may be missing only behind the first: with all responses at hand, this
		 * one is the first's. The others' cannot be told apart.
		 */
		struct http_x *keep = h->responses_missing ? NULL : first;

		pair_give_up_older(h, ts_ns, keep);
		keep = keep ? pair_take(h, keep) : NULL;
		h->requests_missing = true;	/* the others' responses are still to come */
		return keep;
	}
	pair_give_up_older(h, ts_ns, newest);
	return pair_take(h, newest);
}

bool pair_is_followed(const struct http_conn *h, const struct http_x *x, u64 ts_ns)
{
	const struct http_x *next = x->next;

	return next && next->head_done && next->pub.request_start_ns <= ts_ns && !h->is_pipelined;
}

static void pair_end_flags(const struct http_conn *h, struct http_x *x, bool is_close)
{
	if (!x->request_over)
		x->pub.flags |= EXCHANGE_F_REQUEST_CUT;
	if (!x->response_started)
		x->pub.flags |= EXCHANGE_F_NO_RESPONSE;
	else if (!x->response_over)
		x->pub.flags |= EXCHANGE_F_RESPONSE_CUT;
	else
		return;
	if (!x->response_started && h->responses_missing) {
		x->pub.flags |= EXCHANGE_F_RESPONSE_GAP;	/* there may have been one */
		return;
	}
	/*
	 * Who closed is not seen. A traced client frees its end when it is through with it, and a
	 * server rarely stops in the middle, so an unfinished answer is taken for the client's act.
	 */
	if (is_close && !(x->pub.flags & EXCHANGE_F_SERVER_SIDE))
		x->pub.flags |= EXCHANGE_F_CLIENT_CLOSED;
}

void pair_finish_all(struct http_conn *h, u64 ts_ns, bool is_close)
{
	struct http_x *next;

	for (struct http_x *x = h->first; x; x = next) {
		next = x->next;
		if (x->is_upgraded && !is_close)
			continue;
		pair_end_flags(h, x, is_close);
		if (!x->pub.end_ns)
			x->pub.end_ns = ts_ns;
		pair_finish(h, x);
	}
}
