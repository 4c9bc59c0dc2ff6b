/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the report share. */
#ifndef TOLLTAP_REPORT_PRIVATE_H
#define TOLLTAP_REPORT_PRIVATE_H

#include "base/buf.h"
#include "base/limits.h"
#include "sink/report.h"

/* --- report_dims.c: the dimensions --- */

struct report_dim {
	struct str name;		/* as given */
	const char *sql;		/* an expression over calls; may hold one '?', for tag */
	struct str tag;			/* the key to bind, or STR_NONE */
};

/* -EINVAL after one line that lists what there is. name is borrowed. */
int report_dim_find(struct str name, struct report_dim *ret);

/* --- report_time.c --- */

/* -EINVAL */
int report_time_parse(const char *text, u64 now_ns, u64 *ret_ns);

/* --- report_print.c --- */

struct report_row {
	char *dim[REPORT_DIMS_MAX];	/* NULL: unknown */
	u32 number_mask;		/* which of them are numbers */
	u64 calls;
	u64 input;
	u64 cache_read;
	u64 output;
	u64 unpriced;
	u64 errors;
	u64 inexact;			/* billed calls that are a lower bound or an estimate */
	bool has_cost;
	bool has_notional;
	s128 cost;
	s128 notional;
};

struct report {
	struct report_dim dim[REPORT_DIMS_MAX];
	size_t dim_cnt;
	struct report_row *row;
	size_t row_cnt;
	size_t row_cap;
	struct report_row total;	/* its dim[] are all NULL */
	u64 since_ns;
	u64 until_ns;			/* ~0: no end */
};

void report_print(const struct report *p, enum report_format format, struct buf *out);

#endif
