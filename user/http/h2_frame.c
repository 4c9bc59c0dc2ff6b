/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 frames (RFC 9113, 4 and 6).
 *
 *	+-----------------------------------------------+
 *	| length (24)                                   |
 *	+---------------+---------------+---------------+
 *	| type (8)      | flags (8)     |
 *	+-+-------------+---------------+-------------------------------+
 *	|R| stream (31)                                                 |
 *	+=+=============================================================+
 *	| pad length (8)? priority (40)? promised id (32)? payload ... padding ...
 */
#include "http/h2_frame.h"

#include <string.h>

#include "base/limits.h"

static struct h2_head h2_head_read(const u8 *p)
{
	return (struct h2_head){
		.length = (u32)p[0] << 16 | (u32)p[1] << 8 | p[2],
		.type = p[3],
		.flags = p[4],
		.stream = (u32)(p[5] & 0x7f) << 24 | (u32)p[6] << 16 | (u32)p[7] << 8 | p[8],
	};
}

static void h2_frame_begin(struct h2_frame *f)
{
	const struct h2_head *head = &f->head;
	bool may_pad = head->type == H2_DATA || head->type == H2_HEADERS ||
		       head->type == H2_PUSH_PROMISE;

	f->left = head->length;
	f->pad = 0;
	f->has_pad_length = may_pad && head->flags & H2_F_PADDED;
	f->fields = f->has_pad_length;
	if (head->type == H2_HEADERS && head->flags & H2_F_PRIORITY)
		f->fields = (u8)(f->fields + 5);
	if (head->type == H2_PUSH_PROMISE)
		f->fields = (u8)(f->fields + 4);
}

/* The frame's own fields, and at last its padding, are not the payload's. */
static size_t h2_frame_field(struct h2_frame *f, const u8 *p)
{
	if (f->has_pad_length)
		f->pad = *p;
	f->has_pad_length = false;
	f->fields--;
	f->left--;
	if (f->pad > f->left)
		f->pad = f->left;
	return 1;
}

static size_t h2_frame_payload(struct h2_frame *f, const u8 *p, size_t n,
			       const struct h2_frame_ops *ops, void *arg)
{
	if (f->fields && f->left)
		return h2_frame_field(f, p);

	size_t data = f->left - f->pad, take = n < f->left ? n : f->left;

	if (data) {
		take = take < data ? take : data;
		ops->on_payload(arg, p, take);
	} else {
		f->pad -= (u32)take;
	}
	f->left -= (u32)take;
	return take;
}

static bool h2_frame_start(struct h2_frame *f, const struct h2_frame_ops *ops, void *arg)
{
	f->head = h2_head_read(f->raw);
	if (!ops->on_head(arg, &f->head))
		return false;
	f->is_told = true;
	h2_frame_begin(f);
	return true;
}

static void h2_frame_end_if_over(struct h2_frame *f, const struct h2_frame_ops *ops, void *arg)
{
	if (!f->is_told || f->left)
		return;
	f->is_told = false;
	f->raw_n = 0;
	ops->on_end(arg);
}

size_t h2_frame_feed(struct h2_frame *f, const u8 *p, size_t n, const struct h2_frame_ops *ops,
		     void *arg)
{
	size_t at = 0;

	for (;;) {
		if (f->raw_n == H2_HEAD_BYTES && !f->is_told && !h2_frame_start(f, ops, arg))
			return at;
		h2_frame_end_if_over(f, ops, arg);
		if (at == n)
			return at;
		if (f->is_told) {
			at += h2_frame_payload(f, p + at, n - at, ops, arg);
			continue;
		}

		size_t want = H2_HEAD_BYTES - (size_t)f->raw_n;
		size_t take = want < n - at ? want : n - at;

		memcpy(f->raw + f->raw_n, p + at, take);
		f->raw_n = (u8)(f->raw_n + take);
		at += take;
	}
}

bool h2_frame_has(const struct h2_frame *f, u64 n)
{
	return f->is_told && !f->fields && n <= f->left;
}

void h2_frame_skip(struct h2_frame *f, u64 n, const struct h2_frame_ops *ops, void *arg)
{
	u32 data = f->left - f->pad;

	f->left -= (u32)n;
	if (n > data)
		f->pad = f->left;
	h2_frame_end_if_over(f, ops, arg);
}

/* --- in the middle of a stream of bytes --- */

/* What RFC 9113 says about each type's stream, flags and length. */
static const struct h2_rule {
	bool on_stream, on_connection;
	u8 flags;
	u32 length_min, length_max;
} h2_rules[] = {
	[H2_DATA] = {true, false, 0x09, 0, H2_FIND_FRAME_MAX},
	[H2_HEADERS] = {true, false, 0x2d, 1, H2_FIND_FRAME_MAX},
	[H2_PRIORITY] = {true, false, 0, 5, 5},
	[H2_RST_STREAM] = {true, false, 0, 4, 4},
	[H2_SETTINGS] = {false, true, 0x01, 0, 6 * 32},
	[H2_PUSH_PROMISE] = {true, false, 0x0c, 5, H2_FIND_FRAME_MAX},
	[H2_PING] = {false, true, 0x01, 8, 8},
	[H2_GOAWAY] = {false, true, 0, 8, 1024},
	[H2_WINDOW_UPDATE] = {true, true, 0, 4, 4},
	[H2_CONTINUATION] = {true, false, 0x04, 0, H2_FIND_FRAME_MAX},
};

bool h2_head_is_plausible(const struct h2_head *head)
{
	if (head->type >= ARRAY_LEN(h2_rules))
		return false;

	const struct h2_rule *rule = &h2_rules[head->type];

	if (head->stream ? !rule->on_stream : !rule->on_connection)
		return false;
	if (head->type == H2_SETTINGS && head->length % 6)
		return false;
	return !(head->flags & ~rule->flags) && head->length >= rule->length_min &&
	       head->length <= rule->length_max && head->stream < H2_FIND_STREAM_MAX;
}

static bool h2_plausible_at(const u8 *p, struct h2_head *ret)
{
	*ret = h2_head_read(p);
	return !(p[5] & 0x80) && h2_head_is_plausible(ret);
}

enum h2_look {
	LOOK_NO,
	LOOK_MORE,	/* plausible as far as there are bytes */
	LOOK_YES,
};

static enum h2_look h2_look_at(const u8 *p, size_t n, bool is_record_end)
{
	struct h2_head head, next;

	if (n < H2_HEAD_BYTES)
		return LOOK_MORE;
	if (!h2_plausible_at(p, &head))
		return LOOK_NO;

	size_t end = H2_HEAD_BYTES + head.length;

	if (end == n && is_record_end)
		return LOOK_YES;
	if (end + H2_HEAD_BYTES > n)
		return LOOK_MORE;
	return h2_plausible_at(p + end, &next) ? LOOK_YES : LOOK_NO;
}

bool h2_frame_find(const u8 *p, size_t n, size_t from, bool is_record_end, size_t *ret_at)
{
	size_t first = n;

	for (size_t i = 0; i < n; i = first < n && i < from ? from : i + 1) {
		if (p[i] != 0)		/* of a length that large no frame is looked for */
			continue;

		enum h2_look look = h2_look_at(p + i, n - i, is_record_end);

		if (look == LOOK_MORE && first == n)
			first = i;
		if (look == LOOK_YES) {
			*ret_at = i;
			return true;
		}
	}
	*ret_at = first;
	return false;
}

bool h2_frame_is_row(const u8 *p, size_t n)
{
	struct h2_head head;
	size_t at = 0, heads = 0;

	while (n - at >= H2_HEAD_BYTES) {
		if (!h2_plausible_at(p + at, &head))
			return false;
		heads++;
		if (head.length > n - at - H2_HEAD_BYTES)
			return heads > 1;
		at += H2_HEAD_BYTES + head.length;
	}
	return heads > 1 || (heads == 1 && at == n);
}
