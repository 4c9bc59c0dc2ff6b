/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not linked into a test: compiled by test_awslc.c and test_ringcrypto.c in many ways. Functions
 * that raise errors as AWS-LC's AEAD functions do, and algorithm records as the crate ring has
 * them, under names of their own: the tests know from the symbols what must be found.
 */
#include <stddef.h>

typedef unsigned char u8;
typedef unsigned long u64;

#ifndef NAME
#define NAME "/aws-lc/crypto/fipsmodule/cipher/aead.c"
#endif
#define ERROR(reason) put_error(30, 0, reason, NAME, __LINE__)

struct aead {
	u8 key_len, nonce_len, overhead, tag_len;
	int (*seal)(const void *c, u8 *out, u64 *n, u64 max, const u8 *in, u64 in_len);
	int (*open)(const void *c, u8 *out, u64 *n, u64 max, const u8 *in, u64 in_len);
	int (*gather)(const void *c, u8 *out, const u8 *nonce, u64 nonce_len, const u8 *in,
		      u64 in_len, const u8 *tag, u64 tag_len, const u8 *ad, u64 ad_len);
};

struct ctx {
	const struct aead *aead;
	u8 tag_len;
};

extern volatile int sink;
__attribute__((noinline)) void put_error(int lib, int unused, int reason, const char *file,
					 unsigned line);
int lib_seal(const struct ctx *c, u8 *out, u64 *out_len, u64 max, const u8 *nonce, u64 nonce_len,
	     const u8 *in, u64 in_len, const u8 *ad, u64 ad_len);
int lib_scatter(const struct ctx *c, u8 *out, u8 *tag, u64 *tag_len, const u8 *in, u64 in_len);
int lib_open(const struct ctx *c, u8 *out, u64 *out_len, u64 max, const u8 *nonce, u64 nonce_len,
	     const u8 *in, u64 in_len, const u8 *ad, u64 ad_len);
int lib_gather(const struct ctx *c, u8 *out, const u8 *nonce, u64 nonce_len, const u8 *in,
	       u64 in_len, const u8 *tag, u64 tag_len, const u8 *ad, u64 ad_len);
__attribute__((visibility("default"))) int caller(int which, const struct ctx *c, u8 *out, u8 *in);
void *memset(void *dst, int value, u64 n);
void _start(void);

volatile int sink;

void put_error(int lib, int unused, int reason, const char *file, unsigned line)
{
	sink += lib + unused + reason + (int)line + file[0];
}

void *memset(void *dst, int value, u64 n)
{
	for (volatile u64 i = 0; i < n; i++)
		((u8 *)dst)[i] = (u8)value;
	return dst;
}

static int aliases(const u8 *in, u64 in_len, const u8 *out, u64 out_len)
{
	return in != out && in + in_len > out && out + out_len > in;
}

#ifndef NO_AEAD
__attribute__((noinline)) int lib_seal(const struct ctx *c, u8 *out, u64 *out_len, u64 max,
				       const u8 *nonce, u64 nonce_len, const u8 *in, u64 in_len,
				       const u8 *ad, u64 ad_len)
{
	if (in_len + c->aead->overhead < in_len) {
		ERROR(117);
		goto error;
	}
	if (max < in_len) {
		ERROR(103);
		goto error;
	}
	if (aliases(in, in_len, out, max)) {
		ERROR(115);
		goto error;
	}
	if (c->aead->seal(c, out, out_len, max, in, in_len)) {
		sink += nonce[nonce_len] + ad[ad_len];
		return 1;
	}
error:
	memset(out, 0, max);
	*out_len = 0;
	return 0;
}

__attribute__((noinline)) int lib_scatter(const struct ctx *c, u8 *out, u8 *tag, u64 *tag_len,
					  const u8 *in, u64 in_len)
{
	if (aliases(in, in_len, out, in_len)) {
		ERROR(115);
		return 0;
	}
	if (!c->tag_len) {
		ERROR(112);
		return 0;
	}
	return c->aead->seal(c, tag, tag_len, in_len, in, in_len);
}

int lib_gather(const struct ctx *c, u8 *out, const u8 *nonce, u64 nonce_len, const u8 *in,
	       u64 in_len, const u8 *tag, u64 tag_len, const u8 *ad, u64 ad_len)
{
	if (aliases(in, in_len, out, in_len)) {
		ERROR(115);
		goto error;
	}
	if (!c->aead->gather) {
		ERROR(104);
		goto error;
	}
	if (c->aead->gather(c, out, nonce, nonce_len, in, in_len, tag, tag_len, ad, ad_len))
		return 1;
error:
	memset(out, 0, in_len);
	return 0;
}

__attribute__((noinline)) int lib_open(const struct ctx *c, u8 *out, u64 *out_len, u64 max,
				       const u8 *nonce, u64 nonce_len, const u8 *in, u64 in_len,
				       const u8 *ad, u64 ad_len)
{
	if (aliases(in, in_len, out, max)) {
		ERROR(115);
		goto error;
	}
	if (c->aead->open)
		return c->aead->open(c, out, out_len, max, in, in_len);
	if (in_len < c->tag_len) {
		ERROR(101);
		goto error;
	}
	if (max < in_len - c->tag_len) {
		ERROR(103);
		goto error;
	}
	if (lib_gather(c, out, nonce, nonce_len, in, in_len - c->tag_len,
		       in + in_len - c->tag_len, c->tag_len, ad, ad_len)) {
		*out_len = in_len - c->tag_len;
		return 1;
	}
error:
	memset(out, 0, max);
	*out_len = 0;
	return 0;
}
#endif

/* --- ring --- */

struct algorithm {
	int (*init)(void *key);
	int (*seal)(void *tag, void *key);
	int (*open)(void *tag, void *key, u64 src);
	u64 key_len;
	u8 id;
};

#ifndef NO_RING
#define FN(name, value) \
	int name(void *a, void *b, u64 c); \
	__attribute__((noinline)) int name(void *a, void *b, u64 c) { return sink += value; }
FN(ring_init_128, 1)
FN(ring_init_256, 2)
FN(ring_init_chacha, 3)
FN(ring_seal, 4)
FN(ring_open, 5)
FN(ring_chacha_seal, 6)
FN(ring_chacha_open, 7)
#define P(name) (void *)name
__attribute__((used)) static const struct algorithm aes_256 = {
	P(ring_init_256), P(ring_seal), P(ring_open), 32, 1,
};
#ifndef TWO_ONLY
__attribute__((used)) static const struct algorithm chacha = {
	P(ring_init_chacha), P(ring_chacha_seal), P(ring_chacha_open), 32, 2,
};
#endif
#ifdef APART
#define ring_seal ring_chacha_seal
#endif
__attribute__((used)) static const struct algorithm aes_128 = {
	P(ring_init_128), P(ring_seal), P(ring_open), 16, 0,
};
#ifdef TWICE
FN(ring_seal_2, 8)
FN(ring_open_2, 9)
__attribute__((used)) static const struct algorithm twice[] = {
	{ P(ring_init_128), P(ring_seal_2), P(ring_open_2), 16, 0 },
	{ P(ring_init_256), P(ring_seal_2), P(ring_open_2), 32, 1 },
};
#endif
#endif

int caller(int which, const struct ctx *c, u8 *out, u8 *in)
{
	u64 n = 0;

#ifndef NO_AEAD
	if (which == 0)
		return lib_seal(c, out, &n, 1, in, 1, in, 1, in, 1) + (int)n;
	if (which == 1)
		return lib_open(c, out, &n, 1, in, 1, in, 1, in, 1) + 2 * (int)n;
	if (which == 2)
		return lib_scatter(c, out, out, &n, in, 1) + 3 * (int)n;
#endif
	return (int)n + sink;
}

void _start(void)
{
	for (;;)
		caller(sink, NULL, NULL, NULL);
}
