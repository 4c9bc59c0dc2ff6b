/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a form of attachment see what it must? Probes a function of our own program, for our own
 * process, and calls it from a second thread.
 *
 * Kernels 6.6 to 6.9 deliver a pid-scoped uprobe_multi link to one thread only: such a form passes
 * inode-wide and not per process.
 */
#ifndef TOLLTAP_CAPTURE_SELFTEST_H
#define TOLLTAP_CAPTURE_SELFTEST_H

#include "capture/attach.h"
#include "capture/bpf_load.h"

enum selftest_result {
	SELFTEST_FAILED,		/* attach refused, or no hit at all */
	SELFTEST_WIDE_ONLY,		/* only links without a pid see every thread */
	SELFTEST_PASSED,
};

/* Leaves nothing attached and nothing in the scope. */
enum selftest_result selftest_run(struct bpf *b, struct attach *a);

#endif
