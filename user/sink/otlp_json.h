/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP as JSON: protobuf's JSON mapping with OTLP's exceptions (ids in hex, enums as numbers), for
 * any message protobuf-c knows. Fields at their default are left out.
 */
#ifndef TOLLTAP_OTLP_JSON_H
#define TOLLTAP_OTLP_JSON_H

#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"

/* Appends one object without line ends; b->failed tells whether it fitted. */
void otlp_json_write(struct buf *b, const ProtobufCMessage *message);

#endif
