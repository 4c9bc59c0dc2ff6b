/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a connection to the http room and writes down what it says, as text.
 *
 *	> POST api.x /v1?k=1		request head (method, authority, path?query)
 *	>[ ... ]			request unit: begin (with the event's name), data, end
 *	< 200 sse			response head (status, framing)
 *	<[name| ... ]
 *	= flags				exchange over; "=" alone: whole and well
 *	! h1				protocol
 *	# h2 12				undecoded bytes, summed, at the end
 *
 * In a unit, '~' is a policy hole and '}' in place of ']' a broken end. Time is the step's number.
 */
#ifndef TESTS_TRANSCRIPT_H
#define TESTS_TRANSCRIPT_H

#include "base/types.h"

struct step {
	char kind;
	const char *p;
	size_t n;
};

#define W(text) {'w', (text), sizeof(text) - 1}	/* the traced process wrote */
#define R(text) {'r', (text), sizeof(text) - 1}
#define WRAW(p, n) {'w', (const char *)(p), (n)}
#define RRAW(p, n) {'r', (const char *)(p), (n)}
#define W_LOST(n) {'W', NULL, (n)}
#define R_LOST(n) {'R', NULL, (n)}
#define W_POLICY(n) {'P', NULL, (n)}
#define R_POLICY(n) {'Q', NULL, (n)}
#define AT_TIME(n) {'t', NULL, (n)}		/* when the next step happened */
#define LATE {'l', NULL, 0}
#define CLOSE {'c', NULL, 0}

/* way: see cuts.h. The caller frees the text. */
char *transcript_run(const struct step *steps, size_t n, unsigned int way);

/* Runs it whole, byte by byte and in CUTS_RANDOM_MIN random cuts; each must say `want`. */
void transcript_check(const struct step *steps, size_t n, const char *want);
/* only these ways: for what depends on where records start */
void transcript_check_whole(const struct step *steps, size_t n, const char *want);

#define CHECK(want, ...) do { \
	const struct step steps_[] = {__VA_ARGS__}; \
	transcript_check(steps_, ARRAY_LEN(steps_), want); \
} while (0)
#define CHECK_WHOLE(want, ...) do { \
	const struct step steps_[] = {__VA_ARGS__}; \
	transcript_check_whole(steps_, ARRAY_LEN(steps_), want); \
} while (0)

#endif
