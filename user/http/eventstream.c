/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames of an AWS event stream, as they come:
 *
 *	PRELUDE --checksum fits--> NAME_LEN -> NAME -> TYPE -> VALUE_LEN -> VALUE --+
 *	  ^  ^ \--it does not: slides on,   ^ \                                     |
 *	  |  |     byte by byte             | +--headers over--> PAYLOAD -> CRC     |
 *	  |  +------------------------------+------------------------------/       |
 *	  |                                 +---------------------------------------+
 *
 * A header is u8 name length, name, u8 type, value; a type's value has a fixed size, or for bytes
 * (6) and strings (7) a u16 length before it.
 */
#include "http/eventstream.h"

#include <zlib.h>

#include "base/stats.h"

#define PRELUDE EVENTSTREAM_PRELUDE_BYTES
#define FRAME_REST (PRELUDE + 4)		/* of a frame beside headers and payload */

enum eventstream_state {
	EVENT_PRELUDE,
	EVENT_NAME_LEN,
	EVENT_NAME,
	EVENT_TYPE,
	EVENT_VALUE_LEN,
	EVENT_VALUE,
	EVENT_SKIP,		/* headers that make no sense: their end is known */
	EVENT_PAYLOAD,
	EVENT_CRC,
};

enum eventstream_header {
	HEADER_OTHER,
	HEADER_EVENT_TYPE,
	HEADER_EXCEPTION_TYPE,
	HEADER_ERROR_CODE,
	HEADER_MESSAGE_TYPE,
};

static u32 read_u32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/* --- the frame's first bytes --- */

static bool prelude_fits(const u8 *p)
{
	u32 total = read_u32(p), headers = read_u32(p + 4);

	return total >= FRAME_REST && total <= HTTP_EVENTSTREAM_FRAME_MAX &&
	       headers <= total - FRAME_REST && crc32(0, p, 8) == read_u32(p + 8);
}

static size_t event_prelude(struct eventstream *e, const u8 *p, size_t n)
{
	size_t take = PRELUDE - e->held_n;

	take = n < take ? n : take;
	memcpy(e->held + e->held_n, p, take);
	e->held_n = (u8)(e->held_n + take);
	if (e->held_n < PRELUDE)
		return take;
	if (!prelude_fits(e->held)) {
		if (!e->is_lost)
			stats_add(STAT_HTTP_EVENTSTREAM_BAD, 1);
		e->is_lost = true;
		stats_add(STAT_HTTP_UNIT_LOST_BYTES, 1);
		memmove(e->held, e->held + 1, --e->held_n);
		return take;
	}

	struct eventstream fresh = {.state = EVENT_NAME_LEN};

	fresh.header_left = read_u32(e->held + 4);
	fresh.payload_left = read_u32(e->held) - fresh.header_left - FRAME_REST;
	fresh.crc = (u32)crc32(0, e->held, PRELUDE);
	*e = fresh;
	return take;
}

/* --- headers --- */

static void header_item(struct eventstream *e, u8 state, u32 n)
{
	e->state = n <= e->header_left ? state : EVENT_SKIP;
	e->item_left = n;
	e->item_n = 0;
}

static void header_name_done(struct eventstream *e)
{
	static const struct {
		struct str name;
		enum eventstream_header header;
	} known[] = {
		{{":event-type", 11}, HEADER_EVENT_TYPE},
		{{":exception-type", 15}, HEADER_EXCEPTION_TYPE},
		{{":error-code", 11}, HEADER_ERROR_CODE},
		{{":message-type", 13}, HEADER_MESSAGE_TYPE},
	};

	e->header = HEADER_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].name.n == e->item_n && !memcmp(e->item, known[i].name.p, e->item_n))
			e->header = known[i].header;
	e->state = EVENT_TYPE;
}

static void header_type(struct eventstream *e, u8 type)
{
	/* true, false, byte, short, int, long, -, -, timestamp, uuid */
	static const u8 sizes[] = {0, 0, 1, 2, 4, 8, 0, 0, 8, 16};

	if (type != 7)
		e->header = HEADER_OTHER;
	if (type == 6 || type == 7)
		header_item(e, EVENT_VALUE_LEN, 2);
	else if (type >= ARRAY_LEN(sizes))
		e->state = EVENT_SKIP;
	else
		header_item(e, sizes[type] ? EVENT_VALUE : EVENT_NAME_LEN, sizes[type]);
}

/* A part of the value of a header that names the frame. */
static void header_name_value(struct eventstream *e, const u8 *p, size_t n)
{
	if (e->item_n == 0)
		e->name_n = 0;

	size_t room = sizeof(e->name) - e->name_n;

	n = n < room ? n : room;
	memcpy(e->name + e->name_n, p, n);
	e->name_n = (u8)(e->name_n + n);
}

static void header_value_done(struct eventstream *e)
{
	if (e->header == HEADER_MESSAGE_TYPE)
		e->is_exception = e->item_n != 5 || memcmp(e->item, "event", 5) != 0;
	e->state = EVENT_NAME_LEN;
}

static void header_item_done(struct eventstream *e)
{
	if (e->state == EVENT_NAME)
		header_name_done(e);
	else if (e->state == EVENT_VALUE)
		header_value_done(e);
	else
		header_item(e, EVENT_VALUE, (u32)(u8)e->item[0] << 8 | (u8)e->item[1]);
	if (e->state == EVENT_VALUE && e->item_left == 0)
		header_value_done(e);
}

/* A part of a name, a value or a value's length. */
static size_t header_bytes(struct eventstream *e, const u8 *p, size_t n)
{
	size_t take = n < e->item_left ? n : e->item_left;
	size_t room = e->item_n < sizeof(e->item) ? sizeof(e->item) - e->item_n : 0;

	if (room)
		memcpy(e->item + e->item_n, p, take < room ? take : room);
	if (e->state == EVENT_VALUE && e->header != HEADER_OTHER &&
	    e->header != HEADER_MESSAGE_TYPE)
		header_name_value(e, p, take);
	e->item_n += (u32)take;
	e->item_left -= (u32)take;
	if (e->item_left == 0)
		header_item_done(e);
	return take;
}

static size_t header_step(struct eventstream *e, const u8 *p, size_t n)
{
	switch (e->state) {
	case EVENT_NAME_LEN:
		header_item(e, *p ? EVENT_NAME : EVENT_SKIP, *p);
		return 1;
	case EVENT_TYPE:
		header_type(e, *p);
		return 1;
	case EVENT_SKIP:
		return n;
	default:
		return header_bytes(e, p, n);
	}
}

static size_t event_headers(struct eventstream *e, const u8 *p, size_t n)
{
	size_t at = 0;

	n = n < e->header_left ? n : e->header_left;
	while (at < n) {
		size_t taken = header_step(e, p + at, n - at);

		at += taken;
		e->header_left -= (u32)taken;
		if (e->item_left > e->header_left)
			e->state = EVENT_SKIP;
	}
	e->crc = (u32)crc32(e->crc, p, (uInt)n);
	return n;
}

/* --- frames --- */

static size_t event_payload(struct eventstream *e, const u8 *p, size_t n, struct units *to)
{
	n = n < e->payload_left ? n : e->payload_left;
	units_data(to, p, n);
	e->crc = (u32)crc32(e->crc, p, (uInt)n);
	e->payload_left -= (u32)n;
	return n;
}

static size_t event_crc(struct eventstream *e, const u8 *p, struct units *to)
{
	e->held[e->held_n++] = *p;
	if (e->held_n < 4)
		return 1;

	bool is_good = read_u32(e->held) == e->crc;

	if (!is_good)
		stats_add(STAT_HTTP_EVENTSTREAM_BAD, 1);
	units_finish(to, is_good ? UNIT_END : UNIT_BROKEN);
	*e = (struct eventstream){.is_lost = !is_good};
	return 1;
}

static size_t event_step(struct eventstream *e, const u8 *p, size_t n, struct units *to)
{
	if (e->state == EVENT_PRELUDE)
		return event_prelude(e, p, n);
	if (e->state < EVENT_PAYLOAD && e->header_left)
		return event_headers(e, p, n);
	if (e->state < EVENT_PAYLOAD) {
		units_begin(to, e->is_exception ? UNIT_F_EXCEPTION : 0,
			    (struct str){e->name, e->name_n});
		e->state = e->payload_left ? EVENT_PAYLOAD : EVENT_CRC;
		return 0;
	}
	if (e->state == EVENT_PAYLOAD) {
		size_t taken = event_payload(e, p, n, to);

		if (e->payload_left == 0)
			e->state = EVENT_CRC;
		return taken;
	}
	return event_crc(e, p, to);
}

void eventstream_feed(struct eventstream *e, const u8 *p, size_t n, struct units *to)
{
	for (size_t at = 0; at < n;)
		at += event_step(e, p + at, n - at, to);
}

void eventstream_gap(struct eventstream *e, struct units *to)
{
	units_finish(to, UNIT_BROKEN);
	*e = (struct eventstream){.is_lost = true};
}

void eventstream_end(struct eventstream *e, bool is_complete, struct units *to)
{
	units_finish(to, UNIT_BROKEN);		/* a frame that is whole was ended by itself */
}
