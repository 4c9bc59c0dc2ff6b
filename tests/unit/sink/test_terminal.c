/* SPDX-License-Identifier: Apache-2.0 */
/* Lines per call: cells, words, colours, and text that tries to be more than text. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/stats.h"
#include "sink/example.h"
#include "sink/sink.h"
#include "sink/text.h"
#include "sink/tmp.h"

#define FEMTO 1000000000000000ll
#define MICRO (FEMTO / 1000000)

/* What a terminal would have got for these records. */
static char *shown(const char *path, bool is_colored, bool is_quiet, struct record *r[], size_t n)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	const struct terminal_options options = {.fd = fd, .is_colored = is_colored,
						 .is_quiet = is_quiet};
	static char text[65536];
	struct sink *s;

	assert_int_equal(sink_terminal_new(&options, &s), 0);
	for (size_t i = 0; i < n; i++) {
		s->ops->write(s, r[i]);
		free(r[i]);
	}
	s->ops->finish(s, 0);
	s->ops->free(s);

	ssize_t got = pread(fd, text, sizeof(text) - 1, 0);

	assert_true(got >= 0);
	text[got] = '\0';
	close(fd);
	return text;
}

static const char *row(void *state, const struct example_call *c)
{
	struct record *r = example_call(c);
	char *text = shown(tmp_path(state, "out"), false, false, &r, 1);

	return strchr(text, '\n') + 1;
}

static void shows(void *state, const struct example_call *c, const char *expected)
{
	const char *got = row(state, c);

	if (!strstr(got, expected))
		fail_msg("no '%s' in: %s", expected, got);
}

static const struct example_call base = {
	.id = 1, .pid = 4242, .comm = "python3", .provider = "openai",
	.model = "gpt-4o-2024-08-06", .input = 2006, .cached = 1920, .output = 300,
	.femto = 5615 * MICRO,
};

static void the_example_is_one_aligned_line(void **state)
{
	struct record *r = example_record();

	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(shown(tmp_path(*state, "out"), false, false, &r, 1),
		"time      process             provider   model                             in  "
		"  cached       out                  cost     took\n"
		"01:02:03  python3[4242]       openai     gpt-4o-2024-08-06               2006  "
		"    1920       300             $0.005615    812ms\n");
}

static void the_cost_says_what_it_is(void **state)
{
	struct example_call c = base;

	c.completeness = "lower_bound";
	shows(*state, &c, "~$0.005615");
	c = base;
	c.status = "partial";
	shows(*state, &c, "~$0.005615");
	c.status = "estimated";
	shows(*state, &c, "~$0.005615");
	c.status = "notional";
	shows(*state, &c, "(notional $0.005615)");
	c.status = "unpriced";
	c.reason = "no_model";
	c.femto = -1;
	shows(*state, &c, "unpriced: no_model");
	assert_null(strstr(row(*state, &c), "$"));
	c.status = "not_billed";
	shows(*state, &c, "not billed");
	c.status = "free";
	shows(*state, &c, "free");
}

static void counts_of_a_call_are_whole_until_they_are_long(void **state)
{
	struct example_call c = base;

	c.input = 99999;
	shows(*state, &c, "   99999      1920       300 ");
	c.input = 123456;
	c.cached = 0;
	shows(*state, &c, "  123.5k         0       300 ");
}

static void a_little_is_not_nothing(void **state)
{
	struct example_call c = base;

	c.femto = 100000000;			/* five embedding tokens */
	shows(*state, &c, "$0.0000001");
	c.femto = 0;
	shows(*state, &c, "$0.000000");
}

static void flags_are_words(void **state)
{
	struct example_call c = base;

	c.http_status = 429;
	shows(*state, &c, "  error 429");
	c = base;
	c.flags[0] = "aborted";
	c.flags[1] = "truncated";
	c.flags[2] = "request_gap";
	shows(*state, &c, "  aborted, truncated, part of the request was missed\n");
	c.flags[0] = "shape";
	c.flags[1] = NULL;
	shows(*state, &c, "812ms\n");
	c.flags[0] = "added_later";
	shows(*state, &c, "  added_later\n");
	c.completeness = "unmetered";
	shows(*state, &c, "added_later, no usage reported\n");
}

static void a_substitute_names_both_models(void **state)
{
	struct record_builder *b = example_builder();
	struct record *r;

	record_list_add(b, RECORD_FLAGS, STR("substituted"));
	r = record_take(b);
	record_builder_free(b);
	assert_non_null(strstr(shown(tmp_path(*state, "out"), false, false, &r, 1),
			       "substituted for gpt-4o\n"));
}

/* A server's answer decides the model's name; the terminal must not obey it. */
static void escape_sequences_are_neutralised(void **state)
{
	static const char *const attacks[] = {
		"\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x1b]52;c;cm0gLXJm\x07", "a\rcost $0",
		"a\nfake line", "\xc2\x9b" "31m", "\x9b" "31m", "\xe2\x80\xae" "oak",
		"\x7f\x08\x08",
		"\xff\xfe", "m\xc3\x9bx",
	};

	for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
		struct example_call c = base;
		const char *flags[] = {attacks[i]};

		c.model = attacks[i];
		c.comm = attacks[i];
		c.provider = attacks[i];
		c.reason = attacks[i];
		c.status = "unpriced";
		c.femto = -1;
		c.flags[0] = flags[0];

		const char *got = row(*state, &c);

		for (const char *p = got; *p; p++)
			if ((*p < 0x20 || *p > 0x7e) && !(*p == '\n' && !p[1]))
				fail_msg("byte %02x of attack %zu got through", (u8)*p, i);
		assert_non_null(strchr(got, '?'));
	}
}

static void long_names_are_cut_and_columns_hold(void **state)
{
	struct example_call c = base;
	const char *want = row(*state, &c);
	size_t width = strlen(want);

	c.model = "accounts/fireworks/models/deepseek-v3-0324-long";
	c.comm = "a-very-long-process-name-indeed";
	assert_int_equal(strlen(row(*state, &c)), width);
	shows(*state, &c, "accounts/fireworks/models~  ");
}

static void color_only_when_asked(void **state)
{
	struct record *r = example_record();

	assert_non_null(strstr(shown(tmp_path(*state, "out"), true, false, &r, 1), "\033[1m"));
	r = example_record();
	assert_null(strchr(shown(tmp_path(*state, "out"), false, false, &r, 1), '\033'));
}

static void quiet_prints_no_line(void **state)
{
	struct record *r = example_record();

	assert_string_equal(shown(tmp_path(*state, "out"), false, true, &r, 1), "");
}

static void the_head_stands_once(void **state)
{
	struct record *r[] = {example_record(), example_record()};
	char *text = shown(tmp_path(*state, "out"), false, false, r, 2);
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	assert_int_equal(lines, 3);
}

static void counts_are_short(void **state)
{
	static const struct {
		u64 n;
		const char *text;
	} rows[] = {
		{0, "0"}, {999, "999"}, {1000, "1.0k"}, {12345, "12.3k"}, {12350, "12.4k"},
		{999949, "999.9k"}, {999950, "1.0M"}, {1234567890, "1.2G"},
		{~0ull, "18446744.1T"},
	};
	char text[TEXT_LEN];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		text_count(rows[i].n, text);
		assert_string_equal(text, rows[i].text);
	}
	text_bytes(1536, text);
	assert_string_equal(text, "1.5 kB");
	text_bytes(0, text);
	assert_string_equal(text, "0 B");
}

static void durations_are_short(void **state)
{
	static const struct {
		u64 ms;
		const char *text;
	} rows[] = {{0, "0ms"}, {812, "812ms"}, {4250, "4.2s"}, {59999, "59.9s"}, {192000, "3m12s"},
		    {7500000, "2h05m"}};
	char text[TEXT_LEN];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		text_duration(rows[i].ms * 1000000, text);
		assert_string_equal(text, rows[i].text);
	}
	text_duration(999999, text);
	assert_string_equal(text, "<1ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TMP_TEST(the_example_is_one_aligned_line),
		TMP_TEST(the_cost_says_what_it_is),
		TMP_TEST(counts_of_a_call_are_whole_until_they_are_long),
		TMP_TEST(a_little_is_not_nothing),
		TMP_TEST(flags_are_words),
		TMP_TEST(a_substitute_names_both_models),
		TMP_TEST(escape_sequences_are_neutralised),
		TMP_TEST(long_names_are_cut_and_columns_hold),
		TMP_TEST(color_only_when_asked),
		TMP_TEST(quiet_prints_no_line),
		TMP_TEST(the_head_stands_once),
		TMP_TEST(counts_are_short),
		TMP_TEST(durations_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
