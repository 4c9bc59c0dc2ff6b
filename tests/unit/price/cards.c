/* SPDX-License-Identifier: Apache-2.0 */
#include "price/cards.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char *cards_text(const char *inside)
{
	char *text = NULL;

	if (asprintf(&text, "{'schema':'tolltap.ratecard/1','card':'test/acme',"
		     "'version':'2026-11-24.1','currency':'USD','provider':'acme',%s}", inside) < 0)
		abort();
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	return text;
}

struct price_book *cards_book(const char *const insides[], size_t n)
{
	struct price_book *b = book_new();

	for (size_t i = 0; i < n; i++) {
		char *text = cards_text(insides[i]);

		if (!b || card_load(b, "test", text, strlen(text), false))
			abort();
		free(text);
	}
	if (book_finish(b))
		abort();
	return b;
}

struct price_book *cards_book1(const char *inside)
{
	return cards_book(&inside, 1);
}

int cards_try(const char *text, size_t n, char *ret_log, size_t log_size)
{
	FILE *log = tmpfile();
	int saved = dup(STDERR_FILENO);
	struct price_book *b = book_new();

	if (!log || saved < 0 || !b)
		abort();
	dup2(fileno(log), STDERR_FILENO);

	int err = card_load(b, "bad.json", text, n, true);

	if (!err)
		err = book_finish(b);
	dup2(saved, STDERR_FILENO);
	close(saved);
	price_book_free(b);
	rewind(log);
	ret_log[fread(ret_log, 1, log_size - 1, log)] = '\0';
	fclose(log);
	return err;
}

u64 cards_time(const char *instant)
{
	u64 ns;

	if (instant_parse(str_of(instant), &ns))
		abort();
	return ns;
}

struct call cards_call(const char *provider, const char *model)
{
	return (struct call){
		.provider = str_of(provider),
		.model_served = str_of(model),
		.http_status = 200,
		.usage_source = USAGE_BODY_JSON,
	};
}
