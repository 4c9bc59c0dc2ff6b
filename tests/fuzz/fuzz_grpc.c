/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC messages. Input as in units_run.h; the options' lowest bits are the encoding. Byte by byte,
 * as decoding may fail earlier or later within a message, only what does not decode is compared.
 *
 * covers: user/http/grpc.c
 */
#include "units_run.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct str encodings[] = {{NULL, 0}, {"gzip", 4}, {"deflate", 7}, {"lz", 2}};

	if (size < 3)
		return 0;

	struct framing_label label = {.grpc_encoding = encodings[data[0] & 3]};

	if (data[0] & 3 && (data[0] & 3) != 3) {
		units_run(FRAMING_GRPC, &label, data, size, 0);
		units_run(FRAMING_GRPC, &label, data, size, data[1]);
	} else {
		units_run_check(FRAMING_GRPC, &label, data, size);
	}
	return 0;
}
