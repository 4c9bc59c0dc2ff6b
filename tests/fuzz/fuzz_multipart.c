/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a form. Input as in units_run.h; the boundary is X, or with the options' lowest bit the
 * content type is the input too.
 *
 * covers: user/http/multipart.c
 */
#include "units_run.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (size < 3)
		return 0;

	struct framing_label label = {.content_type = STR("multipart/form-data; boundary=X")};

	if (data[0] & 1)
		label.content_type = (struct str){(const char *)data + 3, size - 3};
	units_run_check(FRAMING_MULTIPART, &label, data, size);
	return 0;
}
