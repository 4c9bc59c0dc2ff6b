/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine offers for a trace, found by looking and by trying: each form of attachment is
 * loaded with an empty scope and probes a function of this very program. Nothing else is touched.
 */
#include "capture/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <bpf/bpf.h>

#include "base/limits.h"
#include "base/util.h"
#include "capture/attach.h"
#include "capture/bpf_load.h"
#include "capture/capture.h"
#include "capture/names.h"
#include "capture/prepare.h"
#include "capture/selftest.h"

#define VALUE_MAX 512
#define TEXT_MAX 4096
#define INIT_PID_NAMESPACE 0xeffffffcu	/* PROC_PID_INIT_INO, the same on every kernel */

struct host {
	host_fact_fn fn;
	void *arg;
	u64 caps;
	bool has_bpf;			/* bpf(2) lets us make a map */
	bool has_btf;
	bool is_capable;		/* nothing failed so far */
	struct bpf_features features;
};

__attribute__((format(printf, 5, 6))) static void tell(struct host *h, const char *name,
						       enum host_state state, const char *remedy,
						       const char *fmt, ...)
{
	char value[VALUE_MAX];
	struct host_fact fact = { .name = name, .state = state, .value = value, .remedy = remedy };
	va_list args;

	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	if (state == HOST_FAIL)
		h->is_capable = false;
	if (state == HOST_OK)
		fact.remedy = "";
	h->fn(h->arg, &fact);
}

/* A small file of /proc or /sys, whole; its last line feed is cut. */
static int read_text(const char *path, char *dst, size_t size)
{
	__cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;

	dst[0] = 0;
	if (fd < 0)
		return -errno;
	while (used < size - 1) {
		ssize_t n = read(fd, dst + used, size - 1 - used);

		if (n < 0)
			return -errno;
		if (!n)
			break;
		used += (size_t)n;
	}
	if (used && dst[used - 1] == '\n')
		used--;
	dst[used] = 0;
	return 0;
}

/* --- kernel texts --------------------------------------------------------------------------- */

bool host_release_is(const char *release, u32 major, u32 minor)
{
	unsigned int has_major = 0, has_minor = 0;

	if (sscanf(release, "%u.%u", &has_major, &has_minor) != 2)
		return false;
	return has_major != major ? has_major > major : has_minor >= minor;
}

u64 host_effective_caps(struct str status)
{
	struct str line;

	while (str_next(&status, '\n', &line)) {
		char text[64];

		if (!str_starts(line, STR("CapEff:")))
			continue;
		str_to_c(str_trim(str_cut(line, 7, line.n)), text, sizeof(text));
		return strtoull(text, NULL, 16);
	}
	return 0;
}

static bool has_cap(u64 caps, int cap)
{
	return caps >> cap & 1;
}

void host_missing_caps(u64 caps, bool has_multi, char *dst, size_t size)
{
	static const struct {
		int cap;
		bool is_in_admin;	/* SYS_ADMIN stands for it */
		const char *name;
	} wanted[] = {
		{ CAP_BPF, true, "CAP_BPF" },
		{ CAP_PERFMON, true, "CAP_PERFMON" },
		{ CAP_SYS_PTRACE, false, "CAP_SYS_PTRACE" },
		{ CAP_DAC_READ_SEARCH, false, "CAP_DAC_READ_SEARCH" },
	};
	size_t used = 0;

	dst[0] = 0;
	for (size_t i = 0; i < ARRAY_LEN(wanted) && used < size; i++) {
		if (has_cap(caps, wanted[i].cap) ||
		    (wanted[i].is_in_admin && has_cap(caps, CAP_SYS_ADMIN)))
			continue;
		used += (size_t)snprintf(dst + used, size - used, "%s%s", used ? ", " : "",
					 wanted[i].name);
	}
	/* CVE-2025-38466: perf uprobes were given back to SYS_ADMIN alone */
	if (!has_multi && !has_cap(caps, CAP_SYS_ADMIN) && used < size)
		snprintf(dst + used, size - used, "%sCAP_SYS_ADMIN", used ? ", " : "");
}

struct str host_lockdown_mode(struct str text)
{
	size_t from = str_find_char(text, '[');
	struct str rest = str_cut(text, from + 1, text.n);

	return from < text.n ? str_cut(rest, 0, str_find_char(rest, ']')) : STR_NONE;
}

/* --- the kernel ----------------------------------------------------------------------------- */

static void tell_kernel(struct host *h)
{
	struct utsname u = { 0 };

	uname(&u);
	tell(h, "kernel", host_release_is(u.release, 5, 8) ? HOST_OK : HOST_FAIL,
	     "boot Linux 5.8 or newer", "%s", u.release);
	if (!strcmp(u.machine, "x86_64"))
		tell(h, "machine", HOST_OK, "", "%s", u.machine);
	else if (!strcmp(u.machine, "aarch64"))
		tell(h, "machine", HOST_WARN, "none: this machine was built for, not tested on",
		     "%s: probes stand at the functions' entries, stripped BoringSSL is not found",
		     u.machine);
	else
		tell(h, "machine", HOST_FAIL, "use x86-64", "%s: no probes for it", u.machine);
}

static void tell_btf(struct host *h)
{
	struct stat st;
	bool is_readable = !access(BTF_PATH, R_OK) && !stat(BTF_PATH, &st);

	h->has_btf = is_readable;
	if (is_readable)
		tell(h, "btf", HOST_OK, "", "%s, %lld kB", BTF_PATH, (long long)st.st_size / 1000);
	else
		tell(h, "btf", HOST_FAIL,
		     "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions' kernels"
		     " since 5.8 are", "%s: %s", BTF_PATH, strerror(errno));
}

static void tell_bpf(struct host *h)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "tolltap_check", 4, 4, 1, NULL);
	int err = fd < 0 ? errno : 0;
	const char *remedy = "raise the memory limit: ulimit -l unlimited";

	if (fd >= 0)
		close(fd);
	h->has_bpf = !err;
	if (err == ENOSYS)
		remedy = "boot a kernel built with CONFIG_BPF_SYSCALL=y";
	else if (err == EPERM && geteuid())
		remedy = "run it with sudo, or give it CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and"
			 " CAP_DAC_READ_SEARCH";
	else if (err == EPERM)
		remedy = "a container without CAP_BPF and CAP_PERFMON, a seccomp filter or a"
			 " locked-down kernel stands in the way: run it privileged, or on the host";
	if (err)
		tell(h, "bpf", HOST_FAIL, remedy, "bpf(2) is refused: %s", strerror(err));
	else
		tell(h, "bpf", HOST_OK, "", "bpf(2) is allowed");
}

static void tell_capabilities(struct host *h)
{
	char status[TEXT_MAX], missing[256];

	if (read_text("/proc/self/status", status, sizeof(status))) {
		tell(h, "capabilities", HOST_UNKNOWN, "mount /proc", "/proc cannot be read");
		return;
	}
	h->caps = host_effective_caps(str_of(status));
	host_missing_caps(h->caps, !h->has_bpf || h->features.attach_multi, missing,
			  sizeof(missing));
	if (!missing[0])
		tell(h, "capabilities", HOST_OK, "", "all that tracing needs");
	else
		tell(h, "capabilities", h->has_bpf ? HOST_WARN : HOST_FAIL,
		     "run it with sudo, or add them (setcap, securityContext.capabilities)",
		     "missing: %s", missing);
}

static void tell_lockdown(struct host *h)
{
	char text[TEXT_MAX];
	int err = read_text("/sys/kernel/security/lockdown", text, sizeof(text));
	struct str mode = host_lockdown_mode(str_of(text));

	if (err)
		tell(h, "lockdown", HOST_OK, "", "not told: no securityfs, or without it");
	else
		tell(h, "lockdown",
		     str_eq(mode, STR("confidentiality")) ? HOST_FAIL : HOST_OK,
		     "confidentiality mode forbids BPF to read memory: boot with"
		     " lockdown=integrity", STR_FMT, STR_ARG(mode));
}

static void tell_unprivileged(struct host *h)
{
	char text[TEXT_MAX];

	if (read_text("/proc/sys/kernel/unprivileged_bpf_disabled", text, sizeof(text)))
		tell(h, "unprivileged_bpf", HOST_UNKNOWN, "none needed", "not told");
	else
		tell(h, "unprivileged_bpf", HOST_OK, "", "%s",
		     strcmp(text, "0") ? "disabled, which tolltap does not mind"
				       : "allowed, but not enough for tolltap");
}

/* The notices of mappings come through a software event of each CPU (discover.c). */
static void tell_perf(struct host *h)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.mmap = 1,
		.mmap2 = 1,
		.disabled = 1,
	};
	char paranoid[64];
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	int err = fd < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	read_text("/proc/sys/kernel/perf_event_paranoid", paranoid, sizeof(paranoid));
	if (!err)
		tell(h, "perf", HOST_OK, "",
		     "mapping notices are allowed (perf_event_paranoid %s)", paranoid);
	else
		tell(h, "perf", HOST_FAIL,
		     err == ENOENT || err == ENOSYS
			     ? "boot a kernel built with CONFIG_PERF_EVENTS=y"
			     : "run as root, or with CAP_PERFMON and"
			       " `sysctl kernel.perf_event_paranoid=2`",
		     "mapping notices are refused: %s (perf_event_paranoid %s)", strerror(err),
		     paranoid[0] ? paranoid : "not there");
}

/* --- forms ---------------------------------------------------------------------------------- */

/* Loads one form and lets it show that it works: SELFTEST_FAILED with the error of the load. */
static enum selftest_result try_form(struct host *h, enum attach_form form, int *ret_err)
{
	enum selftest_result result = SELFTEST_FAILED;
	struct bpf *b = NULL;
	struct attach *a = NULL;

	*ret_err = bpf_load(&h->features, form, RING_BYTES_DEFAULT, &b);
	if (!*ret_err)
		a = attach_new(b);
	if (a)
		result = selftest_run(b, a);
	attach_free(a);
	bpf_free(b);
	return result;
}

static void tell_form(struct host *h, const char *name, enum attach_form form,
		      enum attach_form *chosen)
{
	int err = 0;
	enum selftest_result result = try_form(h, form, &err);

	if (result != SELFTEST_FAILED && *chosen == FORM_NONE)
		*chosen = form;
	if (result == SELFTEST_PASSED)
		tell(h, name, HOST_OK, "", "the self-test passed");
	else if (result == SELFTEST_WIDE_ONLY)
		tell(h, name, HOST_WARN,
		     "Linux 6.10 or newer, where a link of one process sees all its threads",
		     "the self-test passed for links of all processes only: bystanders pay a trap");
	else if (err)
		tell(h, name, HOST_WARN, "none needed while another form works",
		     "not on this kernel: %s", strerror(-err));
	else
		tell(h, name, HOST_WARN, "none needed while another form works",
		     "loaded, but the self-test saw no hit");
}

static void tell_forms(struct host *h)
{
	enum attach_form chosen = FORM_NONE;

	if (!h->has_bpf || !h->has_btf) {
		tell(h, "form", HOST_UNKNOWN, "see bpf and btf above",
		     "not checked: nothing can be loaded");
		return;
	}
	tell(h, "task_storage", HOST_OK, "", "%s",
	     h->features.has_task_storage ? "used for calls in flight"
					  : "not on this kernel: a hash is used instead");
	tell_form(h, "form.session", FORM_SESSION, &chosen);
	tell_form(h, "form.multi", FORM_MULTI, &chosen);
	tell_form(h, "form.perf", FORM_PERF, &chosen);
	if (chosen == FORM_NONE)
		tell(h, "form", HOST_FAIL,
		     "boot a kernel built with CONFIG_UPROBE_EVENTS=y; without CAP_SYS_ADMIN, 6.6"
		     " or newer", "no form of attachment works");
	else
		tell(h, "form", HOST_OK, "", "%s: the best of those that passed",
		     capture_form_name(chosen));
}

/* How sends and reads of sockets are seen (socket_hooks.h). */
static void tell_sockets(struct host *h)
{
	const struct socket_features *f = &h->features.sockets;

	if (!h->has_bpf || !h->has_btf) {
		tell(h, "plain_http", HOST_UNKNOWN, "see bpf and btf above",
		     "not checked: nothing can be loaded");
		return;
	}
	if (f->form != FORM_NONE)
		tell(h, "plain_http", HOST_OK, "", "followed by %s of tcp_sendmsg and tcp_recvmsg",
		     socket_hooks_name(f));
	else
		tell(h, "plain_http", HOST_WARN,
		     "boot a kernel built with CONFIG_KPROBES=y, as distributions'"
		     " kernels are", "not followed: this kernel takes neither fentry nor kprobes");
	if (f->form != FORM_NONE || f->has_send_tracepoint)
		tell(h, "far_ends", HOST_OK, "", "named by their ClientHello, by %s",
		     socket_hooks_name(f));
	else
		tell(h, "far_ends", HOST_WARN, "as for plain_http, or Linux 6.16 or newer",
		     "known by address and port only: sends are not seen");
}

static void tell_rings(struct host *h)
{
	size_t cpus = (size_t)sysconf(_SC_NPROCESSORS_CONF);
	size_t cnt = bpf_rings_for(RING_BYTES_DEFAULT);

	tell(h, "rings", HOST_OK, "", "%zu of %u MiB for %zu CPUs, of a budget of %u MiB", cnt,
	     RING_BYTES_DEFAULT >> 20, cpus, RING_BUDGET_BYTES >> 20);
}

/* --- where processes live ------------------------------------------------------------------- */

static void tell_namespace(struct host *h)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st))
		tell(h, "pid_namespace", HOST_UNKNOWN, "mount /proc", "/proc cannot be read");
	else if (st.st_ino == INIT_PID_NAMESPACE)
		tell(h, "pid_namespace", HOST_OK, "", "the host's");
	else
		tell(h, "pid_namespace", HOST_FAIL,
		     "run it on the host, or in a container with its pid namespace (--pid=host,"
		     " hostPID: true)", "a container's: process ids are not the kernel's");
}

static void tell_cgroup(struct host *h)
{
	bool is_v2 = !access("/sys/fs/cgroup/cgroup.controllers", R_OK);
	bool is_hybrid = !access("/sys/fs/cgroup/unified/cgroup.controllers", R_OK);
	bool has_v1 = !access("/sys/fs/cgroup/memory", R_OK) ||
		      !access("/sys/fs/cgroup/pids", R_OK);

	if (is_v2 || is_hybrid || has_v1)
		tell(h, "cgroup", HOST_OK, "", "%s", is_v2 ? "v2" : is_hybrid ? "v1 and v2" : "v1");
	else
		tell(h, "cgroup", HOST_WARN, "mount /sys/fs/cgroup",
		     "none is mounted: no container is told of a process");
}

static void tell_containers(struct host *h)
{
	static const struct {
		const char *name;
		const char *path;
	} runtimes[] = {
		{ "containerd", "/run/containerd/containerd.sock" },
		{ "Docker", "/run/docker.sock" },
		{ "CRI-O", "/run/crio/crio.sock" },
		{ "Podman", "/run/podman/podman.sock" },
		{ "k3s", "/run/k3s/containerd/containerd.sock" },
		{ "kubelet", "/var/lib/kubelet" },
	};
	char found[VALUE_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_LEN(runtimes); i++)
		if (!access(runtimes[i].path, F_OK))
			used += (size_t)snprintf(found + used, sizeof(found) - used, "%s%s (%s)",
						 used ? ", " : "", runtimes[i].name,
						 runtimes[i].path);
	tell(h, "containers", HOST_OK, "", "%s", used ? found : "no runtime is running here");
}

/* --- libraries ------------------------------------------------------------------------------ */

#define LIBRARIES_MAX 32

struct libraries {
	struct host *host;
	size_t cnt;
	ino_t ino[LIBRARIES_MAX];	/* libssl.so is a link to libssl.so.3 */
};

static void tell_library(void *arg, const struct file_report *r)
{
	const struct libraries *l = arg;

	if (!r->why)
		tell(l->host, "library", HOST_OK, "", "%s: %zu functions, %s", r->path,
		     r->site_cnt, r->worst_class);
	else
		tell(l->host, "library", HOST_WARN, "none: what it carries stays dark", "%s: %s",
		     r->path, r->why);
}

static void on_cached_library(void *arg, int fd, const char *path)
{
	struct libraries *l = arg;
	struct stat st;
	bool is_known = fstat(fd, &st) || l->cnt == LIBRARIES_MAX;

	for (size_t i = 0; i < l->cnt && !is_known; i++)
		is_known = l->ino[i] == st.st_ino;
	if (!is_known) {
		l->ino[l->cnt++] = st.st_ino;
		capture_examine_fd(fd, path, tell_library, l);
	}
	close(fd);
}

static void tell_libraries(struct host *h)
{
	struct libraries l = { .host = h };

	prepare_cached_libraries(on_cached_library, &l);
	if (!l.cnt)
		tell(h, "library", HOST_WARN, "none needed for programs that carry their own",
		     "the loader's cache has no TLS library");
}

bool capture_examine_host(host_fact_fn fn, void *arg)
{
	struct host h = { .fn = fn, .arg = arg, .is_capable = true };
	const struct bpf_wishes wishes = { 0 };

	tell_kernel(&h);
	tell_btf(&h);
	tell_bpf(&h);
	if (h.has_bpf && h.has_btf)
		h.has_bpf = !bpf_check_host() && !bpf_probe_features(&wishes, &h.features);
	tell_capabilities(&h);
	tell_lockdown(&h);
	tell_unprivileged(&h);
	tell_perf(&h);
	tell_forms(&h);
	tell_sockets(&h);
	tell_rings(&h);
	tell_namespace(&h);
	tell_cgroup(&h);
	tell_containers(&h);
	tell_libraries(&h);
	return h.is_capable;
}
