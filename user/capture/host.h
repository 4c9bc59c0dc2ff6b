/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the examination of this machine (capture_examine_host) reads out of kernel texts. Pure
 * functions, apart for their tests.
 */
#ifndef TOLLTAP_CAPTURE_HOST_H
#define TOLLTAP_CAPTURE_HOST_H

#include "base/types.h"
#include "base/str.h"

/* "6.1.0-56-cloud-amd64" is at least 5.8. */
bool host_release_is(const char *release, u32 major, u32 minor);

/* The mask behind "CapEff:" in /proc/self/status; 0 where there is none. */
u64 host_effective_caps(struct str status);

/*
 * Which of the capabilities that tracing needs are not in the mask, by name, in one text; "" when
 * none is missing. has_multi: without uprobe_multi only SYS_ADMIN may attach.
 */
void host_missing_caps(u64 caps, bool has_multi, char *dst, size_t size);

/* The mode in brackets of "none [integrity] confidentiality"; empty where there is none. */
struct str host_lockdown_mode(struct str text);

#endif
