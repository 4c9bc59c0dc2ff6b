/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run cost, in bounded memory: totals by process and by model, the dearest calls, what was
 * lost. Private to the room. Billed and notional money are never added up together; a call without
 * a price is counted, never shown as $0.
 */
#ifndef TOLLTAP_RECEIPT_H
#define TOLLTAP_RECEIPT_H

#include "sink/sink.h"
#include "sink/text.h"

struct receipt;

struct receipt *receipt_new(void);			/* NULL when memory is out */
void receipt_free(struct receipt *t);			/* NULL is fine */
void receipt_add(struct receipt *t, const struct record *r);
void receipt_print(const struct receipt *t, const struct receipt_facts *facts, const char *command,
		   bool is_colored, struct buf *out);

#endif
