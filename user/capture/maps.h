/* SPDX-License-Identifier: Apache-2.0 */
/* Reads lines of /proc/PID/maps. Private to the discovery. */
#ifndef TOLLTAP_CAPTURE_MAPS_H
#define TOLLTAP_CAPTURE_MAPS_H

#include "base/types.h"

struct maps_line {
	u64 start;
	u64 end;
	u64 offset;
	u64 dev;		/* makedev() */
	u64 ino;		/* 0: no file */
	bool is_executable;
	const char *path;	/* inside the line; "" when there is none */
};

/* Cuts the newline off the line. -EINVAL. */
int maps_parse(char *line, struct maps_line *ret);

#endif
