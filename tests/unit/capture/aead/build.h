/* SPDX-License-Identifier: Apache-2.0 */
/* Builds library.c into a file whose symbols say what must be found. */
#ifndef TOLLTAP_TEST_AEAD_BUILD_H
#define TOLLTAP_TEST_AEAD_BUILD_H

#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture/elf.h"

#define SHARED "-shared -fPIC -Wl,-z,lazy "
#define FIXED "-no-pie -fno-pie -static "
#define FRAMELESS "-fno-asynchronous-unwind-tables -fno-unwind-tables "

/* An open descriptor of the file; its symbols, where names are given. */
static inline int build(const char *compiler, const char *flags, const char *const names[],
			size_t cnt, struct elf_symbol ret[])
{
	char path[] = "/tmp/tolltap-aead-XXXXXX", command[1024];
	const char *why;
	struct elf_file *e;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command),
		 "%s -w -nostdlib -fno-stack-protector -fvisibility=hidden -Wl,--build-id=none "
		 "-Wl,--eh-frame-hdr %s -o %s tests/unit/capture/aead/library.c",
		 compiler, flags, path);
	int status = system(command);

	fd = open(path, O_RDWR | O_CLOEXEC);
	unlink(path);
	if (status)
		fail_msg("%s: %d", command, status);
	if (cnt) {
		assert_int_equal(elf_open(fd, &e, &why), 0);
		assert_int_equal(elf_find_symbols(e, ELF_SYMTAB, names, cnt, ret), 0);
		elf_free(e);
	}
	return fd;
}

#endif
