/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A protobuf message, field by field:
 *
 *	TAG --varint--> VARINT ------------------------------+     08 96 01     field 1: 150
 *	 ^  \--fixed--> FIXED -------------------------------+     12 02 68 69  field 2: "hi"
 *	 |   \--length--> LENGTH --> BYTES, SKIP ------------+     tag = field << 3 | wire type
 *	 |                   \ \---> PACKED (numbers) -------+
 *	 +--------------------\----> a message: its fields --+
 */
#include "base/proto.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define PROTO_ROOT 1			/* node 0 stands for "not watched" */
#define PROTO_FIELD_MAX ((1u << 29) - 1)

enum proto_state {
	PROTO_TAG,
	PROTO_VARINT,
	PROTO_FIXED,
	PROTO_LENGTH,
	PROTO_BYTES,
	PROTO_SKIP,
	PROTO_PACKED,
};

enum proto_wire {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_LENGTH = 2,
	WIRE_FIXED32 = 5,
};

struct proto_node {
	u32 field;
	u32 tag;
	bool is_watched;		/* else only on the way to a watched one */
	bool is_list;			/* "[]" */
	u16 child;			/* first field of this message */
	u16 next;			/* next field of the same message */
};

struct proto_paths {
	size_t cnt;
	struct proto_node node[];
};

/* --- paths ----------------------------------------------------------------------------------- */

static u16 proto_find(const struct proto_paths *set, u16 message, u64 field)
{
	u16 id = set->node[message].child;

	while (id && set->node[id].field != field)
		id = set->node[id].next;
	return id;
}

static u16 proto_child(struct proto_paths *set, u16 message, u32 field)
{
	u16 id = proto_find(set, message, field);

	if (id)
		return id;
	id = (u16)set->cnt++;
	set->node[id] = (struct proto_node){.field = field, .next = set->node[message].child};
	set->node[message].child = id;
	return id;
}

static void proto_add(struct proto_paths *set, const struct proto_path *path)
{
	struct str rest = str_of(path->path), part;
	u16 node = PROTO_ROOT;
	int depth = 0;

	while (str_next(&rest, '.', &part)) {
		bool is_list = str_ends(part, STR("[]"));
		u64 field = 0;
		int err = str_to_u64(str_cut(part, 0, part.n - (is_list ? 2 : 0)), &field);

		assert(!err && field > 0 && field <= PROTO_FIELD_MAX && ++depth <= PROTO_DEPTH_MAX);
		(void)err;
		node = proto_child(set, node, (u32)field);
		set->node[node].is_list = is_list;
	}
	assert(node != PROTO_ROOT && !set->node[node].is_watched);
	set->node[node].is_watched = true;
	set->node[node].tag = path->tag;
}

struct proto_paths *proto_paths_new(const struct proto_path *paths, size_t n)
{
	size_t steps = PROTO_ROOT + 1;

	for (size_t i = 0; i < n; i++)
		for (const char *c = paths[i].path; *c; c++)
			steps += c == paths[i].path || *c == '.';
	assert(steps <= UINT16_MAX);

	struct proto_paths *set = calloc(1, sizeof(*set) + steps * sizeof(set->node[0]));

	if (!set)
		return NULL;
	set->cnt = PROTO_ROOT + 1;
	for (size_t i = 0; i < n; i++)
		proto_add(set, &paths[i]);
	return set;
}

void proto_paths_free(struct proto_paths *set)
{
	free(set);
}

/* --- events ---------------------------------------------------------------------------------- */

static void proto_say(struct proto *p, u16 id, enum proto_type type, u64 value, struct str text)
{
	const struct proto_node *node = &p->set->node[id];
	const struct proto_event e = {node->tag, type, p->is_cut, value, text};

	if (node->is_watched)
		p->on_event(p->arg, &e);
}

static size_t proto_die(struct proto *p, const char *why)
{
	p->dead = why;
	return 0;
}

/* The messages that end here, innermost first. */
static void proto_close(struct proto *p)
{
	while (p->depth && p->at == p->end[p->depth]) {
		p->is_cut = false;
		proto_say(p, p->node[p->depth], PROTO_T_MESSAGE_END, 0, STR_NONE);
		p->depth--;
	}
}

static void proto_next_field(struct proto *p)
{
	p->state = PROTO_TAG;
	p->value = 0;
	p->bytes = 0;
	p->is_cut = false;
	proto_close(p);
}

/* --- fields ---------------------------------------------------------------------------------- */

/* Bytes until the innermost open message ends. */
static u64 proto_room(const struct proto *p)
{
	return p->depth ? p->end[p->depth] - p->at : UINT64_MAX;
}

/* One byte of a varint; whether it was its last. */
static bool proto_varint(struct proto *p, u8 c)
{
	p->at++;
	if (p->bytes == 9 && c > 1) {
		proto_die(p, "number too long");
		return false;
	}
	p->value |= (u64)(c & 0x7f) << (7 * p->bytes++);
	return !(c & 0x80);
}

static void proto_tag(struct proto *p)
{
	u64 field = p->value >> 3;

	p->wire = p->value & 7;
	if (field == 0 || field > PROTO_FIELD_MAX) {
		proto_die(p, "bad field number");
		return;
	}
	p->field = proto_find(p->set, p->node[p->depth], field);
	p->value = 0;
	p->bytes = 0;
	if (p->wire == WIRE_VARINT)
		p->state = PROTO_VARINT;
	else if (p->wire == WIRE_LENGTH)
		p->state = PROTO_LENGTH;
	else if (p->wire == WIRE_FIXED64 || p->wire == WIRE_FIXED32)
		p->state = PROTO_FIXED;
	else
		proto_die(p, "bad wire type");
	p->left = p->wire == WIRE_FIXED64 ? 8 : 4;
}

static void proto_message(struct proto *p, u64 n)
{
	p->depth++;		/* no deeper than a watched path */
	p->node[p->depth] = p->field;
	p->end[p->depth] = p->at + n;
	proto_say(p, p->field, PROTO_T_MESSAGE, 0, STR_NONE);
	proto_next_field(p);
}

static void proto_length(struct proto *p)
{
	const struct proto_node *node = &p->set->node[p->field];
	u64 n = p->value;

	if (n > proto_room(p) || n > PROTO_LENGTH_MAX) {
		proto_die(p, "length past the end");
		return;
	}
	p->left = n;
	p->text_len = 0;
	p->value = 0;
	p->bytes = 0;
	if (p->field && node->child)
		proto_message(p, n);
	else if (p->field && node->is_list)
		p->state = PROTO_PACKED;
	else
		p->state = p->field ? PROTO_BYTES : PROTO_SKIP;
}

/* Up to the end of the bytes; p->left is 0 behind it. */
static size_t proto_bytes(struct proto *p, const char *bytes, size_t n)
{
	size_t take = n < p->left ? n : (size_t)p->left;

	if (p->state == PROTO_BYTES) {
		size_t room = sizeof(p->text) - p->text_len, keep = take < room ? take : room;

		memcpy(p->text + p->text_len, bytes, keep);
		p->text_len += (u32)keep;
		p->is_cut |= keep < take;
	}
	p->left -= take;
	p->at += take;
	return take;
}

static size_t proto_fixed(struct proto *p, u8 c)
{
	p->value |= (u64)c << (8 * p->bytes++);
	p->at++;
	if (--p->left)
		return 1;
	proto_say(p, p->field, p->wire == WIRE_FIXED64 ? PROTO_T_FIXED64 : PROTO_T_FIXED32,
		  p->value, STR_NONE);
	proto_next_field(p);
	return 1;
}

/* One byte of packed numbers. */
static size_t proto_packed(struct proto *p, u8 c)
{
	p->left--;
	if (proto_varint(p, c)) {
		proto_say(p, p->field, PROTO_T_VARINT, p->value, STR_NONE);
		p->value = 0;
		p->bytes = 0;
	} else if (p->left == 0) {
		return proto_die(p, "number past the end");
	}
	return 1;
}

static bool proto_is_in_bytes(const struct proto *p)
{
	return p->state == PROTO_BYTES || p->state == PROTO_SKIP || p->state == PROTO_PACKED;
}

/* The bytes, or packed numbers, are over. */
static void proto_bytes_done(struct proto *p)
{
	if (p->state == PROTO_BYTES)
		proto_say(p, p->field, PROTO_T_BYTES, 0, (struct str){p->text, p->text_len});
	proto_next_field(p);
}

/* One byte of a tag, number or length. */
static size_t proto_number(struct proto *p, u8 c)
{
	if (proto_room(p) == 0)
		return proto_die(p, "field past the end");
	if (p->state == PROTO_FIXED)
		return proto_fixed(p, c);
	if (!proto_varint(p, c))
		return 1;
	if (p->state == PROTO_TAG) {
		proto_tag(p);
	} else if (p->state == PROTO_LENGTH) {
		proto_length(p);
	} else {
		proto_say(p, p->field, PROTO_T_VARINT, p->value, STR_NONE);
		proto_next_field(p);
	}
	return 1;
}

/* --- public ---------------------------------------------------------------------------------- */

void proto_init(struct proto *p, const struct proto_paths *set, proto_event_fn on_event, void *arg)
{
	p->set = set;
	p->on_event = on_event;
	p->arg = arg;
	proto_reset(p);
}

void proto_reset(struct proto *p)
{
	p->dead = NULL;
	p->at = 0;
	p->depth = 0;
	p->node[0] = PROTO_ROOT;
	proto_next_field(p);
}

int proto_feed(struct proto *p, const char *bytes, size_t n)
{
	size_t at = 0;

	while (at < n && !p->dead) {
		if (p->state == PROTO_PACKED)
			at += proto_packed(p, (u8)bytes[at]);
		else if (proto_is_in_bytes(p))
			at += proto_bytes(p, bytes + at, n - at);
		else
			at += proto_number(p, (u8)bytes[at]);
		if (!p->dead && proto_is_in_bytes(p) && p->left == 0)
			proto_bytes_done(p);
	}
	return p->dead ? -EINVAL : 0;
}

void proto_gap(struct proto *p)
{
	if (!p->dead)
		proto_die(p, "bytes are missing");
}

int proto_finish(struct proto *p)
{
	if (!p->dead && (p->depth || p->state != PROTO_TAG || p->bytes))
		proto_die(p, "cut short");
	return p->dead ? -EINVAL : 0;
}

const char *proto_dead(const struct proto *p)
{
	return p->dead;
}
