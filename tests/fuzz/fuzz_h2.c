/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole HTTP/2 connection (http_run.h).
 *
 * covers: user/http/h2.c user/http/h2_block.c user/http/h2_stream.c user/http/h2_frame.c
 * covers: user/http/hpack.c
 */
#include "http_run.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	http_run(data, size, true);
	return 0;
}
