/* SPDX-License-Identifier: Apache-2.0 */
/* A body in, its units out as text. */
#include "http/units_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cuts.h"

struct run {
	struct framing f;
	struct buf text;
	bool in_unit;
};

static void say(void *arg, enum unit_step step, struct str s)
{
	static const char marks[] = "!#@";
	struct run *r = arg;

	assert_true(r->in_unit == (step != UNIT_BEGIN));
	r->in_unit = step != UNIT_END && step != UNIT_BROKEN;
	switch (step) {
	case UNIT_BEGIN:
		buf_append_char(&r->text, '[');
		for (size_t i = 0; i < sizeof(marks) - 1; i++)
			if (r->f.to.flags & 1u << i)
				buf_append_char(&r->text, marks[i]);
		buf_append_str(&r->text, s);
		buf_append_char(&r->text, s.n ? '|' : ' ');
		break;
	case UNIT_DATA:
		assert_true(s.n > 0);
		buf_append_str(&r->text, s);
		break;
	default:
		buf_append_char(&r->text, step == UNIT_END ? ']' : step == UNIT_BROKEN ? '}' : '~');
	}
}

static void feed(void *arg, const u8 *p, size_t n)
{
	struct run *r = arg;

	framing_feed(&r->f, p, n, say, r);
}

char *units_text(const struct units_body *b, unsigned int way)
{
	struct run r = {.in_unit = false};

	buf_init(&r.text, 8 << 20);
	framing_init(&r.f, b->framing, &b->label);
	cuts_feed(way, b->before.p, b->before.n, feed, &r);
	if (b->gap)
		framing_gap(&r.f, b->gap == 'p', say, &r);
	cuts_feed(way, b->after.p, b->after.n, feed, &r);
	framing_end(&r.f, !b->is_cut, say, &r);
	assert_false(r.in_unit);
	framing_fini(&r.f);
	buf_append_char(&r.text, '\0');
	return r.text.p;
}

void units_check(const struct units_body *b, const char *want)
{
	for (unsigned int way = 0; way < 2 + CUTS_RANDOM_MIN; way++) {
		char *got = units_text(b, way);

		if (strcmp(got, want) != 0)
			print_error("in cut way %u\n", way);
		assert_string_equal(got, want);
		free(got);
	}
}
