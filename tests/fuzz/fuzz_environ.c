/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/owner/environ.c */
/* Environments of other people's processes: what is kept of them is short and clean. */
#include <stdlib.h>

#include "base/limits.h"
#include "owner/environ.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(struct str kept)
{
	if (kept.n > OWNER_TAG_BYTES_MAX)
		abort();
	for (size_t i = 0; i < kept.n; i++)
		if ((u8)kept.p[i] < ' ' || kept.p[i] == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct arena *arena = arena_new(64u << 10);
	struct environ_facts facts;

	if (!arena)
		abort();
	environ_parse((struct str){(const char *)data, size}, arena, &facts);
	for (int t = 0; t < ENVIRON_TAG_MAX; t++) {
		if (!environ_tag_key((enum environ_tag)t).n)
			abort();
		check(facts.tag[t]);
	}
	check(facts.session_id);
	arena_free(arena);
	return 0;
}
