/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS event stream (application/vnd.amazon.eventstream): one unit per frame.
 *
 *	u32 total | u32 header bytes | u32 crc of both | headers | payload | u32 crc of all before
 *
 * The unit's name is the value of :event-type, or of :exception-type (:error-code) where
 * :message-type says that the frame is no event (UNIT_F_EXCEPTION); its bytes are the payload as it
 * is. They go out as they come: a frame whose own checksum then fails ends broken. Holds the
 * frame's first twelve bytes and its name. After lost bytes, and behind a broken frame, the next
 * place is looked for where those twelve are plausible and their checksum fits.
 */
#ifndef TOLLTAP_HTTP_EVENTSTREAM_H
#define TOLLTAP_HTTP_EVENTSTREAM_H

#include "base/limits.h"
#include "http/units.h"

#define EVENTSTREAM_PRELUDE_BYTES 12

struct eventstream {
	u8 state;
	bool is_lost;			/* the prelude has to be found, not merely read */
	bool is_exception;		/* by its :message-type */
	u8 held_n;
	u8 held[EVENTSTREAM_PRELUDE_BYTES];
	u8 header;			/* enum eventstream_header, of the one being read */
	u8 name_n;			/* of the frame */
	char name[HTTP_UNIT_NAME_MAX];
	u32 crc;
	u32 header_left;		/* bytes of all headers */
	u32 item_left;			/* of the name or value being read */
	u32 item_n;			/* of it, seen */
	u32 payload_left;
	char item[16];			/* its beginning: header names, message types */
};

/* zeroed at first */
void eventstream_feed(struct eventstream *e, const u8 *p, size_t n, struct units *to);
void eventstream_gap(struct eventstream *e, struct units *to);
void eventstream_end(struct eventstream *e, bool is_complete, struct units *to);

#endif
