/* SPDX-License-Identifier: Apache-2.0 */
/* Halves become connections: held until told, in order, ended once, never joined by a guess. */
#include "unit.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/stats.h"
#include "capture/halves.h"

#define TGID 42
#define KEY_IN 0x7f0000001000		/* even: read */
#define KEY_OUT 0x7f0000002001		/* odd: write */

struct seen {
	u16 kind, flags;
	u64 conn, position;
	u32 generation;
	u8 dir;
	char text[64];
};

struct fixture {
	struct halves *halves;
	struct seen seen[32];
	size_t cnt;
	struct {
		u64 conn;
		u32 generation;
		enum verdict_state state;
	} verdict[8];
	size_t verdict_cnt;
};

static void on_event(void *arg, const struct event *ev)
{
	struct fixture *f = arg;
	const struct chunk *c = (const void *)ev;
	struct seen *s = &f->seen[f->cnt++];

	assert_true(f->cnt <= ARRAY_LEN(f->seen));
	*s = (struct seen){ .kind = ev->kind, .flags = ev->flags };
	if (ev->kind != EVENT_CHUNK && ev->kind != EVENT_CLOSE)
		return;
	s->conn = c->conn;
	s->generation = c->generation;
	s->position = c->position;
	s->dir = c->dir;
	assert_int_equal(c->ev.size, sizeof(*c) + c->data_len);
	if (c->data_len < sizeof(s->text))
		memcpy(s->text, c->data, c->data_len);
}

static void on_verdict(void *arg, const struct conn_key *half, u32 generation,
		       enum verdict_state verdict)
{
	struct fixture *f = arg;

	assert_int_equal(half->tgid, TGID);
	f->verdict[f->verdict_cnt].conn = half->conn;
	f->verdict[f->verdict_cnt].generation = generation;
	f->verdict[f->verdict_cnt++].state = verdict;
}

static int setup(void **state)
{
	static const struct halves_ops ops = { .on_event = on_event, .set_verdict = on_verdict };
	struct fixture *f = calloc(1, sizeof(*f));

	stats_reset();
	f->halves = halves_new(&ops, f);
	*state = f;
	return f->halves ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	halves_free(f->halves);
	free(f);
	return 0;
}

static void feed(struct fixture *f, u64 key, u32 generation, u64 position, size_t n,
		 const char *data)
{
	struct chunk *c = calloc(1, sizeof(*c) + n);

	c->ev = (struct event){ .size = sizeof(*c) + n, .kind = EVENT_CHUNK, .tgid = TGID,
				.flags = CHUNK_F_FIRST | CHUNK_F_OP_END };
	c->conn = key;
	c->generation = generation;
	c->dir = key & 1;
	c->stack = STACK_AEAD;
	c->position = position;
	c->true_len = c->data_len = n;
	if (data)
		memcpy(c->data, data, n);
	halves_feed(f->halves, &c->ev);
	free(c);
}

static void say(struct fixture *f, u64 key, u32 generation, u64 position, const char *text)
{
	feed(f, key, generation, position, strlen(text), text);
}

static void tell(struct fixture *f, u64 key, u32 generation, u64 socket, u16 flags)
{
	struct pair_event e = { .ev = { .size = sizeof(e), .kind = EVENT_PAIR, .tgid = TGID,
					.flags = flags },
				.conn = key, .generation = generation, .socket = socket };

	halves_feed(f->halves, &e.ev);
}

static void end(struct fixture *f, u64 key, u32 generation)
{
	struct chunk c = { .ev = { .size = sizeof(c), .kind = EVENT_CLOSE, .tgid = TGID },
			   .conn = key, .generation = generation, .stack = STACK_AEAD };

	halves_feed(f->halves, &c.ev);
}

static void test_two_halves(void **state)
{
	struct fixture *f = *state;

	say(f, KEY_OUT, 1, 0, "GET");
	assert_int_equal(f->cnt, 0);
	tell(f, KEY_OUT, 1, 7, CHUNK_F_BORN);
	tell(f, KEY_IN, 2, 7, CHUNK_F_BORN);
	say(f, KEY_IN, 2, 0, "200");
	say(f, KEY_OUT, 1, 3, " /");
	assert_int_equal(f->cnt, 3);
	assert_string_equal(f->seen[0].text, "GET");
	assert_string_equal(f->seen[1].text, "200");
	assert_string_equal(f->seen[2].text, " /");
	assert_int_equal(f->seen[2].position, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(f->seen[i].conn, f->seen[0].conn);
		assert_int_equal(f->seen[i].generation, f->seen[0].generation);
		assert_true(f->seen[i].flags & CHUNK_F_BORN);
		assert_true(f->seen[i].flags & CHUNK_F_OP_END);
		/* the first of the connection, not of each half */
		assert_int_equal(!(f->seen[i].flags & CHUNK_F_FIRST), i != 0);
	}
	assert_true(f->seen[0].conn >> 63);
}

static void test_end_is_told_once(void **state)
{
	struct fixture *f = *state;

	say(f, KEY_OUT, 1, 0, "x");
	tell(f, KEY_OUT, 1, 7, 0);
	tell(f, KEY_IN, 2, 7, 0);
	say(f, KEY_IN, 2, 0, "yy");
	end(f, KEY_IN, 2);
	end(f, KEY_OUT, 1);
	tell(f, 0, 0, 7, 0);
	assert_int_equal(f->cnt, 3);
	assert_int_equal(f->seen[2].kind, EVENT_CLOSE);
	assert_int_equal(f->seen[2].conn, f->seen[0].conn);
	assert_int_equal(f->seen[2].position, 2);
	/* the same socket number again, and the same key: another connection */
	say(f, KEY_OUT, 3, 0, "z");
	tell(f, KEY_OUT, 3, 7, 0);
	assert_int_equal(f->cnt, 4);
	assert_int_not_equal(f->seen[3].generation, f->seen[0].generation);
	/* not born: its beginning was not seen */
	assert_false(f->seen[3].flags & CHUNK_F_BORN);
	tell(f, 0, 0, 7, 0);
	assert_int_equal(f->seen[4].kind, EVENT_CLOSE);
}

static void test_stale_ends(void **state)
{
	struct fixture *f = *state;

	say(f, KEY_OUT, 5, 0, "x");
	end(f, KEY_OUT, 4);
	end(f, KEY_IN, 1);
	tell(f, 0, 0, 99, 0);
	tell(f, KEY_OUT, 5, 7, 0);
	assert_int_equal(f->cnt, 1);
	assert_int_equal(stats_get(STAT_UNPAIRED_BYTES), 0);
}

/* A key update: the direction goes on where it was. */
static void test_new_key(void **state)
{
	struct fixture *f = *state;

	tell(f, KEY_OUT, 1, 7, CHUNK_F_BORN);
	say(f, KEY_OUT, 1, 0, "abc");
	say(f, KEY_OUT + 0x100, 2, 0, "de");
	tell(f, KEY_OUT + 0x100, 2, 7, 0);
	say(f, KEY_OUT + 0x100, 2, 2, "f");
	assert_int_equal(f->cnt, 3);
	assert_int_equal(f->seen[1].position, 3);
	assert_int_equal(f->seen[2].position, 5);
	assert_true(f->seen[2].flags & CHUNK_F_BORN);
	/* the old key's end is not the connection's */
	end(f, KEY_OUT, 1);
	assert_int_equal(f->cnt, 3);
}

static void test_reused_key(void **state)
{
	struct fixture *f = *state;

	say(f, KEY_OUT, 1, 0, "lost");
	say(f, KEY_OUT, 2, 0, "kept");
	assert_int_equal(stats_get(STAT_UNPAIRED_BYTES), 4);
	tell(f, KEY_OUT, 2, 7, 0);
	assert_int_equal(f->cnt, 1);
	assert_string_equal(f->seen[0].text, "kept");
}

static void test_never_told(void **state)
{
	struct fixture *f = *state;
	const struct process_event gone = { .ev = { .size = sizeof(gone), .kind = EVENT_EXIT,
						    .tgid = TGID } };

	say(f, KEY_OUT, 1, 0, "abc");
	end(f, KEY_OUT, 1);
	assert_int_equal(stats_get(STAT_UNPAIRED_BYTES), 3);
	say(f, KEY_IN, 1, 0, "de");
	halves_feed(f->halves, &gone.ev);
	assert_int_equal(stats_get(STAT_UNPAIRED_BYTES), 5);
	assert_int_equal(f->cnt, 1);
	assert_int_equal(f->seen[0].kind, EVENT_EXIT);
}

/* What is held is bounded; what comes after it is told goes on at its position. */
static void test_held_too_much(void **state)
{
	struct fixture *f = *state;
	const size_t piece = 16384 - sizeof(struct chunk), fits = PAIR_HELD_MAX / 16384;

	for (size_t i = 0; i <= fits; i++)
		feed(f, KEY_IN, 1, i * piece, piece, NULL);
	assert_int_equal(stats_get(STAT_UNPAIRED_BYTES), piece);
	tell(f, KEY_IN, 1, 7, 0);
	assert_int_equal(f->cnt, fits);
	feed(f, KEY_IN, 1, (fits + 1) * piece, 1, "x");
	assert_int_equal(f->seen[fits].position, (fits + 1) * piece);
}

static void test_verdicts(void **state)
{
	struct fixture *f = *state;
	struct chunk c = { .ev = { .tgid = TGID }, .conn = 0x7f00 };

	assert_false(halves_set_verdict(f->halves, &c, VERDICT_IGNORED));
	say(f, KEY_OUT, 1, 0, "x");
	tell(f, KEY_OUT, 1, 7, 0);
	c.conn = f->seen[0].conn;
	c.generation = f->seen[0].generation;
	assert_true(halves_set_verdict(f->halves, &c, VERDICT_SUSPENDED));
	assert_int_equal(f->verdict_cnt, 0);
	assert_true(halves_set_verdict(f->halves, &c, VERDICT_TRACKED));
	assert_int_equal(f->verdict_cnt, 1);
	assert_int_equal(f->verdict[0].conn, KEY_OUT);
	/* the other half hears of it when it is told */
	tell(f, KEY_IN, 9, 7, 0);
	assert_int_equal(f->verdict_cnt, 2);
	assert_int_equal(f->verdict[1].conn, KEY_IN);
	assert_int_equal(f->verdict[1].generation, 9);
	assert_int_equal(f->verdict[1].state, VERDICT_TRACKED);
	/* of an older connection: ours, but nobody is told */
	c.generation--;
	assert_true(halves_set_verdict(f->halves, &c, VERDICT_IGNORED));
	assert_int_equal(f->verdict_cnt, 2);
}

static void test_others_pass(void **state)
{
	struct fixture *f = *state;
	struct chunk c = { .ev = { .size = sizeof(c), .kind = EVENT_CHUNK, .tgid = TGID },
			   .conn = 0x1234, .stack = STACK_OPENSSL, .generation = 3 };

	halves_feed(f->halves, &c.ev);
	c.ev.kind = EVENT_CLOSE;
	halves_feed(f->halves, &c.ev);
	assert_int_equal(f->cnt, 2);
	assert_int_equal(f->seen[0].conn, 0x1234);
	assert_int_equal(f->seen[1].kind, EVENT_CLOSE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_two_halves), TEST(test_end_is_told_once), TEST(test_stale_ends),
		TEST(test_new_key),    TEST(test_reused_key),	    TEST(test_never_told),
		TEST(test_verdicts),   TEST(test_held_too_much),    TEST(test_others_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
