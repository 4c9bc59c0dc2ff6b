/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the rooms: events go in, call records come out at the sinks.
 *
 * It is the only place that sees every room, and it only joins pipes. One message goes backward:
 * the verdict on a connection, through on_verdict. Pipeline thread only; allocates nothing per
 * chunk.
 */
#ifndef TOLLTAP_PIPELINE_H
#define TOLLTAP_PIPELINE_H

#include "base/types.h"
#include "bpf/event.h"
#include "owner/owner.h"
#include "price/price.h"
#include "sink/sink.h"

struct pipeline;

struct pipeline_options {
	const struct price_book *book;	/* outlives the pipeline */
	struct sinks *sinks;		/* started; outlives the pipeline */
	struct owners_options owners;
	s64 wall_offset_ns;		/* wall = boot + offset */
	/* conn names the connection, and how far its writes were read when this was decided */
	void (*on_verdict)(void *arg, const struct chunk *conn, enum verdict_state verdict);
	void *arg;
};

int pipeline_new(const struct pipeline_options *options, struct pipeline **ret);
void pipeline_free(struct pipeline *p);				/* NULL is fine */

void pipeline_feed(struct pipeline *p, const struct event *ev);	/* borrowed */
void pipeline_tick(struct pipeline *p, u64 now_ns);		/* boot time */
void pipeline_finish(struct pipeline *p);			/* ends what is still open */

/* Whether a host, port 443 aside, is that of a provider of LLMs. */
bool pipeline_knows_host(struct str host);

/* Fills what the receipt needs from here: undecoded bytes by kind, whether TLS was seen at all. */
void pipeline_facts(const struct pipeline *p, struct receipt_facts *ret);

#endif
