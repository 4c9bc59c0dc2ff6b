/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a decoded body into units (enum http_framing); each framing's parser has a file of its own.
 *
 * Push parser: a unit's bytes go out as they come, however long it is. After lost bytes the open
 * unit is broken; a stream of units goes on at the next one that can be told, a whole body does
 * not. FRAMING_ARRAY is a wish: a body that does not start like one is WHOLE, and says so in `kind`
 * before its first unit. When memory is out the body has no units (http.no_memory).
 */
#ifndef TOLLTAP_HTTP_FRAMING_H
#define TOLLTAP_HTTP_FRAMING_H

#include "http/units.h"

struct framing {
	enum http_framing kind;
	struct units to;
	bool is_lost;		/* whole body: over; lines: until the next one */
	bool may_differ;	/* whole body of a response: its first bytes outweigh its label */
	bool may_be_array;	/* whole body: its first byte tells */
	u8 head_n;
	char head[8];		/* of such a body, until it is told */
	void *parser;		/* of the framing's own kind */
};

/* What the message's head says about its units; absent values are fine. */
struct framing_label {
	bool is_response;
	struct str content_type;
	struct str grpc_encoding;
};

void framing_init(struct framing *f, enum http_framing kind, const struct framing_label *label);
void framing_fini(struct framing *f);		/* a zeroed one is fine */
void framing_feed(struct framing *f, const u8 *p, size_t n, unit_fn unit, void *arg);
void framing_gap(struct framing *f, bool is_policy, unit_fn unit, void *arg);
/* is_complete: the message ended as it should; else an unfinished unit is broken */
void framing_end(struct framing *f, bool is_complete, unit_fn unit, void *arg);

/* The framing that a content type asks for. */
enum http_framing framing_of(struct str content_type, enum http_dir dir);

/* Whether a response of this framing is a stream of events (EXCHANGE_F_STREAM). */
bool framing_is_stream(enum http_framing kind);

#endif
