/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes base64 as it comes, in pieces of any size. What is not of its alphabet is passed over;
 * padding ends it. Holds no memory.
 */
#ifndef TOLLTAP_LLM_BASE64_H
#define TOLLTAP_LLM_BASE64_H

#include "base/str.h"

struct base64 {
	u32 bits;		/* sextets that make no byte yet */
	u8 bit_cnt;
	bool is_over;		/* padding was seen */
};

#define BASE64_OUT_MAX 768

void base64_init(struct base64 *b);

/* Takes up to 1024 bytes of text; ret has room for BASE64_OUT_MAX + 3. Returns the bytes made. */
size_t base64_feed(struct base64 *b, struct str text, char *ret);

#endif
