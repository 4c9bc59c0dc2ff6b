/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cgroup path says about containers and pods, without asking anybody.
 *
 * Pure text: the grammar of kubelet, containerd, CRI-O, Docker, podman, LXC and their nestings, as
 * seen in real paths. A path that says nothing yields an empty result, never a guess. Works on a
 * full path and on its last few names.
 */
#ifndef TOLLTAP_CGROUP_H
#define TOLLTAP_CGROUP_H

#include "base/str.h"

#define CGROUP_POD_UID_LEN 36

struct cgroup_info {
	/* 64 hex digits, or the name of an LXC container; borrowed from the path */
	struct str container_id;
	/* of the container around it (kind, k3d, Docker in Docker); borrowed */
	struct str parent_id;
	struct str runtime;	/* containerd, cri-o, docker, podman, ...; static */
	struct str qos;		/* guaranteed, burstable, besteffort; static */
	/* with dashes, or the 32 hex digits of a static pod */
	char pod_uid[CGROUP_POD_UID_LEN + 1];
};

void cgroup_parse(struct str path, struct cgroup_info *ret);

/*
 * The line of /proc/PID/cgroup that says most: one that names a container or pod, else the v2 line,
 * else the memory hierarchy's. STR_NONE when there is none.
 */
struct str cgroup_pick(struct str proc_cgroup);

#endif
