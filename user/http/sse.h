/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events: one unit per event.
 *
 * Holds nothing but an event's name: a unit's bytes go out as they come, however long it is. For
 * that, an `event:` line behind the first `data:` line is too late to name its event (no server
 * writes them in that order). After lost bytes events go on at the next line that starts one.
 */
#ifndef TOLLTAP_HTTP_SSE_H
#define TOLLTAP_HTTP_SSE_H

#include "base/limits.h"
#include "http/units.h"

struct sse {
	u8 state;
	bool is_after_cr;	/* a line feed now belongs to the line end before it */
	u8 field_n;
	u8 name_n;
	char field[8];		/* what has come of a field's name */
	char name[HTTP_UNIT_NAME_MAX];
};

void sse_feed(struct sse *s, const u8 *p, size_t n, struct units *to);	/* zeroed at first */
void sse_gap(struct sse *s, struct units *to);
void sse_end(struct sse *s, bool is_complete, struct units *to);

#endif
