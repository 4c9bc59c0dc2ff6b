/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/capture/awslc.c */
/* A file that says it holds AWS-LC: what is found are two functions inside its code. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/awslc.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(struct elf_file *e, const struct awslc *w)
{
	u8 byte;

	if (w->seal == w->open || elf_read_text(e, w->seal, &byte, 1) != 1 ||
	    elf_read_text(e, w->open, &byte, 1) != 1)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct awslc w;
	struct elf_file *e;
	const char *why;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!elf_open(fd, &e, &why)) {
		struct anchors *a;
		int err = anchors_new(e, &a);

		if (!err) {
			err = awslc_find(e, a, &w);
			anchors_free(a);
			if (!err)
				check(e, &w);
		}
		if (err > 0)
			abort();
		elf_free(e);
	}
	close(fd);
	return 0;
}
