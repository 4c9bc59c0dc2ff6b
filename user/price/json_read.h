/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict reading of a JSON tree into structs (private to price/): a table per object names every
 * key that may stand there, and the first thing wrong is reported with its place, once.
 */
#ifndef TOLLTAP_JSON_READ_H
#define TOLLTAP_JSON_READ_H

#include <jansson.h>

#include "base/arena.h"
#include "base/str.h"

#define READ_PLACE_MAX 256

struct reader {
	const char *file;		/* for the message */
	struct arena *arena;		/* what is read is copied here */
	char place[READ_PLACE_MAX];	/* "models[3].rates[0].per_mtok" */
	size_t place_n;
	bool has_failed;		/* and has been reported */
	void *arg;
};

struct read_field {
	const char *key;
	int (*read)(struct reader *r, json_t *v, void *obj);
	bool is_required;
};

/* Reports unless something has been reported already; always -EINVAL. */
int read_fail(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int read_object(struct reader *r, json_t *v, const struct read_field *fields, size_t n, void *obj);

/* Calls read for each element; arg2 is its number. -EINVAL for more than max elements or none. */
int read_array(struct reader *r, json_t *v, size_t max,
	       int (*read)(struct reader *r, json_t *v, size_t i, void *obj), void *obj);

/* With the place extended by ".key". */
int read_at(struct reader *r, const char *key, json_t *v,
	    int (*read)(struct reader *r, json_t *v, void *obj), void *obj);

/* not empty, no control characters */
int read_str(struct reader *r, json_t *v, struct str *ret);
int read_int(struct reader *r, json_t *v, s64 min, s64 max, s64 *ret);
int read_bool(struct reader *r, json_t *v, bool *ret);
void *read_alloc(struct reader *r, size_t n);			/* reports when memory is out */

#endif
