/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/capture/openssl3.c user/capture/elf_frames.c user/capture/code.c */
/* A file that says it holds OpenSSL 3: what is found are different functions inside its code. */
#include "capture/openssl3.h"
#include "located_run.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static int find(struct elf_file *e, struct anchors *a)
{
	u64 vaddr[OPENSSL3_FUNCTIONS_MAX];
	struct openssl3 o;
	int err = openssl3_find(e, a, &o);

	if (err)
		return err;
	located_must(o.cnt >= 2 && o.cnt <= OPENSSL3_FUNCTIONS_MAX);
	for (size_t i = 0; i < o.cnt; i++) {
		vaddr[i] = o.function[i].vaddr;
		located_must(vaddr[i]);
	}
	located_check(e, vaddr, o.cnt);
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	located_run(data, size, find);
	return 0;
}
