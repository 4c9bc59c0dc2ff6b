/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header blocks, against nghttp2's own session. Input: per block a length and its bytes. Both say
 * the same fields, or both refuse. A second reader that misses the first block says the same or
 * unknown, never something else.
 *
 * covers: user/http/hpack.c
 */
#include "hpack_session.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct hpack_session both;
	bool is_refused = false;

	hpack_session_init(&both);
	for (size_t at = 0; at < size && at < 4096;) {
		size_t n = data[at++];

		n = n < size - at ? n : size - at;
		/* a session is over with the first block it refuses; we go on */
		if (is_refused)
			hpack_feed(&both.hpack, data + at, n, true, hpack_session_field,
				   &both.ours);
		else
			is_refused = !hpack_session_block(&both, data + at, n);
		at += n;
	}
	hpack_session_fini(&both);
	return 0;
}
