/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the names of a path, outermost first. ':' separates like '/', because containerd
 * with the cgroupfs driver under a systemd parent writes the three names of a scope as one
 * (`kubepods-burstable-pod<UID>.slice:cri-containerd:<id>`).
 *
 * A container id is a name of exactly 64 lower-case hex digits, alone or as
 * `<prefix>-<id>[.scope]`; "any hex after a dash" would take `session-3.scope` and CRI-O's conmon
 * for containers.
 */
#include "owner/cgroup.h"

#define CONTAINER_ID_LEN 64
#define STATIC_POD_UID_LEN 32

struct cgroup_scan {
	struct cgroup_info *info;
	struct str before;	/* the name above the current one */
	bool is_in_kube;
};

static const struct {
	struct str prefix;
	struct str runtime;
} cgroup_runtimes[] = {
	{STR("cri-containerd"), STR("containerd")},
	{STR("crio"), STR("cri-o")},
	{STR("docker"), STR("docker")},
	{STR("libpod"), STR("podman")},
	{STR("crun"), STR("crun")},
	{STR("runc"), STR("runc")},
	{STR("buildkit"), STR("buildkit")},
};

static bool cgroup_is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return s.n > 0;
}

static struct str cgroup_without_suffix(struct str name, struct str suffix)
{
	return str_ends(name, suffix) ? str_cut(name, 0, name.n - suffix.n) : name;
}

static struct str cgroup_runtime_of(struct str word)
{
	for (size_t i = 0; i < ARRAY_LEN(cgroup_runtimes); i++)
		if (str_starts(word, cgroup_runtimes[i].prefix))
			return cgroup_runtimes[i].runtime;
	return STR_NONE;
}

/* Whether `word` stands in name between dashes, dots or the ends. */
static bool cgroup_has_word(struct str name, struct str word)
{
	for (size_t at = 0; at + word.n <= name.n; at++) {
		size_t end = at + word.n;

		if (str_eq(str_cut(name, at, word.n), word) && (at == 0 || name.p[at - 1] == '-') &&
		    (end == name.n || name.p[end] == '-' || name.p[end] == '.'))
			return true;
	}
	return false;
}

/* 8-4-4-4-12 with '-' (cgroupfs) or '_' (systemd escapes it), or the md5 of a static pod. */
static bool cgroup_take_uid(struct str text, char ret_uid[CGROUP_POD_UID_LEN + 1])
{
	char uid[CGROUP_POD_UID_LEN + 1] = "";

	if (text.n == STATIC_POD_UID_LEN && cgroup_is_hex(text)) {
		str_to_c(text, ret_uid, CGROUP_POD_UID_LEN + 1);
		return true;
	}
	if (text.n != CGROUP_POD_UID_LEN)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? text.p[i] != text.p[8] || (text.p[i] != '-' && text.p[i] != '_')
			    : !cgroup_is_hex(str_cut(text, i, 1)))
			return false;
		uid[i] = is_dash ? '-' : text.p[i];
	}
	memcpy(ret_uid, uid, sizeof(uid));
	return true;
}

/* `pod<UID>` (cgroupfs) or `[kubelet-]kubepods[-<qos>]-pod<UID>.slice` (systemd). */
static bool cgroup_find_pod(struct str name, char ret_uid[CGROUP_POD_UID_LEN + 1])
{
	static const struct str mark = STR("pod");
	struct str bare = cgroup_without_suffix(name, STR(".slice"));

	for (size_t at = 0; at + mark.n <= bare.n; at++)
		if (str_eq(str_cut(bare, at, mark.n), mark) && (at == 0 || bare.p[at - 1] == '-') &&
		    cgroup_take_uid(str_cut(bare, at + mark.n, bare.n), ret_uid))
			return true;
	return false;
}

static void cgroup_enter(struct cgroup_info *info, struct str id, struct str runtime)
{
	if (str_eq(info->container_id, id))
		return;
	if (info->container_id.n)
		info->parent_id = info->container_id;
	info->container_id = id;
	info->runtime = runtime;
}

/* A pod inside a container: that container is a node, everything known so far is outside. */
static void cgroup_leave_outer(struct cgroup_scan *scan)
{
	struct cgroup_info *info = scan->info;

	if (!info->container_id.n)
		return;
	*info = (struct cgroup_info){.parent_id = info->container_id};
}

static bool cgroup_try_pod(struct cgroup_scan *scan, struct str name)
{
	struct cgroup_info *info = scan->info;
	char uid[CGROUP_POD_UID_LEN + 1];
	bool is_pod = cgroup_find_pod(name, uid);

	if (cgroup_has_word(name, STR("kubepods"))) {
		cgroup_leave_outer(scan);
		scan->is_in_kube = true;
	} else if (!is_pod && !str_eq(name, STR("burstable")) && !str_eq(name, STR("besteffort"))) {
		return false;
	}
	if (cgroup_has_word(name, STR("burstable")))
		info->qos = STR("burstable");
	else if (cgroup_has_word(name, STR("besteffort")))
		info->qos = STR("besteffort");
	if (is_pod) {
		cgroup_leave_outer(scan);
		memcpy(info->pod_uid, uid, sizeof(uid));
		if (scan->is_in_kube && !info->qos.n)
			info->qos = STR("guaranteed");
	}
	return true;
}

static bool cgroup_try_lxc(struct cgroup_scan *scan, struct str name)
{
	static const struct str payload = STR("lxc.payload.");

	if (str_starts(name, payload) && name.n > payload.n)
		cgroup_enter(scan->info, str_cut(name, payload.n, name.n), STR("lxc"));
	else if (str_eq(scan->before, STR("lxc")))
		cgroup_enter(scan->info, name, STR("lxc"));
	else
		return false;
	return true;
}

static void cgroup_try_container(struct cgroup_scan *scan, struct str name)
{
	struct str bare = cgroup_without_suffix(name, STR(".scope"));
	struct str prefix = STR_NONE;
	struct str id = bare;

	if (bare.n > CONTAINER_ID_LEN) {
		prefix = str_cut(bare, 0, bare.n - CONTAINER_ID_LEN);
		id = str_cut(bare, prefix.n, CONTAINER_ID_LEN);
		if (prefix.p[prefix.n - 1] != '-' || cgroup_has_word(prefix, STR("conmon")))
			return;
	}
	if (id.n != CONTAINER_ID_LEN || !cgroup_is_hex(id))
		return;
	cgroup_enter(scan->info, id, cgroup_runtime_of(prefix.n ? prefix : scan->before));
}

static bool cgroup_next_name(struct str *rest, struct str *ret)
{
	size_t n = 0;

	while (rest->n && (rest->p[0] == '/' || rest->p[0] == ':'))
		*rest = str_cut(*rest, 1, rest->n);
	while (n < rest->n && rest->p[n] != '/' && rest->p[n] != ':')
		n++;
	*ret = str_cut(*rest, 0, n);
	*rest = str_cut(*rest, n, rest->n);
	return n > 0;
}

void cgroup_parse(struct str path, struct cgroup_info *ret)
{
	struct cgroup_scan scan = {.info = ret};
	struct str name;

	*ret = (struct cgroup_info){0};
	while (cgroup_next_name(&path, &name)) {
		/* sysbox: what stands below belongs to the system container itself */
		if (str_eq(name, STR("syscont-cgroup-root")))
			break;
		if (!cgroup_try_pod(&scan, name) && !cgroup_try_lxc(&scan, name))
			cgroup_try_container(&scan, name);
		scan.before = name;
	}
	if (!ret->pod_uid[0])
		ret->qos = STR_NONE;
	if (str_eq(ret->parent_id, ret->container_id))
		ret->parent_id = STR_NONE;
}

/* How much a line of /proc/PID/cgroup is worth: identity first, then v2, then memory, pids. */
static int cgroup_line_rank(struct str controllers, struct str path)
{
	struct cgroup_info info;
	int rank = 1;

	cgroup_parse(path, &info);
	if (info.container_id.n || info.pod_uid[0])
		rank += 100;
	if (!str_eq(path, STR("/")))
		rank += 10;
	if (controllers.n == 0)
		return rank + 3;
	return rank + (str_contains(controllers, STR("memory")) ? 2
		       : str_contains(controllers, STR("pids")) ? 1 : 0);
}

struct str cgroup_pick(struct str proc_cgroup)
{
	struct str best = STR_NONE;
	struct str line;
	int best_rank = 0;

	while (str_next(&proc_cgroup, '\n', &line)) {
		struct str hierarchy, controllers;

		if (!str_next(&line, ':', &hierarchy) || !str_next(&line, ':', &controllers) ||
		    !line.p)
			continue;

		int rank = cgroup_line_rank(controllers, line);

		if (line.n && rank > best_rank) {
			best = line;
			best_rank = rank;
		}
	}
	return best;
}
