/* SPDX-License-Identifier: Apache-2.0 */
/* The receipt: sums by process and model, what is billed and what is not, what was lost. */
#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "base/stats.h"
#include "sink/example.h"
#include "sink/receipt.h"
#include "sink/tmp.h"

#define FEMTO 1000000000000000ll
#define MICRO (FEMTO / 1000000)

static void add(struct receipt *t, struct record *r)
{
	receipt_add(t, r);
	free(r);
}

/* The text is freed with the buffer. */
static const char *printed(const struct receipt *t, const struct receipt_facts *facts,
			   struct buf *out)
{
	buf_init(out, 1 << 20);
	receipt_print(t, facts, "python3 my_agent.py", false, out);
	buf_append_char(out, '\0');
	assert_int_equal(out->failed, 0);
	return out->p;
}

static void says(const char *text, const char *expected)
{
	if (!strstr(text, expected))
		fail_msg("no '%s' in:\n%s", expected, text);
}

static void says_not(const char *text, const char *unwanted)
{
	if (strstr(text, unwanted))
		fail_msg("'%s' in:\n%s", unwanted, text);
}

static const struct receipt_facts seen = {
	.has_seen_tls = true, .started_ns = 1000000000ull, .ended_ns = 42300000000ull,
};

static void totals_by_process_and_model(void **state)
{
	const struct example_call calls[] = {
		{.id = 1, .pid = 10, .comm = "py", .provider = "openai", .model = "gpt-4o",
		 .input = 2000, .cached = 1000, .output = 100, .femto = 1000 * MICRO},
		{.id = 2, .pid = 10, .comm = "py", .provider = "anthropic", .model = "claude-x",
		 .input = 500, .output = 50, .femto = 3000 * MICRO + 1},
		{.id = 3, .pid = 11, .comm = "node", .provider = "openai", .model = "gpt-4o",
		 .input = 1000, .output = 10, .femto = 500 * MICRO},
	};
	struct receipt *t = receipt_new();
	struct buf out;

	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		add(t, example_call(&calls[i]));
	assert_string_equal(printed(t, &seen, &out),
		"\ntolltap  python3 my_agent.py\n"
		"  3 calls in 41.3s; 3.5k tokens in (1.0k of them cached), 160 out\n"
		"  cost         $0.004500\n"
		"\n  process                                     calls       in   cached      out"
		"           cost\n"
		"  py[10]                                          2     2.5k     1.0k      150"
		"      $0.004000\n"
		"  node[11]                                        1     1.0k        0       10"
		"      $0.000500\n"
		"\n  model                                       calls       in   cached      out"
		"           cost\n"
		"  anthropic claude-x                              1      500        0       50"
		"      $0.003000\n"
		"  openai gpt-4o                                   2     3.0k     1.0k      110"
		"      $0.001500\n"
		"\n  dearest calls\n"
		"  01:02:03 py[10]             claude-x                          500 in"
		"       50 out  $0.003000\n"
		"  01:02:03 py[10]             gpt-4o                           2.0k in"
		"      100 out  $0.001000\n"
		"  01:02:03 node[11]           gpt-4o                           1.0k in"
		"       10 out  $0.000500\n");
	buf_fini(&out);
	receipt_free(t);
}

static void billed_and_notional_are_never_one_sum(void **state)
{
	const struct example_call calls[] = {
		{.id = 1, .pid = 10, .comm = "py", .provider = "openai", .model = "m",
		 .femto = 1000 * MICRO},
		{.id = 2, .pid = 10, .comm = "py", .provider = "openai", .model = "m",
		 .femto = 7000 * MICRO, .status = "notional"},
	};
	struct receipt *t = receipt_new();
	struct buf out;

	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		add(t, example_call(&calls[i]));

	const char *text = printed(t, &seen, &out);

	says(text, "  cost         $0.001000\n");
	says(text, "  notional     $0.007000  (nobody is billed this");
	says(text, "$0.001000  (notional $0.007000)\n");
	says_not(text, "0.008");
	buf_fini(&out);
	receipt_free(t);
}

static void unpriced_is_counted_never_zero(void **state)
{
	const struct example_call calls[] = {
		{.id = 1, .pid = 10, .comm = "py", .provider = "x", .model = "m", .femto = -1,
		 .status = "unpriced", .reason = "no_model"},
		{.id = 2, .pid = 10, .comm = "py", .provider = "x", .model = "m", .femto = -1,
		 .status = "unpriced", .reason = "no_usage"},
		{.id = 3, .pid = 10, .comm = "py", .provider = "x", .model = "m", .femto = -1,
		 .status = "not_billed", .http_status = 500},
	};
	struct receipt *t = receipt_new();
	struct buf out;

	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		add(t, example_call(&calls[i]));

	const char *text = printed(t, &seen, &out);

	says(text, "unpriced     2 calls, not in the cost (no_model 1, no_usage 1)\n");
	says(text, "cost         none: no call was billed and priced\n");
	says(text, "; 1 failed\n");
	says(text, "-  2 unpriced\n");
	says_not(text, "$");
	buf_fini(&out);
	receipt_free(t);
}

static void savings_lower_bounds_and_duplicates(void **state)
{
	struct record_builder *b = example_builder();
	struct receipt *t = receipt_new();
	struct example_call twice = {.id = 2, .pid = 1, .comm = "a", .provider = "p", .model = "m",
				     .femto = 9 * FEMTO, .completeness = "duplicate_view"};
	struct buf out;

	record_set_money(b, RECORD_CACHE_SAVING, 2400 * MICRO);
	record_set_str(b, RECORD_COMPLETENESS, STR("lower_bound"));
	add(t, record_take(b));
	record_builder_free(b);
	add(t, example_call(&twice));

	const char *text = printed(t, &seen, &out);

	says(text, "  1 call in");
	says(text, "cost         ~$0.005615  (~: some calls");
	says(text, "caches saved $0.002400\n");
	says(text, "duplicates   1 view of calls that are counted already\n");
	says_not(text, "$9");
	buf_fini(&out);
	receipt_free(t);
}

static void memory_is_bounded(void **state)
{
	struct receipt *t = receipt_new();
	char model[32];
	struct buf out;

	for (u64 i = 0; i < 3 * RECEIPT_ROWS_MAX; i++) {
		struct example_call c = {.id = i, .pid = i, .comm = "py", .provider = "p",
					 .model = model, .input = 1, .output = 1, .femto = MICRO};

		snprintf(model, sizeof(model), "m%llu", (unsigned long long)i);
		add(t, example_call(&c));
	}

	const char *text = printed(t, &seen, &out);

	says(text, "  768 calls");
	says(text, "  cost         $0.000768\n");
	says(text, "  others                                        512      512        0      512"
	     "      $0.000512\n");
	says(text, "  m0 ");
	buf_fini(&out);
	receipt_free(t);
}

static void the_dearest_five_are_in_order(void **state)
{
	static const int cents[] = {3, 9, 1, 7, 5, 8, 2};
	struct receipt *t = receipt_new();
	struct buf out;

	for (size_t i = 0; i < ARRAY_LEN(cents); i++) {
		struct example_call c = {.id = i, .pid = 1, .comm = "a", .provider = "p",
					 .model = "m", .femto = cents[i] * (FEMTO / 100)};

		add(t, example_call(&c));
	}

	const char *at = strstr(printed(t, &seen, &out), "dearest");

	for (int want = 9; want >= 3; want -= want == 5 ? 2 : 1) {
		char money[32];

		if (want == 6 || want == 4)
			continue;
		snprintf(money, sizeof(money), "out  $0.0%d0000\n", want);
		at = strstr(at, money);
		assert_non_null(at);
	}
	assert_null(strstr(at, "$0.02"));
	buf_fini(&out);
	receipt_free(t);
}

static void losses_come_with_meaning_and_remedy(void **state)
{
	struct receipt_facts facts = seen;
	struct receipt *t = receipt_new();
	struct buf out;

	stats_add(STAT_RING_LOST_EVENTS, 12);
	stats_add(STAT_CONN_OPENED, 7);
	stats_add(STAT_POLICY_BYTES, 20000000);
	facts.undecoded_cnt = 2;
	facts.undecoded_name[0] = "h2";
	facts.undecoded_name[1] = "websocket";
	facts.undecoded_bytes[0] = 123456;
	facts.capture_line = "uprobe_multi, 4 sites";

	const char *text = printed(t, &facts, &out);

	says(text, "  left out     20.0 MB inside over-large writes, by policy; no count stands "
	     "there\n");
	says(text, "ring.lost.events           12 records that found no room in the ring; "
	     "raise --ring-bytes");
	says_not(text, "connections seen");
	says(text, "h2                         123.5 kB\n");
	says_not(text, "websocket");
	says(text, "capture      uprobe_multi, 4 sites\n");
	says(text, "no LLM call was seen: what was sent could not be decoded");
	buf_fini(&out);
	receipt_free(t);
}

static void no_call_says_why(void **state)
{
	struct receipt_facts facts = {};
	struct receipt *t = receipt_new();
	struct buf out;

	says(printed(t, &facts, &out), "no LLM call was seen: no TLS library that tolltap can");
	buf_fini(&out);
	facts.has_seen_tls = true;
	says(printed(t, &facts, &out), "TLS was used, but for no request to an LLM API");
	buf_fini(&out);
	stats_add(STAT_WINDOW_LATE, 1);
	says(printed(t, &facts, &out), "Connections were open already when the probes came");
	buf_fini(&out);
	says(printed(t, NULL, &out), "no LLM call was seen\n");
	buf_fini(&out);
	receipt_free(t);
}

static void hostile_names_stay_text(void **state)
{
	struct example_call c = {.id = 1, .pid = 1, .comm = "\x1b[2J", .provider = "\x9b",
				 .femto = 1, .model = "a\n  cost         $0.000000\x1b]0;x\x07"};
	struct receipt *t = receipt_new();
	struct buf out;

	add(t, example_call(&c));
	c.id = 2;
	c.femto = -1;
	c.status = "unpriced";
	c.reason = "\x1b[31m\n";
	add(t, example_call(&c));

	const char *text = printed(t, &seen, &out);

	for (const char *p = text; *p; p++)
		assert_true((*p >= 0x20 && *p < 0x7f) || *p == '\n');
	says_not(text, "\n  cost         $0.000000?");
	says(text, " $0.000000000000001  1 unpriced");
	buf_fini(&out);
	receipt_free(t);
}

static void dark_far_ends_are_listed_with_bytes_and_reason(void **state)
{
	struct receipt_facts facts = seen;
	struct receipt *t = receipt_new();
	struct buf out;

	facts.dark_cnt = 3;
	facts.dark[0] = (struct receipt_dark){"java", "api.openai.com", 42, 3, 12345, true,
					      "jsse", "Java's own"};
	facts.dark[1] = (struct receipt_dark){"\x1b[31m", "\x1b[31m.evil", 43, 1, 0, false,
					      "quic", "not read"};
	facts.dark[2] = (struct receipt_dark){"java", "10.0.0.1:443", 44, 1, 7, false,
					      "jsse", "Java's own"};
	facts.dark_more = 7;

	const char *text = printed(t, &facts, &out);

	says(text, "  java[42]               api.openai.com                        3 connections,"
		   "   12.3 kB  jsse, an LLM provider\n");
	says(text, "1 connection,        0 B  quic\n");
	says(text, "and 7 more\n");
	/* each reason once */
	says(text, "\n  jsse: Java's own\n  quic: not read\n");
	says_not(text, "\x1b");
	buf_fini(&out);
	receipt_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(totals_by_process_and_model),
		TMP_TEST(billed_and_notional_are_never_one_sum),
		TMP_TEST(unpriced_is_counted_never_zero),
		TMP_TEST(savings_lower_bounds_and_duplicates),
		TMP_TEST(memory_is_bounded),
		TMP_TEST(the_dearest_five_are_in_order),
		TMP_TEST(losses_come_with_meaning_and_remedy),
		TMP_TEST(dark_far_ends_are_listed_with_bytes_and_reason),
		TMP_TEST(no_call_says_why),
		TMP_TEST(hostile_names_stay_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
