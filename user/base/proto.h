/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads chosen fields out of a protobuf message while it streams by: a push parser without a
 * message, as base/json.h is for JSON.
 *
 * A set of paths of field numbers is compiled once: `9.2`, `7.1[]`. A field that is the beginning
 * of longer paths is a message and gives events at its begin and end if it is watched itself; a
 * path's last field is whatever its wire type says: a number, or bytes. "[]" behind it: numbers,
 * one event each, packed or not. All else is skipped at memory speed without being held. A field
 * that occurs twice fires twice, in the order of the wire: the consumer lets the last win.
 *
 * Protobuf does not say what its bytes mean, so a path is only as good as the knowledge of the
 * message it was written for. Bad at: bytes longer than PROTO_VALUE_MAX (cut, and marked so);
 * groups (gone since proto3: dead). Holds no heap memory; never recurses; nesting is bounded by the
 * watched paths.
 */
#ifndef TOLLTAP_PROTO_H
#define TOLLTAP_PROTO_H

#include "base/limits.h"
#include "base/str.h"

/* One watched path; tag is the caller's and comes back with the event. */
struct proto_path {
	const char *path;
	u32 tag;
};

struct proto_paths;

/*
 * Compiles n paths; they may be freed afterwards. NULL when memory is out. The set is immutable and
 * may be shared. Paths have at most PROTO_DEPTH_MAX steps (asserted).
 */
struct proto_paths *proto_paths_new(const struct proto_path *paths, size_t n);
void proto_paths_free(struct proto_paths *set);		/* NULL is fine */

enum proto_type {
	PROTO_T_VARINT,
	PROTO_T_FIXED64,
	PROTO_T_FIXED32,
	PROTO_T_BYTES,
	PROTO_T_MESSAGE,		/* begins */
	PROTO_T_MESSAGE_END,
};

struct proto_event {
	u32 tag;
	enum proto_type type;
	bool is_cut;			/* text is only the first PROTO_VALUE_MAX bytes */
	u64 value;			/* of the numbers, as on the wire */
	struct str text;		/* of BYTES, borrowed for the callback */
};

typedef void (*proto_event_fn)(void *arg, const struct proto_event *e);

/* Embedded by its user; the fields are private. */
struct proto {
	const struct proto_paths *set;
	proto_event_fn on_event;
	void *arg;
	const char *dead;			/* why, or NULL */
	u64 at;					/* bytes taken */
	u64 value;				/* varint or fixed number being read */
	u64 left;				/* bytes of the value that are still to come */
	u64 end[PROTO_DEPTH_MAX + 1];		/* of the open messages; [0] is the whole: none */
	u16 node[PROTO_DEPTH_MAX + 1];		/* of the open messages */
	u16 field;				/* node of the field being read; 0: not watched */
	u8 depth;
	u8 state;
	u8 bytes;				/* of the number, taken */
	u8 wire;				/* its wire type */
	bool is_cut;
	u32 text_len;
	char text[PROTO_VALUE_MAX];
};

void proto_init(struct proto *p, const struct proto_paths *set, proto_event_fn on_event, void *arg);
void proto_reset(struct proto *p);			/* for the next message */

/* 0, or -EINVAL once dead; no event follows death. */
int proto_feed(struct proto *p, const char *bytes, size_t n);

/* Bytes are missing here: nothing after them has a known place. Dead. */
void proto_gap(struct proto *p);

/* The message ends here. 0 when it ended between two fields, else -EINVAL (proto_dead says why). */
int proto_finish(struct proto *p);

const char *proto_dead(const struct proto *p);		/* static text, or NULL while alive */

#endif
