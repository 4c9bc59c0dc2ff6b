/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A form that is sent as multipart/form-data: one unit per part, by the name of its field.
 *
 * A part with a file name (UNIT_F_FILE) has no bytes: they may be an hour of audio, and nobody
 * reads them. Holds the beginning of one header line and what may become a boundary. After lost
 * bytes parts go on at the next boundary.
 */
#ifndef TOLLTAP_HTTP_MULTIPART_H
#define TOLLTAP_HTTP_MULTIPART_H

#include "base/limits.h"
#include "http/units.h"

#define MULTIPART_BOUNDARY_MAX 70	/* RFC 2046 */

struct multipart {
	u8 state;
	bool is_file;
	u8 boundary_n;			/* of "\r\n--boundary" */
	u8 matched;			/* of it */
	u8 assumed;			/* of those, bytes that are no part's data: a line end */
	u8 name_n;
	u8 lines;			/* of this part's head */
	u16 line_n;
	char boundary[4 + MULTIPART_BOUNDARY_MAX];
	char name[HTTP_UNIT_NAME_MAX];
	char line[HTTP_PART_LINE_MAX];
};

/* False when the content type has no boundary that can be one; then it must not be fed. */
bool multipart_init(struct multipart *m, struct str content_type);
void multipart_feed(struct multipart *m, const u8 *p, size_t n, struct units *to);
void multipart_gap(struct multipart *m, struct units *to);
void multipart_end(struct multipart *m, bool is_complete, struct units *to);

#endif
