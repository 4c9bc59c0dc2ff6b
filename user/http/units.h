/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a framing's parser sends its units: keeps them in step (begin, data, end), holds no bytes.
 *
 * A parser sets `flags` and begins; data outside a unit is a bug, an end outside of one is nothing.
 */
#ifndef TOLLTAP_HTTP_UNITS_H
#define TOLLTAP_HTTP_UNITS_H

#include <assert.h>

#include "http/http.h"

typedef void (*unit_fn)(void *arg, enum unit_step step, struct str s);

struct units {
	unit_fn on_unit;	/* set for the time of a call */
	void *arg;
	u32 flags;		/* enum unit_flag, of the unit under way */
	bool in_unit;
};

static inline void units_begin(struct units *to, u32 flags, struct str name)
{
	assert(!to->in_unit);
	to->in_unit = true;
	to->flags = flags;
	to->on_unit(to->arg, UNIT_BEGIN, name);
}

static inline void units_data(struct units *to, const u8 *p, size_t n)
{
	assert(to->in_unit);
	if (n)
		to->on_unit(to->arg, UNIT_DATA, (struct str){(const char *)p, n});
}

static inline void units_finish(struct units *to, enum unit_step step)
{
	if (to->in_unit)
		to->on_unit(to->arg, step, STR(""));
	to->in_unit = false;
}

#endif
