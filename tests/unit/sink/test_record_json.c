/* SPDX-License-Identifier: Apache-2.0 */
/* The record as JSON, read back by a parser that shares nothing with the writer. */
#include "unit.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "sink/example.h"
#include "sink/record_json.h"

/* design.md 12, less what a later issue adds (workload, labels), with nanoseconds everywhere */
static const char example[] =
	"{\"v\":1,\"ts\":\"2026-11-22T01:02:03.123456789Z\",\"duration_ms\":812.4,"
	"\"ttft_ms\":190.2,\"provider\":\"openai\",\"endpoint\":\"chat\",\"operation\":\"chat\","
	"\"host\":\"api.openai.com\",\"path\":\"/v1/chat/completions\",\"http_status\":200,"
	"\"stream\":true,\"model\":{\"requested\":\"gpt-4o\",\"served\":\"gpt-4o-2024-08-06\"},"
	"\"response_id\":\"chatcmpl-X\",\"finish\":[\"stop\"],\"service_tier\":\"default\","
	"\"tokens\":{\"input\":86,\"cache_read\":1920,\"output\":300},"
	"\"totals\":{\"input\":2006,\"output\":300},"
	"\"usage\":{\"source\":\"sse_final\",\"completeness\":\"exact\",\"residual\":0},"
	"\"cache\":{\"status\":\"hit\"},"
	"\"cost\":{\"status\":\"priced\",\"billing\":\"metered\",\"currency\":\"USD\","
	"\"amount\":\"0.005615\",\"list\":\"0.005615\",\"meters\":{\"input\":\"0.000215\","
	"\"cache_read\":\"0.0024\",\"output\":\"0.003\"},\"card\":\"builtin/openai\","
	"\"card_version\":\"2026-11-20.1\",\"rate\":\"gpt-4o@2024-08-06\",\"match\":\"exact\","
	"\"source\":\"local\"},\"node\":{\"host\":\"n1\",\"boot_id\":\"...\"},"
	"\"process\":{\"pid\":4242,\"ppid\":4200,\"comm\":\"python3\","
	"\"exe\":\"/usr/bin/python3.11\",\"start\":\"2026-11-22T01:00:00.000000000Z\","
	"\"uid\":1000,\"workdir\":\"shop\"},"
	"\"cgroup\":{\"id\":4711,\"path\":\"/kubepods.slice/...\"},"
	"\"container\":{\"id\":\"...\",\"runtime\":\"containerd\"},"
	"\"k8s\":{\"namespace\":\"shop\",\"pod\":\"cart-7d9\",\"pod_uid\":\"...\","
	"\"container\":\"app\"},"
	"\"tags\":{\"team\":{\"value\":\"payments\",\"source\":\"pod_label\"}},"
	"\"trace\":{\"trace_id\":\"...\",\"span_id\":\"...\",\"parent_span_id\":\"...\"},"
	"\"session\":{\"id\":\"...\",\"source\":\"header\"},"
	"\"credential\":{\"hash\":\"9f2c...\",\"scheme\":\"bearer\",\"org\":\"org-...\","
	"\"project\":\"proj_...\"},\"client\":{\"user_agent\":\"OpenAI/Python 1.0\"},"
	"\"tls\":{\"stack\":\"openssl\",\"form\":\"uprobe_multi\"},\"retry\":{\"seq\":0},"
	"\"fallback_depth\":0,\"flags\":[]}";

static json_t *parse(struct str text)
{
	json_error_t error;
	json_t *j = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);

	if (!j)
		fail_msg("%s at %d: " STR_FMT, error.text, error.position, STR_ARG(text));
	return j;
}

static void line_equals(struct record *r, const char *expected)
{
	struct buf line;

	buf_init(&line, 1 << 20);
	record_json_line(r, &line);
	assert_int_equal(line.failed, 0);
	assert_true(utf8_is_valid(buf_str(&line)));
	assert_null(memchr(line.p, '\n', line.n));

	json_t *got = parse(buf_str(&line));
	json_t *want = parse(str_of(expected));

	if (!json_equal(got, want))
		fail_msg("got  " STR_FMT "\nwant %s", STR_ARG(buf_str(&line)), expected);
	json_decref(got);
	json_decref(want);
	buf_fini(&line);
	free(r);
}

static void example_record_is_that_of_the_design(void **state)
{
	struct record *r = example_record();
	struct buf line;

	buf_init(&line, 1 << 20);
	record_json_line(r, &line);
	/* also in order and in spelling, which is what people's eyes and diffs see */
	assert_int_equal(line.n, sizeof(example) - 1);
	assert_memory_equal(line.p, example, line.n);
	buf_fini(&line);
	line_equals(r, example);
}

static struct record *taken(struct record_builder *b)
{
	struct record *r = record_take(b);

	record_builder_free(b);
	assert_non_null(r);
	return r;
}

static void absent_fields_are_left_out(void **state)
{
	line_equals(taken(record_builder_new()), "{\"v\":1,\"flags\":[]}");
}

static void zero_is_not_absent(void **state)
{
	struct record_builder *b = record_builder_new();
	struct meters m = {};

	meters_set(&m, METER_REASONING, 0);
	meters_set(&m, METER_WEB_SEARCH, 2);
	record_set_meters(b, &m);
	record_set_money(b, RECORD_AMOUNT, 0);
	record_set_u64(b, RECORD_STREAM, 0);
	record_set_u64(b, RECORD_RESIDUAL, (u64)-3);
	record_set_str(b, RECORD_RESPONSE_ID, STR(""));
	line_equals(taken(b), "{\"v\":1,\"stream\":false,\"response_id\":\"\","
		    "\"tokens\":{\"reasoning\":0},\"units\":{\"web_search\":2},"
		    "\"usage\":{\"residual\":-3},\"cost\":{\"amount\":\"0\"},\"flags\":[]}");
}

static void milliseconds_keep_every_digit(void **state)
{
	static const struct {
		u64 ns;
		const char *text;
	} rows[] = {
		{0, "0"}, {1, "0.000001"}, {1000000, "1"}, {812400000, "812.4"},
		{100000000, "100"}, {86400000000001, "86400000.000001"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct record_builder *b = record_builder_new();
		char expected[128];
		struct buf line;

		record_set_u64(b, RECORD_DURATION, rows[i].ns);
		struct record *r = taken(b);

		buf_init(&line, 1 << 16);
		record_json_line(r, &line);
		snprintf(expected, sizeof(expected), "{\"v\":1,\"duration_ms\":%s,\"flags\":[]}",
			 rows[i].text);
		assert_int_equal(line.n, strlen(expected));
		assert_memory_equal(line.p, expected, line.n);
		buf_fini(&line);
		free(r);
	}
}

static void lists_and_tags(void **state)
{
	struct record_builder *b = record_builder_new();

	record_list_add(b, RECORD_FINISH, STR("stop"));
	record_list_add(b, RECORD_FINISH, STR("length"));
	record_list_add(b, RECORD_FLAGS, STR("aborted"));
	record_list_add(b, RECORD_COST_UNPRICED, STR("web_search"));
	record_list_add(b, RECORD_TAGS, STR("team"));
	record_list_add(b, RECORD_TAGS, STR("a\"b\n"));
	record_list_add(b, RECORD_TAGS, STR("command_line"));
	record_list_add(b, RECORD_TAGS, STR("env"));
	record_list_add(b, RECORD_TAGS, STR(""));
	record_list_add(b, RECORD_TAGS, STR("baggage"));
	line_equals(taken(b), "{\"v\":1,\"finish\":[\"stop\",\"length\"],"
		    "\"cost\":{\"unpriced_meters\":[\"web_search\"]},"
		    "\"tags\":{\"team\":{\"value\":\"a\\\"b\\n\",\"source\":\"command_line\"},"
		    "\"env\":{\"value\":\"\",\"source\":\"baggage\"}},\"flags\":[\"aborted\"]}");
}

static void hostile_text_stays_one_valid_line(void **state)
{
	struct record_builder *b = record_builder_new();

	record_set_str(b, RECORD_MODEL_SERVED, STR("m\x1b[2J\xff\xc3\x28\n\",\"cost\":1"));
	record_set_str(b, RECORD_USER_AGENT, STR("a\0b\xed\xa0\x80"));
	line_equals(taken(b), "{\"v\":1,\"model\":{\"served\":\"m\\u001b[2J\\ufffd\\ufffd(\\n\\\","
		    "\\\"cost\\\":1\"},\"client\":{\"user_agent\":\"a\\ufffdb\\ufffd\\ufffd\\ufffd"
		    "\"},\"flags\":[]}");
}

/* A writer that nests in one pass relies on this. */
static void fields_of_one_object_stand_together(void **state)
{
	struct str closed[RECORD_FIELD_MAX];
	struct str open = STR_NONE;
	size_t n = 0;

	for (int f = 0; f < RECORD_FIELD_MAX; f++) {
		struct str path = str_of(record_field_info((enum record_field)f)->json);
		size_t dot = str_find_char(path, '.');
		struct str prefix = dot < path.n ? str_cut(path, 0, dot) : STR_NONE;

		assert_int_equal(str_find_char(str_cut(path, dot + 1, path.n), '.'),
				 str_cut(path, dot + 1, path.n).n);
		if (open.p && !str_eq(open, prefix))
			closed[n++] = open;
		for (size_t i = 0; prefix.p && i < n; i++)
			assert_false(str_eq(closed[i], prefix));
		open = prefix;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_record_is_that_of_the_design),
		cmocka_unit_test(absent_fields_are_left_out),
		cmocka_unit_test(zero_is_not_absent),
		cmocka_unit_test(milliseconds_keep_every_digit),
		cmocka_unit_test(lists_and_tags),
		cmocka_unit_test(hostile_text_stays_one_valid_line),
		cmocka_unit_test(fields_of_one_object_stand_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
