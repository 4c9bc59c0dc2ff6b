/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of one array: nesting, strings that imitate it, scalars, blanks, losses. */
#include "unit.h"

#include "http/units_text.h"

static void check(const char *body, const char *want)
{
	const struct units_body b = {
		.framing = FRAMING_ARRAY,
		.label = {.is_response = true},
		.after = str_of(body),
	};

	units_check(&b, want);
}

static void check_gap(const char *before, char gap, const char *after, const char *want)
{
	const struct units_body b = {
		.framing = FRAMING_ARRAY,
		.label = {.is_response = true},
		.before = str_of(before),
		.gap = gap,
		.after = str_of(after),
	};

	units_check(&b, want);
}

static void test_elements(void **state)
{
	check("[{\"a\":1}\n,\r\n{\"b\":[{},[]]}\n]\n", "[ {\"a\":1}][ {\"b\":[{},[]]}]");
	check(" \r\n\t[ {} , {} ] ", "[ {}][ {}]");
	check("[[1,[2]],[3]]", "[ [1,[2]]][ [3]]");
	check("[]", "");
	check("[", "");
	check("[] {}", "");
}

static void test_scalars(void **state)
{
	check("[1, -2.5e3 ,true,null]", "[ 1][ -2.5e3 ][ true][ null]");
	check("[\"a,b]\",\"\\\"],\"]", "[ \"a,b]\"][ \"\\\"],\"]");
	check("[1", "[ 1}");
	check("[1]", "[ 1]");
}

static void test_strings(void **state)
{
	check("[{\"t\":\"}],{\\\"\"},{\"u\":\"\\\\\"}]",
	      "[ {\"t\":\"}],{\\\"\"}][ {\"u\":\"\\\\\"}]");
	check("[{\"t\":\"\\u005d ,\\n{\"}]", "[ {\"t\":\"\\u005d ,\\n{\"}]");
}

static void test_cut(void **state)
{
	check("[{\"a\":1},{\"b\":", "[ {\"a\":1}][ {\"b\":}");
	check("[{\"a\":\"", "[ {\"a\":\"}");
}

/* Its first byte that is not blank decides; nobody gets elements who does not ask for them. */
static void test_no_array(void **state)
{
	const struct units_body whole = {
		.framing = FRAMING_WHOLE,
		.label = {.is_response = true},
		.after = STR("[1,2]"),
	};

	units_check(&whole, "[ [1,2]]");
	check("data: 1\n\ndata: 2\n\n", "[ 1][ 2]");
	check("{\"a\":[1]}", "[ {\"a\":[1]}]");
	check(" x[1]", "[ x[1]]");
	check("data[1]", "[ data[1]]");
	check(" \n ", "");
}

static void test_gap(void **state)
{
	check_gap("[{\"a\":1}\n,\r\n{\"b\":\"x", 'l', "y\"}\n,\r\n{\"c\":3}\n,\n{\"d\":4}\n]",
		  "[ {\"a\":1}][ {\"b\":\"x}[ {\"c\":3}][ {\"d\":4}]");
	check_gap("[{\"a\":1}", 'p', "\n,\n{\"c\":3}]", "[ {\"a\":1}][ {\"c\":3}]");
	/* what a string of the lost element says is no element */
	check_gap("[{\"a\":\"", 'l', "\\n,\\n{\"},{\"b\":1},\n{\"c\":2}]", "[ {\"a\":\"}");
	check_gap("[{}]", 'l', "\n,\n{}", "[ {}]");
	check_gap("[{", 'l', "\n\n,\n\r\n,\r\n,\n{\"b\":1}]", "[ {}[ {\"b\":1}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements), cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_strings),	 cmocka_unit_test(test_cut),
		cmocka_unit_test(test_no_array), cmocka_unit_test(test_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
