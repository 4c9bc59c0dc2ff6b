/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile Go program: functions lie in order inside of executable code, and probes inside the
 * file.
 *
 * covers: user/capture/gopclntab.c user/capture/go.c
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/gopclntab.h"
#include "capture/locate.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check_functions(struct elf_file *e)
{
	static const char *const name[] = { "crypto/tls.(*Conn).Read", "main.main" };
	struct go_function f[2];
	u64 offset;

	if (go_find_functions(e, name, 2, f))
		return;
	for (size_t i = 0; i < 2; i++)
		if (f[i].is_found && f[i].end <= f[i].start)
			abort();
	if (!f[0].is_found && f[0].start)
		abort();
	/* an address of its own need not be inside of the file; then there is no probe */
	elf_text_offset(e, f[0].start, &offset);
}

static void check_probes(struct elf_file *e, size_t size)
{
	struct target t = { 0 };

	if (locate_go(e, &t))
		return;
	if (!t.probe_cnt || t.probe_cnt > TARGET_PROBES_MAX)
		abort();
	for (size_t i = 0; i < t.probe_cnt; i++)
		if (t.probe[i].offset >= size || t.probe[i].stack != STACK_GO)
			abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct elf_file *e;
	const char *why;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!elf_open(fd, &e, &why)) {
		check_functions(e);
		check_probes(e, size);
		elf_free(e);
	}
	close(fd);
	return 0;
}
