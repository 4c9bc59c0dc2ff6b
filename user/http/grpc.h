/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gRPC body (application/grpc, and grpc-web): one unit per message, uncompressed.
 *
 *	u8 flags: 1 compressed, 0x80 trailers (grpc-web) | u32 length | message
 *
 * Compressed messages are undone by the coding that `grpc-encoding` names; one that is not known,
 * or broken, makes a broken unit without bytes (http.grpc.undecoded). Trailers are no unit. A
 * message's bytes go out as they come. After lost bytes nothing tells where a message starts: the
 * body is over.
 */
#ifndef TOLLTAP_HTTP_GRPC_H
#define TOLLTAP_HTTP_GRPC_H

#include "http/coding.h"
#include "http/units.h"

struct grpc {
	enum coding_kind kind;		/* of grpc-encoding, set by the user */
	struct coding *coding;		/* made with the first compressed message */
	bool is_over;			/* nothing more can be told */
	bool is_compressed;		/* this message */
	bool is_trailers;
	u8 prefix_n;
	u8 prefix[5];
	u32 left;			/* of this message */
};

/* zeroed at first, but for kind */
void grpc_feed(struct grpc *g, const u8 *p, size_t n, struct units *to);
void grpc_gap(struct grpc *g, struct units *to);
void grpc_end(struct grpc *g, bool is_complete, struct units *to);
void grpc_fini(struct grpc *g);

#endif
