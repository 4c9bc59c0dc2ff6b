/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a decoded body into units: the whole, server-sent events, lines.
 *
 * Push parser that holds nothing but an event's name: a unit's bytes go out as they come, however
 * long it is. For that, an `event:` line behind the first `data:` line is too late to name its
 * event (no server writes them in that order). After lost bytes the open unit is broken; events and
 * lines go on at the next line that starts one, a whole body does not.
 */
#ifndef TOLLTAP_HTTP_FRAMING_H
#define TOLLTAP_HTTP_FRAMING_H

#include "base/limits.h"
#include "http/http.h"

struct framing {
	enum http_framing kind;
	u8 state;
	bool in_unit;
	bool is_after_cr;	/* a line feed now belongs to the line end before it */
	bool is_broken;		/* whole body: nothing more to say */
	bool may_be_events;	/* whole body, by its label: believe its first bytes instead */
	u8 field_n;
	u8 name_n;
	char field[8];		/* what has come of a field's name */
	char name[HTTP_SSE_NAME_MAX];
};

typedef void (*framing_unit_fn)(void *arg, enum unit_step step, struct str s);

void framing_init(struct framing *f, enum http_framing kind);
void framing_feed(struct framing *f, const u8 *p, size_t n, framing_unit_fn unit, void *arg);
void framing_gap(struct framing *f, bool is_policy, framing_unit_fn unit, void *arg);
/* is_complete: the message ended as it should; else an unfinished unit is broken */
void framing_end(struct framing *f, bool is_complete, framing_unit_fn unit, void *arg);

/* The framing that a content type asks for. */
enum http_framing framing_of(struct str content_type);

#endif
