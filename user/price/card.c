/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The book: cards in the order of loading, one sorted index of names over all of them, and the
 * layers of each model chained from the uppermost down.
 */
#include "price/card.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"

struct price_book *book_new(void)
{
	struct price_book *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->arena = arena_new(CARD_ARENA_MAX);
	if (!b->arena) {
		free(b);
		return NULL;
	}
	return b;
}

void price_book_free(struct price_book *b)
{
	if (!b)
		return;
	arena_free(b->arena);
	free(b);
}

void book_add(struct price_book *b, struct card *c)
{
	c->layer = b->card_cnt++;
	if (b->last)
		b->last->next = c;
	else
		b->first = c;
	b->last = c;
}

static int compare_str(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static int compare_key(const struct index_entry *e, struct str provider, struct str text,
		       enum name_kind kind)
{
	int c = compare_str(e->provider, provider);

	if (!c)
		c = compare_str(e->name->text, text);
	return c ? c : (int)e->name->kind - (int)kind;
}

static int compare_layer(const struct index_entry *x, const struct index_entry *y)
{
	size_t a = x->model->card->layer, b = y->model->card->layer;

	return (a < b) - (a > b);
}

static int compare_entries(const void *pa, const void *pb)
{
	const struct index_entry *a = pa, *b = pb;
	int c = compare_key(a, b->provider, b->name->text, b->name->kind);

	return c ? c : compare_layer(a, b);
}

static int compare_globs(const void *pa, const void *pb)
{
	const struct index_entry *a = pa, *b = pb;
	int c = compare_layer(a, b);

	/* the longest pattern is the most specific one */
	if (!c)
		c = (a->name->text.n < b->name->text.n) - (a->name->text.n > b->name->text.n);
	return c ? c : compare_str(a->name->text, b->name->text);
}

static size_t book_count_names(const struct price_book *b)
{
	size_t n = 0;

	for (const struct card *c = b->first; c; c = c->next)
		for (size_t i = 0; i < c->model_cnt; i++)
			n += c->models[i].name_cnt;
	return n;
}

static void book_list_names(struct price_book *b)
{
	for (const struct card *c = b->first; c; c = c->next) {
		for (size_t i = 0; i < c->model_cnt; i++) {
			struct model *m = &c->models[i];

			for (size_t k = 0; k < m->name_cnt; k++) {
				const struct name *name = &m->names[k];
				struct index_entry e = {c->provider, name, m};

				if (name->kind == NAME_GLOB)
					b->globs[b->glob_cnt++] = e;
				else
					b->index[b->index_cnt++] = e;
			}
		}
	}
}

/* An alias may be another model's at another time; exact and dated names and ids are for good. */
static bool names_clash(const struct index_entry *a, const struct index_entry *b)
{
	enum name_kind x = a->name->kind, y = b->name->kind;
	bool is_same_room = x == y || (x == NAME_EXACT && y == NAME_ALIAS)
			    || (x == NAME_ALIAS && y == NAME_EXACT);

	return a->model->card == b->model->card && is_same_room
	       && span_overlap(a->name->span, b->name->span);
}

static int book_check_names(const struct price_book *b)
{
	for (size_t i = 0; i < b->index_cnt; i++) {
		for (size_t k = i + 1; k < b->index_cnt; k++) {
			const struct index_entry *x = &b->index[i], *y = &b->index[k];

			if (!str_eq(x->provider, y->provider)
			    || !str_eq(x->name->text, y->name->text))
				break;
			if (!names_clash(x, y))
				continue;
			log_error("rate card %s: models: the name \"" STR_FMT
				  "\" is claimed twice (\"" STR_FMT "\" and \"" STR_FMT "\")",
				  x->model->card->file, STR_ARG(x->name->text),
				  STR_ARG(x->model->id), STR_ARG(y->model->id));
			return -EINVAL;
		}
	}
	return 0;
}

static void book_join_layers(struct price_book *b)
{
	struct model *above = NULL;

	for (size_t i = 0; i < b->index_cnt; i++) {
		const struct index_entry *e = &b->index[i];

		if (e->name->kind != NAME_ID)
			continue;
		e->model->top = e->model;
		if (above && str_eq(above->card->provider, e->provider)
		    && str_eq(above->id, e->model->id)) {
			above->below = e->model;
			e->model->top = above->top;
		}
		above = e->model;
	}
}

int book_finish(struct price_book *b)
{
	size_t n = book_count_names(b);

	b->index = arena_alloc(b->arena, (n + 1) * sizeof(*b->index));
	b->globs = arena_alloc(b->arena, (n + 1) * sizeof(*b->globs));
	if (!b->index || !b->globs) {
		log_error("rate cards: out of memory");
		return -ENOMEM;
	}
	book_list_names(b);
	qsort(b->index, b->index_cnt, sizeof(*b->index), compare_entries);
	qsort(b->globs, b->glob_cnt, sizeof(*b->globs), compare_globs);

	int err = book_check_names(b);

	if (!err)
		book_join_layers(b);
	return err;
}

const struct index_entry *book_find(const struct price_book *b, struct str provider,
				    struct str text, enum name_kind kind, u64 wall_ns)
{
	size_t lo = 0, hi = b->index_cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_key(&b->index[mid], provider, text, kind) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < b->index_cnt; lo++) {
		if (compare_key(&b->index[lo], provider, text, kind) != 0)
			break;
		if (span_has(b->index[lo].name->span, wall_ns))
			return &b->index[lo];
	}
	return NULL;
}
