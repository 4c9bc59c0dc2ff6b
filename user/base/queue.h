/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one bounded queue of the house: from the pipeline thread to the sink worker.
 *
 * Carries heap blocks whose ownership moves with them. A full queue refuses at once (the pipeline
 * never waits); the caller counts that. Any thread may call any function.
 */
#ifndef TOLLTAP_QUEUE_H
#define TOLLTAP_QUEUE_H

#include "base/types.h"

struct queue;

struct queue *queue_new(size_t max_items);
/* frees what is still queued; NULL is fine */
void queue_free(struct queue *q);
/* false: full or closed, item stays the caller's */
bool queue_push(struct queue *q, void *item);
/* NULL: nothing came in time, or closed and empty */
void *queue_pop(struct queue *q, u64 timeout_ns);
/* no more pushes; pops drain what is left */
void queue_close(struct queue *q);
bool queue_is_drained(struct queue *q);			/* closed and empty */

#endif
