/* SPDX-License-Identifier: Apache-2.0 */
/* An exchange's beginning, whatever protocol carries it: its target, its heads. */
#include "http/private.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/limits.h"
#include "base/stats.h"

static u64 exchange_next_id(struct http_conn *h)
{
	if (h->next_id == 0 && getrandom(&h->next_id, sizeof(h->next_id), GRND_NONBLOCK) < 0)
		h->next_id = (u64)(uintptr_t)h << 16;
	return ++h->next_id ? h->next_id : ++h->next_id;
}

struct http_x *exchange_new(struct http_conn *h, u16 version, u64 ts_ns)
{
	struct http_x *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->pub.arena = arena_new(ARENA_MAX);
	if (!x->pub.arena) {
		free(x);
		return NULL;
	}
	x->pub.id = exchange_next_id(h);
	x->pub.version = version;
	x->pub.conn = h->conn;
	x->pub.request_start_ns = ts_ns;
	if (h->request_side == 0)
		x->pub.flags |= EXCHANGE_F_SERVER_SIDE;
	return x;
}

void exchange_free(struct http_x *x)
{
	arena_free(x->pub.arena);
	free(x);
}

/* "https://host/path?query" and "/path?query" and "host:443" (CONNECT) */
static void exchange_split_target(struct http_x *x, struct str target)
{
	size_t scheme = str_starts_nocase(target, STR("https://")) ? 8 :
			str_starts_nocase(target, STR("http://")) ? 7 : 0;

	if (x->is_connect) {
		x->pub.authority = target;
		return;
	}
	if (scheme) {
		target = str_cut(target, scheme, target.n);

		size_t end = str_find_char(str_cut(target, 0, str_find_char(target, '?')), '/');

		x->pub.authority = str_cut(target, 0, end);
		target = str_cut(target, end, target.n);
	}

	size_t mark = str_find_char(target, '?');

	x->pub.path = str_cut(target, 0, mark);
	x->pub.query = mark < target.n ? str_cut(target, mark + 1, target.n) : STR_NONE;
}

bool exchange_set_target(struct http_x *x, struct str method, struct str target)
{
	x->pub.method = arena_dup(x->pub.arena, method);
	target = arena_dup(x->pub.arena, target);
	if (!x->pub.method.p || !target.p)
		return false;
	x->is_head = str_eq(x->pub.method, STR("HEAD"));
	x->is_connect = str_eq(x->pub.method, STR("CONNECT"));
	exchange_split_target(x, target);
	return true;
}

void exchange_keep_header(struct http_x *x, enum http_dir dir, enum http_header id,
			  struct str value)
{
	struct str *slot = &x->pub.header[dir][id];

	if (slot->p)
		return;
	*slot = arena_dup(x->pub.arena, value);
	if (!slot->p)
		stats_add(STAT_HTTP_NO_MEMORY, 1);
}

void exchange_tell_request(struct http_conn *h, struct http_x *x)
{
	if (!x->pub.authority.p)
		x->pub.authority = x->pub.header[HTTP_REQUEST][HTTP_H_HOST];
	stats_add(STAT_HTTP_EXCHANGES, 1);
	x->head_done = true;
	x->pub.request_framing = framing_of(x->pub.header[HTTP_REQUEST][HTTP_H_CONTENT_TYPE],
					    HTTP_REQUEST);
	x->is_wanted = h->ops->on_request(h->arg, &x->pub);
}

static void exchange_flag_stream(struct http_x *x)
{
	if (framing_is_stream(x->pub.framing))
		x->pub.flags |= EXCHANGE_F_STREAM;
}

void exchange_tell_response(struct http_conn *h, struct http_x *x, bool has_body)
{
	x->pub.framing = x->is_wanted && has_body ?
			 framing_of(x->pub.header[HTTP_RESPONSE][HTTP_H_CONTENT_TYPE],
				    HTTP_RESPONSE) :
			 FRAMING_NONE;
	if (x->is_upgraded)
		x->pub.framing = x->pub.request_framing = FRAMING_WEBSOCKET;
	exchange_flag_stream(x);
	x->response_told = true;
	if (!x->is_ghost)
		h->ops->on_response(h->arg, &x->pub);
	exchange_flag_stream(x);	/* the callee may have changed it */
}
