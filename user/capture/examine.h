/* SPDX-License-Identifier: Apache-2.0 */
/* One line of /proc/PID/net/{tcp,tcp6,udp,udp6}. Private to the examination, apart for its test. */
#ifndef TOLLTAP_CAPTURE_EXAMINE_H
#define TOLLTAP_CAPTURE_EXAMINE_H

#include "base/types.h"

struct net_line {
	u16 remote_port;
	u64 ino;
};

/* -EINVAL: no such line (the heading). */
int examine_net_line(const char *line, struct net_line *ret);

#endif
