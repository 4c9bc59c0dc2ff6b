/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything about one exchange lives in one arena and dies with it.
 *
 * Bounded by ARENA_MAX: past it, and when memory is out, allocation returns NULL and the caller
 * marks the call instead of growing. Under the address sanitizer every object is an allocation of
 * its own, so that an overflow is still caught. Not thread-safe.
 */
#ifndef TOLLTAP_ARENA_H
#define TOLLTAP_ARENA_H

#include "base/str.h"

struct arena;

struct arena *arena_new(size_t max);			/* NULL when memory is out */
void arena_free(struct arena *a);			/* NULL is fine */
void *arena_alloc(struct arena *a, size_t n);		/* zeroed, 16-aligned */
/* STR_NONE when there is no room, or s is absent */
struct str arena_dup(struct arena *a, struct str s);
size_t arena_used(const struct arena *a);

#endif
