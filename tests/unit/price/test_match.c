/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard.h"
#include "price/cards.h"

#define SRC "'source':'test','checked':'2026-11-24'"
#define RATES "'rates':[{'per_mtok':{'input':'1','output':'2'}," SRC "}]"

static const char card[] =
	"'fallback_for':['bedrock','vertex'],'models':["
	"{'id':'gpt-4o','match':{'exact':['gpt-4o','gpt-4o-2024-08-06'],'dated':['gpt-4o'],"
	"'alias':['gpt-4o-latest']}," RATES "},"
	"{'id':'gpt-4o-2024-05-13'," RATES "},"
	"{'id':'gpt-4o-mini'," RATES "},"
	"{'id':'fable-5','match':{'exact':['fable-5'],'dated':['fable-5']}," RATES "},"
	"{'id':'fable-5-1','match':{'exact':['fable-5-1'],'dated':['fable-5-1']}," RATES "},"
	"{'id':'ft:gpt-4o','match':{'exact':['ft:gpt-4o'],'dated':['ft:gpt-4o']}," RATES "},"
	"{'id':'old','match':{'exact':['old-1'],"
	"'alias':[{'name':'float','to':'2026-06-01'}]}," RATES "},"
	"{'id':'new','match':{'exact':['new-1'],'alias':[{'name':'float','from':'2026-06-01'}]},"
	RATES "},"
	"{'id':'globbed','match':{'glob':['team-*-7b','team-*']}," RATES "},"
	"{'id':'two','match':{'glob':['*two*two*']}," RATES "}"
	"]";

static const struct {
	const char *name;
	const char *id;			/* NULL: no model */
	enum match_kind kind;
} rows[] = {
	{"gpt-4o", "gpt-4o", MATCH_EXACT},
	{"GPT-4o", "gpt-4o", MATCH_EXACT},
	{"gpt-4o-2024-08-06", "gpt-4o", MATCH_EXACT},
	{"gpt-4o-2024-11-20", "gpt-4o", MATCH_DATED},
	{"gpt-4o-20241120", "gpt-4o", MATCH_DATED},
	{"gpt-4o@20241120", "gpt-4o", MATCH_DATED},
	{"gpt-4o@2024-11-20", "gpt-4o", MATCH_DATED},
	{"gpt-4o-1120", "gpt-4o", MATCH_DATED},
	/* its own row goes before the date rule */
	{"gpt-4o-2024-05-13", "gpt-4o-2024-05-13", MATCH_EXACT},
	{"gpt-4o-latest", "gpt-4o", MATCH_ALIAS},
	/* no dates claimed */
	{"gpt-4o-mini-2024-07-18", NULL, MATCH_NONE},
	{"gpt-4o-minx", NULL, MATCH_NONE},
	{"gpt-4", NULL, MATCH_NONE},
	{"gpt-4o-", NULL, MATCH_NONE},
	{"gpt-4o-2024", NULL, MATCH_NONE},		/* month 20 */
	{"gpt-4o-2024-13-01", NULL, MATCH_NONE},
	{"gpt-4o-2024-12-32", NULL, MATCH_NONE},
	{"gpt-4o-2024-12-00", NULL, MATCH_NONE},
	{"gpt-4o-1999-12-01", NULL, MATCH_NONE},
	{"gpt-4o-2024-11-20-preview", NULL, MATCH_NONE},
	{"gpt-4o@1120", NULL, MATCH_NONE},
	{"gpt-4o2024-11-20", NULL, MATCH_NONE},
	{"gpt-4o_20241120", NULL, MATCH_NONE},
	{"-2024-11-20", NULL, MATCH_NONE},
	{"", NULL, MATCH_NONE},
	{"fable-5", "fable-5", MATCH_EXACT},
	{"fable-5-1", "fable-5-1", MATCH_EXACT},
	{"fable-5-2", NULL, MATCH_NONE},
	{"fable-5-1-20260901", "fable-5-1", MATCH_DATED},
	{"fable-5-20260901", "fable-5", MATCH_DATED},
	{"ft:gpt-4o:acme::abc", "ft:gpt-4o", MATCH_EXACT},
	{"ft:gpt-4o-2024-08-06:acme:suffix:abc", "ft:gpt-4o", MATCH_DATED},
	{"ft:gpt-4o-mini:acme::abc", NULL, MATCH_NONE},	/* never the base model's price */
	{"ft:", NULL, MATCH_NONE},
	{"ft::::", NULL, MATCH_NONE},
	{"models/gpt-4o", "gpt-4o", MATCH_EXACT},
	{"publishers/openai/models/gpt-4o", "gpt-4o", MATCH_EXACT},
	{"accounts/a/models/gpt-4o-2024-11-20", "gpt-4o", MATCH_DATED},
	{"accounts/a/routers/gpt-4o", NULL, MATCH_NONE},
	{"us.anthropic.fable-5-20260901-v1:0", "fable-5", MATCH_DATED},
	{"anthropic.fable-5-1-v1:0:200k", "fable-5-1", MATCH_EXACT},
	{"global.anthropic.fable-5", "fable-5", MATCH_EXACT},
	{"xx.anthropic.fable-5", NULL, MATCH_NONE},
	{"arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.fable-5-v1:0", "fable-5",
	 MATCH_EXACT},
	{"arn:aws:bedrock:us-east-1::foundation-model/anthropic.fable-5-v1:0", "fable-5",
	 MATCH_EXACT},
	{"team-red-7b", "globbed", MATCH_GLOB},
	{"team-", "globbed", MATCH_GLOB},
	{"my-team-7b", NULL, MATCH_NONE},
	{"one-two-three-two", "two", MATCH_GLOB},
	{"one-two-three", NULL, MATCH_NONE},
};

static struct model_match match_guarded(const struct price_book *b, const char *provider,
					const char *name, const char *at)
{
	size_t n = strlen(name);
	u8 *p = guard_dup(name, n);
	struct model_match m = match_model(b, str_of(provider),
					   (struct str){(const char *)p, n}, cards_time(at));

	guard_free(p, n);
	return m;
}

static void test_names(void **state)
{
	struct price_book *b = cards_book1(card);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct model_match m = match_guarded(b, "acme", rows[i].name, CARDS_NOW);

		if (!rows[i].id != !m.model || m.kind != rows[i].kind
		    || (m.model && !str_eq(m.model->id, str_of(rows[i].id))))
			fail_msg("\"%s\" is " STR_FMT " (%s)", rows[i].name,
				 STR_ARG(m.model ? m.model->id : STR("nothing")),
				 match_kind_name(m.kind));
	}
	price_book_free(b);
}

static void test_aliases_move_with_time(void **state)
{
	struct price_book *b = cards_book1(card);
	struct model_match m = match_guarded(b, "acme", "float", "2026-05-31T23:59:59Z");

	assert_true(str_eq(m.model->id, STR("old")));
	m = match_guarded(b, "acme", "float", "2026-06-01");
	assert_true(str_eq(m.model->id, STR("new")));
	assert_int_equal(m.kind, MATCH_ALIAS);
	price_book_free(b);
}

static void test_providers(void **state)
{
	struct price_book *b = cards_book1(card);
	struct model_match m = match_guarded(b, "bedrock", "eu.anthropic.fable-5-v1:0", CARDS_NOW);

	assert_true(str_eq(m.model->id, STR("fable-5")));
	assert_int_equal(m.kind, MATCH_FALLBACK);
	assert_null(match_guarded(b, "elsewhere", "fable-5", CARDS_NOW).model);
	m = match_guarded(b, "bedrock",
			  "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
			  CARDS_NOW);
	assert_null(m.model);
	assert_true(str_eq(m.reason, STR("opaque_profile")));
	price_book_free(b);
}

static void test_endless_names(void **state)
{
	struct price_book *b = cards_book1(card);
	static char name[100000];

	memset(name, 'a', sizeof(name));
	memcpy(name, "team-", 5);
	struct model_match m = match_model(b, STR("acme"), (struct str){name, sizeof(name)}, 0);

	assert_null(m.model);
	m = match_model(b, STR("acme"), (struct str){name, 256}, 0);
	assert_non_null(m.model);
	price_book_free(b);
}

static void test_same_base(void **state)
{
	assert_true(match_same_base(STR("gpt-4o"), STR("gpt-4o-2024-05-13")));
	assert_true(match_same_base(STR("claude-x-latest"), STR("claude-x-20241022")));
	assert_true(match_same_base(STR("GPT-4o"), STR("gpt-4o")));
	assert_false(match_same_base(STR("gpt-4o"), STR("gpt-4o-mini")));
	assert_false(match_same_base(STR("fable-5"), STR("fable-5-1")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_aliases_move_with_time),
		cmocka_unit_test(test_providers),
		cmocka_unit_test(test_endless_names),
		cmocka_unit_test(test_same_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
