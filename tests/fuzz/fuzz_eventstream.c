/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of an AWS event stream. Input as in units_run.h; with the options' lowest bit the frames
 * get right checksums first, so that the fuzzer gets past them.
 *
 * covers: user/http/eventstream.c
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "units_run.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static u32 get_u32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static void put_u32(u8 *p, u32 v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (u8)(v >> (24 - 8 * i));
}

static void mend(u8 *p, size_t n)
{
	for (size_t at = 0; n - at >= 16;) {
		u32 total = get_u32(p + at);

		put_u32(p + at + 8, (u32)crc32(0, p + at, 8));
		if (total < 16 || total > n - at)
			return;
		put_u32(p + at + total - 4, (u32)crc32(0, p + at, total - 4));
		at += total;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct framing_label label = {.is_response = true};

	if (size < 3)
		return 0;

	u8 *copy = malloc(size);

	memcpy(copy, data, size);
	if (data[0] & 1)
		mend(copy + 3, size - 3);
	units_run_check(FRAMING_EVENTSTREAM, &label, copy, size);
	free(copy);
	return 0;
}
