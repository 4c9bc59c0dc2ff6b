/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What do these bytes look like? Looks only, keeps nothing.
 *
 * Guesses from few bytes; the parser behind it has the last word.
 */
#ifndef TOLLTAP_HTTP_DETECT_H
#define TOLLTAP_HTTP_DETECT_H

#include "base/types.h"

enum detect {
	DETECT_MORE,		/* too few bytes to say */
	DETECT_NO,
	DETECT_REQUEST,
	DETECT_RESPONSE,
	DETECT_H2_CLIENT,	/* preface */
	DETECT_H2_SERVER,	/* SETTINGS frame */
};

#define DETECT_FIRST_MAX 32	/* detect_first never asks for more */

/* The first bytes of a stream. */
enum detect detect_first(const u8 *p, size_t n);

/*
 * A start line somewhere in a stream: strict, because bodies may imitate one. MORE while the bytes
 * could still become one, REQUEST or RESPONSE when the whole line is there, line feed included.
 */
enum detect detect_head_line(const u8 *p, size_t n);

#endif
