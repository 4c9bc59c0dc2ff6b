/* SPDX-License-Identifier: Apache-2.0 */
/* Text of strangers: what the wire puts into spans, and what a collector puts into its headers. */
#ifndef TOLLTAP_OTLP_TEXT_H
#define TOLLTAP_OTLP_TEXT_H

#include "base/arena.h"

#define OTLP_RETRY_AFTER_MAX_MS (3600u * 1000)

/* A C string of valid UTF-8: what is not becomes U+FFFD, NUL too. NULL: no room. */
char *otlp_text(struct arena *a, struct str s);

/*
 * Seconds or an HTTP date (RFC 9110 10.2.3) -> milliseconds from now, at most
 * OTLP_RETRY_AFTER_MAX_MS; 0: neither.
 */
u64 otlp_retry_after(struct str value, u64 wall_ns);

#endif
