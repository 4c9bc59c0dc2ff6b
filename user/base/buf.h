/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable byte buffer that is created with its maximum.
 *
 * Appending fails with -ENOBUFS past the maximum and with -ENOMEM when memory is out; a failed
 * append changes nothing. `failed` latches the first error, so that a long run of appends may be
 * checked once at its end.
 */
#ifndef TOLLTAP_BUF_H
#define TOLLTAP_BUF_H

#include "base/str.h"

struct buf {
	char *p;
	size_t n;		/* bytes in use */
	size_t cap;
	size_t max;
	int failed;		/* 0 or the first -errno */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);			/* frees; the buffer may be initialised again */
void buf_clear(struct buf *b);			/* keeps the memory; clears failed */
int buf_append(struct buf *b, const void *p, size_t n);
int buf_append_str(struct buf *b, struct str s);
int buf_append_char(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_drop_front(struct buf *b, size_t n);	/* n <= b->n */

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){b->p ? b->p : "", b->n};
}

#endif
