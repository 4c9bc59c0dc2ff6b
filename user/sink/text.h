/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells of what people read: names made harmless, counts and money made short. Private to the room.
 *
 * Model names, error codes and process names come from outside and may hold escape sequences:
 * everything that is not printable ASCII becomes '?', one for each character, so that columns hold
 * and no terminal in any encoding obeys them.
 */
#ifndef TOLLTAP_TEXT_H
#define TOLLTAP_TEXT_H

#include "base/buf.h"
#include "base/record.h"

#define TEXT_LEN 64

enum text_color {
	TEXT_PLAIN,
	TEXT_DIM,
	TEXT_BOLD,
	TEXT_RED,
	TEXT_YELLOW,
};

/* width > 0: padded on the right; < 0: on the left; 0: as is. Too long: cut, ending in '~' */
void text_cell(struct buf *out, struct str s, int width);
/* On the right of width columns; never cut, because a cut amount would be another amount. */
void text_amount(struct buf *out, const char *text, size_t width);
void text_clean(struct buf *out, struct str s);
void text_color(struct buf *out, bool is_colored, enum text_color color);

void text_count(u64 n, char ret_text[TEXT_LEN]);		/* 12.3k */
void text_bytes(u64 n, char ret_text[TEXT_LEN]);		/* 12.3 kB */
void text_duration(u64 ns, char ret_text[TEXT_LEN]);		/* <1ms, 812ms, 4.2s, 3m12s */
/* $0.005615; all digits where six would say $0.000000 of something */
void text_money(s128 femto, char ret_text[TEXT_LEN]);

/* What the cost of a call is shown as: $x, ~$x, (notional $x), unpriced: reason, ... */
void text_call_cost(const struct record *r, char ret_text[TEXT_LEN]);
void text_call_process(const struct record *r, char ret_text[TEXT_LEN]);	/* comm[pid] */
struct str text_call_model(const struct record *r);		/* served, else asked */
u64 text_call_cached(const struct record *r);			/* tokens read from caches */

/* How the money of a call counts. */
enum text_money_kind {
	TEXT_MONEY_NONE,	/* unpriced: no amount, never 0 */
	TEXT_MONEY_BILLED,
	TEXT_MONEY_NOTIONAL,
	TEXT_MONEY_NOTHING,	/* free or not billed */
};

enum text_money_kind text_call_money_kind(const struct record *r);
bool text_call_is_inexact(const struct record *r);	/* partial, estimated, lower bound */
bool text_call_is_error(const struct record *r);
/* another view of a call that is counted already */
bool text_call_is_duplicate(const struct record *r);

#endif
