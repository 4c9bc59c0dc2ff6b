/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a file that says it holds a TLS library, for the targets of what locates one. */
#ifndef TESTS_FUZZ_LOCATED_RUN_H
#define TESTS_FUZZ_LOCATED_RUN_H

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/anchors.h"
#include "capture/elf.h"

static inline void located_must(bool is)
{
	if (!is)
		abort();
}

/* The addresses that are not 0 are different ones, inside the file's code. */
static inline void located_check(struct elf_file *e, const u64 *vaddr, size_t n)
{
	u8 byte;

	for (size_t i = 0; i < n; i++) {
		located_must(!vaddr[i] || elf_read_text(e, vaddr[i], &byte, 1) == 1);
		for (size_t k = 0; k < i; k++)
			located_must(!vaddr[i] || vaddr[i] != vaddr[k]);
	}
}

/* find: 0 or a negative number, as the locators return it */
static inline void located_run(const u8 *data, size_t size,
			       int (*find)(struct elf_file *e, struct anchors *a))
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct elf_file *e;
	const char *why;

	located_must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (!elf_open(fd, &e, &why)) {
		struct anchors *a;
		int err = anchors_new(e, &a);

		if (!err) {
			err = find(e, a);
			anchors_free(a);
		}
		located_must(err <= 0);
		elf_free(e);
	}
	close(fd);
}

#endif
