/* SPDX-License-Identifier: Apache-2.0 */
/* Places where three bytes are as they should be: at every offset of a vector, and at its ends. */
#include "unit.h"

#include <string.h>

#include "capture/match.h"
#include "guard.h"

/* lea text(%rip),%rcx and its like */
static const struct match lea = { { 0, 1, 2 }, { 0xfb, 0xff, 0xc7 }, { 0x48, 0x8d, 5 } };
/* bytes apart, as the opcode and the high bytes of an address */
static const struct match mov = { { 0, 3, 4 }, { 0xf8, 0xff, 0xff }, { 0xb8, 2, 1 } };

/* As it says in the header, and no faster. */
static size_t next_plainly(const struct match *m, const u8 *p, size_t from, size_t end)
{
	for (; from < end; from++) {
		size_t k = 0;

		while (k < MATCH_BYTES && (p[from + m->at[k]] & m->mask[k]) == m->value[k])
			k++;
		if (k == MATCH_BYTES)
			break;
	}
	return from;
}

static void test_every_offset(void **state)
{
	for (size_t n = 3; n < 70; n++) {
		u8 *p = guard_dup(memset((u8[70]){ 0 }, 0x8d, 70), n);

		assert_int_equal(match_next(&lea, p, 0, n - 2), n - 2);
		for (size_t at = 0; at + 3 <= n; at++) {
			memcpy(p + at, "\x4c\x8d\x3d", 3);
			assert_int_equal(match_next(&lea, p, 0, n - 2), at);
			assert_int_equal(match_next(&lea, p, at, n - 2), at);
			assert_int_equal(match_next(&lea, p, at + 1, n - 2), n - 2);
			memset(p + at, 0x8d, 3);
		}
		guard_free(p, n);
	}
}

static void test_nothing_to_look_at(void **state)
{
	u8 *p = guard_dup("\x48\x8d", 2);

	assert_int_equal(match_next(&lea, p, 0, 0), 0);
	assert_int_equal(match_next(&lea, p, 5, 0), 0);
	guard_free(p, 2);
}

/* Bytes of few values, so that nearly right places abound. */
static void test_against_the_plain_way(void **state)
{
	static const u8 values[] = { 0x48, 0x4c, 0x8d, 5, 0x0d, 0xb8, 0xbf, 2, 1, 0 };
	const struct match *const all[] = { &lea, &mov };
	u8 text[512];
	u32 x = 20261128;

	for (size_t i = 0; i < sizeof(text); i++) {
		x = x * 1664525 + 1013904223;
		text[i] = values[(x >> 16) % ARRAY_LEN(values)];
	}
	for (size_t k = 0; k < ARRAY_LEN(all); k++) {
		const size_t end = sizeof(text) - all[k]->at[2];
		u8 *p = guard_dup(text, sizeof(text));
		size_t hits = 0;

		for (size_t from = 0; from < end; from++) {
			size_t at = match_next(all[k], p, from, end);

			assert_int_equal(at, next_plainly(all[k], p, from, end));
			hits += at == from;
		}
		assert_true(hits > 0);
		guard_free(p, sizeof(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_offset),
		cmocka_unit_test(test_nothing_to_look_at),
		cmocka_unit_test(test_against_the_plain_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
