/* SPDX-License-Identifier: Apache-2.0 */
/* Remembers what a file was classified as, while it stays the same file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/map.h"
#include "capture/target.h"

struct answer {
	struct map_key key;
	s64 size;
	struct timespec mtime;
	int err;
	struct target *target;		/* NULL when err */
	size_t slot;
};

struct build {
	u8 id[ELF_BUILD_ID_MAX];
	size_t len;
};

struct target_cache {
	struct build bad[TARGET_BAD_MAX];
	size_t bad_cnt;
	struct map *map;
	struct answer *slot[TARGET_CACHE_MAX];
	size_t cnt;
	size_t next_victim;
};

static void free_answer(struct answer *a)
{
	if (a)
		free(a->target);
	free(a);
}

struct target_cache *target_cache_new(void)
{
	struct target_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->map = map_new(TARGET_CACHE_MAX);
	if (!c->map) {
		target_cache_free(c);
		return NULL;
	}
	return c;
}

void target_cache_free(struct target_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->cnt; i++)
		free_answer(c->slot[i]);
	map_free(c->map);
	free(c);
}

static bool is_same(const struct answer *a, const struct stat *st)
{
	return a->size == st->st_size && a->mtime.tv_sec == st->st_mtim.tv_sec &&
	       a->mtime.tv_nsec == st->st_mtim.tv_nsec;
}

static bool is_bad(const struct target_cache *c, const struct target *t)
{
	for (size_t i = 0; t->build_id_len && i < c->bad_cnt; i++) {
		if (c->bad[i].len == t->build_id_len &&
		    !memcmp(c->bad[i].id, t->build_id, t->build_id_len))
			return true;
	}
	return false;
}

void target_cache_condemn(struct target_cache *c, const struct target *t)
{
	if (!t->build_id_len || c->bad_cnt == TARGET_BAD_MAX || is_bad(c, t))
		return;
	struct build *b = &c->bad[c->bad_cnt++];

	memcpy(b->id, t->build_id, t->build_id_len);
	b->len = t->build_id_len;
}

/*
 * A copy of a file that is known, as containers and programs that unpack themselves have: the same
 * size and build. Only what was found is taken over, not that nothing was.
 */
static bool find_copy(const struct target_cache *c, int fd, const struct stat *st,
		      struct target *ret)
{
	for (size_t i = 0; i < c->cnt; i++) {
		const struct answer *a = c->slot[i];

		if (a->target && a->size == st->st_size && a->target->build_id_len &&
		    target_is_same_build(fd, a->target, ret))
			return true;
	}
	return false;
}

static int answer_new(const struct target_cache *c, int fd, const struct stat *st,
		      struct answer **ret)
{
	struct answer *a = calloc(1, sizeof(*a));
	struct target target;

	if (!a)
		return -ENOMEM;
	a->key = (struct map_key){ .a = st->st_dev, .b = st->st_ino };
	a->size = st->st_size;
	a->mtime = st->st_mtim;
	if (!find_copy(c, fd, st, &target))
		a->err = target_classify(fd, &target);
	if (!a->err && is_bad(c, &target))
		a->err = -ENOENT;
	if (!a->err) {
		a->target = malloc(sizeof(target));
		if (!a->target) {
			free_answer(a);
			return -ENOMEM;
		}
		*a->target = target;
	}
	*ret = a;
	return 0;
}

/* Takes a; a full cache gives up its oldest place. */
static int put(struct target_cache *c, struct answer *a, struct answer *old)
{
	if (old) {
		a->slot = old->slot;
	} else if (c->cnt < TARGET_CACHE_MAX) {
		a->slot = c->cnt;
	} else {
		a->slot = c->next_victim;
		c->next_victim = (c->next_victim + 1) % TARGET_CACHE_MAX;
		old = c->slot[a->slot];
	}
	if (old)
		map_remove(c->map, old->key);
	int err = map_put(c->map, a->key, a);
	if (err) {
		/* an old answer keeps its slot, where nobody finds it any more: harmless */
		free_answer(a);
		return err;
	}
	free_answer(old);
	if (a->slot == c->cnt)
		c->cnt++;
	c->slot[a->slot] = a;
	return 0;
}

int target_cache_classify(struct target_cache *c, int fd, const struct target **ret)
{
	struct answer *a;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	struct answer *old = map_get(c->map, (struct map_key){ .a = st.st_dev, .b = st.st_ino });

	if (old && is_same(old, &st)) {
		a = old;
	} else {
		int err = answer_new(c, fd, &st, &a);

		if (!err)
			err = put(c, a, old);
		if (err)
			return err;
	}
	if (!a->err)
		*ret = a->target;
	return a->err;
}
