/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which program of the BPF object serves which probed function, in each form of attachment.
 *
 * A TLS stack has a program per function for perf events (5.10 has no cookies), and one entry and
 * one return program for uprobe_multi. With uprobe.session one program serves both legs of the
 * functions whose return is wanted; a stack that must never have a return probe (Go moves its
 * stacks) has none, and its uprobe_multi programs serve in its place. Pure look-ups.
 */
#ifndef TOLLTAP_CAPTURE_PROGRAMS_H
#define TOLLTAP_CAPTURE_PROGRAMS_H

#include "base/types.h"
#include "bpf/event.h"

struct bpf_program;
struct tolltap_bpf;

struct program {
	const struct bpf_program *prog;
	enum attach_form form;		/* that it is loaded for: what was asked, or simpler */
};

/* False: that leg of this function is not probed in this form. */
bool programs_find(const struct tolltap_bpf *skel, enum attach_form form, enum probe_fn fn,
		   bool is_return, struct program *ret);

#endif
