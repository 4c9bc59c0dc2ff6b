/* SPDX-License-Identifier: Apache-2.0 */
/* A record as JSON (docs/RECORD.md): the whole line, or one field's value. Private to the room. */
#ifndef TOLLTAP_RECORD_JSON_H
#define TOLLTAP_RECORD_JSON_H

#include "base/json_write.h"
#include "base/record.h"

/* The object, without a newline. Absent fields are left out; "v" and "flags" always stand. */
void record_json_line(const struct record *r, struct buf *out);

/* The value of a field that is present. */
void record_json_value(const struct record *r, enum record_field f, struct json_write *w);

#endif
