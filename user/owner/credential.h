/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns an API key into a name for it: HMAC-SHA256 under a secret of this install (or of a fleet),
 * 16 hex digits. The same key gives the same name; without the secret the name says nothing about
 * the key.
 */
#ifndef TOLLTAP_CREDENTIAL_H
#define TOLLTAP_CREDENTIAL_H

#include "base/str.h"

#define CREDENTIAL_SECRET_MIN 32
#define CREDENTIAL_SECRET_MAX 1024
#define CREDENTIAL_HEX_LEN 16

struct credential_secret {
	u8 bytes[CREDENTIAL_SECRET_MAX];
	size_t n;
	bool is_ephemeral;	/* good for this run only */
};

/*
 * Reads the secret at path, or creates it (32 random bytes, 0600; missing folders 0700). When that
 * fails, and with path NULL, the secret is ephemeral; a failure is logged once. -errno only when
 * the kernel gives no random bytes.
 */
int credential_secret_load(const char *path, struct credential_secret *ret);

void credential_hash(const struct credential_secret *secret, struct str key,
		     char ret_hex[CREDENTIAL_HEX_LEN + 1]);

#endif
