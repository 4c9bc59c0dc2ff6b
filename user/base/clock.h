/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time. Events carry CLOCK_BOOTTIME nanoseconds; records carry wall-clock nanoseconds since 1970
 * (UTC).
 *
 * The offset between the two is sampled by clock_sync, so that a replayed file gives the same
 * records every time.
 */
#ifndef TOLLTAP_CLOCK_H
#define TOLLTAP_CLOCK_H

#include "base/types.h"

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

u64 clock_boot_ns(void);
u64 clock_wall_ns(void);

/*
 * wall = boot + offset. A host uses clock_offset_now; a replay uses the offset its file was
 * recorded with.
 */
s64 clock_offset_now(void);

#define CLOCK_TEXT_LEN 32

/* "2026-11-22T01:02:03.123456789Z" into dst. */
void clock_format(u64 wall_ns, char dst[CLOCK_TEXT_LEN]);

#endif
