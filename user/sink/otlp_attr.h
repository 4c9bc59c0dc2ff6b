/* SPDX-License-Identifier: Apache-2.0 */
/* A list of attributes under construction. Absent values and empty text are left out. */
#ifndef TOLLTAP_OTLP_ATTR_H
#define TOLLTAP_OTLP_ATTR_H

#include "base/arena.h"
#include "base/record.h"
#include "opentelemetry/proto/common/v1/common.pb-c.h"
#include "sink/otlp_names.h"
#include "sink/otlp_text.h"

#define OTLP_ATTRS_MAX 256

struct otlp_attrs {
	struct arena *arena;
	size_t n;
	bool has_failed;	/* the arena is full */
	u32 dropped_cnt;	/* past OTLP_ATTRS_MAX */
	Opentelemetry__Proto__Common__V1__KeyValue *list[OTLP_ATTRS_MAX];
};

void otlp_attr_str(struct otlp_attrs *as, enum otlp_name name, struct str value);
void otlp_attr_int(struct otlp_attrs *as, enum otlp_name name, u64 value);
void otlp_attr_true(struct otlp_attrs *as, enum otlp_name name);
void otlp_attr_double(struct otlp_attrs *as, enum otlp_name name, double value);
/* strings separated by RECORD_SEP */
void otlp_attr_list(struct otlp_attrs *as, enum otlp_name name, struct str joined);

/* The same under a prefix and a free key. */
void otlp_attr_str_at(struct otlp_attrs *as, enum otlp_name prefix, struct str key,
		      struct str value);
void otlp_attr_int_at(struct otlp_attrs *as, enum otlp_name prefix, struct str key, u64 value);
/* a key that no table knows */
void otlp_attr_own(struct otlp_attrs *as, const char *key, const char *value);

/* A copy of the list in the arena. */
Opentelemetry__Proto__Common__V1__KeyValue **otlp_attrs_take(struct otlp_attrs *as);

#endif
