/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not linked into a test: compiled by test_boringssl.c in many ways. A library that raises errors
 * as BoringSSL does, under names of its own: the test knows from the symbols what must be found.
 */
#include <stddef.h>
#include <string.h>

struct span {
	const unsigned char *data;
	size_t size;
};

struct state {
	char head[0x80];
	struct span pending;
	int error;
	short room;
};

struct conn {
	int (*const *method)(struct conn *c, int *is_needed, size_t *written, const void *buf,
			     size_t n);
	void *handshake_fn;
	struct state *state;
	void *quic;
	void *context;
};

#ifdef JUNK
/* a linker may merge a string behind bytes that are none */
static const char junk[] = "\x01\xff\x80..//where/ssl/ssl_lib.cc";
#define NAME (junk + 3)
#endif
#ifndef NAME
#define NAME "../../some/where/boringssl/ssl/ssl_lib.cc"
#endif
#define ERROR(reason) put_error(16, 0, reason, NAME, __LINE__)

int lib_read(struct conn *c, void *buf, int num);
int lib_peek(struct conn *c, void *buf, int num);
int lib_write(struct conn *c, const void *buf, int num);
int lib_handshake(struct conn *c);
int lib_key_update(struct conn *c, int kind);
struct conn *lib_new(void *context);

extern volatile int sink;
void put_error(int library, int unused, int reason, const char *file, unsigned int line);

__attribute__((noinline)) static int open_record(struct conn *c)
{
	sink++;
	c->state->pending.data = (const unsigned char *)"abc";
	c->state->pending.size = 3;
	return sink;
}

__attribute__((noinline)) static void discard(struct state *s)
{
	sink += s->room;
}

#line 480
struct conn *lib_new(void *context)
{
	static struct conn one;

	if (!context) {
		ERROR(185);
		return NULL;
	}
	one.context = context;
	sink++;
	return &one;
}

#line 720
int lib_handshake(struct conn *c)
{
	c->state->error = 0;
	if (!c->handshake_fn) {
		ERROR(134);
		return -1;
	}
	sink++;
	return open_record(c);
}

#line 830
__attribute__((noinline)) static int read_impl(struct conn *c)
{
	c->state->error = 0;
	if (!c->handshake_fn) {
		ERROR(226);
		return -1;
	}
	while (!c->state->pending.size) {
		int ret = lib_handshake(c);

		if (ret < 0)
			return ret;
		if (!ret) {
			ERROR(215);
			return -1;
		}
		ret = open_record(c);
		if (ret <= 0)
			return ret;
	}
	return 1;
}

#line 910
int lib_read(struct conn *c, void *buf, int num)
{
	int ret = lib_peek(c, buf, num);

	if (ret <= 0)
		return ret;
	c->state->pending.data += ret;
	c->state->pending.size -= (size_t)ret;
	if (!c->state->pending.size)
		discard(c->state);
	return ret;
}

int lib_peek(struct conn *c, void *buf, int num)
{
	if (c->quic) {
		ERROR(66);
		return -1;
	}
	int ret = read_impl(c);

	if (ret <= 0)
		return ret;
	if (num <= 0)
		return num;
	size_t todo = c->state->pending.size;

	if ((size_t)num < todo)
		todo = (size_t)num;
	if (todo)
		memcpy(buf, c->state->pending.data, todo);
	return (int)todo;
}

#line 950
int lib_write(struct conn *c, const void *buf, int num)
{
	c->state->error = 0;
	if (c->quic) {
		ERROR(66);
		return -1;
	}
	if (!c->handshake_fn) {
		ERROR(226);
		return -1;
	}
	int ret = 0, is_needed = 0;
	size_t written = 0;

	do {
		if (!c->context) {
			ret = lib_handshake(c);
			if (ret < 0)
				return ret;
			if (!ret) {
				ERROR(215);
				return -1;
			}
		}
		if (num < 0) {
			ERROR(111);
			return -1;
		}
		ret = c->method[9](c, &is_needed, &written, buf, (size_t)num);
	} while (is_needed);
	return ret <= 0 ? ret : (int)written;
}

#line 1000
int lib_key_update(struct conn *c, int kind)
{
	c->state->error = kind;
	if (c->quic) {
		ERROR(66);
		return 0;
	}
	if (!c->handshake_fn) {
		ERROR(226);
		return 0;
	}
	return open_record(c);
}
