/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded growable buffer: doubling up to its maximum, never past it. */
#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_CAP 256

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->failed = 0;
}

static int buf_fail(struct buf *b, int err)
{
	if (!b->failed)
		b->failed = err;
	return err;
}

static int buf_reserve(struct buf *b, size_t n)
{
	if (n > b->max - b->n)
		return buf_fail(b, -ENOBUFS);
	if (b->n + n <= b->cap)
		return 0;

	size_t cap = b->cap ? b->cap : BUF_FIRST_CAP;

	while (cap < b->n + n)
		cap *= 2;
	if (cap > b->max)
		cap = b->max;

	char *p = realloc(b->p, cap);

	if (!p)
		return buf_fail(b, -ENOMEM);
	b->p = p;
	b->cap = cap;
	return 0;
}

int buf_append(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return 0;

	int err = buf_reserve(b, n);

	if (err)
		return err;
	memcpy(b->p + b->n, p, n);
	b->n += n;
	return 0;
}

int buf_append_str(struct buf *b, struct str s)
{
	return buf_append(b, s.p, s.n);
}

int buf_append_char(struct buf *b, char c)
{
	return buf_append(b, &c, 1);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[256];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		return buf_fail(b, -EINVAL);
	if ((size_t)n < sizeof(small))
		return buf_append(b, small, (size_t)n);

	int err = buf_reserve(b, (size_t)n + 1);

	if (err)
		return err;
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
	return 0;
}

void buf_drop_front(struct buf *b, size_t n)
{
	assert(n <= b->n);
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}
