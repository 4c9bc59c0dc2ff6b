/* SPDX-License-Identifier: Apache-2.0 */
/* Texts from the wire: which are clean enough to stand in a call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "guard.h"
#include "llm/state.h"

static bool is_kept(struct llm_state *s, const void *p, size_t n)
{
	u8 *copy = guard_dup(p, n);
	struct str kept = state_text(s, (struct str){(char *)copy, n});
	bool same = str_eq(kept, (struct str){p, n});

	guard_free(copy, n);
	assert_true(!kept.p || same);
	return kept.p != NULL;
}

static void test_texts(void **state)
{
	static const char *const good[] = {
		"gpt-4o",           "a b",          "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf",
	};
	static const char *const bad[] = {
		"",
		"a\n",
		"\x1b[31m",
		"\x7f",
		"\x80",
		"\xc3",
		"\xc3(",
		"\xc0\x80",
		"\xe0\x80\x80",
		"\xed\xa0\x80",
		"\xe2\x82",
		"\xf0\x9f\x98",
		"\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xff",
	};
	struct llm_state *s = calloc(1, sizeof(*s));
	char text[LLM_TEXT_MAX + 1];

	s->arena = arena_new(ARENA_MAX);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(is_kept(s, good[i], strlen(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_kept(s, bad[i], strlen(bad[i])));
	assert_false(is_kept(s, "a\0b", 3));
	memset(text, 'x', sizeof(text));
	assert_true(is_kept(s, text, LLM_TEXT_MAX));
	assert_false(is_kept(s, text, LLM_TEXT_MAX + 1));
	arena_free(s->arena);
	free(s);
}

/* A model name that comes with every chunk is copied once. */
static void test_set_copies_once(void **state)
{
	struct llm_state *s = calloc(1, sizeof(*s));
	struct str model = STR_NONE;

	s->arena = arena_new(ARENA_MAX);
	state_set(s, &model, STR("m-1"));

	size_t used = arena_used(s->arena);

	for (int i = 0; i < 1000; i++)
		state_set(s, &model, STR("m-1"));
	assert_int_equal(arena_used(s->arena), used);
	state_set(s, &model, STR(""));
	state_set(s, &model, STR("\n"));
	assert_true(str_eq(model, STR("m-1")));
	state_set(s, &model, STR("m-2"));
	assert_true(str_eq(model, STR("m-2")));
	arena_free(s->arena);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_set_copies_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
