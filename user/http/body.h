/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a message body ends: by length, by chunks, or with the connection.
 *
 * Push parser over the transfer framing; hands on what is inside. A gap that lies within one
 * stretch of data is skipped exactly; one that may hide framing is not guessed about.
 */
#ifndef TOLLTAP_HTTP_BODY_H
#define TOLLTAP_HTTP_BODY_H

#include "base/types.h"

enum body_kind {
	BODY_NONE,
	BODY_SIZED,
	BODY_CHUNKED,
	BODY_CLOSE,		/* ends with the connection */
};

struct body {
	enum body_kind kind;
	u8 state;		/* of a chunked body */
	u8 digits;		/* of a chunk's size */
	bool is_done;
	bool is_recovered;	/* the chunk framing was found again after a gap */
	u64 left;		/* of the sized body or of this chunk */
	const char *dead;	/* why, or NULL */
};

typedef void (*body_data_fn)(void *arg, const u8 *p, size_t n);

void body_init(struct body *b, enum body_kind kind, u64 length);
/* Returns how many bytes it took; all, unless the body is_done or dead. */
size_t body_feed(struct body *b, const u8 *p, size_t n, body_data_fn on_data, void *arg);
/* Whether n missing bytes lie within data; false: the framing is lost, b says nothing any more. */
bool body_gap(struct body *b, u64 n);
/*
 * Whether p, the first bytes of a record behind a gap, start with a chunk's size line that its own
 * end confirms: servers write whole chunks. Then b is ready to be fed from p on.
 */
bool body_recover(struct body *b, const u8 *p, size_t n);

#endif
