/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/capture/openssl3.c user/capture/elf_frames.c user/capture/code.c */
/* A file that says it holds OpenSSL 3: what is found are different functions inside its code. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/openssl3.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(struct elf_file *e, const struct openssl3 *o)
{
	u8 byte;

	if (o->cnt < 2 || o->cnt > OPENSSL3_FUNCTIONS_MAX)
		abort();
	for (size_t i = 0; i < o->cnt; i++) {
		if (elf_read_text(e, o->function[i].vaddr, &byte, 1) != 1)
			abort();
		for (size_t k = 0; k < i; k++) {
			if (o->function[i].vaddr == o->function[k].vaddr)
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct openssl3 o;
	struct elf_file *e;
	const char *why;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!elf_open(fd, &e, &why)) {
		struct anchors *a;
		int err = anchors_new(e, &a);

		if (!err) {
			err = openssl3_find(e, a, &o);
			anchors_free(a);
			if (!err)
				check(e, &o);
		}
		if (err > 0)
			abort();
		elf_free(e);
	}
	close(fd);
	return 0;
}
