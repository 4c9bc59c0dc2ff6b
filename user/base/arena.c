/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded bump allocator; one allocation per object when the address sanitizer watches. */
#include "base/arena.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_BLOCK 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_BLOCK 0
#endif
#endif
#ifndef ARENA_BLOCK
#define ARENA_BLOCK 2048
#endif
#define ARENA_ALIGN 16

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(ARENA_ALIGN) char data[];
};

struct arena {
	struct arena_block *head;
	size_t head_used;
	size_t used;
	size_t max;
};

struct arena *arena_new(size_t max)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a)
		a->max = max;
	return a;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	while (a->head) {
		struct arena_block *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	free(a);
}

static bool arena_grow(struct arena *a, size_t n)
{
	size_t size = n > ARENA_BLOCK ? n : ARENA_BLOCK;
	struct arena_block *b = calloc(1, sizeof(*b) + size);

	if (!b)
		return false;
	b->size = size;
	b->next = a->head;
	a->head = b;
	a->head_used = 0;
	return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
	if (n > a->max)
		return NULL;

	size_t need = ARENA_BLOCK ? (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1) : n;

	if (need > a->max - a->used)
		return NULL;
	if (!a->head || !ARENA_BLOCK || need > a->head->size - a->head_used)
		if (!arena_grow(a, need))
			return NULL;

	void *p = a->head->data + a->head_used;

	a->head_used += need;
	a->used += need;
	return p;
}

struct str arena_dup(struct arena *a, struct str s)
{
	if (!s.p)
		return STR_NONE;

	char *p = arena_alloc(a, s.n ? s.n : 1);

	if (!p)
		return STR_NONE;
	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){p, s.n};
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
