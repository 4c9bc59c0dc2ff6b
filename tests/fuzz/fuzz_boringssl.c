/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/capture/boringssl.c user/capture/anchors.c user/capture/x86_walk.c */
/* A file that says it holds BoringSSL: what is found are different functions inside its code. */
#include "capture/boringssl.h"
#include "located_run.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static int find(struct elf_file *e, struct anchors *a)
{
	struct boringssl b;
	int err = boringssl_find(e, a, &b);

	if (err)
		return err;
	located_must(b.read && b.write);
	located_check(e, (const u64[]){b.read, b.write, b.peek, b.new}, 4);
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	located_run(data, size, find);
	return 0;
}
