/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads UTF-8 that came from outside, one code point at a time.
 *
 * Overlong forms, surrogates and values past U+10FFFF are invalid. An invalid byte yields
 * UTF8_INVALID once and is stepped over alone, so reading always moves on.
 */
#ifndef TOLLTAP_UTF8_H
#define TOLLTAP_UTF8_H

#include "base/str.h"

#define UTF8_INVALID 0xffffffffu
#define UTF8_REPLACEMENT "\xef\xbf\xbd"		/* U+FFFD */

/* Takes one code point off *rest (which is not empty); *ret_bytes is what it was made of. */
u32 utf8_next(struct str *rest, struct str *ret_bytes);

bool utf8_is_valid(struct str s);

#endif
