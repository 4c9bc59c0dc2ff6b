/* SPDX-License-Identifier: Apache-2.0 */
/* From anchors to functions; see the header. */
#include "capture/boringssl.h"

#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "capture/code.h"

/* Reason codes of openssl/ssl.h that BoringSSL has never renumbered. */
enum reason {
	REASON_NOT_CALLED = 66,		/* ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED */
	REASON_BAD_LENGTH = 111,
	REASON_NULL_CTX = 185,
	REASON_HANDSHAKE = 215,		/* SSL_HANDSHAKE_FAILURE */
	REASON_UNINITIALIZED = 226,
};

/* SSL_write raises its four errors within this many lines; 26 in the builds seen */
#define WRITE_LINES 60
/* SSL_peek's only error stands this far above SSL_write's first: 21 or 22 lines in those */
#define PEEK_LINES_MIN 10
#define PEEK_LINES_MAX 45
/* where SSL_read merely calls SSL_peek, it is its neighbour, and small */
#define WRAPPER_DISTANCE 0x200
#define WRAPPER_BYTES 0x100

struct finder {
	struct code code;
	const struct anchor *anchor;
	size_t anchor_cnt;
	u32 copy;		/* of the SSL_write found, and its first line */
	u32 line;
};

struct function {
	u64 start;		/* 0: none */
	u32 bytes;
	bool moves_span;
};

typedef bool (*accept_fn)(struct finder *f, const struct anchor *a);

/* --- walking -------------------------------------------------------------------------------- */

struct question {
	struct finder *f;
	const struct anchor *anchor;
	accept_fn accept;
};

static bool is_accepted(void *arg)
{
	const struct question *q = arg;

	return q->accept(q->f, q->anchor);
}

/* The nearest place before the anchor from which code that is called reaches what is asked for. */
static int find_start(struct finder *f, const struct anchor *a, accept_fn accept,
		      struct function *ret)
{
	struct question q = { .f = f, .anchor = a, .accept = accept };
	const struct x86_walk *w = &f->code.walk;
	u64 start;
	int err = code_find_start(&f->code, a->at, is_accepted, &q, &start);

	*ret = (struct function){ 0 };
	if (!err && start)
		*ret = (struct function){ start, w->bytes, x86_walk_moves_span(w) };
	return err;
}

static bool is_of_library(const struct anchor *a)
{
	return a->text == TEXT_SSL_LIB_CC || a->text == TEXT_SSL_LIB_C;
}

static int find_all(struct finder *f, u32 reason, accept_fn accept, struct function ret[],
		    size_t max, size_t *ret_cnt)
{
	*ret_cnt = 0;
	for (size_t i = 0; i < f->anchor_cnt; i++) {
		struct function one;

		if (!is_of_library(&f->anchor[i]) || f->anchor[i].reason != reason)
			continue;
		int err = find_start(f, &f->anchor[i], accept, &one);

		if (err)
			return err;
		bool is_new = one.start != 0;
		for (size_t k = 0; k < *ret_cnt; k++)
			is_new &= ret[k].start != one.start;
		if (!is_new)
			continue;
		if (*ret_cnt == max)
			return -ENOENT;
		ret[(*ret_cnt)++] = one;
	}
	return 0;
}

/* --- the functions -------------------------------------------------------------------------- */

/* An anchor that the last walk reached; its line, 0: there is none. */
static u32 reached_line(const struct finder *f, const struct anchor *below, u32 reason)
{
	for (size_t i = 0; i < f->anchor_cnt; i++) {
		const struct anchor *a = &f->anchor[i];

		if (a->reason == reason && a->copy == below->copy && a->line < below->line &&
		    below->line - a->line <= WRITE_LINES && x86_walk_has(&f->code.walk, a->at))
			return a->line;
	}
	return 0;
}

static bool is_write(struct finder *f, const struct anchor *a)
{
	u32 first = reached_line(f, a, REASON_NOT_CALLED);
	u32 second = reached_line(f, a, REASON_UNINITIALIZED);
	u32 third = reached_line(f, a, REASON_HANDSHAKE);

	if (!first || first >= second || second >= third)
		return false;
	f->copy = a->copy;
	f->line = first;
	return true;
}

static bool is_reader(struct finder *f, const struct anchor *a)
{
	return a->copy == f->copy && a->line < f->line &&
	       f->line - a->line >= PEEK_LINES_MIN && f->line - a->line <= PEEK_LINES_MAX;
}

static bool is_new(struct finder *f, const struct anchor *a)
{
	return a->copy == f->copy;
}

/* SSL_read that calls SSL_peek and then moves the span of pending data on. */
static int find_wrapper(struct finder *f, u64 peek, u64 *ret)
{
	int err = code_load(&f->code, peek);

	*ret = 0;
	if (err)
		return err;
	u64 from = peek > WRAPPER_DISTANCE ? peek - WRAPPER_DISTANCE : 1;

	for (u64 at = from; at <= peek + WRAPPER_DISTANCE; at++) {
		if (at == peek || !code_may_begin(&f->code, at))
			continue;
		err = code_walk(&f->code, at);
		if (err)
			return err;
		if (f->code.walk.bytes > WRAPPER_BYTES || !x86_walk_calls(&f->code.walk, peek) ||
		    !x86_walk_moves_span(&f->code.walk))
			continue;
		if (*ret)
			return -ENOENT;
		*ret = at;
	}
	return 0;
}

/*
 * Both raise the same error in the same line: SSL_peek does, and SSL_read has it inlined or calls
 * it. SSL_read does more, and only it takes what it has read out of the connection.
 */
static int find_readers(struct finder *f, struct boringssl *b)
{
	struct function one[2];
	size_t cnt;
	int err = find_all(f, REASON_NOT_CALLED, is_reader, one, ARRAY_LEN(one), &cnt);

	if (err || !cnt)
		return err ? err : -ENOENT;
	if (cnt == 2) {
		const struct function *big = one[0].bytes > one[1].bytes ? &one[0] : &one[1];
		const struct function *small = big == &one[0] ? &one[1] : &one[0];

		b->read = big->start;
		b->peek = small->start;
		return big->moves_span && big->bytes > small->bytes ? 0 : -ENOENT;
	}
	err = find_wrapper(f, one[0].start, &b->read);
	if (err)
		return err;
	if (b->read) {
		b->peek = one[0].start;
		return 0;
	}
	b->read = one[0].start;
	return one[0].moves_span ? 0 : -ENOENT;
}

static int find_functions(struct finder *f, struct boringssl *b)
{
	struct function one;
	size_t cnt;
	int err = find_all(f, REASON_BAD_LENGTH, is_write, &one, 1, &cnt);

	if (err || !cnt)
		return err ? err : -ENOENT;
	b->write = one.start;
	err = find_readers(f, b);
	if (err)
		return err;
	if (b->read == b->write || b->peek == b->write)
		return -ENOENT;
	/* without it a connection has no birth, which is no reason to give up */
	err = find_all(f, REASON_NULL_CTX, is_new, &one, 1, &cnt);
	if (!err && cnt && one.start != b->write && one.start != b->read)
		b->new = one.start;
	return err == -ENOENT ? 0 : err;
}

int boringssl_find(struct elf_file *e, struct anchors *anchors, struct boringssl *ret)
{
	struct boringssl found = { 0 };
	struct finder *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	code_init(&f->code, e, anchors);
	f->anchor_cnt = anchors_get(anchors, &f->anchor);
	int err = find_functions(f, &found);

	free(f);
	if (!err)
		*ret = found;
	return err;
}
