/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not linked into a test: compiled by test_openssl3.c in many ways. A library that raises errors as
 * OpenSSL 3 does: each names its source file, its line and its function.
 */
#include <stddef.h>
#include <string.h>

#ifdef WITHOUT_FLAGS		/* before 3.3 */
#define FLAGS_PARAM
#define FLAGS_ARG
#define FLAGS 0
#else
#define FLAGS_PARAM unsigned long flags,
#define FLAGS_ARG 0,
#define FLAGS flags
#endif
#ifdef INLINED			/* gcc -O3 may do this by itself */
#define INTERNAL __attribute__((always_inline)) static inline
#else
#define INTERNAL __attribute__((noinline))
#endif
#ifndef FILE_NAME
#define FILE_NAME "ssl/ssl_lib.c"
#endif
#define RAISE(fn, reason) (err_new(), err_set_debug(FILE_NAME, __LINE__, fn), \
			   err_set_error(20, reason, NULL))

struct conn {
	int (*const *method)(struct conn *c, const void *buf, size_t n, size_t *done);
	void *handshake;
	int shutdown;
	int state;
};

extern volatile int sink;
void err_new(void);
void err_set_debug(const char *file, int line, const char *fn);
void err_set_error(int lib, int reason, const char *fmt);

int lib_read(struct conn *c, void *buf, int num);
int lib_read_ex(struct conn *c, void *buf, size_t num, size_t *done);
int lib_write(struct conn *c, const void *buf, int num);
int lib_write_ex(struct conn *c, const void *buf, size_t num, size_t *done);
struct conn *lib_new(void *context);

struct conn *lib_new(void *context)
{
	static struct conn one;

	if (!context) {
		RAISE("SSL_new", 195);
		return NULL;
	}
	one.handshake = context;
	sink++;
	return &one;
}

INTERNAL int lib_read_internal(struct conn *c, void *buf, size_t num, size_t *done)
{
	if (!c->handshake) {
		RAISE("ssl_read_internal", 276);
		return -1;
	}
	if (c->shutdown & 2) {
		c->state = 1;
		return 0;
	}
	if (c->state == 5) {
		RAISE("ssl_read_internal", 66);
		return 0;
	}
	sink++;
	return c->method[3](c, buf, num, done);
}

int lib_read(struct conn *c, void *buf, int num)
{
	size_t done;

	if (num < 0) {
		RAISE("SSL_read", 271);
		return -1;
	}
	int ret = lib_read_internal(c, buf, (size_t)num, &done);

	if (ret > 0)
		ret = (int)done;
	return ret;
}

int lib_read_ex(struct conn *c, void *buf, size_t num, size_t *done)
{
	int ret = lib_read_internal(c, buf, num, done);

	return ret < 0 ? 0 : ret;
}

INTERNAL int lib_write_internal(struct conn *c, const void *buf, size_t num, FLAGS_PARAM
				size_t *done)
{
	if (!c->handshake) {
		RAISE("ssl_write_internal", 276);
		return -1;
	}
	if (c->shutdown & 1) {
		c->state = 1;
		RAISE("ssl_write_internal", 207);
		return -1;
	}
	sink += (int)FLAGS;
	return c->method[4](c, buf, num, done);
}

int lib_write(struct conn *c, const void *buf, int num)
{
	size_t done;

	if (num < 0) {
		RAISE("SSL_write", 271);
		return -1;
	}
	int ret = lib_write_internal(c, buf, (size_t)num, FLAGS_ARG &done);

	if (ret > 0)
		ret = (int)done;
	return ret;
}

int lib_write_ex(struct conn *c, const void *buf, size_t num, size_t *done)
{
	int ret = lib_write_internal(c, buf, num, FLAGS_ARG done);

	return ret < 0 ? 0 : ret;
}
