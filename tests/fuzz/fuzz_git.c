/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/owner/git_text.c */
/* Files of other people's checkouts and /proc; the first byte says which reader gets the rest. */
#include <stdlib.h>

#include "owner/git_text.h"
#include "owner/proc.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check_ref(struct str ref)
{
	if (!str_starts(ref, STR("refs/")) || str_contains(ref, STR("..")) ||
	    str_contains(ref, STR("//")) || str_contains(ref, STR("/.")))
		abort();
}

static void check_commit(struct str commit)
{
	if (commit.n && commit.n != 40 && commit.n != 64)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct str ref = STR_NONE, commit = STR_NONE;
	struct proc_stat stat;

	if (!size)
		return 0;

	struct str text = {(const char *)data + 1, size - 1};

	switch (data[0] % 5) {
	case 0:
		if (git_text_head(text, &ref, &commit) && ref.n)
			check_ref(ref);
		check_commit(commit);
		break;
	case 1:
		git_text_gitdir(text);
		break;
	case 2:
		check_commit(git_text_packed(text, STR("refs/heads/main")));
		break;
	case 3:
		git_text_is_local(text, STR("/work/a b/src"));
		break;
	default:
		proc_parse_stat(text, &stat);
		break;
	}
	return 0;
}
