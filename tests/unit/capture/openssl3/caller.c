/* SPDX-License-Identifier: Apache-2.0 */
/* The rest of a program around library.c, in a unit of its own so that nothing is inlined. */
#include <stddef.h>

struct conn;

int lib_read(struct conn *c, void *buf, int num);
int lib_read_ex(struct conn *c, void *buf, size_t num, size_t *done);
int lib_write(struct conn *c, const void *buf, int num);
int lib_write_ex(struct conn *c, const void *buf, size_t num, size_t *done);
struct conn *lib_new(void *context);
void err_new(void);
void err_set_debug(const char *file, int line, const char *fn);
void err_set_error(int lib, int reason, const char *fmt);
__attribute__((visibility("default"))) int caller(int which, struct conn *c, void *buf, int num);
void _start(void);

volatile int sink;

void err_new(void)
{
	sink++;
}

void err_set_debug(const char *file, int line, const char *fn)
{
	sink += file[0] + line + fn[0];
}

void err_set_error(int lib, int reason, const char *fmt)
{
	sink += lib + reason + (fmt != NULL);
}

int caller(int which, struct conn *c, void *buf, int num)
{
	size_t done = 0;
	int ret = 0;

	/* names alone, as a tracer has them, mean nothing */
	static const char *volatile const names[] = { "ssl_read_internal", "SSL_write" };

	ret += names[which & 1][0];
#ifdef ONLY_EX			/* Rust's openssl crate */
	if (which & 2)
		ret += lib_read_ex(c, buf, (size_t)num, &done);
	if (which & 4)
		ret += 5 * lib_write_ex(c, buf, (size_t)num, &done);
#else
	if (which & 2)
		ret += 2 * lib_read(c, buf, num) + lib_read_ex(c, buf, (size_t)num, &done);
	if (which & 4)
		ret += 5 * lib_write(c, buf, num) + lib_write_ex(c, buf, (size_t)num, &done);
#endif
	ret += lib_new(buf) == c;
	return ret + sink + (int)done;
}

void _start(void)
{
	for (;;)
		caller(sink, NULL, NULL, 1);
}
