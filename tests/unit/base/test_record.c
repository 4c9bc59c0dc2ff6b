/* SPDX-License-Identifier: Apache-2.0 */
/* The flat record: what goes in comes out, and a block from outside is checked first. */
#include "unit.h"

#include <stdlib.h>

#include "base/record.h"

static struct record *filled(void)
{
	struct record_builder *b = record_builder_new();
	struct meters m = {};
	struct record *r;

	record_set_str(b, RECORD_PROVIDER, STR("openai"));
	record_set_str(b, RECORD_MODEL_SERVED, STR("gpt-4o"));
	record_set_str(b, RECORD_RESPONSE_ID, STR(""));
	record_set_str(b, RECORD_HOST, STR_NONE);
	record_set_u64(b, RECORD_PID, 4242);
	record_set_u64(b, RECORD_RETRY_SEQ, 0);
	record_set_money(b, RECORD_AMOUNT, (s128)1 << 100);
	record_set_money(b, RECORD_COMPUTED, -(s128)7);
	record_list_add(b, RECORD_FINISH, STR("stop"));
	record_list_add(b, RECORD_FLAGS, STR("aborted"));
	record_list_add(b, RECORD_FINISH, STR("len\x1fgth"));
	meters_set(&m, METER_INPUT, 86);
	record_set_meters(b, &m);
	record_set_cost(b, METER_INPUT, 215);
	r = record_take(b);
	record_builder_free(b);
	assert_non_null(r);
	return r;
}

static void what_goes_in_comes_out(void **state)
{
	struct record *r = filled();

	assert_true(str_eq(record_str(r, RECORD_PROVIDER), STR("openai")));
	assert_true(str_eq(record_str(r, RECORD_MODEL_SERVED), STR("gpt-4o")));
	assert_true(record_has(r, RECORD_RESPONSE_ID));
	assert_int_equal(record_u64(r, RECORD_PID), 4242);
	assert_true(record_has(r, RECORD_RETRY_SEQ));
	assert_true(record_money(r, RECORD_AMOUNT) == (s128)1 << 100);
	assert_true(record_money(r, RECORD_COMPUTED) == -7);
	assert_true(str_eq(record_str(r, RECORD_FINISH), STR("stop\x1flen gth")));
	assert_true(str_eq(record_str(r, RECORD_FLAGS), STR("aborted")));
	assert_true(record_has(r, RECORD_TOKENS));
	assert_false(record_has(r, RECORD_UNITS));
	assert_int_equal(r->meters.count[METER_INPUT], 86);
	assert_true(record_cost(r, METER_INPUT) == 215);
	assert_false(record_has_cost(r, METER_OUTPUT));
	free(r);
}

static void absent_is_none_and_zero(void **state)
{
	struct record *r = filled();

	assert_false(record_has(r, RECORD_HOST));
	assert_null(record_str(r, RECORD_HOST).p);
	assert_int_equal(record_u64(r, RECORD_UID), 0);
	assert_true(record_money(r, RECORD_LIST_AMOUNT) == 0);
	free(r);
}

static void a_builder_starts_afresh(void **state)
{
	struct record_builder *b = record_builder_new();
	struct record *r;

	record_set_str(b, RECORD_PROVIDER, STR("openai"));
	record_list_add(b, RECORD_FLAGS, STR("x"));
	free(record_take(b));
	r = record_take(b);
	assert_non_null(r);
	for (int f = 0; f < RECORD_FIELD_MAX; f++)
		assert_false(record_has(r, (enum record_field)f));
	free(r);
	record_builder_free(b);
}

static void too_large_is_no_record(void **state)
{
	struct record_builder *b = record_builder_new();
	char *text = calloc(1, RECORD_SIZE_MAX);
	struct record *r;

	record_set_str(b, RECORD_PROVIDER, (struct str){text, RECORD_SIZE_MAX});
	assert_null(record_take(b));
	record_set_str(b, RECORD_PROVIDER, STR("fine again"));
	r = record_take(b);
	assert_non_null(r);
	free(r);
	free(text);
	record_builder_free(b);
}

static void a_block_from_outside_is_checked(void **state)
{
	struct record *r = filled();
	size_t n = r->size;

	assert_true(record_is_valid(r, n));
	assert_false(record_is_valid(r, n - 1));
	assert_false(record_is_valid(r, 4));
	r->magic ^= 1;
	assert_false(record_is_valid(r, n));
	r->magic ^= 1;
	r->version++;
	assert_false(record_is_valid(r, n));
	r->version--;
	r->value[RECORD_PROVIDER] = (u64)(n - sizeof(*r)) << 32 | 1;
	assert_false(record_is_valid(r, n));
	r->value[RECORD_PROVIDER] = 0xffffffff00000000ull | 0xffffffffull;
	assert_false(record_is_valid(r, n));
	r->value[RECORD_PROVIDER] = 0;
	assert_true(record_is_valid(r, n));
	r->value[RECORD_AMOUNT] = RECORD_MONEY_MAX;
	assert_false(record_is_valid(r, n));
	free(r);
}

/* A getter must not follow a valid block out of its bounds, whatever bytes it holds. */
static void random_blocks_are_refused_or_safe(void **state)
{
	srand(5);
	for (int round = 0; round < 3000; round++) {
		struct record *r = filled();
		size_t n = r->size;

		for (int i = rand() % 8; i >= 0; i--)
			((u8 *)r)[16 + (size_t)rand() % (n - 16)] = (u8)rand();
		if (record_is_valid(r, n)) {
			u64 sum = 0;

			for (int f = 0; f < RECORD_FIELD_MAX; f++) {
				struct str s = record_str(r, (enum record_field)f);

				for (size_t i = 0; i < s.n; i++)
					sum += (u8)s.p[i];
				sum += (u64)record_money(r, (enum record_field)f);
			}
			assert_true(sum < ~0ull);
		}
		free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(absent_is_none_and_zero),
		cmocka_unit_test(a_builder_starts_afresh),
		cmocka_unit_test(too_large_is_no_record),
		cmocka_unit_test(a_block_from_outside_is_checked),
		cmocka_unit_test(random_blocks_are_refused_or_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
