/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts probes on functions of one file, for one process or for all, in the form that was loaded.
 *
 * Links live as long as their descriptors: a killed tolltap leaves nothing behind. Closing one
 * waits for an RCU grace period (tens of ms), so that is done by threads of its own here; nothing
 * else happens on them. All functions are for the pipeline thread.
 */
#ifndef TOLLTAP_CAPTURE_ATTACH_H
#define TOLLTAP_CAPTURE_ATTACH_H

#include <sys/types.h>

#include "base/types.h"
#include "capture/bpf_load.h"
#include "capture/target.h"

struct attach;
struct attach_links;		/* the probes of one file */

struct attach *attach_new(const struct bpf *b);
void attach_free(struct attach *a);	/* waits until every dropped link is gone; NULL is fine */

/*
 * pid 0: every process that maps the file. In the perf form a link of one process makes each of
 * its context switches dearer, so that only files that must not have a wide one should get it.
 * -ESRCH: the process is gone.
 */
int attach_file(struct attach *a, int fd, const struct target_probe *probe, size_t probe_cnt,
		pid_t pid, struct attach_links **ret);

/* Takes the probes away soon, without waiting; NULL is fine. */
void attach_drop(struct attach *a, struct attach_links *links);
/* As soon as the kernel can: side by side, a thread for each. Perf events still go in a row. */
void attach_drop_at_once(struct attach *a, struct attach_links *links);

#endif
