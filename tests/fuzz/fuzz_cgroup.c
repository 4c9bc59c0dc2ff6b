/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/owner/cgroup.c */
/* cgroup paths and /proc/PID/cgroup: an id is whole or absent, and lies inside the input. */
#include <stdlib.h>

#include "owner/cgroup.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check_inside(struct str part, struct str whole)
{
	if (part.n && (part.p < whole.p || part.p + part.n > whole.p + whole.n))
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct cgroup_info info;

	cgroup_parse(text, &info);
	check_inside(info.container_id, text);
	check_inside(info.parent_id, text);
	if (info.container_id.n && info.container_id.n != 64 && !str_eq(info.runtime, STR("lxc")))
		abort();
	if (info.parent_id.n && str_eq(info.parent_id, info.container_id))
		abort();

	size_t uid = strnlen(info.pod_uid, sizeof(info.pod_uid));

	if (uid != 0 && uid != 32 && uid != 36)
		abort();
	check_inside(cgroup_pick(text), text);
	return 0;
}
