/* SPDX-License-Identifier: Apache-2.0 */
/* Small cards and calls for the tests of the price room. ' stands for " in card texts. */
#ifndef TESTS_CARDS_H
#define TESTS_CARDS_H

#include "price/card.h"

#define CARDS_NOW "2026-11-20T12:00:00Z"

/* A card of provider "acme" with this inside: "'models':[...]" */
char *cards_text(const char *inside);			/* free() */

/* A book of the given card insides in order, without the built-in cards; aborts if refused. */
struct price_book *cards_book(const char *const insides[], size_t n);
struct price_book *cards_book1(const char *inside);

/* Loads one card text; the error line (or "") goes to ret_log. */
int cards_try(const char *text, size_t n, char *ret_log, size_t log_size);

u64 cards_time(const char *instant);
struct call cards_call(const char *provider, const char *model);

#endif
