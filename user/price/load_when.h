/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of a "when" object (private to price/). */
#ifndef TOLLTAP_LOAD_WHEN_H
#define TOLLTAP_LOAD_WHEN_H

#include "price/json_read.h"

int load_when(struct reader *r, json_t *v, void *when);	/* a zeroed struct when */

#endif
