/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a body to a framing in every way it may arrive and compares its units, as text.
 *
 *	[name|data]	a unit; "[ data]" without a name
 *	[!name|data]	flags: ! exception, # binary, @ file
 *	}  ~		in place of ']': broken; within a unit: a policy hole
 */
#ifndef TESTS_UNITS_TEXT_H
#define TESTS_UNITS_TEXT_H

#include "http/framing.h"

struct units_body {
	enum http_framing framing;
	struct framing_label label;
	struct str before;
	char gap;		/* 'l'ost, 'p'olicy; 0: none */
	struct str after;
	bool is_cut;		/* the message ends short */
};

/* In each of the ways of cuts.h; the body must say `want`. */
void units_check(const struct units_body *b, const char *want);

/* The text of one way; the caller frees it. */
char *units_text(const struct units_body *b, unsigned int way);

#endif
