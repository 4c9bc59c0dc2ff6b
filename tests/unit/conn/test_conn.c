/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks in any order become ordered bytes and explicit gaps; ends wait for stragglers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/stats.h"
#include "conn/conn.h"
#include "cuts.h"

#define MS 1000000ull

/* Everything the table says, as text: "open bytes(r)=abc gap(w)=5/policy close". */
struct log {
	struct buf text;
	struct conn_table *t;
	bool quiet;
	size_t bytes;
	size_t opened, closed;
};

static void *log_open(void *arg, struct conn *conn)
{
	struct log *l = arg;

	l->opened++;
	if (!l->quiet)
		buf_printf(&l->text, "open%u%s ", conn->generation, conn->is_born ? "" : "late");
	return NULL;
}

static void log_bytes(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, const u8 *p,
		      size_t n)
{
	struct log *l = arg;

	l->bytes += n;
	if (!l->quiet)
		buf_printf(&l->text, "%c%u=%.*s ", dir == CHUNK_READ ? 'r' : 'w', conn->generation,
			   (int)n, (const char *)p);
}

static void log_gap(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, u64 n,
		    enum gap_kind kind)
{
	static const char *const names[] = {"lost", "fault", "policy", "late"};
	struct log *l = arg;

	if (!l->quiet)
		buf_printf(&l->text, "%c%u!%s:%llu ", dir == CHUNK_READ ? 'r' : 'w',
			   conn->generation, names[kind], (unsigned long long)n);
}

static void log_close(void *arg, struct conn *conn, u64 ts_ns)
{
	struct log *l = arg;

	l->closed++;
	if (!l->quiet)
		buf_printf(&l->text, "close%u ", conn->generation);
}

static const struct conn_ops log_ops = {log_open, log_bytes, log_gap, log_close};

static void log_start(struct log *l)
{
	memset(l, 0, sizeof(*l));
	buf_init(&l->text, 1 << 20);
	stats_reset();
	l->t = conn_table_new(&log_ops, l);
	assert_non_null(l->t);
}

static void log_expect(struct log *l, const char *text)
{
	buf_append_char(&l->text, '\0');
	assert_string_equal(l->text.p, text);
	buf_clear(&l->text);
}

static void log_stop(struct log *l)
{
	conn_table_free(l->t);
	assert_int_equal(l->opened, l->closed);
	buf_fini(&l->text);
}

struct at {
	u64 key;
	u32 generation;
	u32 tgid;
	u64 start_ns;
	u16 kind;
	u16 flags;		/* besides BORN */
	bool is_late;
	u8 dir;
	u64 position;
	u32 hole;		/* bytes missing behind the data */
};

static void feed_n(struct log *l, struct at at, const void *p, size_t n)
{
	struct chunk *c = calloc(1, sizeof(*c) + n);

	c->ev = (struct event){.size = (u32)(sizeof(*c) + n), .ts_ns = 5, .tgid = at.tgid,
			       .kind = at.kind ? at.kind : EVENT_CHUNK, .tid = at.tgid,
			       .flags = at.is_late ? at.flags : at.flags | CHUNK_F_BORN,
			       .start_ns = at.start_ns};
	c->conn = at.key;
	c->generation = at.generation;
	c->dir = at.dir;
	c->position = at.position;
	c->data_len = (u32)n;
	c->true_len = (u32)n + at.hole;
	if (n)
		memcpy(c->data, p, n);
	conn_table_feed(l->t, c);
	free(c);
}

static void feed(struct log *l, struct at at, const char *text)
{
	feed_n(l, at, text, strlen(text));
}

#define AT(...) ((struct at){__VA_ARGS__})

static void test_in_order(void **state)
{
	struct log l;

	log_start(&l);
	feed(&l, AT(.dir = CHUNK_WRITE), "abc");
	feed(&l, AT(.dir = CHUNK_READ), "xy");
	feed(&l, AT(.dir = CHUNK_WRITE, .position = 3), "def");
	log_expect(&l, "open0 w0=abc r0=xy w0=def ");
	assert_int_equal(conn_table_count(l.t), 1);
	log_stop(&l);
}

static void test_reorder(void **state)
{
	struct log l;

	log_start(&l);
	feed(&l, AT(.position = 6), "ghi");
	feed(&l, AT(.position = 3), "def");
	feed(&l, AT(.position = 9), "jkl");
	log_expect(&l, "open0 ");
	feed(&l, AT(.position = 0), "abc");
	log_expect(&l, "r0=abc r0=def r0=ghi r0=jkl ");
	conn_table_tick(l.t, 1);
	conn_table_tick(l.t, 10000 * MS);
	log_expect(&l, "");
	log_stop(&l);
}

static void test_hole_kinds(void **state)
{
	struct log l;

	log_start(&l);
	feed(&l, AT(.key = 0), "abc");
	feed(&l, AT(.position = 3, .hole = 7, .flags = CHUNK_F_HOLE_POLICY), "");
	feed(&l, AT(.position = 10, .hole = 2, .flags = CHUNK_F_HOLE_FAULT), "");
	feed(&l, AT(.position = 12, .hole = 5, .flags = CHUNK_F_OP_END), "d");
	feed(&l, AT(.position = 18), "e");
	log_expect(&l, "open0 r0=abc r0!policy:7 r0!fault:2 r0=d r0!policy:5 r0=e ");
	assert_int_equal(stats_get(STAT_CONN_GAP_BYTES), 2);
	log_stop(&l);
}

static void test_hole_given_up_by_tick(void **state)
{
	struct log l;

	log_start(&l);
	feed(&l, AT(.key = 0), "abc");
	feed(&l, AT(.position = 5), "fg");
	feed(&l, AT(.position = 9), "jk");
	conn_table_tick(l.t, 100 * MS);		/* the wait starts here */
	conn_table_tick(l.t, 599 * MS);
	log_expect(&l, "open0 r0=abc ");
	conn_table_tick(l.t, 600 * MS);
	log_expect(&l, "r0!lost:2 r0=fg ");
	conn_table_tick(l.t, 700 * MS);		/* the second hole's own wait */
	conn_table_tick(l.t, 1199 * MS);
	log_expect(&l, "");
	conn_table_tick(l.t, 1200 * MS);
	log_expect(&l, "r0!lost:2 r0=jk ");
	assert_int_equal(stats_get(STAT_CONN_GAP_BYTES), 4);
	feed(&l, AT(.position = 3), "de");	/* too late now: trimmed */
	log_expect(&l, "");
	assert_int_equal(stats_get(STAT_CONN_OVERLAP_BYTES), 2);
	log_stop(&l);
}

static void test_hole_given_up_by_overflow(void **state)
{
	struct log l;
	size_t half = CONN_HELD_MAX / 2;
	char *big = calloc(1, half);

	log_start(&l);
	l.quiet = true;
	feed(&l, AT(.key = 0), "a");
	feed_n(&l, AT(.position = 3), big, half);
	assert_int_equal(l.bytes, 1);
	feed_n(&l, AT(.position = 3 + half), big, half);
	assert_int_equal(l.bytes, 1 + 2 * half);
	assert_int_equal(stats_get(STAT_CONN_GAP_BYTES), 2);
	free(big);
	log_stop(&l);
}

static void test_overlap_and_duplicate(void **state)
{
	struct log l;

	log_start(&l);
	feed(&l, AT(.key = 0), "abcd");
	feed(&l, AT(.key = 0), "abcd");
	feed(&l, AT(.position = 2), "cdef");
	feed(&l, AT(.position = 8), "ij");
	feed(&l, AT(.position = 8), "ijk");
	feed(&l, AT(.position = 4, .hole = 3, .flags = CHUNK_F_HOLE_POLICY), "");
	log_expect(&l, "open0 r0=abcd r0=ef r0!policy:1 ");
	feed(&l, AT(.position = 7), "h");
	log_expect(&l, "r0=h r0=ij r0=k ");
	assert_int_equal(stats_get(STAT_CONN_OVERLAP_BYTES), 4 + 2 + 2 + 2);
	log_stop(&l);
}

static void test_late_once_both_directions(void **state)
{
	struct log l;

	log_start(&l);
	feed(&l, AT(.is_late = true), "abc");
	feed(&l, AT(.is_late = true, .position = 3), "d");
	log_expect(&l, "open0late r0!late:0 w0!late:0 r0=abc r0=d ");
	feed(&l, AT(.is_late = true, .dir = CHUNK_WRITE, .position = 9ull << 30), "x");
	log_expect(&l, "w0=x ");
	feed(&l, AT(.key = 7, .position = 9ull << 30), "y");	/* born, but forgotten since */
	log_expect(&l, "open0late r0!late:0 w0!late:0 r0=y ");
	assert_int_equal(stats_get(STAT_CONN_GAP_BYTES), 0);
	log_stop(&l);
}

static void test_close_waits_for_stragglers(void **state)
{
	struct log l;

	log_start(&l);
	feed(&l, AT(.key = 0), "abc");
	conn_table_tick(l.t, 100 * MS);
	feed(&l, AT(.kind = EVENT_CLOSE), "");
	feed(&l, AT(.position = 3), "def");	/* from the other ring */
	conn_table_tick(l.t, 150 * MS);
	conn_table_tick(l.t, 299 * MS);
	log_expect(&l, "open0 r0=abc r0=def ");
	conn_table_tick(l.t, 300 * MS);
	log_expect(&l, "close0 ");
	assert_int_equal(conn_table_count(l.t), 0);
	log_stop(&l);
}

static void test_close_behind_hole(void **state)
{
	struct log l;

	log_start(&l);
	feed(&l, AT(.key = 0), "abc");
	feed(&l, AT(.position = 5), "fg");
	feed(&l, AT(.kind = EVENT_CLOSE), "");
	conn_table_tick(l.t, 100 * MS);
	conn_table_tick(l.t, 400 * MS);
	log_expect(&l, "open0 r0=abc ");
	conn_table_tick(l.t, 600 * MS);
	conn_table_tick(l.t, 800 * MS);
	log_expect(&l, "r0!lost:2 r0=fg close0 ");
	log_stop(&l);
}

static void test_generations(void **state)
{
	struct log l;

	log_start(&l);
	feed(&l, AT(.generation = 1), "abc");
	feed(&l, AT(.generation = 2), "ABC");
	feed(&l, AT(.generation = 1, .position = 3), "def");
	log_expect(&l, "open1 r1=abc open2 r2=ABC r1=def ");
	feed(&l, AT(.generation = 3), "xyz");
	log_expect(&l, "close1 open3 r3=xyz ");
	feed(&l, AT(.generation = 1, .position = 6), "ghi");	/* nobody's any more */
	assert_int_equal(stats_get(STAT_CONN_HELD_LOST), 1);
	conn_table_tick(l.t, 1 * MS);
	conn_table_tick(l.t, 151 * MS);
	log_expect(&l, "close2 ");
	feed(&l, AT(.generation = 3, .position = 3), "!");
	log_expect(&l, "r3=! ");
	log_stop(&l);
}

static void test_exit_and_exec(void **state)
{
	struct log l;

	log_start(&l);
	feed(&l, AT(.tgid = 4, .start_ns = 8, .key = 1), "a");
	feed(&l, AT(.tgid = 4, .start_ns = 8, .key = 2), "b");
	feed(&l, AT(.tgid = 5, .start_ns = 9, .key = 1), "c");
	conn_table_exit(l.t, 4, 7, 0);
	conn_table_exit(l.t, 4, 8, 0);
	feed(&l, AT(.tgid = 4, .start_ns = 8, .key = 2), "B");	/* the new image's first byte */
	log_expect(&l, "open0 r0=a open0 r0=b open0 r0=c close0 open0 r0=B ");
	conn_table_tick(l.t, 1 * MS);
	conn_table_tick(l.t, 151 * MS);
	log_expect(&l, "close0 ");
	assert_int_equal(conn_table_count(l.t), 2);
	feed(&l, AT(.tgid = 5, .start_ns = 99, .key = 1), "d");	/* the pid was reused */
	log_expect(&l, "close0 open0 r0=d ");
	log_stop(&l);
}

static void test_table_full_evicts_idle(void **state)
{
	struct log l;

	log_start(&l);
	l.quiet = true;
	for (u64 i = 0; i < CONN_MAX; i++)
		feed(&l, AT(.key = 16 * i), "a");
	feed(&l, AT(.key = 0, .position = 1), "b");		/* recently used now */
	l.quiet = false;
	feed(&l, AT(.key = 1, .generation = 3), "c");
	log_expect(&l, "close0 open3 r3=c ");
	feed(&l, AT(.key = 0, .position = 2), "d");
	log_expect(&l, "r0=d ");
	assert_int_equal(conn_table_count(l.t), CONN_MAX);
	assert_int_equal(stats_get(STAT_CONN_EVICTED), 1);
	l.quiet = true;
	log_stop(&l);
}

static void test_bad_chunks(void **state)
{
	struct chunk c = {.ev = {.size = sizeof(c), .kind = EVENT_CHUNK}};
	struct log l;

	log_start(&l);
	c.dir = 2;
	conn_table_feed(l.t, &c);
	c.dir = 0;
	c.data_len = c.true_len = 1;		/* more than the record holds */
	conn_table_feed(l.t, &c);
	c.data_len = 0;
	c.position = UINT64_MAX;
	conn_table_feed(l.t, &c);
	c.position = 0;
	c.ev.size = 8;
	conn_table_feed(l.t, &c);
	log_expect(&l, "");
	assert_int_equal(stats_get(STAT_CONN_BAD_CHUNK), 4);
	log_stop(&l);
}

/* Any order within the held bytes gives the same stream. */
static void test_shuffled(void **state)
{
	for (unsigned int seed = 2; seed < 2 + 200; seed++) {
		struct cuts_rng rng = cuts_start(seed);
		unsigned int order[40];
		char want[41] = "", one[2] = "";
		struct log l;

		log_start(&l);
		for (unsigned int i = 0; i < 40; i++) {
			unsigned int j = (unsigned int)(cuts_random(&rng) % (i + 1));

			order[i] = order[j];
			order[j] = i;
			want[i] = (char)('0' + i);
		}
		for (unsigned int i = 0; i < 40; i++) {
			one[0] = want[order[i]];
			feed(&l, AT(.position = order[i]), one);
		}

		char got[41] = "";
		size_t n = 0;

		buf_append_char(&l.text, '\0');
		for (char *p = strstr(l.text.p, "r0="); p; p = strstr(p + 1, "r0="))
			got[n++] = p[3];
		assert_string_equal(got, want);
		log_stop(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_reorder),
		cmocka_unit_test(test_hole_kinds),
		cmocka_unit_test(test_hole_given_up_by_tick),
		cmocka_unit_test(test_hole_given_up_by_overflow),
		cmocka_unit_test(test_overlap_and_duplicate),
		cmocka_unit_test(test_late_once_both_directions),
		cmocka_unit_test(test_close_waits_for_stragglers),
		cmocka_unit_test(test_close_behind_hole),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_exit_and_exec),
		cmocka_unit_test(test_table_full_evicts_idle),
		cmocka_unit_test(test_bad_chunks),
		cmocka_unit_test(test_shuffled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
