/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that copy their own code over themselves when they start: node with --use-largepages
 * moves it into anonymous huge pages. A breakpoint that stands in the code by then is copied with
 * it and kills the process, and a copy can hold no probe. Private to the room.
 */
#ifndef TOLLTAP_CAPTURE_REMAP_H
#define TOLLTAP_CAPTURE_REMAP_H

#include <sys/types.h>

#include "base/types.h"

/* The copying, if any, is over: it is done before the first worker thread starts. */
bool remap_is_over(pid_t pid);

/* Whether the process executes each of these places of the file out of the file itself. */
bool remap_is_backed(pid_t pid, u64 ino, const u64 offset[], size_t cnt);

#endif
