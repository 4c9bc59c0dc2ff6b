/* SPDX-License-Identifier: Apache-2.0 */
/* A second copy of the library: nobody can tell which of them the program uses. */
#define lib_read other_read
#define lib_peek other_peek
#define lib_write other_write
#define lib_new other_new
#define lib_handshake other_handshake
#define lib_key_update other_key_update
#define NAME "another/ssl/ssl_lib.cc"
#include "library.c"

int other_caller(int which, struct conn *c, void *buf, int num);

__attribute__((visibility("default"))) int other_caller(int which, struct conn *c, void *buf,
							 int num)
{
	return which ? 1 + lib_read(c, buf, num) : 2 + lib_write(c, buf, num);
}
