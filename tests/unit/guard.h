/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input that ends at the edge of the world: one byte read past its end is a fault, at once.
 *
 * Sanitizers miss an over-read that lands in a neighbouring object or happens inside a library that
 * was not built with them (zlib, brotli); a PROT_NONE page does not.
 */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include "base/types.h"

/* A copy of n bytes (0 is fine) whose end abuts a PROT_NONE page; never NULL, aborts instead. */
u8 *guard_dup(const void *p, size_t n);
void guard_free(u8 *p, size_t n);			/* n as given to guard_dup */

#endif
