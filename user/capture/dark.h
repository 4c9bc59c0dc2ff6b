/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why nothing of a process's TLS can be read: a class from the files that it maps and from what
 * became of them.
 *
 * A guess from names for what has no probe, so it never decides whether something is dark, only
 * what it is called.
 */
#ifndef TOLLTAP_CAPTURE_DARK_H
#define TOLLTAP_CAPTURE_DARK_H

#include "base/types.h"

/* Bits: what is known of a process. */
enum dark_hint {
	DARK_HAS_PROBED = 1 << 0,	/* a file of its got probes */
	DARK_HAS_WAITING = 1 << 1,	/* probes wait for it to have started up */
	DARK_HAS_REFUSED = 1 << 2,	/* a file of its could not be looked at */
	DARK_HAS_JVM = 1 << 3,
	DARK_HAS_GNUTLS = 1 << 4,
	DARK_HAS_NSS = 1 << 5,
	DARK_HAS_ERLANG = 1 << 6,
	DARK_HAS_OTHER_LIBRARY = 1 << 7,	/* mbed TLS, wolfSSL */
	DARK_HAS_REMAPPED = 1 << 8,	/* its code is a copy in huge pages */
	DARK_HINT_BITS = 9,
};

struct dark_class {
	const char *name;	/* a contract: jsse, quic, other_stack ... */
	const char *why;
};

/* The bit that a mapped file's name gives, or 0. */
u32 dark_hint_of_path(const char *path);

/* Never NULL. */
const struct dark_class *dark_class_of(u32 hints);
const struct dark_class *dark_class_quic(void);
const struct dark_class *dark_class_plain(void);
/* Other connections of the same process could be read, this one could not. */
const struct dark_class *dark_class_other_stack(void);

#endif
