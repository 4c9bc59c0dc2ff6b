/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content codings. Input: the coding, where to cut, then the coded bytes. Output stays in
 * proportion, and does not depend on cuts unless decoding fails.
 *
 * covers: user/http/coding.c
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "http/coding.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct run {
	int err;
	u64 n, hash;
};

static void on_out(void *arg, const u8 *p, size_t n)
{
	struct run *r = arg;

	for (size_t i = 0; i < n; i++)
		r->hash = (r->hash ^ p[i]) * 0x100000001b3ull;
	r->n += n;
}

static struct run run(enum coding_kind kind, const u8 *p, size_t n, size_t cut)
{
	struct coding *c = coding_new(kind);
	struct run r = {.err = 0};
	u64 in = n;

	while (n && !r.err) {
		const char *why = NULL;
		size_t piece = cut && cut < n ? cut : n;
		u8 *copy = malloc(piece);

		memcpy(copy, p, piece);
		r.err = coding_feed(c, copy, piece, on_out, &r, &why);
		if ((r.err != 0) != (why != NULL))
			abort();
		free(copy);
		p += piece;
		n -= piece;
	}
	if (r.n > HTTP_RATIO_FREE + (in + 1) * HTTP_RATIO_MAX)
		abort();
	coding_is_complete(c);
	coding_free(c);
	return r;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (size < 2)
		return 0;
	coding_kind_of((struct str){(const char *)data + 2, size - 2});

	enum coding_kind kind = (enum coding_kind)(data[0] % (CODING_UNKNOWN + 1));
	struct run whole = run(kind, data + 2, size - 2, 0);
	struct run cut = run(kind, data + 2, size - 2, data[1]);

	if (!whole.err && !cut.err && (whole.n != cut.n || whole.hash != cut.hash))
		abort();
	return 0;
}
