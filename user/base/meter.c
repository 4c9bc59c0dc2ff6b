/* SPDX-License-Identifier: Apache-2.0 */
/* Names and blocks of the meters, and the two inclusive sums. */
#include "base/meter.h"

#include <errno.h>

static const struct {
	const char *name;
	u64 block;
} meter_table[METER_MAX] = {
#define METER_ROW(id, name, block) [METER_##id] = {name, block},
	METERS(METER_ROW)
#undef METER_ROW
};

static const enum meter meter_inputs[] = {
	METER_INPUT, METER_CACHE_READ, METER_CACHE_WRITE_5M, METER_CACHE_WRITE_1H,
		METER_CACHE_WRITE,
	METER_INPUT_AUDIO, METER_INPUT_IMAGE, METER_INPUT_VIDEO, METER_CACHE_READ_AUDIO,
	METER_CACHE_READ_IMAGE, METER_CACHE_READ_VIDEO, METER_INPUT_TOOL,
};

static const enum meter meter_outputs[] = {
	METER_OUTPUT, METER_REASONING, METER_CITATION, METER_OUTPUT_AUDIO, METER_OUTPUT_IMAGE,
		METER_OUTPUT_VIDEO,
};

_Static_assert(METER_MAX <= 64, "struct meters keeps presence in one word");

const char *meter_name(enum meter id)
{
	return meter_table[id].name;
}

u64 meter_block(enum meter id)
{
	return meter_table[id].block;
}

int meter_find(struct str name, enum meter *ret)
{
	for (int i = 0; i < METER_MAX; i++) {
		if (str_eq(name, str_of(meter_table[i].name))) {
			*ret = (enum meter)i;
			return 0;
		}
	}
	return -ENOENT;
}

static u64 meters_sum(const struct meters *m, const enum meter *ids, size_t n)
{
	u64 sum = 0;

	for (size_t i = 0; i < n; i++)
		if (meters_has(m, ids[i]))
			sum += m->count[ids[i]];
	return sum;
}

static bool meters_has_any(const struct meters *m, const enum meter *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (meters_has(m, ids[i]))
			return true;
	return false;
}

bool meters_has_input(const struct meters *m)
{
	return meters_has_any(m, meter_inputs, ARRAY_LEN(meter_inputs));
}

bool meters_has_output(const struct meters *m)
{
	return meters_has_any(m, meter_outputs, ARRAY_LEN(meter_outputs));
}

u64 meters_input_total(const struct meters *m)
{
	return meters_sum(m, meter_inputs, ARRAY_LEN(meter_inputs));
}

u64 meters_output_total(const struct meters *m)
{
	return meters_sum(m, meter_outputs, ARRAY_LEN(meter_outputs));
}
