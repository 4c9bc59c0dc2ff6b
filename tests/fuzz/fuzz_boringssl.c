/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/capture/boringssl.c user/capture/anchors.c user/capture/x86_walk.c */
/* A file that says it holds BoringSSL: what is found are different functions inside its code. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/boringssl.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(struct elf_file *e, const struct boringssl *b)
{
	const u64 fn[] = { b->read, b->write, b->peek, b->new };
	u8 byte;

	for (size_t i = 0; i < 4; i++) {
		if (!fn[i] && i >= 2)
			continue;
		if (elf_read_text(e, fn[i], &byte, 1) != 1)
			abort();
		for (size_t k = 0; k < i; k++) {
			if (fn[i] == fn[k])
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct boringssl b;
	struct elf_file *e;
	const char *why;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!elf_open(fd, &e, &why)) {
		struct anchors *a;
		int err = anchors_new(e, &a);

		if (!err) {
			err = boringssl_find(e, a, &b);
			anchors_free(a);
			if (!err)
				check(e, &b);
		}
		if (err > 0)
			abort();
		elf_free(e);
	}
	close(fd);
	return 0;
}
