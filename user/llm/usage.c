/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of usage.h: subsets are taken off their totals, once, here and nowhere else. */
#include "llm/usage.h"

#include <errno.h>

#include "llm/call.h"

/* Every integer up to here is exact in any JSON reader, and no sum of meters can overflow. */
#define COUNT_MAX (1ull << 53)

#define FEMTO_DIGITS 15
#define MILLI_DIGITS 3

/* --- reading --------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "12", "-12", "+12" after 'e'; -ERANGE beyond what makes sense for money. */
static int parse_exponent(struct str s, int *ret)
{
	bool is_negative = s.n && s.p[0] == '-';
	int exp = 0;

	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_cut(s, 1, s.n);
	if (!s.n)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return -EINVAL;
		exp = exp * 10 + (s.p[i] - '0');
		if (exp > 1000)
			return -ERANGE;
	}
	*ret = is_negative ? -exp : exp;
	return 0;
}

/* value * 10^shift, rounded half up. */
static int scale_decimal(u64 value, int shift, u64 *ret)
{
	u64 last = 0;

	for (; shift > 0 && value; shift--)
		if (__builtin_mul_overflow(value, 10, &value))
			return -ERANGE;
	for (; shift < 0 && (value || last); shift++) {
		last = value % 10;
		value /= 10;
	}
	if (shift == 0 && last >= 5)
		value++;
	if (value > INT64_MAX)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* Decimal with exponent, times 10^digits. */
static int parse_decimal(struct str text, int digits, u64 *ret)
{
	u64 value = 0;
	int point = 0, exp = 0;
	bool is_fraction = false, has_digit = false;
	size_t i;

	for (i = 0; i < text.n && (is_digit(text.p[i]) || text.p[i] == '.'); i++) {
		if (text.p[i] == '.') {
			if (is_fraction)
				return -EINVAL;
			is_fraction = true;
			continue;
		}
		has_digit = true;
		/* 18 digits are kept: the rest is beyond 1e-15 for any cost of one call */
		if (value >= 100000000000000000ull) {
			if (!is_fraction)
				return -ERANGE;
			continue;
		}
		value = value * 10 + (u64)(text.p[i] - '0');
		point += is_fraction;
	}
	if (!has_digit)
		return -EINVAL;
	if (i < text.n) {
		if (text.p[i] != 'e' && text.p[i] != 'E')
			return -EINVAL;

		int err = parse_exponent(str_cut(text, i + 1, text.n), &exp);

		if (err)
			return err;
	}
	return scale_decimal(value, digits + exp - point, ret);
}

int usage_parse_femto(struct str text, u64 *ret_femto)
{
	return parse_decimal(text, FEMTO_DIGITS, ret_femto);
}

/* "3.2" is 3, "3.5" is 4: meters count whole seconds. */
static int parse_seconds(struct str text, u64 *ret)
{
	u64 milli;
	int err = parse_decimal(text, MILLI_DIGITS, &milli);

	if (!err)
		*ret = (milli + 500) / 1000;
	return err;
}

static int parse_counter(enum counter c, struct str text, u64 *ret)
{
	if (c >= CTR_COST && c <= CTR_COST_UPSTREAM)
		return usage_parse_femto(text, ret);
	if (c >= CTR_AUDIO_S_IN && c <= CTR_GPU_S)
		return parse_seconds(text, ret);

	/* "6.0" is a count, 5.5 is none */
	size_t dot = str_find_char(text, '.'), end = text.n;

	while (end > dot + 1 && text.p[end - 1] == '0')
		end--;
	if (dot && dot + 1 < text.n && end == dot + 1)
		text.n = dot;

	int err = str_to_u64(text, ret);

	return !err && *ret > COUNT_MAX ? -ERANGE : err;
}

void usage_read(struct usage *u, enum counter c, struct str text)
{
	u64 count;
	int err = parse_counter(c, text, &count);

	u->present &= ~(1ull << c);
	u->broken &= ~(1ull << c);
	if (err)
		u->broken |= 1ull << c;
	else
		usage_set(u, c, count);
}

void usage_add(struct usage *u, const struct usage *one)
{
	u->broken |= one->broken;
	for (int i = 0; i < CTR_MAX; i++) {
		enum counter c = (enum counter)i;
		u64 sum = usage_get(u, c) + usage_get(one, c);

		if (!usage_has(one, c))
			continue;
		if (sum > COUNT_MAX && c < CTR_COST)
			u->broken |= 1ull << c;
		else
			usage_set(u, c, sum);
	}
}

enum counter usage_modality(enum counter first, struct str name)
{
	static const struct {
		const char *name;
		int at;
	} names[] = {
		{"audio", 0}, {"image", 1}, {"video", 2}, {"document", 1},
		{"4", 0},     {"2", 1},	    {"3", 2},	  {"5", 1},
	};

	/* lifetimes of what was written to a cache */
	if (first == CTR_CACHE_5M)
		return str_eq(name, STR("5m"))	 ? CTR_CACHE_5M
		       : str_eq(name, STR("1h")) ? CTR_CACHE_1H
						 : CTR_NONE;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq_nocase(name, str_of(names[i].name)))
			return (enum counter)((int)first + names[i].at);
	return CTR_NONE;
}

bool usage_is_told(const struct usage *u)
{
	for (int c = CTR_INPUT; c < CTR_COST; c++)
		if (usage_get(u, (enum counter)c))
			return true;
	return u->broken != 0;
}

void usage_replace(struct usage *u, const struct usage *from)
{
	u64 touched = from->present | from->broken;

	for (int c = 0; c < CTR_MAX; c++)
		if (usage_has(from, (enum counter)c))
			u->count[c] = from->count[c];
	u->present = (u->present & ~touched) | from->present;
	u->broken = (u->broken & ~touched) | from->broken;
	u->is_byok |= from->is_byok;
}

/* --- arithmetic ------------------------------------------------------------------------------ */

/* Takes a subset off its total. A subset larger than what is left is a provider's mistake. */
static void take(u64 *left, u64 part, struct usage_result *ret)
{
	if (part > *left)
		ret->flags |= CALL_F_CLAMPED;
	*left -= part < *left ? part : *left;
}

/* A reported subset becomes a meter of its own. */
static void split(const struct usage *u, enum counter c, enum meter m, u64 *left,
		  struct usage_result *ret)
{
	if (!usage_has(u, c))
		return;
	meters_set(&ret->meters, m, u->count[c]);
	take(left, u->count[c], ret);
}

/*
 * Pictures: many say "none" on every call, which is not worth a meter. They may have come from the
 * cache, where they are counted already: what is left of the total bounds them.
 */
static void split_used(const struct usage *u, enum counter c, enum meter m, u64 *left,
		       struct usage_result *ret)
{
	u64 part = usage_get(u, c) < *left ? usage_get(u, c) : *left;

	if (usage_get(u, c) > *left)
		ret->flags |= CALL_F_CLAMPED;
	if (part)
		meters_set(&ret->meters, m, part);
	*left -= part;
}

/* What of a modality came from the cache is no input of that modality. */
static void split_modality(const struct usage *u, int at, u64 *cached, u64 *left,
			   struct usage_result *ret)
{
	static const enum meter reads[] = {METER_CACHE_READ_AUDIO, METER_CACHE_READ_IMAGE,
					   METER_CACHE_READ_VIDEO};
	static const enum meter inputs[] = {METER_INPUT_AUDIO, METER_INPUT_IMAGE,
					    METER_INPUT_VIDEO};
	u64 all = usage_get(u, (enum counter)(CTR_INPUT_AUDIO + at));
	u64 read = usage_get(u, (enum counter)(CTR_CACHE_AUDIO + at));

	if (read)
		meters_set(&ret->meters, reads[at], read < *cached ? read : *cached);
	take(cached, read, ret);
	all = all > read ? all - read : 0;
	if (all)
		meters_set(&ret->meters, inputs[at], all < *left ? all : *left);
	take(left, all, ret);
}

/* Of what came from the cache, each modality is told. */
static void split_modalities(const struct usage *u, u64 prompt, struct usage_result *ret)
{
	u64 left = prompt, cached = usage_get(u, CTR_CACHE_READ);

	take(&left, cached, ret);
	cached = cached < prompt ? cached : prompt;
	for (int at = 0; at < 3; at++)
		split_modality(u, at, &cached, &left, ret);
	if (usage_has(u, CTR_CACHE_READ))
		meters_set(&ret->meters, METER_CACHE_READ, cached);
	meters_set(&ret->meters, METER_INPUT, left);
}

static void split_input(const struct usage *u, u64 prompt, struct usage_result *ret)
{
	enum counter read = usage_has(u, CTR_CACHE_READ) ? CTR_CACHE_READ : CTR_CACHE_READ_TWIN;
	enum counter written =
		usage_has(u, CTR_CACHE_WRITE) ? CTR_CACHE_WRITE : CTR_CACHE_WRITE_TWIN;
	u64 left = prompt;

	/* realtime: most of a cached conversation is sound, which has a price of its own */
	if (usage_get(u, CTR_CACHE_AUDIO) || usage_get(u, CTR_CACHE_IMAGE)) {
		split_modalities(u, prompt, ret);
		return;
	}
	split(u, read, METER_CACHE_READ, &left, ret);
	split(u, written, METER_CACHE_WRITE, &left, ret);
	split(u, CTR_INPUT_AUDIO, METER_INPUT_AUDIO, &left, ret);
	split_used(u, CTR_INPUT_IMAGE, METER_INPUT_IMAGE, &left, ret);
	split_used(u, CTR_INPUT_VIDEO, METER_INPUT_VIDEO, &left, ret);
	meters_set(&ret->meters, METER_INPUT, left);
}

static void split_output(const struct usage *u, u64 completion, struct usage_result *ret)
{
	u64 left = completion;

	split(u, CTR_REASONING, METER_REASONING, &left, ret);
	split(u, CTR_OUTPUT_AUDIO, METER_OUTPUT_AUDIO, &left, ret);
	split_used(u, CTR_OUTPUT_IMAGE, METER_OUTPUT_IMAGE, &left, ret);
	split_used(u, CTR_OUTPUT_VIDEO, METER_OUTPUT_VIDEO, &left, ret);
	meters_set(&ret->meters, METER_OUTPUT, left);
}

/* Pictures or sound; what is text in it is told, if at all. */
static void split_made(const struct usage *u, enum meter m, u64 completion,
		       struct usage_result *ret)
{
	u64 left = completion;

	if (usage_has(u, CTR_OUTPUT_TEXT)) {
		meters_set(&ret->meters, METER_OUTPUT, u->count[CTR_OUTPUT_TEXT]);
		take(&left, u->count[CTR_OUTPUT_TEXT], ret);
	}
	meters_set(&ret->meters, m, left);
}

/* The provider's own total tells which parts stand beside it instead of in it. */
static void place_parts(enum usage_family family, struct usage *u, u64 *prompt, u64 *completion)
{
	u64 reasoning = usage_get(u, CTR_REASONING), audio = usage_get(u, CTR_INPUT_AUDIO);
	u64 total = usage_get(u, CTR_TOTAL), sum = *prompt + *completion;
	bool has_total = usage_has(u, CTR_TOTAL);
	bool is_added = family == FAMILY_ADDED_REASONING && !(has_total && total == sum);

	if (family == FAMILY_BESIDE_REASONING || family == FAMILY_CITATIONS) {
		*completion += reasoning;
		if (has_total && total == sum)
			u->count[CTR_TOTAL] += reasoning + usage_get(u, CTR_CITATION);
	} else if (is_added || (has_total && reasoning && total == sum + reasoning)) {
		*completion += reasoning;
	} else if (has_total && audio && total == sum + audio) {
		*prompt += audio;
	} else if (family == FAMILY_HIDDEN_REASONING && total > sum && !reasoning) {
		usage_set(u, CTR_REASONING, total - sum);
		*completion += total - sum;
	}
}

static void resolve_inclusive(enum usage_family family, struct usage *u, struct usage_result *ret)
{
	u64 prompt = usage_get(u, CTR_INPUT), completion = usage_get(u, CTR_OUTPUT);
	u64 total = usage_get(u, CTR_TOTAL);
	bool has_total = usage_has(u, CTR_TOTAL), has_output = usage_has(u, CTR_OUTPUT);

	/* Some leave an output of nothing out, and the total says so. */
	ret->is_whole = usage_has(u, CTR_INPUT) && (has_output || (has_total && total == prompt));
	place_parts(family, u, &prompt, &completion);
	ret->context_tokens = prompt;
	if (usage_has(u, CTR_INPUT))
		split_input(u, prompt, ret);
	if (has_output && family == FAMILY_IMAGES)
		split_made(u, METER_OUTPUT_IMAGE, completion, ret);
	else if (has_output && family == FAMILY_SPEECH)
		split_made(u, METER_OUTPUT_AUDIO, completion, ret);
	else if (has_output)
		split_output(u, completion, ret);
	if (usage_has(u, CTR_CITATION))
		meters_set(&ret->meters, METER_CITATION, u->count[CTR_CITATION]);
}

static void resolve_additive(struct usage *u, struct usage_result *ret)
{
	static const struct {
		enum counter counter;
		enum meter meter;
	} beside[] = {
		{CTR_INPUT, METER_INPUT},
		{CTR_CACHE_READ, METER_CACHE_READ},
		{CTR_CACHE_WRITE, METER_CACHE_WRITE},
		{CTR_CACHE_5M, METER_CACHE_WRITE_5M},
		{CTR_CACHE_1H, METER_CACHE_WRITE_1H},
		{CTR_INPUT_IMAGE, METER_INPUT_IMAGE},
	};
	u64 prompt = usage_get(u, CTR_PROMPT);

	if (usage_has(u, CTR_PROMPT)) {
		take(&prompt, usage_get(u, CTR_CACHE_READ), ret);
		usage_set(u, CTR_INPUT, prompt);
	}
	for (size_t i = 0; i < ARRAY_LEN(beside); i++)
		if (usage_has(u, beside[i].counter))
			meters_set(&ret->meters, beside[i].meter, u->count[beside[i].counter]);
	if (usage_has(u, CTR_OUTPUT))
		split_output(u, u->count[CTR_OUTPUT], ret);
	ret->context_tokens = usage_has(u, CTR_CONTEXT) ? u->count[CTR_CONTEXT]
							: meters_input_total(&ret->meters);
	ret->is_whole = usage_has(u, CTR_INPUT) && usage_has(u, CTR_OUTPUT);
}

/* A missing count of candidates is none: a turn that only thinks, or only calls a tool. */
static void resolve_gemini(const struct usage *u, struct usage_result *ret)
{
	u64 prompt = usage_get(u, CTR_INPUT);
	struct usage made = *u;

	ret->context_tokens = prompt;
	ret->is_whole = usage_has(u, CTR_INPUT);
	if (usage_has(u, CTR_INPUT))
		split_modalities(u, prompt, ret);
	if (usage_has(u, CTR_INPUT_TOOL))
		meters_set(&ret->meters, METER_INPUT_TOOL, u->count[CTR_INPUT_TOOL]);
	if (usage_has(u, CTR_INPUT) || usage_has(u, CTR_OUTPUT))
		split_output(&made, usage_get(u, CTR_OUTPUT) + usage_get(u, CTR_REASONING), ret);
}

/* Embeddings; some give the total alone. */
static void resolve_input(const struct usage *u, struct usage_result *ret)
{
	enum counter c = usage_has(u, CTR_INPUT) ? CTR_INPUT : CTR_TOTAL;

	if (usage_has(u, c))
		split_input(u, u->count[c], ret);
	ret->context_tokens = usage_get(u, c);
	ret->is_whole = usage_has(u, c);
}

/* Who counts nothing but units has told all with them. */
static void resolve_units(const struct usage *u, struct usage_result *ret)
{
	static const struct {
		enum counter counter;
		enum meter meter;
	} units[] = {
		{CTR_WEB_SEARCH, METER_WEB_SEARCH},   {CTR_WEB_FETCH, METER_WEB_FETCH},
		{CTR_FILE_SEARCH, METER_FILE_SEARCH}, {CTR_CODE_SESSION, METER_CODE_SESSION},
		{CTR_RERANK, METER_RERANK_SEARCH},    {CTR_IMAGE, METER_IMAGE},
		{CTR_PAGE, METER_PAGE},		      {CTR_CHAR_IN, METER_CHAR_IN},
		{CTR_AUDIO_S_IN, METER_AUDIO_S_IN},   {CTR_AUDIO_S_OUT, METER_AUDIO_S_OUT},
		{CTR_VIDEO_S, METER_VIDEO_S},	      {CTR_GPU_S, METER_GPU_S},
	};
	bool has_tokens = usage_has(u, CTR_INPUT) || usage_has(u, CTR_OUTPUT) ||
			  usage_has(u, CTR_TOTAL) || usage_has(u, CTR_PROMPT);

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!usage_has(u, units[i].counter))
			continue;
		meters_set(&ret->meters, units[i].meter, u->count[units[i].counter]);
		ret->is_whole = ret->is_whole || !has_tokens;
	}
}

void usage_resolve(enum usage_family family, const struct usage *u, struct usage_result *ret)
{
	struct usage own = *u;

	*ret = (struct usage_result){.flags = u->broken ? CALL_F_ARITHMETIC : 0};
	if (family == FAMILY_ADDITIVE)
		resolve_additive(&own, ret);
	else if (family == FAMILY_INPUT)
		resolve_input(&own, ret);
	else if (family == FAMILY_GEMINI)
		resolve_gemini(&own, ret);
	else
		resolve_inclusive(family, &own, ret);
	resolve_units(&own, ret);

	if (!usage_has(u, CTR_TOTAL))
		return;
	ret->has_total = true;
	ret->total = own.count[CTR_TOTAL];
	ret->residual = (s64)ret->total - (s64)meters_input_total(&ret->meters) -
			(s64)meters_output_total(&ret->meters);
	if (ret->residual)
		ret->flags |= CALL_F_RESIDUAL;
}
