/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpf 1.1 knows nothing of the multi forms: their attach types are looked up by name in the
 * kernel's own BTF and set by hand before the load; which set of programs is loaded is decided here
 * too, since the attach type is fixed at load.
 */
#include "capture/bpf_load.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/util.h"
#include "capture/programs.h"
#include "tolltap.skel.h"

#define LOG_TEXT_MAX 512

struct bpf {
	struct tolltap_bpf *skel;
	enum attach_form form;
	u32 attach_type[FORM_SESSION + 1];
	bool has_socket_calls;
	size_t ring_bytes;
	size_t ring_cnt;
	int ring_fd[RINGS_MAX];
};

/* libbpf's lines are for developers: all of them at debug. */
static int on_libbpf_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char text[LOG_TEXT_MAX];
	int n = vsnprintf(text, sizeof(text), fmt, args);

	while (n > 0 && (size_t)n < sizeof(text) && text[n - 1] == '\n')
		text[--n] = 0;
	if (level != LIBBPF_DEBUG)
		log_debug("libbpf: %s", text);
	return n;
}

/* Before 5.11 BPF memory counts as locked memory of the process. */
static void raise_limits(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit own;

	/* without CAP_SYS_RESOURCE: as far as it goes */
	if (setrlimit(RLIMIT_MEMLOCK, &all) && !getrlimit(RLIMIT_MEMLOCK, &own)) {
		own.rlim_cur = own.rlim_max;
		setrlimit(RLIMIT_MEMLOCK, &own);
	}
	/* a descriptor per link and per known file */
	if (!getrlimit(RLIMIT_NOFILE, &own)) {
		own.rlim_cur = own.rlim_max;
		setrlimit(RLIMIT_NOFILE, &own);
	}
}

int bpf_check_host(void)
{
	libbpf_set_print(on_libbpf_log);
	raise_limits();

	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "tolltap_check", 4, 4, 1, NULL);
	int err = fd < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (err == -ENOSYS) {
		log_error("this kernel has no bpf() system call; tolltap needs Linux 5.8 or newer"
			  " with CONFIG_BPF_SYSCALL");
		return -ENOSYS;
	}
	if (err == -EPERM && geteuid()) {
		log_error("BPF was refused: not root; run it with sudo, or give it CAP_BPF,"
			  " CAP_PERFMON, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
		return -EPERM;
	}
	if (err == -EPERM) {
		log_error("BPF was refused although this is root: a container without CAP_BPF"
			  " and CAP_PERFMON (or CAP_SYS_ADMIN), a seccomp filter or a locked-down"
			  " kernel stands in the way; run it privileged, or on the host");
		return -EPERM;
	}
	if (err) {
		log_error("BPF failed: %s; raise the memory limit (ulimit -l unlimited)",
			  strerror(-err));
		return err;
	}
	if (access(BTF_PATH, R_OK)) {
		log_error("this kernel has no BTF (%s: %s); boot a kernel built with"
			  " CONFIG_DEBUG_INFO_BTF=y, as distributions' kernels since 5.8 are",
			  BTF_PATH, strerror(errno));
		return -ENOSYS;
	}
	return 0;
}

static u32 btf_enum_value(const struct btf *btf, const char *enum_name, const char *name)
{
	int id = btf__find_by_name_kind(btf, enum_name, BTF_KIND_ENUM);

	if (id < 0)
		return 0;
	const struct btf_type *t = btf__type_by_id(btf, id);
	const struct btf_enum *e = btf_enum(t);

	for (int i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, e[i].name_off), name))
			return e[i].val;
	return 0;
}

int bpf_probe_features(const struct bpf_wishes *wishes, struct bpf_features *ret)
{
	struct btf *btf = btf__parse(BTF_PATH, NULL);
	if (!btf)
		return -errno;

	ret->attach_multi = btf_enum_value(btf, "bpf_attach_type", "BPF_TRACE_UPROBE_MULTI");
	ret->attach_session = btf_enum_value(btf, "bpf_attach_type", "BPF_TRACE_UPROBE_SESSION");
	ret->has_socket_calls =
		btf__find_by_name_kind(btf, "btf_trace_sock_send_length", BTF_KIND_TYPEDEF) > 0 &&
		libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_task_pt_regs,
					NULL) == 1;
	ret->is_plain = !wishes->has_no_plain;
	socket_hooks_probe(btf, wishes->has_kprobes, &ret->sockets);
	btf__free(btf);
	ret->has_task_storage =
		libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) == 1 &&
		libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_task_storage_get,
					NULL) == 1;
	return 0;
}

size_t bpf_rings_for(size_t ring_bytes)
{
	int cpus = libbpf_num_possible_cpus();
	size_t n = RING_BUDGET_BYTES / ring_bytes;

	if (n > RINGS_MAX)
		n = RINGS_MAX;
	if (cpus > 0 && (size_t)cpus < n)
		n = cpus;
	return n ? n : 1;
}

static bool is_aead(enum probe_fn fn)
{
	return fn >= PROBE_AEAD_SEAL && fn <= PROBE_RING_OPEN;
}

/* Switches on what serves some function in this form. */
static void choose_programs(struct bpf *b)
{
	for (u32 i = 0; i < 2 * PROBE_FN_MAX; i++) {
		struct program p;

		if (!programs_find(b->skel, b->form, i / 2, i % 2, &p) ||
		    (is_aead(i / 2) && !b->has_socket_calls))
			continue;
		struct bpf_program *prog = (struct bpf_program *)p.prog;

		bpf_program__set_autoload(prog, true);
		if (p.form != FORM_PERF)
			bpf_program__set_expected_attach_type(prog, b->attach_type[p.form]);
	}
}

/* Everything that is fixed at load. */
static void configure(struct bpf *b, const struct bpf_features *features)
{
	b->has_socket_calls = features->has_socket_calls;
	choose_programs(b);
	bpf_program__set_autoload(b->skel->progs.on_sent, features->has_socket_calls);
	bpf_program__set_autoload(b->skel->progs.on_received, features->has_socket_calls);
	socket_hooks_configure(b->skel, &features->sockets, features->is_plain);
	b->skel->rodata->cfg_ring_cnt = b->ring_cnt;
	b->skel->rodata->cfg_wake_shift = __builtin_ctzl(RING_WAKE_BYTES);
	if (b->ring_bytes / 4 < RING_WAKE_BYTES)
		b->skel->rodata->cfg_wake_shift = __builtin_ctzl(b->ring_bytes / 4);
	b->skel->rodata->cfg_task_storage = features->has_task_storage;
	bpf_map__set_autocreate(b->skel->maps.calls_task, features->has_task_storage);
	bpf_map__set_autocreate(b->skel->maps.calls_hash, !features->has_task_storage);
	bpf_map__set_max_entries(b->skel->maps.rings, b->ring_cnt);
}

static int make_rings(struct bpf *b)
{
	int outer = bpf_map__fd(b->skel->maps.rings);

	for (u32 i = 0; i < b->ring_cnt; i++) {
		b->ring_fd[i] = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "tolltap_ring", 0, 0,
					       b->ring_bytes, NULL);
		if (b->ring_fd[i] < 0)
			return -errno;
		if (bpf_map_update_elem(outer, &i, &b->ring_fd[i], BPF_ANY))
			return -errno;
	}
	return 0;
}

static int attach_notices(struct bpf *b, const struct bpf_features *features)
{
	struct tolltap_bpf *s = b->skel;

	s->links.on_fork = bpf_program__attach(s->progs.on_fork);
	if (!s->links.on_fork)
		return -errno;
	s->links.on_exec = bpf_program__attach(s->progs.on_exec);
	if (!s->links.on_exec)
		return -errno;
	s->links.on_exit = bpf_program__attach(s->progs.on_exit);
	if (!s->links.on_exit)
		return -errno;
	/* only the receipt is poorer without it */
	s->links.on_socket = bpf_program__attach(s->progs.on_socket);
	if (!s->links.on_socket)
		log_debug("dark connections are not counted: %s", strerror(errno));
	socket_hooks_attach(s, &features->sockets, features->is_plain);
	return 0;
}

static int load_once(struct bpf *b, const struct bpf_features *features)
{
	b->skel = tolltap_bpf__open();
	if (!b->skel)
		return -errno;
	configure(b, features);
	return tolltap_bpf__load(b->skel);
}

/* A kernel that refuses what looks at sockets is traced without it. */
static int load_skeleton(struct bpf *b, struct bpf_features *features)
{
	const struct socket_features *f = &features->sockets;
	int err = load_once(b, features);

	if (!err || (f->form == FORM_NONE && !f->has_send_tracepoint && !f->has_lengths))
		return err;
	log_debug("programs for sockets are refused: %s", strerror(-err));
	tolltap_bpf__destroy(b->skel);
	features->sockets = (struct socket_features){ 0 };
	return load_once(b, features);
}

int bpf_load(struct bpf_features *features, enum attach_form form, size_t ring_bytes,
	     struct bpf **ret)
{
	struct bpf *b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;

	memset(b->ring_fd, 0xff, sizeof(b->ring_fd));
	b->form = form;
	b->ring_bytes = ring_bytes;
	b->ring_cnt = bpf_rings_for(ring_bytes);
	b->attach_type[FORM_SESSION] = features->attach_session;
	b->attach_type[FORM_MULTI] = features->attach_multi;

	int err = form != FORM_PERF && !b->attach_type[form] ? -EOPNOTSUPP : 0;

	if (!err)
		err = load_skeleton(b, features);
	if (!err)
		err = make_rings(b);
	if (!err)
		err = attach_notices(b, features);
	if (err) {
		bpf_free(b);
		return err;
	}
	*ret = b;
	return 0;
}

void bpf_free(struct bpf *b)
{
	if (!b)
		return;
	tolltap_bpf__destroy(b->skel);
	for (size_t i = 0; i < RINGS_MAX; i++)
		if (b->ring_fd[i] >= 0)
			close(b->ring_fd[i]);
	free(b);
}

enum attach_form bpf_form(const struct bpf *b)
{
	return b->form;
}

/* From the first probe at a cipher on: until then no socket call of this host costs more. */
static int watch_sockets(const struct bpf *b)
{
	struct tolltap_bpf *s = b->skel;

	if (!b->has_socket_calls)
		return -EOPNOTSUPP;
	if (s->links.on_received)
		return 0;
	s->links.on_sent = bpf_program__attach(s->progs.on_sent);
	if (!s->links.on_sent)
		return -errno;
	s->links.on_received = bpf_program__attach(s->progs.on_received);
	return s->links.on_received ? 0 : -errno;
}

bool bpf_leg_for(const struct bpf *b, enum probe_fn fn, bool is_return, struct bpf_leg *ret)
{
	struct program p;

	/* at the cipher nothing tells the connection: that takes the socket's calls */
	if (is_aead(fn) && watch_sockets(b))
		return false;
	if (!programs_find(b->skel, b->form, fn, is_return, &p))
		return false;
	*ret = (struct bpf_leg){
		.prog_fd = bpf_program__fd(p.prog),
		.attach_type = b->attach_type[p.form],
	};
	return ret->prog_fd >= 0;
}

size_t bpf_ring_count(const struct bpf *b)
{
	return b->ring_cnt;
}

size_t bpf_ring_bytes(const struct bpf *b)
{
	return b->ring_bytes;
}

int bpf_ring_fd(const struct bpf *b, size_t i)
{
	return b->ring_fd[i];
}

int bpf_scope_add(struct bpf *b, pid_t tgid)
{
	struct scope s = { 0 };
	u32 key = tgid;

	if (bpf_map_update_elem(bpf_map__fd(b->skel->maps.scopes), &key, &s, BPF_NOEXIST))
		return errno == EEXIST ? 0 : -errno;
	return 0;
}

bool bpf_scope_has(const struct bpf *b, pid_t tgid)
{
	struct scope s;
	u32 key = tgid;

	return !bpf_map_lookup_elem(bpf_map__fd(b->skel->maps.scopes), &key, &s);
}

void bpf_scope_remove(struct bpf *b, pid_t tgid)
{
	u32 key = tgid;

	bpf_map_delete_elem(bpf_map__fd(b->skel->maps.scopes), &key);
}

int bpf_verdict_set(struct bpf *b, const struct conn_key *key, const struct conn_verdict *verdict)
{
	int fd = bpf_map__fd(b->skel->maps.verdicts);

	return bpf_map_update_elem(fd, key, verdict, BPF_ANY) ? -errno : 0;
}

/*
 * The keys of all these maps begin with an address and a tgid, as struct conn_key. The walk
 * restarts where it was when the entry it stood on is deleted: so delete one behind.
 */
static void forget_in(int fd, bool (*is_gone)(void *arg, pid_t tgid), void *arg)
{
	struct conn_key key, next;
	bool has_key = false, is_dead = false;

	while (!bpf_map_get_next_key(fd, has_key ? &key : NULL, &next)) {
		if (is_dead)
			bpf_map_delete_elem(fd, &key);
		key = next;
		has_key = true;
		is_dead = is_gone(arg, key.tgid);
	}
	if (is_dead)
		bpf_map_delete_elem(fd, &key);
}

void bpf_forget_conns(struct bpf *b, bool (*is_gone)(void *arg, pid_t tgid), void *arg)
{
	forget_in(bpf_map__fd(b->skel->maps.conns), is_gone, arg);
	forget_in(bpf_map__fd(b->skel->maps.verdicts), is_gone, arg);
	forget_in(bpf_map__fd(b->skel->maps.calls_go), is_gone, arg);
}

void bpf_walk_coverage(const struct bpf *b,
		       void (*fn)(void *arg, const struct coverage_key *key,
				  const struct coverage *c), void *arg)
{
	int fd = bpf_map__fd(b->skel->maps.coverage);
	struct coverage value;
	struct coverage_key key;

	for (int err = bpf_map_get_next_key(fd, NULL, &key); !err;
	     err = bpf_map_get_next_key(fd, &key, &key))
		if (!bpf_map_lookup_elem(fd, &key, &value))
			fn(arg, &key, &value);
}

bool bpf_read_readable(const struct bpf *b, u32 tgid, struct readable *ret)
{
	return !bpf_map_lookup_elem(bpf_map__fd(b->skel->maps.readable), &tgid, ret);
}

void bpf_read_counters(const struct bpf *b, u64 ret[KC_MAX])
{
	int cpus = libbpf_num_possible_cpus();
	__cleanup_free u64 *value = cpus > 0 ? calloc(cpus, sizeof(*value)) : NULL;

	memset(ret, 0, KC_MAX * sizeof(*ret));
	for (u32 id = 0; value && id < KC_MAX; id++) {
		if (bpf_map_lookup_elem(bpf_map__fd(b->skel->maps.counters), &id, value))
			continue;
		for (int cpu = 0; cpu < cpus; cpu++)
			ret[id] += value[cpu];
	}
}
