/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which function raises which errors; see the header. As AWS-LC 1.x has them:
 *
 *	seal		117, 103, 115		open		115, 101, 103 (104)
 *	seal_scatter	115, 112		open_gather	115, 104
 */
#include "capture/awslc.h"

#include <errno.h>
#include <stdlib.h>

#include "capture/code.h"

/* Reason codes of openssl/cipher.h. */
enum reason {
	REASON_BAD_DECRYPT = 101,
	REASON_BUFFER_TOO_SMALL = 103,
	REASON_ALIASES = 115,		/* CIPHER_R_OUTPUT_ALIASES_INPUT */
	REASON_TOO_LARGE = 117,
};

#define REASON_BASE 100			/* the lowest is a bit; 32 of them */
#define BIT(reason) (1u << ((reason) - REASON_BASE))
#define RAISERS_MAX 32			/* functions of aead.c that raise errors; 12 or so */

/* A function and the reasons that it raises. */
struct raiser {
	u64 start;
	u32 reasons;
};

struct finder {
	struct code code;
	struct raiser raiser[RAISERS_MAX];
	size_t cnt;
};

static struct raiser *raiser_get(struct finder *f, u64 start)
{
	for (size_t i = 0; i < f->cnt; i++) {
		if (f->raiser[i].start == start)
			return &f->raiser[i];
	}
	if (f->cnt == RAISERS_MAX)
		return NULL;
	f->raiser[f->cnt] = (struct raiser){ .start = start };
	return &f->raiser[f->cnt++];
}

static int find_raisers(struct finder *f, struct anchors *anchors)
{
	const struct anchor *a;
	size_t cnt = anchors_get(anchors, &a);

	for (size_t i = 0; i < cnt; i++) {
		u64 start;

		if (a[i].text != TEXT_AEAD || a[i].reason < REASON_BASE ||
		    a[i].reason >= REASON_BASE + 32)
			continue;
		int err = code_function_of(&f->code, a[i].at, &start);

		if (err)
			return err;
		struct raiser *r = start ? raiser_get(f, start) : NULL;

		if (start && !r)
			return -E2BIG;
		if (r)
			r->reasons |= BIT(a[i].reason);
	}
	return 0;
}

/* The only function with all these reasons and without that one; 0: none or several. */
static u64 only(const struct finder *f, u32 with, u32 without)
{
	u64 ret = 0;

	for (size_t i = 0; i < f->cnt; i++) {
		if ((f->raiser[i].reasons & with) != with || f->raiser[i].reasons & without)
			continue;
		if (ret)
			return 0;
		ret = f->raiser[i].start;
	}
	return ret;
}

int awslc_find(struct elf_file *e, struct anchors *a, struct awslc *ret)
{
	const u32 both = BIT(REASON_BUFFER_TOO_SMALL) | BIT(REASON_ALIASES);
	struct awslc found = { 0 };
	struct finder *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	code_init(&f->code, e, a);
	int err = find_raisers(f, a);

	if (!err) {
		found.seal = only(f, both | BIT(REASON_TOO_LARGE), BIT(REASON_BAD_DECRYPT));
		found.open = only(f, both | BIT(REASON_BAD_DECRYPT), BIT(REASON_TOO_LARGE));
		err = found.seal && found.open ? 0 : -ENOENT;
	}
	if (!err)
		err = code_is_entry(&f->code, found.seal);
	if (!err)
		err = code_is_entry(&f->code, found.open);
	free(f);
	if (!err)
		*ret = found;
	return err;
}
