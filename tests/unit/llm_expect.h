/* SPDX-License-Identifier: Apache-2.0 */
/* Short expectations on a call that was fed; include cmocka.h first. */
#ifndef TESTS_LLM_EXPECT_H
#define TESTS_LLM_EXPECT_H

#include "llm_feed.h"

#define HAS(fed, meter, n) \
	do { \
		assert_true(meters_has(&(fed).call.meters, METER_##meter)); \
		assert_int_equal((fed).call.meters.count[METER_##meter], n); \
	} while (0)
#define HAS_NO(fed, meter) assert_false(meters_has(&(fed).call.meters, METER_##meter))
#define TEXT(str, literal) assert_true(str_eq(str, STR(literal)))
#define IS(fed, member, n) assert_int_equal((fed).call.member, n)

#endif
