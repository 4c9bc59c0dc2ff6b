/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds seal and open of the Rust crate ring, the other cryptography under rustls, in a stripped
 * file.
 *
 * ring describes each AEAD algorithm by a static record of function pointers and two numbers:
 *
 *	init seal open | key length | id		16, 0: AES-128-GCM
 *	init seal open | key length | id		32, 1: AES-256-GCM
 *	init seal open | key length | id		32, 2: ChaCha20-Poly1305
 *
 * The first two have functions of their own to take a key and share those that use it; the third
 * stands near and shares nothing. Bun has a table with two such rows, no other has all three. Works
 * on every machine; what a position-independent file has there is filled in by its relocations,
 * which are read. Bad at: two different copies of ring in one file, a ring without ChaCha20.
 */
#ifndef TOLLTAP_CAPTURE_RINGCRYPTO_H
#define TOLLTAP_CAPTURE_RINGCRYPTO_H

#include "capture/elf.h"

struct ringcrypto {		/* addresses */
	u64 seal;
	u64 open;
	u64 chacha_seal;
	u64 chacha_open;
};

/* -ENOENT: not in this file, or not beyond doubt. -E2BIG, -ENOMEM, -EIO, -errno. */
int ringcrypto_find(struct elf_file *e, struct ringcrypto *ret);

#endif
