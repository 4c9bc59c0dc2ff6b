/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole HTTP/1 connection (http_run.h); one that turns into HTTP/2 is left to fuzz_h2.
 *
 * covers: user/http/http.c user/http/switch.c user/http/side.c user/http/resync.c
 * covers: user/http/pair.c user/http/exchange.c user/http/content.c user/http/h1.c
 * covers: user/http/body.c user/http/detect.c user/http/hold.c
 * covers: user/http/websocket.c
 */
#include "http_run.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	http_run(data, size, false);
	return 0;
}
