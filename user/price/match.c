/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a model's name on the wire to a model of the book.
 *
 * First hit wins: exact, dated, alias, ft:, glob; then the same under the provider whose prices
 * this one follows, flagged. A name that merely begins like another one never matches.
 */
#include "price/card.h"

#define NAME_LEN_MAX 256

struct canonical {
	char text[NAME_LEN_MAX];
	struct str name;
};

static const char *const date_shapes[] = {
	"-20YY-MM-DD", "@20YY-MM-DD", "-20YYMMDD", "@20YYMMDD", "-MMDD",
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool date_fits(struct str tail, const char *shape)
{
	int month = 0, day = 0;

	for (size_t i = 0; i < tail.n; i++) {
		char want = shape[i], c = tail.p[i];

		if (want != 'Y' && want != 'M' && want != 'D') {
			if (c != want)
				return false;
			continue;
		}
		if (!is_digit(c))
			return false;
		month = want == 'M' ? month * 10 + c - '0' : month;
		day = want == 'D' ? day * 10 + c - '0' : day;
	}
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* s without the date at its end; s itself when it has none. */
static struct str cut_date(struct str s)
{
	for (size_t i = 0; i < ARRAY_LEN(date_shapes); i++) {
		size_t n = strlen(date_shapes[i]);

		if (s.n > n && date_fits(str_cut(s, s.n - n, n), date_shapes[i]))
			return str_cut(s, 0, s.n - n);
	}
	return s;
}

static struct str cut_latest(struct str s)
{
	return str_ends(s, STR("-latest")) ? str_cut(s, 0, s.n - strlen("-latest")) : s;
}

bool match_same_base(struct str a, struct str b)
{
	return str_eq_nocase(cut_latest(cut_date(a)), cut_latest(cut_date(b)));
}

static bool glob_fits(struct str pattern, struct str s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, retry = 0;

	while (i < s.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			retry = i;
		} else if (p < pattern.n && pattern.p[p] == s.p[i]) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++retry;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static struct model_match matched(const struct index_entry *e, enum match_kind kind)
{
	return (struct model_match){e->model->top, kind, STR_NONE};
}

static struct model_match match_plain(const struct price_book *b, struct str provider,
				      struct str name, u64 wall_ns)
{
	struct str base = cut_date(name);
	const struct index_entry *e = book_find(b, provider, name, NAME_EXACT, wall_ns);

	if (e)
		return matched(e, MATCH_EXACT);
	e = base.n < name.n ? book_find(b, provider, base, NAME_DATED, wall_ns) : NULL;
	if (e)
		return matched(e, MATCH_DATED);
	e = book_find(b, provider, name, NAME_ALIAS, wall_ns);
	if (e)
		return matched(e, MATCH_ALIAS);
	return (struct model_match){.reason = STR("no_model")};
}

static struct model_match match_glob(const struct price_book *b, struct str provider,
				     struct str name)
{
	for (size_t i = 0; i < b->glob_cnt; i++)
		if (str_eq(b->globs[i].provider, provider)
		    && glob_fits(b->globs[i].name->text, name))
			return matched(&b->globs[i], MATCH_GLOB);
	return (struct model_match){.reason = STR("no_model")};
}

/* "ft:gpt-4o-2024-08-06:acme::abc" -> "ft:gpt-4o-2024-08-06"; anything else stays. */
static struct str cut_tuning(struct str name)
{
	if (!str_starts(name, STR("ft:")))
		return name;
	return str_cut(name, 0, 3 + str_find_char(str_cut(name, 3, name.n), ':'));
}

static struct model_match match_name(const struct price_book *b, struct str provider,
				     struct str name, u64 wall_ns)
{
	struct model_match m = match_plain(b, provider, name, wall_ns);
	struct str tuned = cut_tuning(name);

	if (!m.model && tuned.n < name.n)
		m = match_plain(b, provider, tuned, wall_ns);
	return m.model ? m : match_glob(b, provider, name);
}

static bool cut_front(struct str *s, struct str prefix)
{
	if (!str_starts(*s, prefix))
		return false;
	*s = str_cut(*s, prefix.n, s->n);
	return true;
}

/* "models/x", "publishers/p/models/x", "accounts/a/models/x" -> "x" */
static void cut_path(struct str *s)
{
	struct str rest = *s, part;

	if (cut_front(s, STR("models/")))
		return;
	if (!str_starts(rest, STR("publishers/")) && !str_starts(rest, STR("accounts/")))
		return;
	for (int i = 0; i < 3; i++)
		if (!str_next(&rest, '/', &part))
			return;
	if (str_eq(part, STR("models")) && rest.n)
		*s = rest;
}

/* "-v1:0", ":200k": what Bedrock hangs on. */
static void cut_version(struct str *s)
{
	size_t n = s->n;

	if (n > 2 && s->p[n - 1] == 'k') {
		size_t i = n - 1;

		while (i > 0 && is_digit(s->p[i - 1]))
			i--;
		if (i > 1 && i < n - 1 && s->p[i - 1] == ':')
			*s = str_cut(*s, 0, i - 1);
	}
	n = s->n;
	if (n > 5 && s->p[n - 5] == '-' && s->p[n - 4] == 'v' && is_digit(s->p[n - 3])
	    && s->p[n - 2] == ':' && is_digit(s->p[n - 1]))
		*s = str_cut(*s, 0, n - 5);
}

/* An ARN of a profile that somebody made says nothing about the model behind it. */
static bool is_opaque(struct str name)
{
	return str_starts(name, STR("arn:"))
	       && (str_contains(name, STR(":application-inference-profile/"))
		   || str_contains(name, STR(":provisioned-model/"))
		   || str_contains(name, STR(":custom-model"))
		   || str_contains(name, STR(":imported-model/")));
}

static void cut_bedrock(struct str *s)
{
	static const char *const geo[] = {"us.", "eu.", "apac.", "jp.", "au.", "global.",
					  "us-gov."};

	if (str_starts(*s, STR("arn:")))
		*s = str_cut(*s, str_find_char(*s, '/') + 1, s->n);
	for (size_t i = 0; i < ARRAY_LEN(geo); i++)
		if (cut_front(s, str_of(geo[i])))
			break;
	cut_front(s, STR("anthropic."));
	cut_front(s, STR("openai."));
	cut_version(s);
}

static bool canonical_make(struct canonical *c, struct str name)
{
	if (name.n == 0 || name.n > sizeof(c->text))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char ch = name.p[i];

		c->text[i] = ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
	}
	c->name = (struct str){c->text, name.n};
	return true;
}

static struct model_match match_provider(const struct price_book *b, struct str provider,
					 struct str name, u64 wall_ns)
{
	struct model_match m = match_name(b, provider, name, wall_ns);
	struct str bare = name;

	cut_path(&bare);
	cut_bedrock(&bare);
	if (!m.model && bare.n && bare.n < name.n)
		m = match_name(b, provider, bare, wall_ns);
	return m;
}

static bool follows(const struct card *c, struct str provider)
{
	for (size_t i = 0; i < c->fallback_for.n; i++)
		if (str_eq(c->fallback_for.v[i], provider))
			return true;
	return false;
}

struct model_match match_model(const struct price_book *b, struct str provider, struct str name,
			       u64 wall_ns)
{
	struct canonical c;
	struct model_match m = {.reason = STR("no_model")};

	if (!canonical_make(&c, name))
		return m;
	m = match_provider(b, provider, c.name, wall_ns);
	for (const struct card *card = b->first; card && !m.model; card = card->next) {
		if (!follows(card, provider))
			continue;
		m = match_provider(b, card->provider, c.name, wall_ns);
		if (m.model)
			m.kind = MATCH_FALLBACK;
	}
	if (!m.model && is_opaque(c.name))
		m.reason = STR("opaque_profile");
	return m;
}
