/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the two directions of a connection that were seen at the cipher (STACK_AEAD).
 *
 * There each direction is a half with a name and positions of its own. The kernel tells to which
 * socket a half belongs (EVENT_PAIR), as a rule right after its first record; two halves of one
 * socket are one connection, which gets a name that no SSL* has. What comes before is held, up to
 * PAIR_HELD_MAX per half; what is never told is lost and counted, never guessed. All other events
 * pass through untouched and in order. Events are borrowed for the call. One thread.
 */
#ifndef TOLLTAP_CAPTURE_HALVES_H
#define TOLLTAP_CAPTURE_HALVES_H

#include "base/types.h"
#include "bpf/event.h"

struct halves;

struct halves_ops {
	void (*on_event)(void *arg, const struct event *ev);
	/* a verdict on a connection, for one of its halves */
	void (*set_verdict)(void *arg, const struct conn_key *half, u32 generation,
			    enum verdict_state verdict);
};

struct halves *halves_new(const struct halves_ops *ops, void *arg);	/* NULL: out of memory */
void halves_free(struct halves *p);			/* what is held is counted as lost */

void halves_feed(struct halves *p, const struct event *ev);

/*
 * For a connection of ours, live or over: true. Also applies to a half that is told later; a
 * suspension applies to none.
 */
bool halves_set_verdict(struct halves *p, const struct chunk *chunk, enum verdict_state verdict);

#endif
