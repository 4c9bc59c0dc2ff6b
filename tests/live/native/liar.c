/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with functions that raise OpenSSL's errors under OpenSSL's names and do something else:
 * they say that more was moved than there was room for. Linked with tests/unit/capture/openssl3.
 */
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

struct conn {
	int (*const *method)(struct conn *c, const void *buf, size_t n, size_t *done);
	void *handshake;
	int shutdown;
	int state;
};

int lib_read_ex(struct conn *c, void *buf, size_t num, size_t *done);
int lib_write_ex(struct conn *c, const void *buf, size_t num, size_t *done);
struct conn *lib_new(void *context);

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

static int lie(struct conn *c, const void *buf, size_t n, size_t *done)
{
	*done = n + 1000;
	return 1;
}

int main(void)
{
	int (*const method[])(struct conn *c, const void *buf, size_t n, size_t *done) = {
		lie, lie, lie, lie, lie,
	};
	struct conn *c = lib_new(&sink);
	char buf[64] = "GET / HTTP/1.1\r\n\r\n";
	size_t done;

	c->method = method;
	for (int i = 0; i < 40; i++) {
		lib_write_ex(c, buf, sizeof(buf), &done);
		lib_read_ex(c, buf, sizeof(buf), &done);
		usleep(25000);
	}
	puts("done");
	return 0;
}
