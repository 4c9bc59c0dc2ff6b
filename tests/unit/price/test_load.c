/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "guard.h"
#include "price/cards.h"

#define SRC "'source':'test','checked':'2026-11-24'"
#define PRICE "'per_mtok':{'input':'1','output':'2'}"
#define RATE "{" PRICE "," SRC "}"
#define MODEL(rest) "'models':[{'id':'m'," rest "}]"
#define RATES(list) MODEL("'rates':[" list "]")
#define WHEN(w) RATES("{" PRICE ",'when':" w "," SRC "}")

/* inside of a card -> where and why it is refused */
static const struct {
	const char *inside;
	const char *place;
	const char *why;
} bad[] = {
	{RATES(RATE) ",'colour':'red'", "top level", "unknown key \"colour\""},
	{"'models':[]", "models", "must not be empty"},
	{"'models':{}", "models", "must be an array"},
	{"'note':'nothing for sale'", "top level", "neither models nor discounts"},
	{"'models':[5]", "models[0]", "must be an object"},
	{"'models':[{'rates':[" RATE "]}]", "models[0]", "\"id\" is missing"},
	{"'models':[{'id':'','rates':[" RATE "]}]", "models[0].id", "printable"},
	{"'models':[{'id':'GPT','rates':[" RATE "]}]", "models[0].id", "lower case"},
	{"'models':[{'id':7,'rates':[" RATE "]}]", "models[0].id", "must be a string"},
	{"'models':[{'id':'m'}]", "models[0]", "neither rates nor multipliers"},
	{MODEL("'rate':[]"), "models[0]", "unknown key \"rate\""},
	{MODEL("'rates':[]"), "models[0].rates", "must not be empty"},
	{RATES("{" SRC "}"), "models[0].rates[0]", "has no price"},
	{RATES("{" PRICE ",'checked':'2026-11-24'}"), "models[0].rates[0]",
	 "\"source\" is missing"},
	{RATES("{" PRICE ",'source':'x'}"), "models[0].rates[0]", "\"checked\" is missing"},
	{RATES("{" PRICE ",'source':'x','checked':'today'}"), "rates[0].checked", "UTC date"},
	{RATES("{'per_mtok':{'inputs':'1'}," SRC "}"), "per_mtok.inputs", "unknown meter"},
	{RATES("{'per_mtok':{'a.input':'1'}," SRC "}"), "per_mtok.a.input", "unknown meter"},
	{RATES("{'per_mtok':{'web_search':'1'}," SRC "}"), "web_search", "not sold by this unit"},
	{RATES("{'per_unit':{'input':'1'}," SRC "}"), "per_unit.input", "not sold by this unit"},
	{RATES("{'per_ktok':{'input':'1'}," SRC "}"), "rates[0]", "unknown key \"per_ktok\""},
	{RATES("{'per_mtok':{}," SRC "}"), "rates[0].per_mtok", "a price per meter"},
	{RATES("{'per_mtok':{'input':1.5}," SRC "}"), "per_mtok.input", "decimal string"},
	{RATES("{'per_mtok':{'input':'1e3'}," SRC "}"), "per_mtok.input", "plain decimal"},
	{RATES("{'per_mtok':{'input':'-1'}," SRC "}"), "per_mtok.input", "plain decimal"},
	{RATES("{'per_mtok':{'input':'1.0000000001'}," SRC "}"), "input", "at most 9 digits"},
	{RATES("{'per_mtok':{'input':'1000001'}," SRC "}"), "per_mtok.input", "too large"},
	{RATES("{'per_mtok':{'input':'1001'}," SRC "}"), "models[0]", "more than 1000 USD"},
	{RATES("{'per_mtok':{'input':'1','cache_read':'1.1'}," SRC "}"), "models[0]",
	 "reading the cache costs more"},
	{RATES("{" PRICE ",'from':'2026-02-30'," SRC "}"), "rates[0].from", "UTC date"},
	{RATES("{" PRICE ",'from':'2026-02-02','to':'2026-02-02'," SRC "}"), "rates[0]",
	 "later than"},
	{RATES("{" PRICE ",'status':'rumoured'," SRC "}"), "rates[0].status", "published"},
	{RATES("{" PRICE ",'status':'announced'," SRC "}"), "rates[0]", "needs \"from\""},
	{RATES("{" PRICE ",'free':true," SRC "}"), "rates[0]", "exclude each other"},
	{RATES("{'free':false," SRC "}"), "rates[0].free", "can only be true"},
	{RATES("{" PRICE ",'ack':'yes'," SRC "}"), "rates[0].ack", "true or false"},
	{RATES("{" PRICE ",'inherit':['output']," SRC "}"), "rates[0]", "rate with a tier"},
	{RATES("{" PRICE ",'when':{'tier':'flex'},'inherit':['x']," SRC "}"), "inherit[0]",
	 "unknown meter"},
	{WHEN("{}"), "rates[0].when", "must not be empty"},
	{WHEN("{'tier':'cheap'}"), "when.tier", "unknown tier"},
	{WHEN("{'tier':['flex','flex']}"), "when.tier[1]", "twice"},
	{WHEN("{'region':'eu'}"), "rates[0].when", "unknown key \"region\""},
	{WHEN("{'ctx_gt':'200000'}"), "when.ctx_gt", "must be an integer"},
	{WHEN("{'ctx_gt':0}"), "when.ctx_gt", "must be 1 to"},
	{WHEN("{'ctx_gt':5,'ctx_ge':5}"), "when.ctx_ge", "exclude each other"},
	{WHEN("{'window':{}}"), "when.window", "\"hours\" is missing"},
	{WHEN("{'window':{'hours':['25:00-01:00']}}"), "hours[0]", "must look like"},
	{WHEN("{'window':{'hours':['01:00-01:00']}}"), "hours[0]", "must look like"},
	{WHEN("{'window':{'hours':['01:60-02:00']}}"), "hours[0]", "must look like"},
	{WHEN("{'window':{'days':[8],'hours':['01:00-02:00']}}"), "days[0]", "1 to 7"},
	{WHEN("{'window':{'days':[2,2],'hours':['01:00-02:00']}}"), "days[1]", "twice"},
	{WHEN("{'window':{'tz_offset_min':900,'hours':['01:00-02:00']}}"), "tz_offset_min", "840"},
	{RATES(RATE "," RATE), "rates[1]", "equally well"},
	{RATES("{" PRICE ",'when':{'tier':'flex'}," SRC "},"
	       "{" PRICE ",'when':{'ctx_gt':1000}," SRC "}"), "rates[1]", "equally well"},
	{RATES("{" PRICE ",'when':{'tier':['flex','batch']}," SRC "},"
	       "{" PRICE ",'when':{'tier':['batch','scale']}," SRC "}"), "rates[1]",
	 "equally well"},
	{RATES("{" PRICE ",'to':'2026-03-02'," SRC "},{" PRICE ",'from':'2026-03-01'," SRC "}"),
	 "rates[1]", "equally well"},
	{RATES("{" PRICE ",'when':{'window':{'hours':['01:00-03:00']}}," SRC "},"
	       "{" PRICE ",'when':{'window':{'hours':['02:59-04:00']}}," SRC "}"), "rates[1]",
	 "equally well"},
	{RATES("{'per_mtok':{'input':'1'},'to':'2026-03-01'," SRC "},"
	       "{'per_mtok':{'input':'5'},'from':'2026-03-01'," SRC "}"), "rates[1]", "ack"},
	{RATES("{'per_mtok':{'input':'5'},'to':'2026-03-01'," SRC "},"
	       "{'per_mtok':{'input':'1'},'from':'2026-03-01'," SRC "}"), "rates[1]", "ack"},
	{MODEL("'match':{'exact':['n','n']},'rates':[" RATE "]"), "models", "claimed twice"},
	{MODEL("'match':{'exact':['n'],'alias':['n']},'rates':[" RATE "]"), "models",
	 "claimed twice"},
	{MODEL("'match':{'exact':[]},'rates':[" RATE "]"), "match.exact", "must not be empty"},
	{MODEL("'match':{'prefix':['n']},'rates':[" RATE "]"), "match", "unknown key \"prefix\""},
	{MODEL("'match':{'glob':['n*']},'rates':[" RATE "]"), "match.glob[0]", "user's own"},
	{MODEL("'match':{'alias':[{'name':'n','from':'2026-01-02','to':'2026-01-01'}]},'rates':["
	       RATE "]"), "alias[0]", "later than"},
	{"'models':[{'id':'m','rates':[" RATE "]},{'id':'m','rates':[" RATE "]}]", "models",
	 "claimed twice"},
	{"'models':[{'id':'m','match':{'exact':['n']},'rates':[" RATE "]},"
	 "{'id':'n','rates':[" RATE "]}]", "models", "claimed twice"},
	{MODEL("'multipliers':[{'when':{'geo':'us'},'x':'1.1'," SRC "}]"), "multipliers[0]",
	 "\"meters\" is missing"},
	{MODEL("'multipliers':[{'when':{'geo':'us'},'meters':'tokens','x':'0'," SRC "}]"),
	 "multipliers[0].x", "must not be 0"},
	{MODEL("'multipliers':[{'when':{'geo':'us'},'meters':'tokens','x':'101'," SRC "}]"),
	 "multipliers[0].x", "too large"},
	{MODEL("'multipliers':[{'when':{'geo':'us'},'meters':'gold','x':'2'," SRC "}]"),
	 "multipliers[0].meters", "unknown meter"},
	{"'discounts':[{'discount':'1.1'," SRC "}]", "discounts[0].discount", "too large"},
	{"'discounts':[{'discount':0.1," SRC "}]", "discounts[0].discount", "decimal string"},
	{"'layer':'builtin'," RATES(RATE), "layer", "site or contract"},
	{"'fallback_for':5," RATES(RATE), "fallback_for", "must be a string"},
	{"'generated':'now'," RATES(RATE), "generated", "UTC date"},
	{MODEL("'note':'\\u001b[31m','rates':[" RATE "]"), "note", "printable"},
};

static void expect_refused(const char *text, const char *place, const char *why)
{
	char log[2048];
	size_t n = strlen(text);
	u8 *p = guard_dup(text, n);
	int err = cards_try((const char *)p, n, log, sizeof(log));
	const char *newline = strchr(log, '\n');

	guard_free(p, n);
	if (!err || !strstr(log, "bad.json") || !strstr(log, place) || !strstr(log, why))
		fail_msg("%s\n  gave %d: %s  want %s: %s", text, err, log, place, why);
	assert_true(newline && newline[1] == '\0');
}

static void test_bad_cards(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char *text = cards_text(bad[i].inside);

		expect_refused(text, bad[i].place, bad[i].why);
		free(text);
	}
}

/* The top level itself, and what is no JSON at all. */
static void test_bad_heads(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		const char *place;
		const char *why;
	} rows[] = {
		{"ratecard/1", "ratecard/2", "schema", "tolltap.ratecard/1"},
		{"USD", "EUR", "currency", "not converted"},
		{"2026-11-24.1", "2026-11-24x", "version", "must look like"},
		{"2026-11-24.1", "24.11.2026", "version", "must look like"},
		{"2026-11-24.1", "2026-11-24.", "version", "must look like"},
		{"\"provider\"", "\"seller\"", "top level", "\"provider\" is missing"},
		{"\"acme\"", "\"Acme\"", "provider", "lower case"},
		{"\"currency\"", "\"card\"", "line 1", "duplicate"},
		{"{\"schema\"", "[\"schema\"", "line 1", "expected"},
		{"}]}]}", "}]}]", "line 1", "expected"},
		{"}]}]}", "}]}]},", "line 1", "expected"},
		{"}]}]}", "}]}],}", "line 1", "expected"},
		{"}]}]}", "}]}]} // end", "line 1", "expected"},
	};
	char *text = cards_text(RATES(RATE));

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *at = strstr(text, rows[i].from);
		char *changed = NULL;

		assert_non_null(at);
		assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, rows[i].to,
				     at + strlen(rows[i].from)) > 0);
		expect_refused(changed, rows[i].place, rows[i].why);
		free(changed);
	}
	free(text);
	expect_refused("", "line 1", "expected");
	expect_refused("\xff\xfe", "line 1", "");
	expect_refused("[[[[[[[[[[[[[[[[", "line 1", "expected");
}

/* Every prefix of a good card is a bad one. */
static void test_cut_cards(void **state)
{
	char log[2048], *text = cards_text(RATES(RATE));
	size_t n = strlen(text);

	assert_int_equal(cards_try(text, n, log, sizeof(log)), 0);
	assert_string_equal(log, "");
	for (size_t i = 0; i < n; i++) {
		u8 *p = guard_dup(text, i);

		assert_int_equal(cards_try((const char *)p, i, log, sizeof(log)), -EINVAL);
		guard_free(p, i);
	}
	free(text);
}

/* What looks like a conflict and is none. */
static void test_good_cards(void **state)
{
	static const char *const good[] = {
		/* one ends where the other begins */
		RATES("{" PRICE ",'to':'2026-03-01'," SRC "},"
		      "{" PRICE ",'from':'2026-03-01'," SRC "}"),
		/* a jump that is meant */
		RATES("{'per_mtok':{'input':'5'},'to':'2026-03-01'," SRC "},"
		      "{'per_mtok':{'input':'1'},'from':'2026-03-01','ack':true," SRC "}"),
		RATES("{" PRICE ",'when':{'tier':'flex'}," SRC "},"
		      "{" PRICE ",'when':{'tier':'batch'}," SRC "}"),
		/* both may hold; a third says what then */
		RATES("{" PRICE ",'when':{'tier':'flex'}," SRC "},"
		      "{" PRICE ",'when':{'ctx_gt':9}," SRC "},"
		      "{" PRICE ",'when':{'tier':['flex','batch'],'ctx_gt':9}," SRC "}"),
		RATES("{" PRICE ",'when':{'tier':'flex'}," SRC "},"
		      "{" PRICE ",'when':{'ctx_gt':9}," SRC "},"
		      "{'per_mtok':{'input':null,'output':null},"
		      "'when':{'tier':'flex','ctx_ge':5}," SRC "}"),
		/* they set different meters */
		RATES("{'per_mtok':{'input':'1'}," SRC "},{'per_mtok':{'output':'1'}," SRC "}"),
		RATES("{" PRICE ",'when':{'window':{'hours':['01:00-03:00']}}," SRC "},"
		      "{" PRICE ",'when':{'window':{'hours':['03:00-01:00']}}," SRC "}"),
		/* announced, not yet confirmed: beside the row that is still open */
		RATES(RATE ",{" PRICE ",'status':'announced','from':'2027-01-01'," SRC "}"),
		RATES("{'free':true," SRC "}"),
		RATES("{'per_mtok':{'input':'0'},'per_unit':{'request':'0.01'},"
		      "'per_hour':{'audio_s_in':'0.36'},'per_mchar':{'char_in':'15'},"
		      "'per_second':{'video_s':'0.1'},'note':'everything'," SRC "}"),
		MODEL("'match':{'alias':[{'name':'n','to':'2026-01-02'},'o']},'rates':[" RATE "]},"
		      "{'id':'k','match':{'alias':[{'name':'n','from':'2026-01-02'}]},'rates':["
		      RATE "]"),
		"'discounts':[{'discount':'1','meters':['tokens','web_search'],'models':['a','b'],"
		"'when':{'project':'p'},'from':'2026-01-01',"
		"'to':'2027-01-01'," SRC "}],'generated':'2026-11-24T00:00:00Z'",
	};
	char log[2048];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		char *text = cards_text(good[i]);

		if (cards_try(text, strlen(text), log, sizeof(log)))
			fail_msg("%s\n  refused: %s", text, log);
		assert_string_equal(log, "");
		free(text);
	}
}

static void write_card(const char *folder, const char *name, const char *input)
{
	char path[256], inside[256], *text;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	snprintf(inside, sizeof(inside), RATES("{'per_mtok':{'input':'%s'}," SRC "}"), input);
	text = cards_text(inside);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	fclose(f);
	free(text);
}

static s128 price_of_m(const struct price_book *b)
{
	struct call call = cards_call("acme", "m");
	struct charge c;

	meters_set(&call.meters, METER_INPUT, 1000000);
	price_call(b, &call, cards_time(CARDS_NOW), &c);
	assert_int_equal(c.status, COST_PRICED);
	return c.amount_femto / 1000000000000000;
}

static void test_files_and_folders(void **state)
{
	char folder[] = "/tmp/tolltap-cards-XXXXXX", file[64];
	const char *paths[2];
	struct price_book *b = NULL;

	assert_non_null(mkdtemp(folder));
	write_card(folder, "20-later.json", "3");
	write_card(folder, "10-first.json", "2");
	write_card(folder, "readme.txt", "9");
	write_card(folder, ".hidden.json", "9");
	paths[0] = folder;
	assert_int_equal(price_book_load(paths, 1, &b), 0);
	assert_int_equal(price_of_m(b), 3);
	price_book_free(b);

	/* the file named last wins over the folder */
	snprintf(file, sizeof(file), "%s/10-first.json", folder);
	paths[1] = file;
	assert_int_equal(price_book_load(paths, 2, &b), 0);
	assert_int_equal(price_of_m(b), 2);
	price_book_free(b);

	for (const char *const *n = (const char *const[]){"20-later.json", "10-first.json",
							  "readme.txt", ".hidden.json", NULL};
	     *n; n++) {
		snprintf(file, sizeof(file), "%s/%s", folder, *n);
		unlink(file);
	}
	b = (void *)1;
	assert_int_equal(price_book_load(paths, 2, &b), -ENOENT);
	assert_ptr_equal(b, (void *)1);
	rmdir(folder);
	paths[0] = "/nonexistent/cards";
	assert_int_equal(price_book_load(paths, 1, &b), -ENOENT);
}

static void test_large_file(void **state)
{
	char path[] = "/tmp/tolltap-card-XXXXXX";
	const char *paths[] = {path};
	int fd = mkstemp(path);
	struct price_book *b;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, CARD_BYTES_MAX + 1), 0);
	close(fd);
	assert_int_equal(price_book_load(paths, 1, &b), -EFBIG);
	unlink(path);
	price_book_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_cards),
		cmocka_unit_test(test_bad_heads),
		cmocka_unit_test(test_cut_cards),
		cmocka_unit_test(test_good_cards),
		cmocka_unit_test(test_files_and_folders),
		cmocka_unit_test(test_large_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
