/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of the parts that say when and how much (private to price/). */
#ifndef TOLLTAP_LOAD_RATE_H
#define TOLLTAP_LOAD_RATE_H

#include "price/card.h"
#include "price/json_read.h"

#define METERS_ALL ((1ull << METER_MAX) - 1)
#define METERS_TOKENS ((1ull << METER_TOKENS_MAX) - 1)

int load_rate(struct reader *r, json_t *v, struct rate *rate);
int load_multiplier(struct reader *r, json_t *v, struct multiplier *x);
int load_discount(struct reader *r, json_t *v, struct discount *d);

int load_set(struct reader *r, json_t *v, struct str_set *ret);	/* a string or several */
int load_note(struct reader *r, json_t *v, void *unused);
int load_instant(struct reader *r, json_t *v, u64 *ret_ns);

#endif
