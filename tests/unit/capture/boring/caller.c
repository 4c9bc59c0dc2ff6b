/* SPDX-License-Identifier: Apache-2.0 */
/* The rest of a program around library.c, in a unit of its own so that nothing is inlined. */
#include <stddef.h>

struct conn;

int lib_read(struct conn *c, void *buf, int num);
int lib_peek(struct conn *c, void *buf, int num);
int lib_write(struct conn *c, const void *buf, int num);
int lib_key_update(struct conn *c, int kind);
struct conn *lib_new(void *context);
void put_error(int library, int unused, int reason, const char *file, unsigned int line);
void *memcpy(void *dst, const void *src, size_t n);
__attribute__((visibility("default"))) int caller(int which, struct conn *c, void *buf, int num);
void _start(void);

volatile int sink;
#ifdef GO
__attribute__((used, section(".gopclntab"))) static const char table[] = "of a Go program";
#endif

void put_error(int library, int unused, int reason, const char *file, unsigned int line)
{
	sink += library + unused + reason + (int)line + file[0];
}

void *memcpy(void *dst, const void *src, size_t n)
{
	for (volatile size_t i = 0; i < n; i++)
		((char *)dst)[i] = ((const char *)src)[i];
	return dst;
}

int caller(int which, struct conn *c, void *buf, int num)
{
	int ret = 0;

#ifdef MANY
	static const char *volatile const many[] = {
#define ONE(n) n "/ssl/ssl_lib.c"
#define FOUR(n) ONE(n "1"), ONE(n "2"), ONE(n "3"), ONE(n "4")
		FOUR("a"), FOUR("b"), FOUR("c"), FOUR("d"),
		FOUR("e"), FOUR("f"), FOUR("g"), FOUR("h"),
	};

	sink += many[which][0];
#endif
#ifndef QUIET
	ret += lib_new(buf) == c;
	if (which == 0)
		ret += lib_read(c, buf, num);
#ifdef HAS_PEEK
	if (which == 1)
		ret += 2 * lib_peek(c, buf, num);
#endif
	if (which == 2)
		ret += 3 * lib_write(c, buf, num);
	if (which == 3)
		ret += 4 * lib_key_update(c, num);
#endif
	return ret + sink;
}

void _start(void)
{
	for (;;)
		caller(sink, NULL, NULL, 1);
}
