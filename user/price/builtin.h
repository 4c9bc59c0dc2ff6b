/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rate cards compiled into the program: the text of ratecards/NAME.json, ended by a row
 * without a name.
 */
#ifndef TOLLTAP_BUILTIN_H
#define TOLLTAP_BUILTIN_H

#include <stddef.h>

struct builtin_card {
	const char *name;
	const char *text;	/* not terminated */
	size_t size;
};

extern const struct builtin_card builtin_cards[];

#endif
