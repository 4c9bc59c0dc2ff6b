/* SPDX-License-Identifier: Apache-2.0 */
/* Table-driven reading of JSON objects, with the place of the first error. */
#include "price/json_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

#define READ_TEXT_MAX 1000	/* of one string; notes are the longest */

int read_fail(struct reader *r, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	if (r->has_failed)
		return -EINVAL;
	r->has_failed = true;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	log_error("rate card %s: %s: %s", r->file, r->place_n ? r->place : "top level", why);
	return -EINVAL;
}

static size_t place_push(struct reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static size_t place_push(struct reader *r, const char *fmt, ...)
{
	size_t mark = r->place_n, room = sizeof(r->place) - mark;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(r->place + mark, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		r->place_n += (size_t)n < room ? (size_t)n : room - 1;
	return mark;
}

static void place_pop(struct reader *r, size_t mark)
{
	r->place_n = mark;
	r->place[mark] = '\0';
}

int read_at(struct reader *r, const char *key, json_t *v,
	    int (*read)(struct reader *r, json_t *v, void *obj), void *obj)
{
	size_t mark = place_push(r, "%s%.48s", r->place_n ? "." : "", key);
	int err = read(r, v, obj);

	place_pop(r, mark);
	return err;
}

static bool is_printable(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || (unsigned char)s[i] == 0x7f)
			return false;
	return true;
}

static int fail_unknown(struct reader *r, const char *key)
{
	if (!is_printable(key, strlen(key)))
		key = "(unprintable)";
	return read_fail(r, "unknown key \"%.48s\"", key);
}

int read_object(struct reader *r, json_t *v, const struct read_field *fields, size_t n, void *obj)
{
	const char *key;
	json_t *item;

	if (!json_is_object(v))
		return read_fail(r, "must be an object");
	for (size_t i = 0; i < n; i++)
		if (fields[i].is_required && !json_object_get(v, fields[i].key))
			return read_fail(r, "\"%s\" is missing", fields[i].key);
	json_object_foreach(v, key, item) {
		size_t i = 0;

		while (i < n && strcmp(fields[i].key, key) != 0)
			i++;
		if (i == n)
			return fail_unknown(r, key);
		if (read_at(r, key, item, fields[i].read, obj))
			return -EINVAL;
	}
	return 0;
}

int read_array(struct reader *r, json_t *v, size_t max,
	       int (*read)(struct reader *r, json_t *v, size_t i, void *obj), void *obj)
{
	if (!json_is_array(v))
		return read_fail(r, "must be an array");

	size_t n = json_array_size(v);

	if (n == 0)
		return read_fail(r, "must not be empty");
	if (n > max)
		return read_fail(r, "more than %zu elements", max);
	for (size_t i = 0; i < n; i++) {
		size_t mark = place_push(r, "[%zu]", i);
		int err = read(r, json_array_get(v, i), i, obj);

		place_pop(r, mark);
		if (err)
			return err;
	}
	return 0;
}

int read_str(struct reader *r, json_t *v, struct str *ret)
{
	if (!json_is_string(v))
		return read_fail(r, "must be a string");

	struct str s = {json_string_value(v), json_string_length(v)};

	if (s.n == 0 || s.n > READ_TEXT_MAX || !is_printable(s.p, s.n))
		return read_fail(r, "must be 1 to %d printable bytes", READ_TEXT_MAX);
	s = arena_dup(r->arena, s);
	if (!s.p)
		return read_fail(r, "out of memory");
	*ret = s;
	return 0;
}

int read_int(struct reader *r, json_t *v, s64 min, s64 max, s64 *ret)
{
	if (!json_is_integer(v))
		return read_fail(r, "must be an integer");

	s64 i = json_integer_value(v);

	if (i < min || i > max)
		return read_fail(r, "must be %lld to %lld", (long long)min, (long long)max);
	*ret = i;
	return 0;
}

int read_bool(struct reader *r, json_t *v, bool *ret)
{
	if (!json_is_boolean(v))
		return read_fail(r, "must be true or false");
	*ret = json_is_true(v);
	return 0;
}

void *read_alloc(struct reader *r, size_t n)
{
	void *p = arena_alloc(r->arena, n ? n : 1);

	if (!p)
		read_fail(r, "out of memory");
	return p;
}
