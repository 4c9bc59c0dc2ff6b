/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collector of its own thread on a loopback port, that answers as it is told: the i-th request
 * gets the i-th answer, the last answer serves all that follow.
 */
#ifndef TESTS_COLLECTOR_H
#define TESTS_COLLECTOR_H

#include "base/str.h"
#include "base/types.h"

#define COLLECTOR_SEEN_MAX 64

struct collector_answer {
	int status;		/* 0: hang until the test is over; -1: close without a word */
	const char *headers;	/* "Name: value\r\n", or NULL */
	struct str body;
};

struct collector_seen {
	u64 at_ns;
	size_t span_cnt;	/* as protobuf-c reads them; SIZE_MAX: unreadable */
	bool is_gzip;
	char head[2048];
};

struct collector;

struct collector *collector_start(const struct collector_answer *answers, size_t n);
int collector_port(const struct collector *c);
/* stops the thread; then what was seen may be read until collector_free */
void collector_stop(struct collector *c);
size_t collector_seen_cnt(struct collector *c);		/* any time */
const struct collector_seen *collector_seen(const struct collector *c, size_t i);
void collector_free(struct collector *c);

#endif
