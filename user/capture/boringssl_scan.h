/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three passes over a file that boringssl.c needs: where the name of BoringSSL's ssl_lib.cc
 * stands, which code names it with which constants, and which places near that code are called.
 *
 * Streams through one buffer; every count and the sum of all bytes have a limit. x86-64 only.
 * Private to boringssl.c.
 */
#ifndef TOLLTAP_CAPTURE_BORINGSSL_SCAN_H
#define TOLLTAP_CAPTURE_BORINGSSL_SCAN_H

#include "base/limits.h"
#include "capture/elf.h"

/* Reason codes of openssl/ssl.h that BoringSSL has never renumbered. */
enum boring_reason {
	REASON_NOT_CALLED = 66,		/* ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED */
	REASON_BAD_LENGTH = 111,
	REASON_NULL_CTX = 185,
	REASON_HANDSHAKE = 215,		/* SSL_HANDSHAKE_FAILURE */
	REASON_UNINITIALIZED = 226,
};

struct boring_anchor {
	u64 at;			/* of the instruction that names the file */
	u32 reason;
	u32 line;
	u32 string;		/* which copy of the name */
};

struct boring_scan;

/* -ENOENT: no name of the file. -E2BIG: past a limit. -ENOMEM, -EIO, -errno. */
int boring_scan_new(struct elf_file *e, struct boring_scan **ret);
void boring_scan_free(struct boring_scan *s);		/* NULL is fine */

/* In ascending order of their address; lent. */
size_t boring_scan_anchors(const struct boring_scan *s, const struct boring_anchor **ret);

/* Is this place, at most BORING_BACK before an anchor and a little after it, called from afar? */
bool boring_scan_is_called(const struct boring_scan *s, u64 vaddr);

#define BORING_BACK 4096

#endif
