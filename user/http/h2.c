/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of an HTTP/2 connection:
 *
 *	PREFACE --24 bytes--> FRAMES --bytes missing past a frame's end--> LOST
 *	(client)                ^ |                                          |
 *	                        | +--HEADERS of a stream whose request       |
 *	                        |    has not come: held until it has         |
 *	                        +------- two frames in a row found ----------+
 */
#include "http/h2.h"

#include <stdlib.h>

#include "base/stats.h"

static const char h2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define H2_PREFACE_BYTES (sizeof(h2_preface) - 1)

enum http_dir h2_dir(const struct h2 *h2, const struct h2_side *s)
{
	return h2->h->request_side == (int)(s - h2->side) ? HTTP_REQUEST : HTTP_RESPONSE;
}

static bool h2_is_response(const struct h2 *h2, const struct h2_side *s)
{
	return h2->h->request_side >= 0 && h2_dir(h2, s) == HTTP_RESPONSE;
}

/* --- losses --- */

static void h2_lose(struct h2 *h2, struct h2_side *s, u64 n, bool is_policy)
{
	stats_add(STAT_HTTP_RESYNC, 1);
	s->is_lost = true;
	s->preface_left = 0;
	s->frame = (struct h2_frame){.left = 0};
	h2_block_break(h2, s);
	h2_stream_gap_all(h2, s, n, is_policy);
}

void h2_give_up(struct h2 *h2, const char *why)
{
	u64 ts_ns = h2->side[0].ts_ns > h2->side[1].ts_ns ? h2->side[0].ts_ns : h2->side[1].ts_ns;

	h2->is_dead = true;
	h2->h->dead = why;
	stats_add(STAT_HTTP_FLOOD, 1);
	h2_stream_finish_all(h2, ts_ns, false);
}

/* Within the frame under way, of which the rest is there. */
static void h2_frame_hole(struct h2 *h2, struct h2_side *s, u64 n, bool is_policy)
{
	struct h2_stream *st = h2_stream_find(h2, s->frame.head.stream);

	if (s->frame.head.type == H2_DATA && st)
		h2_stream_gap(h2, s, st, n, is_policy);
	else if (s->block.kind != H2_BLOCK_NONE && !s->block.is_broken) {
		hpack_lose(&s->hpack);
		s->block.is_broken = s->block.has_unknown = true;
	}
}

/* --- frames --- */

static bool h2_is_block(u8 type)
{
	return type == H2_HEADERS || type == H2_PUSH_PROMISE || type == H2_CONTINUATION;
}

/* A response in front of its request, that may yet be delivered. */
static bool h2_must_wait(const struct h2 *h2, const struct h2_side *s, const struct h2_head *head)
{
	if (head->type != H2_HEADERS || !(head->stream & 1) || !h2_is_response(h2, s))
		return false;
	if (h2->is_late && !h2->request_max)
		return false;		/* of before we came */
	return head->stream > h2->request_max && head->stream > h2->given_up;
}

/* Nobody sends that much in front of a body. */
static bool h2_is_flood(const struct h2_side *s, const struct h2_head *head)
{
	return s->block.continuations > H2_CONTINUATIONS_MAX ||
	       s->block.bytes + (u64)head->length > H2_BLOCK_BYTES_MAX;
}

static void h2_on_block_head(struct h2 *h2, struct h2_side *s, const struct h2_head *head)
{
	if (head->type != H2_CONTINUATION)
		h2_block_begin(h2, s, head);
	else if (s->block.kind == H2_BLOCK_NONE)
		hpack_lose(&s->hpack);		/* its beginning was lost */
	else
		s->block.continuations++;
	if (h2_is_flood(s, head))
		h2_give_up(h2, "header block without end");
}

static bool h2_on_head(void *arg, const struct h2_head *head)
{
	struct h2_to *to = arg;
	struct h2_side *s = to->s;
	bool goes_on = head->type == H2_CONTINUATION && head->stream == s->block.stream;

	if (to->h2->is_dead || h2_must_wait(to->h2, s, head))
		return false;
	if (s->block.kind != H2_BLOCK_NONE && !goes_on)
		h2_block_break(to->h2, s);
	s->word_n = 0;
	if (h2_is_block(head->type))
		h2_on_block_head(to->h2, s, head);
	return true;
}

static void h2_on_data(struct h2 *h2, struct h2_side *s, u32 id, const u8 *p, size_t n)
{
	struct h2_stream *st = h2_stream_find(h2, id);

	if (st)
		h2_stream_data(h2, s, st, p, n);
	else if (id > h2->request_max || h2->is_late || !(id & 1))
		http_count_undecoded(h2->h, UNDECODED_H2, n);
}

static void h2_on_payload(void *arg, const u8 *p, size_t n)
{
	struct h2_to *to = arg;
	struct h2_side *s = to->s;
	const struct h2_head *head = &s->frame.head;

	if (to->h2->is_dead)
		return;
	if (head->type == H2_DATA)
		h2_on_data(to->h2, s, head->stream, p, n);
	else if (h2_is_block(head->type) && s->block.kind != H2_BLOCK_NONE)
		h2_block_feed(to->h2, s, p, n, false);
	for (size_t i = 0; head->type == H2_GOAWAY && i < n && s->word_n < sizeof(s->word); i++)
		s->word[s->word_n++] = p[i];
}

static void h2_on_goaway(struct h2 *h2, struct h2_side *s)
{
	if (s->word_n < 4)
		return;

	u32 last = (u32)(s->word[0] & 0x7f) << 24 | (u32)s->word[1] << 16 |
		   (u32)s->word[2] << 8 | s->word[3];

	h2_stream_refuse_above(h2, s, last);
}

static void h2_on_end(void *arg)
{
	struct h2_to *to = arg;
	struct h2 *h2 = to->h2;
	struct h2_side *s = to->s;
	const struct h2_head *head = &s->frame.head;
	struct h2_stream *st = h2_stream_find(h2, head->stream);

	if (h2->is_dead)
		return;
	if (h2_is_block(head->type) && s->block.kind != H2_BLOCK_NONE) {
		if (head->flags & H2_F_END_HEADERS)
			h2_block_end(h2, s);
	} else if (head->type == H2_DATA && head->flags & H2_F_END_STREAM && st) {
		h2_stream_over(h2, s, st);
	} else if (head->type == H2_RST_STREAM && st) {
		h2_stream_reset(h2, s, st);
	} else if (head->type == H2_GOAWAY) {
		h2_on_goaway(h2, s);
	}
}

static const struct h2_frame_ops h2_ops = {h2_on_head, h2_on_payload, h2_on_end};

/* --- bytes --- */

static size_t h2_take_preface(struct h2 *h2, struct h2_side *s, const u8 *p, size_t n)
{
	size_t at = H2_PREFACE_BYTES - s->preface_left;
	size_t take = n < s->preface_left ? n : s->preface_left;

	if (memcmp(h2_preface + at, p, take)) {
		h2_lose(h2, s, 0, false);
		return 0;
	}
	s->preface_left = (u8)(s->preface_left - take);
	return take;
}

/* Found, or what cannot be the beginning of a frame is let go. added: the last bytes of scan. */
static void h2_search(struct h2 *h2, struct h2_side *s, size_t added, bool is_record_end)
{
	struct h2_to to = {h2, s};
	struct buf scan = s->scan;
	size_t known = scan.n - added, at;
	size_t from = known < H2_HEAD_BYTES ? 0 : known - H2_HEAD_BYTES;
	bool is_found = h2_frame_find((const u8 *)scan.p, scan.n, from, is_record_end, &at);

	stats_add(STAT_HTTP_RESYNC_BYTES, at);
	if (!is_found) {
		buf_drop_front(&s->scan, at);
		return;
	}
	s->is_lost = false;
	buf_init(&s->scan, H2_FIND_BYTES);
	/* a response found here was sent long after its request: it does not wait */
	h2->given_up = h2->given_up > h2->request_max ? h2->given_up : h2->request_max;
	while (at < scan.n && !h2->is_dead) {
		size_t taken = h2_frame_feed(&s->frame, (const u8 *)scan.p + at, scan.n - at,
					     &h2_ops, &to);

		if (!taken || at + taken < scan.n)
			h2->given_up = s->frame.head.stream;
		at += taken;
	}
	buf_fini(&scan);
}

static size_t h2_take_lost(struct h2 *h2, struct h2_side *s, const u8 *p, size_t n)
{
	size_t take = n < H2_FIND_STEP ? n : H2_FIND_STEP;

	if (buf_append(&s->scan, p, take)) {
		stats_add(STAT_HTTP_RESYNC_BYTES, s->scan.n + take);
		buf_fini(&s->scan);
		return take;
	}
	h2_search(h2, s, take, take == n);
	return take;
}

static size_t h2_take(struct h2 *h2, struct h2_side *s, u64 ts_ns, const u8 *p, size_t n)
{
	struct h2_to to = {h2, s};
	size_t at = 0;

	s->ts_ns = ts_ns;
	while (at < n && !h2->is_dead) {
		if (s->preface_left) {
			at += h2_take_preface(h2, s, p + at, n - at);
		} else if (s->is_lost) {
			at += h2_take_lost(h2, s, p + at, n - at);
		} else {
			at += h2_frame_feed(&s->frame, p + at, n - at, &h2_ops, &to);
			break;
		}
	}
	if (h2->is_dead && at < n) {
		http_count_undecoded(h2->h, UNDECODED_H2, n - at);
		at = n;
	}
	return at;
}

static void h2_gap_now(struct h2 *h2, struct h2_side *s, u64 n, bool is_policy)
{
	struct h2_to to = {h2, s};

	if (s->is_lost) {
		stats_add(STAT_HTTP_RESYNC_BYTES, s->scan.n);
		buf_fini(&s->scan);
		h2_stream_gap_all(h2, s, n, is_policy);
	} else if (!s->preface_left && h2_frame_has(&s->frame, n)) {
		h2_frame_hole(h2, s, n, is_policy);
		h2_frame_skip(&s->frame, n, &h2_ops, &to);
	} else {
		h2_lose(h2, s, n, is_policy);
	}
}

/* --- holding back --- */

static void h2_drain(struct h2 *h2, struct h2_side *s)
{
	struct h2_to to = {h2, s};

	while (s->hold.first) {
		struct hold_part *part = hold_take(&s->hold);

		if (part->gap)
			h2_gap_now(h2, s, part->gap, part->is_policy);
		else
			part->at += h2_take(h2, s, part->ts_ns, part->data + part->at,
					    part->n - part->at);
		if (part->at < part->n) {
			hold_untake(&s->hold, part);
			return;
		}
		free(part);
	}
	/* a frame's head may have been all that came of what has to wait */
	if (s->frame.raw_n == H2_HEAD_BYTES && !s->frame.is_told)
		h2_frame_feed(&s->frame, NULL, 0, &h2_ops, &to);
}

static void h2_wait_no_more(struct h2 *h2, struct h2_side *s)
{
	if (s->frame.head.stream > h2->given_up)
		h2->given_up = s->frame.head.stream;
	h2_drain(h2, s);
}

static void h2_feed(void *state, bool is_write, u64 ts_ns, const u8 *p, size_t n)
{
	struct h2 *h2 = state;
	struct h2_side *s = &h2->side[is_write], *other = &h2->side[!is_write];

	while (n) {
		size_t taken = s->hold.first ? 0 : h2_take(h2, s, ts_ns, p, n);

		p += taken;
		n -= taken;
		if (!n || !hold_push(&s->hold, ts_ns, p, n))
			break;
		h2_wait_no_more(h2, s);
	}
	h2_drain(h2, other);
}

static void h2_gap(void *state, bool is_write, u64 ts_ns, u64 n, bool is_policy)
{
	struct h2 *h2 = state;
	struct h2_side *s = &h2->side[is_write];

	if (h2->is_dead)
		return;
	while (s->hold.first && hold_push_gap(&s->hold, ts_ns, n, is_policy))
		h2_wait_no_more(h2, s);
	if (s->hold.first)
		return;
	s->ts_ns = ts_ns;
	h2_gap_now(h2, s, n, is_policy);
}

static void h2_close(void *state, u64 ts_ns)
{
	struct h2 *h2 = state;

	h2->given_up = UINT32_MAX;
	for (int i = 0; i < 2; i++) {
		h2_drain(h2, &h2->side[i]);
		stats_add(STAT_HTTP_RESYNC_BYTES, h2->side[i].scan.n);
	}
	h2_stream_finish_all(h2, ts_ns, true);
}

/* --- life --- */

static void *h2_new(struct http_conn *h)
{
	struct h2 *h2 = calloc(1, sizeof(*h2));

	if (!h2)
		return NULL;
	h2->h = h;
	for (int i = 0; i < 2; i++) {
		struct h2_side *s = &h2->side[i];

		buf_init(&s->scan, H2_FIND_BYTES);
		if (h->side[i].state == SIDE_RESYNC) {
			s->is_lost = h2->is_late = h2->has_loss = true;
			hpack_lose(&s->hpack);
		} else if (h->request_side == i) {
			s->preface_left = H2_PREFACE_BYTES;
		}
	}
	return h2;
}

void h2_adopt(struct http_conn *h, struct http_x *x)
{
	struct h2 *h2 = h->reader_state;
	struct h2_stream *st = h2 ? calloc(1, sizeof(*st)) : NULL;

	if (!st) {
		stats_add(STAT_HTTP_NO_MEMORY, 1);
		x->pub.flags |= EXCHANGE_F_NO_RESPONSE;
		h->ops->on_done(h->arg, &x->pub);
		exchange_free(x);
		return;
	}
	st->id = h2->request_max = 1;
	st->x = x;
	x->pub.version = 20;		/* as the rest of it, and as its connection */
	x->request_over = true;
	h2_stream_add(h2, st);
}

static void h2_free(void *state)
{
	struct h2 *h2 = state;

	h2_stream_finish_all(h2, 0, true);
	for (int i = 0; i < 2; i++) {
		if (h2->side[i].block.opened)
			h2_stream_free(h2->side[i].block.opened);
		hpack_fini(&h2->side[i].hpack);
		buf_fini(&h2->side[i].scan);
		hold_clear(&h2->side[i].hold);
	}
	free(h2);
}

const struct http_protocol_ops h2_protocol = {h2_new, h2_free, h2_feed, h2_gap, h2_close};
