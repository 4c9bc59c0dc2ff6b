/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/capture/ringcrypto.c */
/* A file that says it holds ring, through all that a target is made of. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/ringcrypto.h"
#include "capture/target.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct ringcrypto r;
	struct target t;
	struct elf_file *e;
	const char *why;
	u64 offset;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!elf_open(fd, &e, &why)) {
		int err = ringcrypto_find(e, &r);

		if (err > 0)
			abort();
		if (!err && (r.seal == r.open || elf_text_offset(e, r.seal, &offset) ||
			     elf_text_offset(e, r.open, &offset)))
			abort();
		elf_free(e);
	}
	if (target_classify(fd, &t) > 0)
		abort();
	close(fd);
	return 0;
}
