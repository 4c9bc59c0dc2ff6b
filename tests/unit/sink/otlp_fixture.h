/* SPDX-License-Identifier: Apache-2.0 */
/* Records for the OTLP tests: one that has everything, one that has little. */
#ifndef TESTS_OTLP_FIXTURE_H
#define TESTS_OTLP_FIXTURE_H

#include "base/record.h"

struct record *otlp_fixture_full(void);
/* a successful call of process pid, without usage */
struct record *otlp_fixture_small(u32 pid, u32 number);
/* HTTP 429 of a subscription, nothing used */
struct record *otlp_fixture_failed(void);

#endif
