/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers from the ledger: calls, tokens and exact money, grouped by any dimension.
 *
 * Opens the ledger read-only, while a traced command may be writing to it. Dimensions come from a
 * fixed list and values are bound, so nothing a user or a process names becomes SQL. Billed and
 * notional money are never added up together; calls without a price are counted, never $0; other
 * views of a call that is counted already are left out.
 */
#ifndef TOLLTAP_REPORT_H
#define TOLLTAP_REPORT_H

#include <stdio.h>

#include "base/types.h"

enum report_format {
	REPORT_TABLE,
	REPORT_JSON,
	REPORT_CSV,
};

struct report_options {
	const char *ledger;
	const char *by;			/* "model,process"; NULL: "provider,model" */
	const char *since;		/* 24h, 7d, 30m, a date, RFC 3339; NULL: from the start */
	const char *until;		/* the same, not included; NULL: to the end */
	const char *const *where;	/* "DIM=VALUE", all must hold; an empty VALUE: unknown */
	size_t where_cnt;
	enum report_format format;
	u64 now_ns;			/* wall clock; 0: ask it */
};

/*
 * 0; -EINVAL: a dimension, time or condition that is none; else -errno (-ENOENT: no ledger there).
 * Failures are one line with the remedy.
 */
int report_run(const struct report_options *o, FILE *out);

#endif
