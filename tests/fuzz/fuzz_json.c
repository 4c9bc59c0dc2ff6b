/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON matcher: any bytes in pieces give what they give whole; and where jansson finds the
 * document valid, it must see the same scalars at the watched paths.
 */
/* covers: user/base/json.c user/base/json_paths.c user/base/scan.h */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const struct json_path paths[] = {
	{"a", 'a'},     {"u", 'u'},       {"u.in", 'i'},  {"l[]", 'e'},
	{"l[].t", 't'}, {"g[][].x", 'x'}, {"w.*.n", 'n'}, {"w.a.n", 'k'},
};

/* Numbers by presence only: jansson knows their value, the matcher their text. */
static void log_scalar(struct buf *log, char tag, char type, const char *p, size_t n)
{
	buf_append_char(log, tag);
	buf_append_char(log, type);
	buf_append(log, p, n < JSON_VALUE_MAX ? n : JSON_VALUE_MAX);
	buf_append_char(log, '\n');
}

static void on_event(void *arg, const struct json_event *e)
{
	static const char types[] = {'0', '1', '2', '#', '$'};

	if (e->type <= JSON_T_STRING)
		log_scalar(arg, (char)e->tag, types[e->type], e->text.p,
			   e->type == JSON_T_STRING ? e->text.n : 0);
}

static bool match(const u8 *data, size_t size, size_t piece, struct buf *log)
{
	struct json_paths *set = json_paths_new(paths, ARRAY_LEN(paths));
	struct json *j = malloc(sizeof(*j));
	bool is_whole;

	json_init(j, set, on_event, log);
	for (size_t at = 0; at < size; at += piece)
		json_feed(j, (const char *)data + at, size - at < piece ? size - at : piece);
	is_whole = !json_finish(j);
	if (!is_whole != !!json_dead(j))
		abort();
	free(j);
	json_paths_free(set);
	return is_whole;
}

static void want_scalar(struct buf *log, char tag, const json_t *v)
{
	static const char types[] = {[JSON_TRUE] = '1',    [JSON_FALSE] = '2', [JSON_NULL] = '0',
				     [JSON_INTEGER] = '#', [JSON_REAL] = '#',  [JSON_STRING] = '$'};

	if (v && types[json_typeof(v)])
		log_scalar(log, tag, types[json_typeof(v)], json_string_value(v),
			   json_string_length(v));
}

/* The document's order is jansson's too, for it was told to refuse duplicate keys. */
static void want(struct buf *log, json_t *root)
{
	const char *key, *key2;
	json_t *v, *w;
	size_t i, k;

	json_object_foreach(root, key, v)
	{
		if (!strcmp(key, "a") || !strcmp(key, "u"))
			want_scalar(log, *key, v);
		if (!strcmp(key, "u"))
			want_scalar(log, 'i', json_object_get(v, "in"));
		if (!strcmp(key, "l"))
			json_array_foreach(v, i, w)
			{
				want_scalar(log, 'e', w);
				want_scalar(log, 't', json_object_get(w, "t"));
			}
		if (!strcmp(key, "g"))
			json_array_foreach(v, i, w) for (k = 0; k < json_array_size(w); k++)
				want_scalar(log, 'x', json_object_get(json_array_get(w, k), "x"));
		if (!strcmp(key, "w"))
			json_object_foreach(v, key2, w) want_scalar(
				log, strcmp(key2, "a") ? 'n' : 'k', json_object_get(w, "n"));
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const size_t pieces[] = {1, 3, 17};
	size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
	struct buf whole, other;
	bool is_whole;

	buf_init(&whole, 1 << 22);
	buf_init(&other, 1 << 22);
	is_whole = match(data, size, size ? size : 1, &whole);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		buf_clear(&other);
		if (match(data, size, pieces[i], &other) != is_whole ||
		    !str_eq(buf_str(&whole), buf_str(&other)))
			abort();
	}

	/* jansson takes a NUL byte for the end of its input */
	if (size && memchr(data, 0, size))
		size = 0;

	json_t *root = json_loadb((const char *)data, size, flags, NULL);

	if (root) {
		buf_clear(&other);
		want(&other, root);
		if (!is_whole || !str_eq(buf_str(&whole), buf_str(&other)))
			abort();
		json_decref(root);
	}
	buf_fini(&whole);
	buf_fini(&other);
	return 0;
}
