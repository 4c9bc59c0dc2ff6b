/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A body that is one JSON array: one unit per element, as Gemini streams without alt=sse.
 *
 * Follows brackets and strings only; what an element is made of is its reader's business. Holds
 * nothing. After lost bytes elements go on at a comma that stands alone between two lines: Google
 * writes them so, and no JSON string holds a raw line feed.
 */
#ifndef TOLLTAP_HTTP_JSON_ARRAY_H
#define TOLLTAP_HTTP_JSON_ARRAY_H

#include "http/units.h"

struct json_array {
	u8 state;
	bool is_text;		/* inside a string of the element */
	bool is_escaped;	/* behind a backslash in it */
	u8 lost_n;		/* what has come of the line end, comma, line end, brace */
	u64 depth;		/* brackets open within the element */
};

/* zeroed at first */
void json_array_feed(struct json_array *a, const u8 *p, size_t n, struct units *to);
void json_array_gap(struct json_array *a, struct units *to);
void json_array_end(struct json_array *a, bool is_complete, struct units *to);

#endif
