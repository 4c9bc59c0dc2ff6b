/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as kubelet, the runtimes and systemd write them, and what must come out of each. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "guard.h"
#include "owner/cgroup.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define U "6a2c1f0e-8d3b-4c55-9f17-0b6f2f7f8a11"
#define U_ "6a2c1f0e_8d3b_4c55_9f17_0b6f2f7f8a11"
#define V "11111111-2222-3333-4444-555555555555"
#define MD5 "217b90150123456789abcdef01234567"

struct row {
	const char *path;
	const char *id, *parent, *runtime, *uid, *qos;
};

static const struct row rows[] = {
	/* kubelet with cgroupfs */
	{"/kubepods/pod" U "/" A, A, "", "", U, "guaranteed"},
	{"/kubepods/burstable/pod" U "/" A, A, "", "", U, "burstable"},
	{"/kubepods/besteffort/pod" U "/" A, A, "", "", U, "besteffort"},
	{"/../../kubepods/besteffort/pod" U "/" A, A, "", "", U, "besteffort"},
	/* kubelet with systemd */
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" U_
	 ".slice/cri-containerd-" A ".scope", A, "", "containerd", U, "burstable"},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" U_
	 ".slice/crio-" A ".scope", A, "", "cri-o", U, "besteffort"},
	{"/kubepods.slice/kubepods-pod" U_ ".slice/docker-" A ".scope",
	 A, "", "docker", U, "guaranteed"},
	{"/kubepods.slice/kubepods-pod" U_ ".slice/libpod-" A ".scope/container",
	 A, "", "podman", U, "guaranteed"},
	{"/kubepods.slice/kubepods-pod" U_ ".slice/crun-" A ".scope",
	 A, "", "crun", U, "guaranteed"},
	{"/kubepods.slice/kubepods-pod" U_ ".slice/runc-" A ".scope",
	 A, "", "runc", U, "guaranteed"},
	/* containerd, systemd parent, cgroupfs driver */
	{"/podruntime.slice/containerd.service/kubepods-burstable-pod" U_
	 ".slice:cri-containerd:" A, A, "", "containerd", U, "burstable"},
	/* CRI-O's and podman's monitors are not the container */
	{"/kubepods.slice/kubepods-pod" U_ ".slice/crio-conmon-" A ".scope",
	 "", "", "", U, "guaranteed"},
	{"/machine.slice/libpod-conmon-" A ".scope", "", "", "", "", ""},
	/* static pod: an md5 for a UID */
	{"/kubepods/burstable/pod" MD5 "/" A, A, "", "", MD5, "burstable"},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" MD5
	 ".slice/cri-containerd-" A ".scope", A, "", "containerd", MD5, "burstable"},
	/* Docker */
	{"/docker/" A, A, "", "docker", "", ""},
	{"/system.slice/docker-" A ".scope", A, "", "docker", "", ""},
	{"/system.slice/docker-" A ".scope/init.scope", A, "", "docker", "", ""},
	{"/system.slice/docker-" A ".scope/system.slice/nginx.service", A, "", "docker", "", ""},
	/* podman */
	{"/machine.slice/libpod-" A ".scope", A, "", "podman", "", ""},
	{"/machine.slice/libpod-" A ".scope/container", A, "", "podman", "", ""},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope/container",
	 A, "", "podman", "", ""},
	{"/libpod_parent/libpod-" A, A, "", "podman", "", ""},
	/* kind, k3d, minikube: a node that is a container */
	{"/docker/" B "/kubelet/kubepods/burstable/pod" U "/" A, A, B, "", U, "burstable"},
	{"/system.slice/docker-" B ".scope/kubelet.slice/kubelet-kubepods.slice/"
	 "kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" U_
	 ".slice/cri-containerd-" A ".scope", A, B, "containerd", U, "burstable"},
	{"/docker/" B "/kubepods/pod" U, "", B, "", U, "guaranteed"},
	{"/kubepods/burstable/pod" V "/" B "/kubelet/kubepods/pod" U "/" A,
	 A, B, "", U, "guaranteed"},
	{"/docker/" B "/docker/" A, A, B, "docker", "", ""},
	/* Talos */
	{"/podruntime/runtime", "", "", "", "", ""},
	{"/system/apid", "", "", "", "", ""},
	{"/init", "", "", "", "", ""},
	/* LXC, Incus */
	{"/lxc/web1", "web1", "", "lxc", "", ""},
	{"/lxc.payload.web1/system.slice/cron.service", "web1", "", "lxc", "", ""},
	{"/lxc.payload.web1/docker/" A, A, "web1", "docker", "", ""},
	/* CI */
	{"/actions_job/" A, A, "", "", "", ""},
	{"/docker/buildkit/" A, A, "", "buildkit", "", ""},
	{"/docker/buildkit/q3wo6gnb4cnhm1dz7mcq9tg1v", "", "", "", "", ""},
	/* sysbox */
	{"/docker/" B "/syscont-cgroup-root/docker/" A, B, "", "docker", "", ""},
	/* a bare host: no container, whatever stands after a dash */
	{"/user.slice/user-1000.slice/session-3.scope", "", "", "", "", ""},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-code-4242.scope",
	 "", "", "", "", ""},
	{"/system.slice/system-serial\\x2dgetty.slice/serial-getty@ttyS0.service",
	 "", "", "", "", ""},
	{"/", "", "", "", "", ""},
	{"", "", "", "", "", ""},
	{"/burstable", "", "", "", "", ""},
	/* what the kernel sends: the last three names */
	{"burstable/pod" U "/" A, A, "", "", U, "burstable"},
	{"kubepods-burstable.slice/kubepods-burstable-pod" U_ ".slice/cri-containerd-" A ".scope",
	 A, "", "containerd", U, "burstable"},
	/* nearly */
	{"/docker/" A "0", "", "", "", "", ""},
	{"/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
	 "", "", "", "", ""},
	{"/docker/x" A, "", "", "", "", ""},
	{"/docker/" A ".slice", "", "", "", "", ""},
	{"/kubepods/pod6a2c1f0e-8d3b_4c55-9f17-0b6f2f7f8a11/x", "", "", "", "", ""},
	{"/kubepods/pod" U "0", "", "", "", "", ""},
};

static void expect(const char *path, const char *what, struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("%s: %s is '" STR_FMT "', not '%s'", path, what, STR_ARG(got), want);
}

static void test_paths(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		size_t n = strlen(row->path);
		u8 *guarded = guard_dup(row->path, n);
		struct cgroup_info info;

		cgroup_parse((struct str){(char *)guarded, n}, &info);
		expect(row->path, "id", info.container_id, row->id);
		expect(row->path, "parent", info.parent_id, row->parent);
		expect(row->path, "runtime", info.runtime, row->runtime);
		expect(row->path, "pod", str_of(info.pod_uid), row->uid);
		expect(row->path, "qos", info.qos, row->qos);
		guard_free(guarded, n);
	}
}

/* Whatever is cut off a path, an id is a whole one or none. */
static void test_prefixes(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t n = 0; n < strlen(rows[i].path); n++) {
			u8 *guarded = guard_dup(rows[i].path, n);
			struct cgroup_info info;

			cgroup_parse((struct str){(char *)guarded, n}, &info);
			if (!str_eq(info.runtime, STR("lxc")))
				assert_true(info.container_id.n == 0 || info.container_id.n == 64);
			guard_free(guarded, n);
		}
	}
}

static void test_pick(void **state)
{
	/* hybrid host: the runtime joined only v1 */
	expect("hybrid", "path", cgroup_pick(STR("12:pids:/docker/" A "\n4:memory:/docker/" A
						 "\n1:name=systemd:/\n0::/\n")), "/docker/" A);
	/* both: v2 wins */
	expect("both", "path", cgroup_pick(STR("4:memory:/docker/" A "\n0::/system.slice/docker-" A
					       ".scope\n")), "/system.slice/docker-" A ".scope");
	expect("v2", "path", cgroup_pick(STR("0::/user.slice/user-0.slice/session-1.scope\n")),
	       "/user.slice/user-0.slice/session-1.scope");
	expect("v1", "path", cgroup_pick(STR("5:devices:/d\n4:cpu,memory:/m\n0::/\n")), "/m");
	expect("root", "path", cgroup_pick(STR("0::/\n")), "/");
	/* named hierarchies and paths may hold colons */
	expect("colon", "path", cgroup_pick(STR("0::/a:b:c")), "/a:b:c");
	assert_null(cgroup_pick(STR("")).p);
	assert_null(cgroup_pick(STR("nonsense\n0:\n")).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_pick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
