/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a second entry is to the call that a thread is in already; for core.bpf.c. */
#ifndef TOLLTAP_CALLS_BPF_H
#define TOLLTAP_CALLS_BPF_H

#include "maps.bpf.h"

/* a remembered call older than this whose frame was not seen to end: its return was missed */
#define CALL_STALE_NS (30ull * 1000 * 1000 * 1000)

/*
 * Is this entry below a live call of the same direction? Frames tell: an inner call stands deeper
 * on the stack; one at the same depth is a tail call if it is another function, else the live one
 * never returned to us (longjmp, probes taken away and put back), as when it stands higher.
 */
static __always_inline bool call_is_nested(const struct call *live, const struct call_args *args,
					   u64 now_ns)
{
	if (args->sp == live->args.sp)
		return args->fn != live->args.fn;
	if (args->sp > live->args.sp)
		return false;
	return args->conn != live->args.conn || now_ns - live->entered_ns < CALL_STALE_NS;
}

/*
 * Is this the entry that the other link just told of? A link that tells twice is not meant: then
 * the return of the first call was missed.
 */
static __always_inline bool call_is_told_twice(const struct call_args *live,
					       const struct call_args *args)
{
	return live->sp == args->sp && live->fn == args->fn && live->conn == args->conn &&
	       live->buf == args->buf && !(live->links & args->links);
}

#endif
