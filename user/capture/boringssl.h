/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds SSL_read and SSL_write of a BoringSSL that was linked in and stripped (Bun and what is
 * compiled with it, Chromium, gRPC).
 *
 * No byte patterns: every error that the library raises names its source file, a reason code and a
 * line, and these constants stand inside the function. Reasons are public and have never been
 * renumbered; SSL_write alone raises its four in its order. A function counts only when code
 * that is called from elsewhere reaches all of its constants by its branches. What is not proven
 * so is refused: no probe rather than one in the wrong place. Bad at: arm64, builds without file
 * names, SSL_write inlined into its callers.
 */
#ifndef TOLLTAP_CAPTURE_BORINGSSL_H
#define TOLLTAP_CAPTURE_BORINGSSL_H

#include "capture/anchors.h"

struct boringssl {		/* addresses */
	u64 write;
	u64 read;
	u64 peek;		/* 0: not in the file, or inside of read */
	u64 new;		/* 0: not found */
};

/*
 * -ENOENT: it is not in this file, or not found beyond doubt. -E2BIG: past a limit. -ENOMEM, -EIO,
 * -errno. *ret is written on success only.
 */
int boringssl_find(struct elf_file *e, struct anchors *a, struct boringssl *ret);

#endif
