/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String views. Wire data is never NUL-terminated, so everything that came from outside is a struct
 * str.
 *
 * A view owns nothing and lends what somebody else keeps alive. {NULL, 0} means absent; {"", 0}
 * means empty.
 */
#ifndef TOLLTAP_STR_H
#define TOLLTAP_STR_H

#include <string.h>

#include "base/types.h"

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str str_of(const char *z)
{
	return z ? (struct str){z, strlen(z)} : STR_NONE;
}

static inline bool str_is_empty(struct str s)
{
	return s.n == 0;
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eq_nocase(struct str a, struct str b);		/* ASCII only */
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_ends_nocase(struct str s, struct str suffix);
bool str_contains(struct str s, struct str needle);
struct str str_trim(struct str s);			/* spaces and tabs at both ends */
struct str str_cut(struct str s, size_t from, size_t n);	/* clamped to s */

/* First position of c, or s.n. */
size_t str_find_char(struct str s, char c);

/*
 * Takes the part before the first sep off *rest; false when nothing is left. An empty part is a
 * part.
 */
bool str_next(struct str *rest, char sep, struct str *ret_part);

/* Decimal without sign, all of s: 0, or -EINVAL / -ERANGE. */
int str_to_u64(struct str s, u64 *ret);

/*
 * Undoes percent escapes into dst; a "%" that is none stands for itself. False: size is too small.
 * *ret stands in dst.
 */
bool str_unescape(struct str s, char *dst, size_t size, struct str *ret);

/* Copies into a C buffer, cut to size - 1, always terminated. */
void str_to_c(struct str s, char *dst, size_t size);

#endif
