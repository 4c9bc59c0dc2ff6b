/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of the wire that become protobuf strings must be UTF-8 whatever they were; a collector's
 * Retry-After must be a bounded time. The first byte chooses.
 *
 * covers: user/sink/otlp_text.c
 */
#include <stdlib.h>

#include "sink/otlp_text.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* Decodes from the left, in another way than the code under test. */
static void check_utf8(const unsigned char *p)
{
	while (*p) {
		unsigned int code = *p, more = 0, least = 0;

		if (code >= 0xf8 || (code & 0xc0) == 0x80)
			abort();
		if (code >= 0x80) {
			more = code >= 0xf0 ? 3 : code >= 0xe0 ? 2 : 1;
			least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
			code &= 0x3fu >> more;
		}
		for (p++; more; more--, p++) {
			if ((*p & 0xc0) != 0x80)
				abort();
			code = code << 6 | (*p & 0x3f);
		}
		if (code < least || code > 0x10ffff || code >> 11 == 0x1b)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct arena *a;
	struct str text;
	char *out;

	if (!size)
		return 0;
	text = (struct str){(const char *)data + 1, size - 1};
	if (data[0] & 1) {
		if (otlp_retry_after(text, 1795309323000000000ull) > 3600000)
			abort();
		return 0;
	}
	a = arena_new(4 * size + 64);
	out = otlp_text(a, text);
	if (!out || strlen(out) < text.n / 4)
		abort();
	check_utf8((const unsigned char *)out);
	arena_free(a);
	return 0;
}
