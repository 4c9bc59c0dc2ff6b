/* SPDX-License-Identifier: Apache-2.0 */
/* What a receipt holds, between the file that adds up and the file that prints. */
#ifndef TOLLTAP_RECEIPT_PRIVATE_H
#define TOLLTAP_RECEIPT_PRIVATE_H

#include "base/limits.h"
#include "sink/receipt.h"

#define TALLY_NAME 96
#define RECEIPT_REASONS 8

struct tally {
	char name[TALLY_NAME];		/* as it came: cleaned when printed */
	u64 key;			/* tells rows of one name apart: a process's start */
	u64 calls;
	u64 errors;
	u64 unpriced;
	u64 input;
	u64 cached;
	u64 output;
	u64 billed_calls;
	u64 notional_calls;
	bool has_inexact;
	bool has_inexact_notional;
	s128 billed;
	s128 notional;
	s128 saved;			/* by caches, of billed calls */
};

struct tally_table {
	struct tally row[RECEIPT_ROWS_MAX];
	size_t cnt;
	struct tally others;
};

struct dearest {
	s128 amount;
	u64 end_ns;
	u64 input;
	u64 output;
	char process[TEXT_LEN];
	char model[TALLY_NAME];
	char cost[TEXT_LEN];
};

struct receipt {
	struct tally total;
	struct tally_table process;
	struct tally_table model;
	struct dearest dearest[RECEIPT_DEAREST];
	size_t dearest_cnt;
	struct {
		char name[32];
		u64 calls;
	} reason[RECEIPT_REASONS];	/* why calls have no price */
	size_t reason_cnt;
	u64 duplicates;			/* other views of calls that are counted */
};

#endif
