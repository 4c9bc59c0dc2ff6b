/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Undoes one content coding as the bytes come: gzip, deflate, br, zstd.
 *
 * What was flushed by the sender comes out at once. Output is capped (HTTP_DECODED_MAX,
 * HTTP_RATIO_MAX) and so is the window. A chain of codings, or one that is not known here, is
 * refused. Errors are final.
 */
#ifndef TOLLTAP_HTTP_CODING_H
#define TOLLTAP_HTTP_CODING_H

#include "base/str.h"

enum coding_kind {
	CODING_IDENTITY,
	CODING_GZIP,
	CODING_DEFLATE,		/* zlib, or raw as some servers send it */
	CODING_BR,
	CODING_ZSTD,
	CODING_UNKNOWN,
};

/* of a Content-Encoding value; absent is identity */
enum coding_kind coding_kind_of(struct str content_encoding);

struct coding;

struct coding *coding_new(enum coding_kind kind);	/* NULL when memory is out */
void coding_free(struct coding *c);			/* NULL is fine */

typedef void (*coding_out_fn)(void *arg, const u8 *p, size_t n);

/* 0, or a negative errno with *ret_why set (static) */
int coding_feed(struct coding *c, const u8 *p, size_t n, coding_out_fn out, void *arg,
		const char **ret_why);
bool coding_is_complete(const struct coding *c);	/* the coded stream's own end was seen */

#endif
