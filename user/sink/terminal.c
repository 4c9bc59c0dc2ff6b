/* SPDX-License-Identifier: Apache-2.0 */
/* A line per call as it ends, and the receipt at the end. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "sink/out.h"
#include "sink/receipt.h"

#define WIDTH_PROCESS 18
#define WIDTH_PROVIDER 9
#define WIDTH_MODEL 26
#define WIDTH_TOKENS 8
#define WIDTH_COST 20
#define WIDTH_DURATION 7

struct terminal {
	struct sink sink;
	struct terminal_options options;
	struct out out;
	struct buf line;
	struct receipt *receipt;
	struct receipt_facts facts;
	char *capture_line;
	bool has_facts;
	bool has_header;
};

static void terminal_cell(struct terminal *t, struct str s, int width)
{
	text_cell(&t->line, s, width);
	buf_append_str(&t->line, STR("  "));
}

static void terminal_color(struct terminal *t, enum text_color color)
{
	text_color(&t->line, t->options.is_colored, color);
}

static void terminal_header(struct terminal *t)
{
	if (t->has_header)
		return;
	t->has_header = true;
	terminal_color(t, TEXT_DIM);
	terminal_cell(t, STR("time"), 8);
	terminal_cell(t, STR("process"), WIDTH_PROCESS);
	terminal_cell(t, STR("provider"), WIDTH_PROVIDER);
	terminal_cell(t, STR("model"), WIDTH_MODEL);
	terminal_cell(t, STR("in"), -WIDTH_TOKENS);
	terminal_cell(t, STR("cached"), -WIDTH_TOKENS);
	terminal_cell(t, STR("out"), -WIDTH_TOKENS);
	terminal_cell(t, STR("cost"), -WIDTH_COST);
	text_cell(&t->line, STR("took"), -WIDTH_DURATION);
	terminal_color(t, TEXT_PLAIN);
	buf_append_char(&t->line, '\n');
}

static void terminal_time(struct terminal *t, const struct record *r)
{
	u64 end_ns = record_u64(r, RECORD_TS) + record_u64(r, RECORD_DURATION);
	time_t s = (time_t)(end_ns / NS_PER_S);
	char text[16] = "";
	struct tm tm;

	if (localtime_r(&s, &tm))
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	terminal_cell(t, str_of(text), 8);
}

/* "-" is unknown; 0 is zero. Every digit of what one call usually has: people compare these. */
static void terminal_tokens(struct terminal *t, bool is_known, u64 n)
{
	char text[TEXT_LEN] = "-";

	if (is_known && n < 100000)
		snprintf(text, sizeof(text), "%" PRIu64, n);
	else if (is_known)
		text_count(n, text);
	terminal_cell(t, str_of(text), -WIDTH_TOKENS);
}

static void terminal_cost(struct terminal *t, const struct record *r)
{
	enum text_money_kind kind = text_call_money_kind(r);
	bool is_doubtful = kind == TEXT_MONEY_NONE || text_call_is_inexact(r);
	char text[TEXT_LEN];

	text_call_cost(r, text);
	terminal_color(t, is_doubtful ? TEXT_YELLOW : TEXT_BOLD);
	text_amount(&t->line, text, WIDTH_COST);
	terminal_color(t, TEXT_PLAIN);
	buf_append_str(&t->line, STR("  "));
}

static void terminal_word(struct terminal *t, bool *is_first, struct str word, struct str more)
{
	buf_append_str(&t->line, *is_first ? STR("  ") : STR(", "));
	*is_first = false;
	text_clean(&t->line, str_cut(word, 0, 40));
	if (more.n) {
		buf_append_char(&t->line, ' ');
		text_clean(&t->line, str_cut(more, 0, 40));
	}
}

static void terminal_flags(struct terminal *t, const struct record *r, bool *is_first)
{
	static const struct {
		struct str flag, words;
	} known[] = {
		/* how it was recognised and copied: nothing a reader has to act on */
		{STR("shape"), {"", 0}}, {STR("iterated"), {"", 0}},
		{STR("request_policy"), {"", 0}},
		{STR("request_gap"), STR("part of the request was missed")},
		{STR("arithmetic"), STR("counts make no sense")},
		{STR("clamped"), STR("counts contradict each other")},
		{STR("residual"), STR("counts do not add up")},
		{STR("server_side"), STR("seen in the server")},
	};
	struct str list = record_str(r, RECORD_FLAGS), flag;

	while (str_next(&list, RECORD_SEP, &flag)) {
		struct str words = flag, more = STR_NONE;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			if (str_eq(flag, known[i].flag))
				words = known[i].words;
		if (str_eq(flag, STR("substituted")))
			more = record_str(r, RECORD_MODEL_REQUESTED);
		if (more.n)
			words = STR("substituted for");
		if (words.n)
			terminal_word(t, is_first, words, more);
	}
}

static void terminal_words(struct terminal *t, const struct record *r)
{
	struct str type = record_str(r, RECORD_ERROR_TYPE);
	char text[TEXT_LEN];
	bool is_first = true;

	if (text_call_is_error(r)) {
		u64 status = record_u64(r, RECORD_HTTP_STATUS);

		snprintf(text, sizeof(text), status >= 400 ? "error %" PRIu64 : "error", status);
		terminal_color(t, TEXT_RED);
		terminal_word(t, &is_first, str_of(text),
			      type.n ? type : record_str(r, RECORD_ERROR_CODE));
		terminal_color(t, TEXT_PLAIN);
	} else if (!record_has(r, RECORD_HTTP_STATUS)) {
		terminal_word(t, &is_first, STR("no response"), STR_NONE);
	}
	terminal_flags(t, r, &is_first);
	if (record_u64(r, RECORD_RETRY_SEQ)) {
		snprintf(text, sizeof(text), "retry %" PRIu64, record_u64(r, RECORD_RETRY_SEQ));
		terminal_word(t, &is_first, str_of(text), STR_NONE);
	}
	if (str_eq(record_str(r, RECORD_COMPLETENESS), STR("unmetered")) && !text_call_is_error(r))
		terminal_word(t, &is_first, STR("no usage reported"), STR_NONE);
	if (text_call_is_duplicate(r))
		terminal_word(t, &is_first, STR("duplicate, not counted"), STR_NONE);
}

static void terminal_line(struct terminal *t, const struct record *r)
{
	char text[TEXT_LEN];

	terminal_header(t);
	terminal_time(t, r);
	text_call_process(r, text);
	terminal_cell(t, str_of(text), WIDTH_PROCESS);
	terminal_cell(t, record_str(r, RECORD_PROVIDER), WIDTH_PROVIDER);
	terminal_cell(t, text_call_model(r), WIDTH_MODEL);
	terminal_tokens(t, record_has(r, RECORD_TOTAL_INPUT), record_u64(r, RECORD_TOTAL_INPUT));
	terminal_tokens(t, record_has(r, RECORD_TOKENS), text_call_cached(r));
	terminal_tokens(t, record_has(r, RECORD_TOTAL_OUTPUT), record_u64(r, RECORD_TOTAL_OUTPUT));
	terminal_cost(t, r);
	text_duration(record_u64(r, RECORD_DURATION), text);
	text_cell(&t->line, str_of(text), -WIDTH_DURATION);
	terminal_words(t, r);
	buf_append_char(&t->line, '\n');
}

static void terminal_flush(struct terminal *t)
{
	if (t->line.failed)
		stats_add(STAT_TERMINAL_LOST, 1);
	else if (t->line.n)
		out_write(&t->out, buf_str(&t->line));
	buf_clear(&t->line);
}

static void terminal_write(struct sink *s, const struct record *r)
{
	struct terminal *t = (struct terminal *)s;

	receipt_add(t->receipt, r);
	if (t->options.is_quiet)
		return;
	terminal_line(t, r);
	terminal_flush(t);
}

static void terminal_finish(struct sink *s, u64 deadline_ns)
{
	struct terminal *t = (struct terminal *)s;

	(void)deadline_ns;
	if (!t->options.has_receipt)
		return;
	receipt_print(t->receipt, t->has_facts ? &t->facts : NULL, t->options.command,
		      t->options.is_colored, &t->line);
	terminal_flush(t);
}

static void terminal_free(struct sink *s)
{
	struct terminal *t = (struct terminal *)s;

	receipt_free(t->receipt);
	buf_fini(&t->line);
	free(t->capture_line);
	free(t);
}

void sink_terminal_skip_receipt(struct sink *s)
{
	struct terminal *t = (struct terminal *)s;

	if (t)
		t->options.has_receipt = false;
}

void sink_terminal_facts(struct sink *s, const struct receipt_facts *facts)
{
	struct terminal *t = (struct terminal *)s;

	free(t->capture_line);
	t->capture_line = facts->capture_line ? strdup(facts->capture_line) : NULL;
	t->facts = *facts;
	t->facts.capture_line = t->capture_line;
	t->has_facts = true;
}

static const struct sink_ops terminal_ops = {
	.name = "terminal",
	.write = terminal_write,
	.finish = terminal_finish,
	.is_summary = true,
	.free = terminal_free,
};

int sink_terminal_new(const struct terminal_options *options, struct sink **ret)
{
	struct terminal *t = calloc(1, sizeof(*t));

	if (t)
		t->receipt = receipt_new();
	if (!t || !t->receipt) {
		free(t);
		log_error("no memory for the table of calls");
		return -ENOMEM;
	}
	t->sink.ops = &terminal_ops;
	t->options = *options;
	out_init(&t->out, options->fd, "the terminal", "use --output FILE, or --quiet",
		 STAT_TERMINAL_LOST);
	buf_init(&t->line, SINK_LINE_MAX);
	*ret = &t->sink;
	return 0;
}
