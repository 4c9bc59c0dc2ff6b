/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled form of watched paths, shared by json.c and json_paths.c. */
#ifndef TOLLTAP_JSON_PRIVATE_H
#define TOLLTAP_JSON_PRIVATE_H

#include "base/json.h"

/* Node 0 stands for "not watched"; the document's own value is node 1. */
#define JSON_NODE_ROOT 1
#define JSON_TAG_NONE (-1)

/* A key longer than this is in no set of paths. */
#define JSON_KEY_MAX 64

struct json_node {
	struct str key;
	s64 tag;		/* or JSON_TAG_NONE: only on the way to a watched path */
	bool is_streamed;
	u16 child;		/* first named key of this object */
	u16 next;		/* next key of the same object */
	u16 any;		/* '*' */
	u16 elem;		/* '[]' */
};

struct json_paths {
	size_t node_cnt;
	size_t keys_len;
	char *keys;		/* behind the nodes */
	struct json_node node[];
};

/* The node of a key in a watched object; 0 when it is not watched. */
u16 json_paths_key(const struct json_paths *set, u16 object, struct str key);

#endif
