/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a gRPC body: five bytes that say how long it is, then the message. */
#include "http/grpc.h"

#include "base/limits.h"
#include "base/stats.h"

#define GRPC_COMPRESSED 1
#define GRPC_TRAILERS 0x80

static void grpc_decoder_free(struct grpc *g)
{
	coding_free(g->coding);
	g->coding = NULL;
}

void grpc_fini(struct grpc *g)
{
	grpc_decoder_free(g);
}

static void grpc_undecoded(struct grpc *g, struct units *to)
{
	stats_add(STAT_HTTP_GRPC_UNDECODED, 1);
	units_finish(to, UNIT_BROKEN);
	grpc_decoder_free(g);
}

static void grpc_message_end(struct grpc *g, struct units *to)
{
	/* what is open and compressed has not failed: it must have come to its own end */
	if (to->in_unit && g->is_compressed && !(g->coding && coding_is_complete(g->coding)))
		grpc_undecoded(g, to);
	units_finish(to, UNIT_END);
	/* one gzip member follows another; zlib streams have to start anew */
	if (g->kind != CODING_GZIP)
		grpc_decoder_free(g);
	g->prefix_n = 0;
}

static size_t grpc_prefix(struct grpc *g, u8 c, struct units *to)
{
	u8 flags = g->prefix[0];

	g->prefix[g->prefix_n++] = c;
	if (g->prefix_n < sizeof(g->prefix))
		return 1;
	g->left = (u32)g->prefix[1] << 24 | (u32)g->prefix[2] << 16 | (u32)g->prefix[3] << 8 | c;
	g->is_compressed = flags & GRPC_COMPRESSED;
	g->is_trailers = flags & GRPC_TRAILERS;
	if (flags & ~(GRPC_COMPRESSED | GRPC_TRAILERS) || g->left > HTTP_GRPC_MESSAGE_MAX) {
		stats_add(STAT_HTTP_GRPC_BAD, 1);
		g->is_over = true;
		return 1;
	}
	if (!g->is_trailers)
		units_begin(to, 0, STR(""));
	if (g->left == 0) {
		g->is_compressed = false;
		grpc_message_end(g, to);
	}
	return 1;
}

static void grpc_decoded(void *arg, const u8 *p, size_t n)
{
	units_data(arg, p, n);
}

static void grpc_inflate(struct grpc *g, const u8 *p, size_t n, struct units *to)
{
	const char *why;

	if (!g->coding && g->kind != CODING_UNKNOWN && g->kind != CODING_IDENTITY)
		g->coding = coding_new(g->kind);
	if (!g->coding || coding_feed(g->coding, p, n, grpc_decoded, to, &why))
		grpc_undecoded(g, to);
}

static size_t grpc_message(struct grpc *g, const u8 *p, size_t n, struct units *to)
{
	size_t take = n < g->left ? n : g->left;

	if (to->in_unit && g->is_compressed)
		grpc_inflate(g, p, take, to);
	else if (to->in_unit)
		units_data(to, p, take);
	g->left -= (u32)take;
	if (g->left == 0)
		grpc_message_end(g, to);
	return take;
}

void grpc_feed(struct grpc *g, const u8 *p, size_t n, struct units *to)
{
	for (size_t at = 0; at < n && !g->is_over;)
		at += g->prefix_n < sizeof(g->prefix) ? grpc_prefix(g, p[at], to) :
							grpc_message(g, p + at, n - at, to);
}

void grpc_gap(struct grpc *g, struct units *to)
{
	units_finish(to, UNIT_BROKEN);
	g->is_over = true;
}

void grpc_end(struct grpc *g, bool is_complete, struct units *to)
{
	units_finish(to, UNIT_BROKEN);		/* a message that is whole was ended by itself */
}
