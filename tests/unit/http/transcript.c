/* SPDX-License-Identifier: Apache-2.0 */
/* A connection in, text out. */
#include "http/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cuts.h"
#include "guard.h"
#include "http/http.h"

struct transcript {
	struct buf text;
	char open;			/* the direction of the unit the text stands in; 0: none */
	const struct exchange *open_x;	/* and its exchange */
	u64 undecoded[UNDECODED_MAX];
};

static const char *const framings[FRAMING_MAX] = {
	"none", "whole", "sse", "ndjson", "array", "eventstream", "grpc", "websocket", "multipart",
};

static void say_line(struct transcript *t)
{
	if (t->open)
		buf_append_char(&t->text, '\n');
	t->open = 0;
}

static bool say_request(void *arg, struct exchange *x)
{
	struct transcript *t = arg;

	say_line(t);
	buf_printf(&t->text, "> " STR_FMT " " STR_FMT " " STR_FMT "%s" STR_FMT "%s\n",
		   STR_ARG(x->method), STR_ARG(x->authority), STR_ARG(x->path),
		   x->query.p ? "?" : "", STR_ARG(x->query),
		   x->flags & EXCHANGE_F_SERVER_SIDE ? " server" : "");
	assert_true(x->id != 0);
	return !str_starts(x->path, STR("/unwanted"));
}

static void say_response(void *arg, struct exchange *x)
{
	struct transcript *t = arg;

	say_line(t);
	if (str_starts(x->path, STR("/as-lines")))
		x->framing = FRAMING_NDJSON;
	if (str_starts(x->path, STR("/as-array")))
		x->framing = FRAMING_ARRAY;
	buf_printf(&t->text, "< %u %s\n", x->status, framings[x->framing]);
}

/* Which directions of an exchange are in a unit: kept where the llm room keeps its state. */
static bool in_unit(const struct exchange *x, enum http_dir dir)
{
	return (uintptr_t)x->user & (1u << dir);
}

static void set_in_unit(struct exchange *x, enum http_dir dir, bool is)
{
	uintptr_t bits = (uintptr_t)x->user & ~(uintptr_t)(1u << dir);

	x->user = (void *)(bits | (uintptr_t)is << dir);
}

/* The text of a unit; pieces of one unit are joined, so cuts do not show. */
static void say_unit(void *arg, struct exchange *x, enum http_dir dir, enum unit_step step,
		     struct str s)
{
	struct transcript *t = arg;
	char side = dir == HTTP_REQUEST ? '>' : '<';

	if (step == UNIT_BEGIN) {
		assert_false(in_unit(x, dir));
		set_in_unit(x, dir, true);
		say_line(t);
		buf_printf(&t->text, s.n ? "%c[" STR_FMT "|" : "%c[", side, STR_ARG(s));
		t->open = side;
		t->open_x = x;
		return;
	}
	assert_true(in_unit(x, dir));
	if (t->open != side || t->open_x != x) {
		say_line(t);
		buf_printf(&t->text, "%c..", side);
		t->open = side;
		t->open_x = x;
	}
	if (step == UNIT_DATA) {
		assert_true(s.n > 0);
		buf_append_str(&t->text, s);
		return;
	}
	assert_true(s.n == 0);
	if (step == UNIT_POLICY) {
		buf_append_char(&t->text, '~');
		return;
	}
	set_in_unit(x, dir, false);
	buf_append_char(&t->text, step == UNIT_END ? ']' : '}');
	say_line(t);
}

static void say_done(void *arg, struct exchange *x)
{
	static const char *const flags[] = {"request_gap", "request_policy", "response_gap",
					    "response_cut", "request_cut", "decode_failed",
					    "stream", "no_response", "server", "client_closed",
					    "head_unknown"};
	struct transcript *t = arg;

	say_line(t);
	assert_false(in_unit(x, HTTP_REQUEST) && in_unit(x, HTTP_RESPONSE));
	buf_append_char(&t->text, '=');
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (x->flags & (1u << i) & ~(u32)(EXCHANGE_F_SERVER_SIDE | EXCHANGE_F_STREAM))
			buf_printf(&t->text, " %s", flags[i]);
	buf_append_char(&t->text, '\n');
}

static void say_protocol(void *arg, void *conn, enum http_protocol protocol)
{
	static const char *const names[] = {"unknown", "h1", "h2", "websocket", "none"};
	struct transcript *t = arg;

	say_line(t);
	buf_printf(&t->text, "! %s\n", names[protocol]);
}

static void say_undecoded(void *arg, const void *conn, enum undecoded_kind kind, u64 bytes)
{
	struct transcript *t = arg;

	assert_true(bytes > 0);
	t->undecoded[kind] += bytes;
}

static const struct http_ops say_ops = {say_request, say_response, say_unit, say_done,
					say_protocol, say_undecoded};

static void play_step(struct http_conn *h, const struct step *s, u64 ts_ns, unsigned int way)
{
	struct cuts_rng rng = cuts_start(way + (unsigned int)ts_ns * 1000);
	bool is_write = s->kind == 'w' || s->kind == 'W' || s->kind == 'P';
	size_t left = s->n;

	switch (s->kind) {
	case 'w':
	case 'r':
		while (left) {
			size_t piece = cuts_next(way, &rng, left);
			u8 *copy = guard_dup(s->p + s->n - left, piece);

			http_conn_feed(h, is_write, ts_ns, copy, piece);
			guard_free(copy, piece);
			left -= piece;
		}
		break;
	case 'l':
		http_conn_late(h);
		break;
	case 'c':
		http_conn_close(h, ts_ns);
		break;
	case 't':
		break;
	default:
		http_conn_gap(h, is_write, ts_ns, s->n, s->kind == 'P' || s->kind == 'Q');
	}
}

char *transcript_run(const struct step *steps, size_t n, unsigned int way)
{
	struct transcript t = {.open = 0};
	u64 ts_ns = 0;

	buf_init(&t.text, 16 << 20);

	struct http_conn *h = http_conn_new(&say_ops, &t, NULL);

	assert_non_null(h);
	for (size_t i = 0; i < n; i++) {
		ts_ns = i && steps[i - 1].kind == 't' ? steps[i - 1].n : 100 * (i + 1);
		play_step(h, &steps[i], ts_ns, way);
	}
	http_conn_free(h);
	say_line(&t);
	for (int k = 0; k < UNDECODED_MAX; k++)
		if (t.undecoded[k])
			buf_printf(&t.text, "# %s %llu\n", http_undecoded_name(k),
				   (unsigned long long)t.undecoded[k]);
	buf_append_char(&t.text, '\0');
	return t.text.p;
}

static void check_way(const struct step *steps, size_t n, unsigned int way, const char *want)
{
	char *got = transcript_run(steps, n, way);

	if (strcmp(got, want) != 0)
		print_error("in cut way %u\n", way);
	assert_string_equal(got, want);
	free(got);
}

/*
 * With TRANSCRIPT_SEEDS=DIR each vector is also written there as input for tests/fuzz/fuzz_h1.c: a
 * vector added here becomes a seed there.
 */
static void write_seed(const struct step *steps, size_t n)
{
	const char *dir = getenv("TRANSCRIPT_SEEDS");
	struct buf seed;
	u64 hash = 0;
	char path[512];

	if (!dir)
		return;
	buf_init(&seed, 4096);
	for (size_t i = 0; i < n; i++) {
		size_t len = steps[i].n < 0xffff ? steps[i].n : 0xffff;

		buf_append_char(&seed, steps[i].kind);
		buf_append_char(&seed, (char)(len & 0xff));
		buf_append_char(&seed, (char)(len >> 8));
		buf_append(&seed, steps[i].p, steps[i].p ? len : 0);
	}
	for (size_t i = 0; i < seed.n; i++)
		hash = (hash ^ (u8)seed.p[i]) * 0x100000001b3ull;
	snprintf(path, sizeof(path), "%s/v-%016llx", dir, (unsigned long long)hash);

	FILE *f = seed.failed ? NULL : fopen(path, "wb");

	if (f) {
		fwrite(seed.p, 1, seed.n, f);
		fclose(f);
	}
	buf_fini(&seed);
}

void transcript_check(const struct step *steps, size_t n, const char *want)
{
	write_seed(steps, n);
	for (unsigned int way = 0; way < 2 + CUTS_RANDOM_MIN; way++)
		check_way(steps, n, way, want);
}

void transcript_check_whole(const struct step *steps, size_t n, const char *want)
{
	write_seed(steps, n);
	check_way(steps, n, 0, want);
}
