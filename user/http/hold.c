/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded queue of copied records. */
#include "http/hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static struct hold_part *hold_add(struct hold *h, u64 ts_ns, size_t n, int *ret_err)
{
	struct hold_part *part = NULL;

	*ret_err = -ENOBUFS;
	if (n < HTTP_HOLD_MAX && sizeof(*part) + n <= HTTP_HOLD_MAX - h->bytes) {
		*ret_err = -ENOMEM;
		part = calloc(1, sizeof(*part) + n);
	}
	if (!part)
		return NULL;
	part->ts_ns = ts_ns;
	part->n = n;
	*(h->last ? &h->last->next : &h->first) = part;
	h->last = part;
	h->bytes += sizeof(*part) + n;
	return part;
}

int hold_push(struct hold *h, u64 ts_ns, const u8 *p, size_t n)
{
	int err;
	struct hold_part *part = hold_add(h, ts_ns, n, &err);

	if (!part)
		return err;
	memcpy(part->data, p, n);
	return 0;
}

int hold_push_gap(struct hold *h, u64 ts_ns, u64 gap, bool is_policy)
{
	int err;
	struct hold_part *part = hold_add(h, ts_ns, 0, &err);

	if (!part)
		return err;
	part->gap = gap;
	part->is_policy = is_policy;
	return 0;
}

struct hold_part *hold_take(struct hold *h)
{
	struct hold_part *part = h->first;

	h->first = part->next;
	if (!h->first)
		h->last = NULL;
	h->bytes -= sizeof(*part) + part->n;
	part->next = NULL;
	return part;
}

void hold_untake(struct hold *h, struct hold_part *part)
{
	part->next = h->first;
	h->first = part;
	if (!h->last)
		h->last = part;
	h->bytes += sizeof(*part) + part->n;
}

u64 hold_clear(struct hold *h)
{
	u64 dropped = 0;

	while (h->first) {
		struct hold_part *part = hold_take(h);

		dropped += part->n - part->at;
		free(part);
	}
	return dropped;
}
