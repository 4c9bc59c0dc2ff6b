/* SPDX-License-Identifier: Apache-2.0 */
/* A time per hint and one for the image: what is older than the image is of the one before it. */
#include "capture/coverage.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/str.h"
#include "capture/dark.h"

struct note {
	u64 hint_ns[DARK_HINT_BITS];	/* when last noted, plus one; 0: never */
	u64 image_ns;			/* of the last exec */
	bool is_gone;
};

struct coverage_notes {
	struct map *map;		/* (pid, 0) */
};

struct coverage_notes *coverage_notes_new(void)
{
	struct coverage_notes *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->map = map_new(TRACE_PROCESSES_MAX);
	if (!n->map) {
		free(n);
		return NULL;
	}
	return n;
}

static bool free_note(void *arg, struct map_key key, void *value)
{
	free(value);
	return true;
}

void coverage_notes_free(struct coverage_notes *n)
{
	if (!n)
		return;
	map_walk(n->map, free_note, NULL);
	map_free(n->map);
	free(n);
}

static struct note *note_find(const struct coverage_notes *n, pid_t pid)
{
	return map_get(n->map, (struct map_key){ .a = (u32)pid });
}

/* NULL: no room. A full table keeps what it has: the others are of an unknown stack. */
static struct note *note_get(struct coverage_notes *n, pid_t pid)
{
	struct note *note = note_find(n, pid);

	if (!note) {
		note = calloc(1, sizeof(*note));
		if (note && map_put(n->map, (struct map_key){ .a = (u32)pid }, note)) {
			free(note);
			note = NULL;
		}
	} else if (note->is_gone) {
		*note = (struct note){ 0 };
	}
	return note;
}

void coverage_note(struct coverage_notes *n, pid_t pid, u32 hints, u64 ts_ns)
{
	struct note *note = hints ? note_get(n, pid) : NULL;

	for (size_t i = 0; note && i < DARK_HINT_BITS; i++)
		if (hints >> i & 1 && note->hint_ns[i] < ts_ns + 1)
			note->hint_ns[i] = ts_ns + 1;
}

void coverage_note_fork(struct coverage_notes *n, pid_t parent, pid_t child)
{
	const struct note *from = note_find(n, parent);
	struct note *to = from ? note_get(n, child) : NULL;

	/* mappings of the child may have been told before its fork */
	for (size_t i = 0; to && i < DARK_HINT_BITS; i++)
		if (to->hint_ns[i] < from->hint_ns[i])
			to->hint_ns[i] = from->hint_ns[i];
	if (to && to->image_ns < from->image_ns)
		to->image_ns = from->image_ns;
}

void coverage_note_exec(struct coverage_notes *n, pid_t pid, u64 ts_ns)
{
	struct note *note = note_get(n, pid);

	if (note && note->image_ns < ts_ns)
		note->image_ns = ts_ns;
}

void coverage_note_exit(struct coverage_notes *n, pid_t pid)
{
	struct note *note = note_find(n, pid);

	if (note)
		note->is_gone = true;
}

u32 coverage_hints(const struct coverage_notes *n, pid_t pid)
{
	const struct note *note = note_find(n, pid);
	u32 hints = 0;

	/* the kernel tells of an exec after it has mapped the program itself */
	for (size_t i = 0; note && i < DARK_HINT_BITS; i++)
		if (note->hint_ns[i] && note->hint_ns[i] + COVERAGE_EXEC_NS > note->image_ns)
			hints |= 1u << i;
	return hints;
}

/* --- rows ----------------------------------------------------------------------------------- */

static void name_host(const struct coverage_key *key, char dst[DARK_HOST_LEN])
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (key->host[0]) {
		str_to_c((struct str){ key->host, strnlen(key->host, COVERAGE_HOST_LEN) }, dst,
			 DARK_HOST_LEN);
		for (char *p = dst; *p; p++)
			*p |= *p >= 'A' && *p <= 'Z' ? 0x20 : 0;
		return;
	}
	inet_ntop(key->family, key->addr, text, sizeof(text));
	/* an IPv4 address on an IPv6 socket */
	const char *v4 = str_starts(str_of(text), STR("::ffff:")) ? text + 7 : text;

	snprintf(dst, DARK_HOST_LEN, strchr(v4, ':') ? "[%s]:%u" : "%s:%u", v4, key->port);
}

bool coverage_row(const struct coverage_key *key, const struct coverage *c,
		  const struct coverage_process *p, struct dark_row *ret)
{
	const struct dark_class *class = NULL;

	if (key->kind == COVERAGE_QUIC)
		class = dark_class_quic();
	else if (key->kind == COVERAGE_PLAIN)
		class = dark_class_plain();
	else if (!p->is_readable)
		class = dark_class_of(p->hints);
	else if (p->is_matched && !c->matched)
		class = dark_class_other_stack();
	if (!class || !c->connections)
		return false;
	*ret = (struct dark_row){
		.pid = key->tgid,
		.connections = c->connections,
		.bytes_in = c->bytes_in,
		.bytes_out = c->bytes_out,
		.class = class->name,
		.why = class->why,
	};
	str_to_c((struct str){ c->comm, strnlen(c->comm, EVENT_COMM_LEN) }, ret->comm,
		 sizeof(ret->comm));
	name_host(key, ret->host);
	return true;
}
