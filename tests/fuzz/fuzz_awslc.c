/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/capture/awslc.c */
/* A file that says it holds AWS-LC: what is found are two functions inside its code. */
#include "capture/awslc.h"
#include "located_run.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static int find(struct elf_file *e, struct anchors *a)
{
	struct awslc w;
	int err = awslc_find(e, a, &w);

	if (err)
		return err;
	located_must(w.seal && w.open);
	located_check(e, (const u64[]){w.seal, w.open}, 2);
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	located_run(data, size, find);
	return 0;
}
