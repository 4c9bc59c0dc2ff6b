/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket frames:
 *
 *	FIN RSV1-3 opcode(4) | MASK length(7) | [length 16 or 64] | [mask 32] | payload
 *
 *	HEAD --head whole--> PAYLOAD --last byte--> HEAD       message: text or binary frame,
 *	  \--nonsense--> LOST --plausible record--> HEAD       continuations up to the final one
 *	   \--after a close frame--> CLOSED
 */
#include "http/ws.h"

#include <string.h>

#include "base/limits.h"
#include "base/stats.h"
#include "http/ws_inflate.h"

#define WS_UNMASK_BYTES 4096

enum ws_state {
	WS_HEAD,
	WS_PAYLOAD,
	WS_LOST,
	WS_CLOSED,
};

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PONG = 10,
};

void ws_init(struct ws *w, const struct ws_options *options)
{
	*w = (struct ws){.options = *options};
}

void ws_init_late(struct ws *w, bool is_masked)
{
	*w = (struct ws){
		.options = {.is_masked = is_masked, .is_deflate = true, .keeps_context = true},
		.state = WS_LOST,
		.is_context_lost = true,
	};
}

void ws_fini(struct ws *w)
{
	ws_inflate_free(w->inflate);
	w->inflate = NULL;
}

/* --- frame heads ----------------------------------------------------------------------------- */

static bool ws_is_control(u8 opcode)
{
	return opcode >= WS_CLOSE;
}

static bool ws_flags_fit(u8 first, const struct ws_options *options)
{
	u8 opcode = first & 0x0f;
	bool is_data = opcode == WS_TEXT || opcode == WS_BINARY;

	if (first & 0x30 || (first & 0x40 && !(is_data && options->is_deflate)))
		return false;
	if (ws_is_control(opcode))
		return opcode <= WS_PONG && first & 0x80;
	return is_data || opcode == WS_CONTINUATION;
}

/* The bytes of a head that starts with p[0..n), n >= 2. */
static size_t ws_head_bytes(const u8 *p)
{
	u8 length = p[1] & 0x7f;

	return (size_t)2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + (p[1] & 0x80 ? 4 : 0);
}

/* Reads a whole head; false when it is none. */
static bool ws_read_head(const u8 *p, const struct ws_options *options, struct ws_frame *ret)
{
	size_t n = ws_head_bytes(p), lengths = p[1] & 0x80 ? n - 4 : n;
	u64 length = p[1] & 0x7f;

	if (lengths > 2)
		length = 0;
	for (size_t i = 2; i < lengths; i++)
		length = length << 8 | p[i];
	if (!ws_flags_fit(p[0], options) || !(p[1] & 0x80) == options->is_masked ||
	    length > HTTP_WS_FRAME_MAX || length < (lengths == 4 ? 126 : lengths == 10 ? 65536 : 0))
		return false;
	*ret = (struct ws_frame){
		.opcode = p[0] & 0x0f,
		.is_final = p[0] & 0x80,
		.is_compressed = p[0] & 0x40,
		.length = length,
	};
	if (options->is_masked)
		memcpy(ret->mask, p + n - 4, 4);
	return !ws_is_control(ret->opcode) || length < 126;
}

enum ws_guess ws_guess(const u8 *p, size_t n, const struct ws_options *options)
{
	enum ws_guess guess = WS_FRAMES;
	struct ws_frame frame;
	size_t at = 0;

	while (at < n) {
		size_t left = n - at, head = left < 2 ? 2 : ws_head_bytes(p + at);

		if (left < head || !ws_read_head(p + at, options, &frame))
			return WS_NO;
		if (at == 0 && frame.length && left > head && !frame.is_compressed &&
		    (frame.opcode == WS_TEXT || frame.opcode == WS_BINARY) &&
		    (p[head] ^ frame.mask[0]) == '{')
			guess = WS_JSON;
		/* two zero bytes are the start of much else */
		if (at == 0 && frame.opcode == WS_CONTINUATION && frame.length == 0)
			return WS_NO;
		if (frame.length > left - head)
			return guess == WS_JSON ? WS_JSON : WS_NO;
		at += head + (size_t)frame.length;
	}
	return n ? guess : WS_NO;
}

/* --- messages -------------------------------------------------------------------------------- */

/* The message under way cannot be read to its end. */
static void ws_break(struct ws *w)
{
	if (w->in_message && w->is_compressed && w->options.keeps_context)
		w->is_context_lost = true;
	units_finish(&w->to, UNIT_BROKEN);
	w->is_skipped = true;
}

static void ws_undecodable(struct ws *w)
{
	stats_add(STAT_HTTP_WS_UNDECODED, 1);
	ws_break(w);
}

/* Makes the decoder ready for a compressed message; false when it cannot be read. */
static bool ws_inflate_ready(struct ws *w)
{
	if (w->is_context_lost)
		return false;
	if (!w->inflate)
		w->inflate = ws_inflate_new();
	else if (!w->options.keeps_context)
		ws_inflate_reset(w->inflate);
	if (!w->inflate) {
		stats_add(STAT_HTTP_NO_MEMORY, 1);
		return false;
	}
	ws_inflate_begin(w->inflate);
	return true;
}

static void ws_message_begin(struct ws *w)
{
	if (w->in_message)
		ws_break(w);		/* it was never finished */
	w->in_message = true;
	w->is_compressed = w->frame.is_compressed;
	w->is_skipped = false;
	units_begin(&w->to, w->frame.opcode == WS_BINARY ? UNIT_F_BINARY : 0, STR(""));
	if (w->is_compressed && !ws_inflate_ready(w))
		ws_undecodable(w);
}

static void ws_message_bytes(struct ws *w, const u8 *p, size_t n)
{
	if (!w->in_message || w->is_skipped)
		w->undecoded += n;
	else if (!w->is_compressed)
		units_data(&w->to, p, n);
	else if (ws_inflate_feed(w->inflate, p, n, &w->to))
		ws_undecodable(w);
}

static void ws_message_end(struct ws *w)
{
	if (w->in_message && w->is_compressed && !w->is_skipped &&
	    ws_inflate_end(w->inflate, &w->to))
		ws_undecodable(w);
	units_finish(&w->to, UNIT_END);
	w->in_message = false;
}

/* --- frames ---------------------------------------------------------------------------------- */

static void ws_frame_end(struct ws *w)
{
	w->state = WS_HEAD;
	w->head_n = 0;
	if (w->frame.opcode == WS_CLOSE) {
		ws_break(w);
		w->in_message = false;
		w->state = WS_CLOSED;
	} else if (!ws_is_control(w->frame.opcode) && w->frame.is_final) {
		ws_message_end(w);
	}
}

/* Where the next frame starts is not known. */
static void ws_lose(struct ws *w)
{
	ws_break(w);
	w->in_message = false;
	if (w->options.is_deflate && w->options.keeps_context)
		w->is_context_lost = true;
	w->state = WS_LOST;
	w->head_n = 0;
}

static size_t ws_take_head(struct ws *w, u8 c)
{
	w->head[w->head_n++] = c;
	if (w->head_n < 2 || w->head_n < ws_head_bytes(w->head))
		return 1;
	if (!ws_read_head(w->head, &w->options, &w->frame)) {
		stats_add(STAT_HTTP_WS_BAD, 1);
		w->undecoded += w->head_n;
		ws_lose(w);
		return 1;
	}
	w->state = WS_PAYLOAD;
	w->left = w->frame.length;
	w->mask_at = 0;
	if (w->frame.opcode == WS_TEXT || w->frame.opcode == WS_BINARY)
		ws_message_begin(w);
	if (w->left == 0)
		ws_frame_end(w);
	return 1;
}

static size_t ws_take_payload(struct ws *w, const u8 *p, size_t n)
{
	u8 plain[WS_UNMASK_BYTES];

	n = n < w->left ? n : (size_t)w->left;
	if (w->options.is_masked) {
		n = n < sizeof(plain) ? n : sizeof(plain);
		for (size_t i = 0; i < n; i++)
			plain[i] = p[i] ^ w->frame.mask[w->mask_at++ & 3];
		p = plain;
	}
	if (!ws_is_control(w->frame.opcode))
		ws_message_bytes(w, p, n);
	w->left -= n;
	if (w->left == 0)
		ws_frame_end(w);
	return n;
}

static size_t ws_step(struct ws *w, const u8 *p, size_t n)
{
	if (w->state == WS_HEAD)
		return ws_take_head(w, *p);
	if (w->state == WS_PAYLOAD)
		return ws_take_payload(w, p, n);
	if (w->state == WS_LOST)
		w->undecoded += n;
	return n;
}

/* --- public ---------------------------------------------------------------------------------- */

void ws_feed(struct ws *w, const u8 *p, size_t n, unit_fn unit, void *arg)
{
	w->to.on_unit = unit;
	w->to.arg = arg;
	if (w->state == WS_LOST && ws_guess(p, n, &w->options) != WS_NO)
		w->state = WS_HEAD;
	for (size_t at = 0; at < n;)
		at += ws_step(w, p + at, n - at);
}

/* The hole lies within the payload under way: the frame's end stays known. */
static void ws_gap_in_payload(struct ws *w, u64 n, bool is_policy)
{
	if (!ws_is_control(w->frame.opcode) && w->in_message && !w->is_skipped) {
		if (is_policy && !w->is_compressed)
			w->to.on_unit(w->to.arg, UNIT_POLICY, STR(""));
		else
			ws_break(w);
	}
	w->mask_at = (u8)(w->mask_at + n);
	w->left -= n;
	if (w->left == 0)
		ws_frame_end(w);
}

void ws_gap(struct ws *w, u64 n, bool is_policy, unit_fn unit, void *arg)
{
	w->to.on_unit = unit;
	w->to.arg = arg;
	if (w->state == WS_PAYLOAD && n <= w->left)
		ws_gap_in_payload(w, n, is_policy);
	else if (w->state != WS_CLOSED)
		ws_lose(w);
}

void ws_end(struct ws *w, unit_fn unit, void *arg)
{
	w->to.on_unit = unit;
	w->to.arg = arg;
	ws_break(w);
	w->in_message = false;
	w->state = WS_CLOSED;
}

/* "permessage-deflate; client_no_context_takeover; server_max_window_bits=12" */
struct ws_options ws_options_of(struct str extensions, enum http_dir dir)
{
	struct str none = dir == HTTP_REQUEST ? STR("client_no_context_takeover") :
						STR("server_no_context_takeover");
	struct ws_options options = {.is_masked = dir == HTTP_REQUEST};
	struct str extension, part;

	while (!options.is_deflate && str_next(&extensions, ',', &extension)) {
		options.keeps_context = true;
		while (str_next(&extension, ';', &part)) {
			part = str_trim(str_cut(part, 0, str_find_char(part, '=')));
			if (str_eq_nocase(part, STR("permessage-deflate")))
				options.is_deflate = true;
			else if (str_eq_nocase(part, none))
				options.keeps_context = false;
		}
	}
	options.keeps_context &= options.is_deflate;
	return options;
}
