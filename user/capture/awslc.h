/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds EVP_AEAD_CTX_seal and EVP_AEAD_CTX_open of an AWS-LC that was linked in and stripped: the
 * place where every record of rustls on aws-lc-rs (Codex, Deno, reqwest) is plaintext, below
 * Rust's own functions, which are inlined differently in every build.
 *
 * As BoringSSL's functions, they are known by the reasons of the errors that they raise, here in
 * the file aead.c. Each must be the only one with its reasons. Bad at: arm64, builds without file
 * names, BoringSSL's newer aead.cc.inc (its own SSL functions are probed instead).
 */
#ifndef TOLLTAP_CAPTURE_AWSLC_H
#define TOLLTAP_CAPTURE_AWSLC_H

#include "capture/anchors.h"

struct awslc {			/* addresses */
	u64 seal;
	u64 open;
};

/* -ENOENT: not in this file, or not beyond doubt. -E2BIG, -ENOMEM, -EIO, -errno. */
int awslc_find(struct elf_file *e, struct anchors *a, struct awslc *ret);

#endif
