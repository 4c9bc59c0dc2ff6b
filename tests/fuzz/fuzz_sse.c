/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units of a body: the whole, events, lines, one array. Input as in units_run.h; the options' low
 * bits are the framing, or the high ones one array.
 *
 * covers: user/http/framing.c user/http/sse.c user/http/json_array.c
 */
#include "units_run.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (size < 3)
		return 0;

	struct framing_label label = {.is_response = data[0] & 16};

	enum http_framing kind = (enum http_framing)(data[0] & 3);

	units_run_check(data[0] >> 5 == 1 ? FRAMING_ARRAY : kind, &label, data, size);
	framing_of((struct str){(const char *)data + 3, size - 3}, HTTP_RESPONSE);
	return 0;
}
