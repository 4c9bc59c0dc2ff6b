/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles watched paths into one tree of keys; json.c walks down it as the document goes by. */
#include "base/json_private.h"

#include <assert.h>
#include <stdlib.h>

/* The next step of a path: a key (maybe "*"), or an element "[]". False at its end. */
static bool path_step(const char **at, struct str *ret_key)
{
	const char *p = *at;

	if (*p == '.')
		p++;
	if (!*p)
		return false;
	if (*p == '[') {
		assert(p[1] == ']');
		*ret_key = STR_NONE;
		*at = p + 2;
		return true;
	}

	size_t n = strcspn(p, ".[");

	*ret_key = (struct str){p, n};
	*at = p + n;
	return true;
}

/* The child of `from` for this step, made when it is not there yet. */
static u16 paths_child(struct json_paths *set, u16 from, struct str key)
{
	struct json_node *node = &set->node[from];
	bool is_any = str_eq(key, STR("*"));
	u16 id;

	if (!key.p && node->elem)
		return node->elem;
	if (is_any && node->any)
		return node->any;
	for (id = node->child; key.p && !is_any && id; id = set->node[id].next)
		if (str_eq(set->node[id].key, key))
			return id;

	id = (u16)set->node_cnt++;
	set->node[id].tag = JSON_TAG_NONE;
	if (!key.p) {
		node->elem = id;
	} else if (is_any) {
		node->any = id;
	} else {
		memcpy(set->keys + set->keys_len, key.p, key.n);
		set->node[id].key = (struct str){set->keys + set->keys_len, key.n};
		set->keys_len += key.n;
		set->node[id].next = node->child;
		node->child = id;
	}
	return id;
}

static void paths_add(struct json_paths *set, const struct json_path *path)
{
	const char *at = path->path;
	u16 node = JSON_NODE_ROOT;
	u32 depth = 0;
	struct str key;

	while (path_step(&at, &key)) {
		assert(key.n <= JSON_KEY_MAX);
		node = paths_child(set, node, key);
		depth++;
	}
	assert(depth < JSON_PATH_DEPTH_MAX);
	assert(set->node[node].tag == JSON_TAG_NONE);
	set->node[node].tag = (s64)path->tag;
	set->node[node].is_streamed = path->is_streamed;
}

struct json_paths *json_paths_new(const struct json_path *paths, size_t n)
{
	size_t bytes = 0, steps = JSON_NODE_ROOT + 1;

	for (size_t i = 0; i < n; i++) {
		const char *at = paths[i].path;
		struct str key;

		for (; path_step(&at, &key); steps++)
			bytes += key.n;
	}
	assert(steps <= UINT16_MAX);

	struct json_paths *set = calloc(1, sizeof(*set) + steps * sizeof(set->node[0]) + bytes);

	if (!set)
		return NULL;
	set->keys = (char *)&set->node[steps];
	set->node_cnt = JSON_NODE_ROOT + 1;
	set->node[JSON_NODE_ROOT].tag = JSON_TAG_NONE;
	for (size_t i = 0; i < n; i++)
		paths_add(set, &paths[i]);
	return set;
}

void json_paths_free(struct json_paths *set)
{
	free(set);
}

u16 json_paths_key(const struct json_paths *set, u16 object, struct str key)
{
	const struct json_node *node = &set->node[object];

	for (u16 id = node->child; id; id = set->node[id].next)
		if (str_eq(set->node[id].key, key))
			return id;
	return node->any;
}
