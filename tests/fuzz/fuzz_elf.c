/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile ELF file: a probe lies inside the file, and an answer is whole or absent.
 *
 * covers: user/capture/elf.c user/capture/elf_names.c user/capture/target.c
 * covers: user/capture/locate.c user/capture/openssl_symbols.c
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/target.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(const struct target *t, size_t size)
{
	if (!t->probe_cnt || t->probe_cnt > TARGET_PROBES_MAX ||
	    t->build_id_len > ELF_BUILD_ID_MAX)
		abort();
	for (size_t i = 0; i < t->probe_cnt; i++) {
		if (t->probe[i].offset >= size || t->probe[i].redirected >= size ||
		    t->probe[i].fn <= PROBE_NONE || t->probe[i].fn >= PROBE_FN_MAX)
			abort();
		for (size_t k = 0; k < i; k++) {
			if (t->probe[i].offset == t->probe[k].offset)
				abort();
		}
	}
}

static void on_relative(void *arg, u64 slot, u64 value)
{
	(void)slot;
	(void)value;
	++*(size_t *)arg;
}

/* Tables that locators read. */
static void walk(struct elf_file *e, size_t size)
{
	u64 vaddr, offset, bytes;
	size_t cnt = 0;

	elf_walk_relative(e, on_relative, &cnt);
	if (cnt > size)
		abort();
	if (!elf_frame_header(e, &vaddr, &offset, &bytes))
		return;
	if (offset > size || bytes > size - offset)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct target target, again;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!target_classify(fd, &target)) {
		check(&target, size);
		target_worst_class(&target);
		/* with a build-id it is the same build as itself */
		if (target_is_same_build(fd, &target, &again) != (target.build_id_len > 0))
			abort();
	}
	/* the vaddr of every offset is one whose offset it is */
	struct elf_file *e;
	const char *why;
	u64 vaddr, offset;

	if (!elf_open(fd, &e, &why)) {
		for (u64 at = 0; at < size; at += 64) {
			if (!elf_text_vaddr(e, at, &vaddr) && elf_text_offset(e, vaddr, &offset))
				abort();
		}
		walk(e, size);
		elf_free(e);
	}
	close(fd);
	return 0;
}
