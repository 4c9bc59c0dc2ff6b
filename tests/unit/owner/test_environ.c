/* SPDX-License-Identifier: Apache-2.0 */
/* Environments as /proc shows them: what is taken out of them, and everything that is not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/stats.h"
#include "guard.h"
#include "owner/environ.h"

static struct arena *arena;

static struct environ_facts parse(const char *text, size_t n)
{
	struct environ_facts facts;
	u8 *p = guard_dup(text, n);

	environ_parse((struct str){(char *)p, n}, arena, &facts);
	guard_free(p, n);
	return facts;
}

#define PARSE(literal) parse((literal), sizeof(literal))	/* its own NUL ends the last one */

static void expect(const struct environ_facts *facts, enum environ_tag tag, const char *want)
{
	if (!str_eq(facts->tag[tag], str_of(want)))
		fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(facts->tag[tag]), want ? want : "");
}

static size_t told(const struct environ_facts *facts)
{
	size_t cnt = facts->session_id.n != 0;

	for (int t = 0; t < ENVIRON_TAG_MAX; t++)
		cnt += facts->tag[t].n != 0;
	return cnt;
}

static void variables_of_the_tags_own_names(void **state)
{
	struct environ_facts facts = PARSE("HOME=/root\0PROJECT_CODE= PX-17 \0COST_CENTER=9%41\0"
					   "OPENAI_API_KEY=sk-x\0CLAUDE_CODE_SESSION_ID=s-1");

	expect(&facts, ENVIRON_PROJECT_CODE, "PX-17");
	expect(&facts, ENVIRON_COST_CENTER, "9%41");
	assert_true(str_eq(facts.session_id, STR("s-1")));
	assert_int_equal(told(&facts), 3);
	assert_true(str_eq(environ_tag_key(ENVIRON_PROJECT_CODE), STR("project_code")));
}

static void baggage_and_resource_attributes(void **state)
{
	struct environ_facts facts = PARSE(
		"OTEL_RESOURCE_ATTRIBUTES=service.name=x,team=ops,"
		"deployment.environment.name=prod\0"
		"BAGGAGE=app.tenant_id = acme%20inc ;p=1, finops.project-code=PX%2c1,other=y,"
		"User=u,=z,customer_id,pipeline=%,workflow.id=%4");

	expect(&facts, ENVIRON_TEAM, "ops");
	expect(&facts, ENVIRON_ENV, "prod");
	expect(&facts, ENVIRON_TENANT_ID, "acme inc");
	expect(&facts, ENVIRON_PROJECT_CODE, "PX,1");
	expect(&facts, ENVIRON_USER, "u");
	expect(&facts, ENVIRON_PIPELINE_ID, "%");
	expect(&facts, ENVIRON_WORKFLOW_ID, "%4");
	assert_int_equal(told(&facts), 7);
}

static void the_first_place_that_tells_wins(void **state)
{
	struct environ_facts facts = PARSE("OTEL_RESOURCE_ATTRIBUTES=team=c,tenant=t3\0TEAM=b\0"
					   "BAGGAGE=team=a,team=z,tenant=\0TENANT_ID=t2\0TEAM=y");

	expect(&facts, ENVIRON_TEAM, "a");
	expect(&facts, ENVIRON_TENANT_ID, "t2");
}

static void names_of_others_are_passed_over(void **state)
{
	struct environ_facts facts = PARSE("USER=root\0ENV=/etc/profile\0team=x\0XTEAM=x\0TEAM_=x\0"
					   "TEAM\0=TEAM\0BAGGAGE_=team=x\0TEAM=\0\0BAGGAGE=,,=,;=");

	assert_int_equal(told(&facts), 0);
	facts = parse("", 0);
	assert_int_equal(told(&facts), 0);
}

static void half_a_value_is_none(void **state)
{
	struct environ_facts facts = parse("TEAM=whole\0PROJECT_CODE=PX-1", 28);

	expect(&facts, ENVIRON_TEAM, "whole");
	assert_int_equal(told(&facts), 1);
	facts = PARSE("TEAM=a\nb\0BAGGAGE=project=%0a,tenant=a%7f\0COST_CENTER=a\x01");
	assert_int_equal(told(&facts), 0);
}

static void check_length(size_t n, bool is_taken)
{
	char text[2 * OWNER_TAG_BYTES_MAX] = "TEAM=";
	struct environ_facts facts;

	stats_reset();
	memset(text + 5, 'x', n);
	facts = parse(text, 5 + n + 1);
	assert_int_equal(facts.tag[ENVIRON_TEAM].n, is_taken ? n : 0);
	memcpy(text, "BAGGAGE=team=", 13);
	memset(text + 13, 'x', n);
	facts = parse(text, 13 + n + 1);
	assert_int_equal(facts.tag[ENVIRON_TEAM].n, is_taken ? n : 0);
	assert_int_equal(stats_get(STAT_OWNER_TAG_REFUSED), is_taken ? 0 : 2);
}

static void long_values_are_left_out(void **state)
{
	check_length(OWNER_TAG_BYTES_MAX, true);
	check_length(OWNER_TAG_BYTES_MAX + 1, false);
}

static void an_arena_without_room_is_no_trouble(void **state)
{
	struct arena *small = arena_new(1);
	struct environ_facts facts;

	assert_non_null(small);
	environ_parse(STR("TEAM=payments\0BAGGAGE=project=PX-17\0"), small, &facts);
	assert_int_equal(told(&facts), 0);
	arena_free(small);
}

static int set_up(void **state)
{
	arena = arena_new(64u << 10);
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	arena_free(arena);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(variables_of_the_tags_own_names),
		TEST(baggage_and_resource_attributes),
		TEST(the_first_place_that_tells_wins),
		TEST(names_of_others_are_passed_over),
		TEST(half_a_value_is_none),
		TEST(long_values_are_left_out),
		TEST(an_arena_without_room_is_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
