/* SPDX-License-Identifier: Apache-2.0 */
/* A body on its way to the next room: content coding off, cut into units. */
#include "http/private.h"

#include "base/stats.h"

struct content_to {
	struct http_conn *h;
	struct http_x *x;
	enum http_dir dir;
	struct content *c;
};

static void content_unit(void *arg, enum unit_step step, struct str s)
{
	struct content_to *to = arg;

	to->x->pub.unit_flags[to->dir] = to->c->framing.to.flags;
	if (to->dir == HTTP_RESPONSE && to->c->framing.kind != to->x->pub.framing) {
		to->x->pub.framing = to->c->framing.kind;	/* its first bytes told */
		to->x->pub.flags &= ~(u32)EXCHANGE_F_STREAM;
		if (framing_is_stream(to->x->pub.framing))
			to->x->pub.flags |= EXCHANGE_F_STREAM;
	}
	to->h->ops->on_unit(to->h->arg, &to->x->pub, to->dir, step, s);
}

static void content_decoded(void *arg, const u8 *p, size_t n)
{
	struct content_to *to = arg;

	to->x->pub.body_bytes[to->dir] += n;
	framing_feed(&to->c->framing, p, n, content_unit, to);
}

void content_fini(struct content *c)
{
	coding_free(c->coding);
	c->coding = NULL;
	framing_fini(&c->framing);
}

/* What the head says about the units of its body. */
static struct framing_label content_label(const struct exchange *x, enum http_dir dir)
{
	return (struct framing_label){
		.is_response = dir == HTTP_RESPONSE,
		.content_type = x->header[dir][HTTP_H_CONTENT_TYPE],
		.grpc_encoding = x->header[dir][HTTP_H_GRPC_ENCODING],
	};
}

void content_begin(struct content *c, const struct http_x *x, enum http_dir dir,
		   struct str content_encoding)
{
	enum http_framing framing = dir == HTTP_RESPONSE ? x->pub.framing : x->pub.request_framing;
	struct framing_label label = content_label(&x->pub, dir);

	content_fini(c);
	c->is_wanted = x->is_wanted && framing != FRAMING_NONE;
	c->is_failed = false;
	c->kind = c->is_wanted ? coding_kind_of(content_encoding) : CODING_IDENTITY;
	framing_init(&c->framing, c->is_wanted ? framing : FRAMING_NONE, &label);
}

/* Decoding is over: the unit is broken, what still comes is counted. */
static void content_fail(struct content_to *to)
{
	if (to->c->is_failed)
		return;
	to->c->is_failed = true;
	to->x->pub.flags |= EXCHANGE_F_DECODE_FAILED;
	stats_add(STAT_HTTP_DECODE_FAILED, 1);
	framing_end(&to->c->framing, false, content_unit, to);
	content_fini(to->c);
}

static void content_decode(struct content_to *to, const u8 *p, size_t n)
{
	const char *why = NULL;

	if (!to->c->coding && to->c->kind != CODING_UNKNOWN)
		to->c->coding = coding_new(to->c->kind);
	if (!to->c->coding || coding_feed(to->c->coding, p, n, content_decoded, to, &why)) {
		content_fail(to);
		http_count_undecoded(to->h, UNDECODED_CODING, n);
	}
}

void content_feed(struct http_conn *h, struct http_x *x, enum http_dir dir, struct content *c,
		  const u8 *p, size_t n)
{
	struct content_to to = {h, x, dir, c};

	if (!c->is_wanted)
		x->pub.body_bytes[dir] += n;
	else if (c->is_failed)
		http_count_undecoded(h, UNDECODED_CODING, n);
	else if (c->kind == CODING_IDENTITY)
		content_decoded(&to, p, n);
	else
		content_decode(&to, p, n);
}

void content_gap(struct http_conn *h, struct http_x *x, enum http_dir dir, struct content *c,
		 bool is_policy)
{
	struct content_to to = {h, x, dir, c};

	if (!c->is_wanted || c->is_failed)
		return;
	if (c->kind == CODING_IDENTITY)
		framing_gap(&c->framing, is_policy, content_unit, &to);
	else
		content_fail(&to);		/* a decoder cannot go on behind a hole */
}

void content_end(struct http_conn *h, struct http_x *x, enum http_dir dir, struct content *c,
		 bool is_complete)
{
	struct content_to to = {h, x, dir, c};

	if (c->is_wanted && !c->is_failed) {
		if (is_complete && c->coding && !coding_is_complete(c->coding))
			content_fail(&to);	/* the coded stream stops short of its end */
		else
			framing_end(&c->framing, is_complete, content_unit, &to);
	}
	content_fini(c);
	c->is_wanted = false;
}
