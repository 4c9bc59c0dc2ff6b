/* SPDX-License-Identifier: Apache-2.0 */
/* Names, counts and money as people read them. */
#include "sink/text.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/money.h"
#include "base/utf8.h"

void text_clean(struct buf *out, struct str s)
{
	struct str bytes;

	while (s.n) {
		u32 c = utf8_next(&s, &bytes);

		buf_append_char(out, c >= 0x20 && c < 0x7f ? (char)c : '?');
	}
}

static void text_pad(struct buf *out, size_t n)
{
	while (n--)
		buf_append_char(out, ' ');
}

void text_cell(struct buf *out, struct str s, int width)
{
	size_t want = (size_t)(width < 0 ? -width : width);
	struct str rest = s, bytes;
	size_t have = 0;

	while (rest.n) {
		utf8_next(&rest, &bytes);
		have++;
	}
	if (width < 0 && have < want)
		text_pad(out, want - have);
	if (want && have > want) {
		for (rest = s; --want;) {
			utf8_next(&rest, &bytes);
			text_clean(out, bytes);
		}
		buf_append_char(out, '~');
		return;
	}
	text_clean(out, s);
	if (width > 0 && have < want)
		text_pad(out, want - have);
}

void text_amount(struct buf *out, const char *text, size_t width)
{
	size_t n = strlen(text);

	text_pad(out, n < width ? width - n : 0);
	text_clean(out, str_of(text));
}

void text_color(struct buf *out, bool is_colored, enum text_color color)
{
	static const char *const codes[] = {
		[TEXT_PLAIN] = "\033[0m", [TEXT_DIM] = "\033[2m", [TEXT_BOLD] = "\033[1m",
		[TEXT_RED] = "\033[31m", [TEXT_YELLOW] = "\033[33m",
	};

	if (is_colored)
		buf_append_str(out, str_of(codes[color]));
}

/* n in steps of 1000 with one decimal, rounded half up; integers only */
static void text_scaled(u64 n, const char *const units[], size_t unit_cnt, const char *space,
			char ret_text[TEXT_LEN])
{
	unsigned __int128 tenths = (unsigned __int128)n * 10;
	size_t unit = 0;

	while (tenths >= 10000 && unit + 1 < unit_cnt) {
		tenths = (tenths + 500) / 1000;
		unit++;
	}

	u64 t = (u64)tenths;

	if (unit == 0)
		snprintf(ret_text, TEXT_LEN, "%" PRIu64 "%s%s", n, space, units[0]);
	else
		snprintf(ret_text, TEXT_LEN, "%" PRIu64 ".%" PRIu64 "%s%s", t / 10, t % 10, space,
			 units[unit]);
}

void text_count(u64 n, char ret_text[TEXT_LEN])
{
	static const char *const units[] = {"", "k", "M", "G", "T"};

	text_scaled(n, units, ARRAY_LEN(units), "", ret_text);
}

void text_bytes(u64 n, char ret_text[TEXT_LEN])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};

	text_scaled(n, units, ARRAY_LEN(units), " ", ret_text);
}

void text_duration(u64 ns, char ret_text[TEXT_LEN])
{
	u64 ms = ns / NS_PER_MS;
	u64 s = ms / 1000;

	if (ns && !ms)
		snprintf(ret_text, TEXT_LEN, "<1ms");
	else if (ms < 1000)
		snprintf(ret_text, TEXT_LEN, "%" PRIu64 "ms", ms);
	else if (s < 60)
		snprintf(ret_text, TEXT_LEN, "%" PRIu64 ".%" PRIu64 "s", s, ms % 1000 / 100);
	else if (s < 3600)
		snprintf(ret_text, TEXT_LEN, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else
		snprintf(ret_text, TEXT_LEN, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
}

void text_money(s128 femto, char ret_text[TEXT_LEN])
{
	const s128 half_micro = (s128)500000000;
	char text[MONEY_TEXT_LEN];

	if (femto != 0 && femto <= half_micro && femto >= -half_micro) {
		money_format(femto, text);
		snprintf(ret_text, TEXT_LEN, "%s$%s", text[0] == '-' ? "-" : "",
			 text + (text[0] == '-'));
		return;
	}
	money_format_short(femto, text);
	snprintf(ret_text, TEXT_LEN, "%s", text);
}

enum text_money_kind text_call_money_kind(const struct record *r)
{
	struct str status = record_str(r, RECORD_COST_STATUS);

	if (str_eq(status, STR("free")) || str_eq(status, STR("not_billed")))
		return TEXT_MONEY_NOTHING;
	if (!record_has(r, RECORD_AMOUNT) || str_eq(status, STR("unpriced")))
		return TEXT_MONEY_NONE;
	return str_eq(status, STR("notional")) ? TEXT_MONEY_NOTIONAL : TEXT_MONEY_BILLED;
}

bool text_call_is_inexact(const struct record *r)
{
	struct str status = record_str(r, RECORD_COST_STATUS);
	struct str how = record_str(r, RECORD_COMPLETENESS);

	return str_eq(status, STR("partial")) || str_eq(status, STR("estimated")) ||
	       str_eq(how, STR("lower_bound")) || str_eq(how, STR("estimated"));
}

bool text_call_is_error(const struct record *r)
{
	return record_u64(r, RECORD_HTTP_STATUS) >= 400 || record_has(r, RECORD_ERROR_TYPE) ||
	       record_has(r, RECORD_ERROR_CODE);
}

bool text_call_is_duplicate(const struct record *r)
{
	return str_eq(record_str(r, RECORD_COMPLETENESS), STR("duplicate_view"));
}

void text_call_cost(const struct record *r, char ret_text[TEXT_LEN])
{
	const char *about = text_call_is_inexact(r) ? "~" : "";
	struct str reason = record_str(r, RECORD_COST_REASON);
	char money[TEXT_LEN];

	text_money(record_money(r, RECORD_AMOUNT), money);
	switch (text_call_money_kind(r)) {
	case TEXT_MONEY_BILLED:
		snprintf(ret_text, TEXT_LEN, "%s%.60s", about, money);
		break;
	case TEXT_MONEY_NOTIONAL:
		snprintf(ret_text, TEXT_LEN, "(notional %s%.50s)", about, money);
		break;
	case TEXT_MONEY_NOTHING:
		snprintf(ret_text, TEXT_LEN, "%s",
			 str_eq(record_str(r, RECORD_COST_STATUS), STR("free")) ? "free" :
			 "not billed");
		break;
	case TEXT_MONEY_NONE:
		snprintf(ret_text, TEXT_LEN, "unpriced%s" STR_FMT, reason.n ? ": " : "",
			 STR_ARG(str_cut(reason, 0, 40)));
		break;
	}
}

void text_call_process(const struct record *r, char ret_text[TEXT_LEN])
{
	struct str comm = record_str(r, RECORD_COMM);

	snprintf(ret_text, TEXT_LEN, STR_FMT "[%" PRIu64 "]",
		 STR_ARG(str_cut(comm.n ? comm : STR("?"), 0, 40)), record_u64(r, RECORD_PID));
}

struct str text_call_model(const struct record *r)
{
	struct str served = record_str(r, RECORD_MODEL_SERVED);
	struct str asked = record_str(r, RECORD_MODEL_REQUESTED);

	if (served.n)
		return served;
	return asked.n ? asked : STR("?");
}

u64 text_call_cached(const struct record *r)
{
	static const enum meter reads[] = {METER_CACHE_READ, METER_CACHE_READ_AUDIO,
					   METER_CACHE_READ_IMAGE, METER_CACHE_READ_VIDEO};
	u64 sum = 0;

	for (size_t i = 0; i < ARRAY_LEN(reads); i++)
		if (meters_has(&r->meters, reads[i]))
			sum += r->meters.count[reads[i]];
	return sum;
}
