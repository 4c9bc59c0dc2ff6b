/* SPDX-License-Identifier: Apache-2.0 */
/* Makes WebSocket frames for tests: masked or not, fragments, permessage-deflate. */
#ifndef TESTS_WS_BUILD_H
#define TESTS_WS_BUILD_H

#include <zlib.h>

#include "base/buf.h"

#define WS_FIN 0x80
#define WS_RSV1 0x40

struct ws_build {
	struct buf out;
	bool is_masked;
	z_stream z;		/* of the sender, from message to message */
};

void ws_build_init(struct ws_build *b, bool is_masked);
void ws_build_fini(struct ws_build *b);
/* first: FIN, RSV1 and opcode */
void ws_put_frame(struct ws_build *b, u8 first, struct str payload);
void ws_put_text(struct ws_build *b, const char *text);
/* One compressed text message in one frame. flush: Z_SYNC_FLUSH, or Z_FINISH (stream's end). */
void ws_put_deflated(struct ws_build *b, const char *text, int flush);
/* Its bytes alone, to be cut into fragments; the caller frees them. */
struct buf ws_deflate(struct ws_build *b, const char *text, int flush);

#endif
