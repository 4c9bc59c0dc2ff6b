/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: lists of strings, prompt size, windows of the week. */
#include <errno.h>

#include "price/load_rate.h"
#include "price/load_when.h"

#define SET_MAX 64
#define HOURS_MAX 24

static int set_add(struct reader *r, json_t *v, size_t i, void *obj)
{
	struct str_set *set = obj;

	if (read_str(r, v, &set->v[i]))
		return -EINVAL;
	for (size_t k = 0; k < i; k++)
		if (str_eq(set->v[k], set->v[i]))
			return read_fail(r, "stands there twice");
	set->n = i + 1;
	return 0;
}

int load_set(struct reader *r, json_t *v, struct str_set *ret)
{
	struct str_set set = {NULL, 0};
	size_t n = json_is_array(v) ? json_array_size(v) : 1;

	set.v = read_alloc(r, (n < SET_MAX ? n : SET_MAX) * sizeof(*set.v));
	if (!set.v)
		return -ENOMEM;

	int err = json_is_array(v) ? read_array(r, v, SET_MAX, set_add, &set)
				   : set_add(r, v, 0, &set);

	if (!err)
		*ret = set;
	return err;
}

static int when_strings(struct reader *r, json_t *v, struct when *w, enum when_key key)
{
	w->keys |= 1u << key;
	return load_set(r, v, &w->strings[key]);
}

static int when_tier(struct reader *r, json_t *v, void *obj)
{
	static const char *const tiers[] = {"standard", "batch", "flex", "priority", "fast",
					    "ultrafast", "scale", "provisioned"};
	struct when *w = obj;

	if (when_strings(r, v, w, WHEN_TIER))
		return -EINVAL;
	for (size_t i = 0; i < w->strings[WHEN_TIER].n; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(tiers)
		       && !str_eq(w->strings[WHEN_TIER].v[i], str_of(tiers[k])))
			k++;
		if (k == ARRAY_LEN(tiers))
			return read_fail(r, "unknown tier");
	}
	return 0;
}

static int when_geo(struct reader *r, json_t *v, void *obj)
{
	return when_strings(r, v, obj, WHEN_GEO);
}

static int when_host_geo(struct reader *r, json_t *v, void *obj)
{
	return when_strings(r, v, obj, WHEN_HOST_GEO);
}

static int when_speed(struct reader *r, json_t *v, void *obj)
{
	return when_strings(r, v, obj, WHEN_SPEED);
}

static int when_endpoint(struct reader *r, json_t *v, void *obj)
{
	return when_strings(r, v, obj, WHEN_ENDPOINT);
}

static int when_org(struct reader *r, json_t *v, void *obj)
{
	return when_strings(r, v, obj, WHEN_ORG);
}

static int when_project(struct reader *r, json_t *v, void *obj)
{
	return when_strings(r, v, obj, WHEN_PROJECT);
}

static int when_ctx(struct reader *r, json_t *v, struct when *w, s64 above)
{
	s64 n;

	if (w->keys >> WHEN_CTX & 1)
		return read_fail(r, "ctx_gt and ctx_ge exclude each other");
	if (read_int(r, v, 1, 1000000000, &n))
		return -EINVAL;
	w->keys |= 1u << WHEN_CTX;
	w->ctx_min = (u64)(n + above);
	return 0;
}

static int when_ctx_gt(struct reader *r, json_t *v, void *obj)
{
	return when_ctx(r, v, obj, 1);
}

static int when_ctx_ge(struct reader *r, json_t *v, void *obj)
{
	return when_ctx(r, v, obj, 0);
}

/* ---- windows ---- */

struct range {
	int from;
	int to;
};

struct window {
	s64 offset_min;
	u32 days;		/* bit 0: Monday */
	struct range hours[HOURS_MAX];
	size_t hour_cnt;
};

static int window_offset(struct reader *r, json_t *v, void *obj)
{
	return read_int(r, v, -14 * 60, 14 * 60, &((struct window *)obj)->offset_min);
}

static int window_day(struct reader *r, json_t *v, size_t i, void *obj)
{
	struct window *w = obj;
	s64 day;

	if (read_int(r, v, 1, 7, &day))
		return -EINVAL;
	if (w->days >> (day - 1) & 1)
		return read_fail(r, "stands there twice");
	w->days |= 1u << (day - 1);
	return 0;
}

static int window_days(struct reader *r, json_t *v, void *obj)
{
	((struct window *)obj)->days = 0;
	return read_array(r, v, 7, window_day, obj);
}

/* "16:30"; "24:00" is the end of the day */
static bool clock_minute(struct str s, int *ret)
{
	u64 h, m;

	if (s.n != 5 || s.p[2] != ':' || str_to_u64(str_cut(s, 0, 2), &h)
	    || str_to_u64(str_cut(s, 3, 2), &m) || m > 59 || h * 60 + m > 24 * 60)
		return false;
	*ret = (int)(h * 60 + m);
	return true;
}

static int window_hour(struct reader *r, json_t *v, size_t i, void *obj)
{
	struct window *w = obj;
	struct range *h = &w->hours[i];
	struct str s;

	if (read_str(r, v, &s))
		return -EINVAL;
	if (s.n != 11 || s.p[5] != '-' || !clock_minute(str_cut(s, 0, 5), &h->from)
	    || !clock_minute(str_cut(s, 6, 5), &h->to) || h->from == h->to)
		return read_fail(r, "must look like \"16:30-00:30\"");
	w->hour_cnt = i + 1;
	return 0;
}

static int window_hours(struct reader *r, json_t *v, void *obj)
{
	return read_array(r, v, HOURS_MAX, window_hour, obj);
}

/* A range that ends before it begins runs into the next day; its day is the one it begins on. */
static void window_open(const struct window *w, struct week *week)
{
	for (int day = 0; day < 7; day++) {
		if (!(w->days >> day & 1))
			continue;
		for (size_t i = 0; i < w->hour_cnt; i++) {
			struct range h = w->hours[i];
			int to = h.to > h.from ? h.to : h.to + 24 * 60;

			week_open(week, day, h.from, to, (int)w->offset_min);
		}
	}
}

static int when_window(struct reader *r, json_t *v, void *obj)
{
	static const struct read_field fields[] = {
		{"tz_offset_min", window_offset, false},
		{"days", window_days, false},
		{"hours", window_hours, true},
	};
	struct window window = {.days = 0x7f};
	struct when *w = obj;

	if (read_object(r, v, fields, ARRAY_LEN(fields), &window))
		return -EINVAL;
	w->window = read_alloc(r, sizeof(*w->window));
	if (!w->window)
		return -ENOMEM;
	window_open(&window, w->window);
	w->keys |= 1u << WHEN_WINDOW;
	return 0;
}

int load_when(struct reader *r, json_t *v, void *obj)
{
	static const struct read_field fields[] = {
		{"tier", when_tier, false},	    {"geo", when_geo, false},
		{"host_geo", when_host_geo, false}, {"speed", when_speed, false},
		{"endpoint", when_endpoint, false}, {"org", when_org, false},
		{"project", when_project, false},   {"ctx_gt", when_ctx_gt, false},
		{"ctx_ge", when_ctx_ge, false},	    {"window", when_window, false},
	};
	struct when *w = obj;

	if (read_object(r, v, fields, ARRAY_LEN(fields), w))
		return -EINVAL;
	return w->keys ? 0 : read_fail(r, "must not be empty");
}
