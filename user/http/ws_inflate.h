/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Undoes permessage-deflate for the messages of one direction: raw deflate, one context for all of
 * them or one each. Output is capped per message (HTTP_DECODED_MAX, HTTP_RATIO_MAX). Once a message
 * failed, the context is no longer the sender's: ws_inflate_reset, or no more of it.
 */
#ifndef TOLLTAP_HTTP_WS_INFLATE_H
#define TOLLTAP_HTTP_WS_INFLATE_H

#include "http/units.h"

struct ws_inflate;

struct ws_inflate *ws_inflate_new(void);		/* NULL when memory is out */
void ws_inflate_free(struct ws_inflate *i);		/* NULL is fine */
void ws_inflate_reset(struct ws_inflate *i);		/* a new context */
void ws_inflate_begin(struct ws_inflate *i);		/* a message starts */
/* 0, or -EPROTO, -EFBIG */
int ws_inflate_feed(struct ws_inflate *i, const u8 *p, size_t n, struct units *to);
int ws_inflate_end(struct ws_inflate *i, struct units *to);	/* the message's last byte is in */

#endif
