/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live source: joins the loaded programs, the rings, the mapping notices and the table of who
 * is probed where. Our own bookkeeping sees every event before the pipeline does.
 */
#include "capture/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/map.h"
#include "base/stats.h"
#include "capture/attach.h"
#include "capture/bpf_load.h"
#include "capture/coverage.h"
#include "capture/dark.h"
#include "capture/discover.h"
#include "capture/names.h"
#include "capture/halves.h"
#include "capture/prepare.h"
#include "capture/ring.h"
#include "capture/selftest.h"
#include "capture/source.h"
#include "capture/trace.h"

#define DESCRIBE_MAX 1024
/* while a process is awaited to have started up, or a record to be ready */
#define SOON_MS 2

struct live {
	struct capture base;
	struct bpf *bpf;
	struct attach *attach;
	struct ring_set *rings;
	struct discover *discover;
	struct trace *trace;
	struct halves *halves;
	struct coverage_notes *notes;
	int epoll_fd;
	bool is_waiting;		/* a process has to start up before it gets its probes */
	size_t exit_cnt;		/* since connections were last forgotten */
	u64 forgot_ns;
	u64 process_lost;
	char description[DESCRIBE_MAX];
};

/* --- events --------------------------------------------------------------------------------- */

/*
 * A connection whose SSL_new was not seen was made before its probes stood: by a process that we
 * were put on later, in the moment after a library was mapped, or by a fork's child before it had
 * its own. How many requests have gone by is not known, perhaps none; it is counted at its first
 * bytes. Not so one that came with a fork: what went before was seen in the parent. (A parent that
 * frees its copy before the child says anything hides that: then it is counted all the same.)
 */
static void count_if_late(const struct event *ev)
{
	u16 of_conn = CHUNK_F_FIRST | CHUNK_F_BORN | CHUNK_F_INHERITED;

	if ((ev->flags & of_conn) == CHUNK_F_FIRST)
		stats_add(STAT_WINDOW_LATE, 1);
}

static void deliver(void *arg, const struct event *ev)
{
	struct live *l = arg;

	if (ev->kind == EVENT_CHUNK)
		count_if_late(ev);
	l->base.ops.on_event(l->base.arg, ev);
}

static void on_ring_event(void *arg, const struct event *ev)
{
	struct live *l = arg;
	const struct process_event *p = (const void *)ev;
	const struct doubt_event *d = (const void *)ev;

	switch (ev->kind) {
	case EVENT_FORK:
		coverage_note_fork(l->notes, p->ppid, ev->tgid);
		trace_on_fork(l->trace, p->ppid, ev->tgid);
		break;
	case EVENT_EXEC:
		coverage_note_exec(l->notes, ev->tgid, ev->ts_ns);
		trace_on_exec(l->trace, ev->tgid);
		break;
	case EVENT_DOUBT:
		trace_doubt(l->trace, ev->tgid, d->stack);
		return;
	case EVENT_EXIT:
		coverage_note(l->notes, ev->tgid, trace_hints(l->trace, ev->tgid), ev->ts_ns);
		coverage_note_exit(l->notes, ev->tgid);
		trace_on_exit(l->trace, ev->tgid);
		l->exit_cnt++;
		break;
	}
	halves_feed(l->halves, ev);
}

/*
 * The notice of a fork comes through another ring than those of mappings; the kernel's own table
 * is never behind.
 */
static bool is_in_scope(void *arg, pid_t pid)
{
	struct live *l = arg;

	return trace_has_process(l->trace, pid) || bpf_scope_has(l->bpf, pid);
}

static void on_mapping(void *arg, pid_t pid, u64 dev, u64 ino, const char *path, u64 ts_ns)
{
	struct live *l = arg;

	u32 hints = trace_on_mapping(l->trace, pid, dev, ino, path, ts_ns);

	coverage_note(l->notes, pid, hints | dark_hint_of_path(path), ts_ns);
}

static void rescan(void *arg, pid_t pid)
{
	struct live *l = arg;

	discover_scan_pid(l->discover, pid);
}

/* Notices were lost: look at everything we know of again. */
static void on_lost(void *arg)
{
	struct live *l = arg;

	trace_walk_processes(l->trace, rescan, l);
}

static bool is_gone(void *arg, pid_t pid)
{
	return !is_in_scope(arg, pid);
}

static bool is_alive(void *arg, pid_t pid)
{
	struct live *l = arg;

	return bpf_scope_has(l->bpf, pid);
}

static void set_verdict(struct live *l, const struct conn_key *key,
			const struct conn_verdict *verdict)
{
	int err;

	/* of a process that has ended nobody would take the entry away again */
	if (!trace_has_process(l->trace, key->tgid))
		return;
	err = bpf_verdict_set(l->bpf, key, verdict);
	if (err)
		log_debug("verdict not set: %s", strerror(-err));
}

/* --- opening -------------------------------------------------------------------------------- */

static void unload(struct live *l)
{
	attach_free(l->attach);
	bpf_free(l->bpf);
	l->attach = NULL;
	l->bpf = NULL;
}

/* Loads one form and asks it to show that it works. */
static int try_form(struct live *l, struct bpf_features *features, enum attach_form form,
		    size_t ring_bytes, enum selftest_result *ret)
{
	int err = bpf_load(features, form, ring_bytes, &l->bpf);

	if (err) {
		log_debug("form %s: %s", capture_form_name(form), strerror(-err));
		return err;
	}
	l->attach = attach_new(l->bpf);
	if (!l->attach) {
		unload(l);
		return -ENOMEM;
	}
	*ret = selftest_run(l->bpf, l->attach);
	if (*ret == SELFTEST_FAILED) {
		log_debug("form %s: the self-test saw no hit", capture_form_name(form));
		unload(l);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int load(struct live *l, const struct capture_options *o, enum selftest_result *ret)
{
	static const struct {
		enum capture_form wanted;
		enum attach_form form;
	} form[] = {
		{ CAPTURE_FORM_SESSION, FORM_SESSION },
		{ CAPTURE_FORM_MULTI, FORM_MULTI },
		{ CAPTURE_FORM_PERF, FORM_PERF },
	};
	const struct bpf_wishes wishes = {
		.has_no_plain = o->has_no_plain,
		.has_kprobes = o->form == CAPTURE_FORM_PERF,
	};
	struct bpf_features features = { 0 };
	size_t ring_bytes = o->ring_bytes ? o->ring_bytes : RING_BYTES_DEFAULT;
	int err = bpf_probe_features(&wishes, &features);

	for (size_t i = 0; !err && i < ARRAY_LEN(form); i++) {
		if (o->form != CAPTURE_FORM_AUTO && o->form != form[i].wanted)
			continue;
		err = try_form(l, &features, form[i].form, ring_bytes, ret);
		if (!err)
			return 0;
		if (o->form == CAPTURE_FORM_AUTO && i + 1 < ARRAY_LEN(form))
			err = 0;
	}
	log_error("this kernel takes no form of our probes: %s; it needs CONFIG_UPROBE_EVENTS, and"
		  " without CAP_SYS_ADMIN Linux 6.6 (--verbose shows each attempt)",
		  strerror(-err));
	return err;
}

static int open_rings(struct live *l)
{
	l->rings = ring_set_new();
	if (!l->rings)
		return -ENOMEM;
	for (size_t i = 0; i < bpf_ring_count(l->bpf); i++) {
		int err = ring_set_add(l->rings, bpf_ring_fd(l->bpf, i), bpf_ring_bytes(l->bpf));

		if (err) {
			log_error("cannot map the ring: %s; lower --ring-bytes", strerror(-err));
			return err;
		}
	}
	return 0;
}

static int open_discover(struct live *l)
{
	static const struct discover_ops ops = {
		.in_scope = is_in_scope,
		.on_mapping = on_mapping,
		.on_lost = on_lost,
	};
	return discover_new(&ops, l, &l->discover);
}

static void set_half_verdict(void *arg, const struct conn_key *half, u32 generation,
			     enum verdict_state verdict)
{
	struct live *l = arg;

	const struct conn_verdict value = { .generation = generation, .state = verdict };

	set_verdict(l, half, &value);
}

static int open_halves(struct live *l)
{
	static const struct halves_ops ops = {
		.on_event = deliver,
		.set_verdict = set_half_verdict,
	};

	l->halves = halves_new(&ops, l);
	return l->halves ? 0 : -ENOMEM;
}

static int open_epoll(struct live *l)
{
	int fd[] = { ring_set_fd(l->rings), discover_fd(l->discover) };

	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(fd); i++) {
		struct epoll_event ev = { .events = EPOLLIN };

		if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd[i], &ev))
			return -errno;
	}
	return 0;
}

/*
 * A perf event bound to a task makes each of its context switches dearer and cannot follow forks:
 * all processes trap then, and the scope filter turns the others away.
 */
static bool must_be_wide(const struct live *l, enum selftest_result test)
{
	if (test == SELFTEST_WIDE_ONLY)
		log_info("this kernel shows a process's probe to one thread only:"
			 " probing files for all processes instead");
	return test == SELFTEST_WIDE_ONLY || bpf_form(l->bpf) == FORM_PERF;
}

static const struct capture_source live_source;

int capture_open_live(const struct capture_options *options, const struct capture_ops *ops,
		      void *arg, struct capture **ret)
{
	enum selftest_result test = SELFTEST_FAILED;
	int err = bpf_check_host();
	if (err)
		return err;
	struct live *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;

	l->base = (struct capture){ .source = &live_source, .ops = *ops, .arg = arg };
	l->epoll_fd = -1;
	err = load(l, options, &test);
	if (!err) {
		l->trace = trace_new(l->attach, options->is_exact || must_be_wide(l, test));
		l->notes = coverage_notes_new();
		err = l->trace && l->notes ? open_rings(l) : -ENOMEM;
	}
	if (!err)
		err = open_discover(l);
	if (!err)
		err = open_halves(l);
	if (!err)
		err = open_epoll(l);
	if (err) {
		capture_close(&l->base);
		return err;
	}
	*ret = &l->base;
	return 0;
}

static void live_close(struct capture *c)
{
	struct live *l = (struct live *)c;

	trace_free(l->trace);
	halves_free(l->halves);
	coverage_notes_free(l->notes);
	discover_free(l->discover);
	ring_set_free(l->rings);
	unload(l);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	free(l);
}

/* --- scope ---------------------------------------------------------------------------------- */

static int live_add_pid(struct capture *c, pid_t pid)
{
	struct live *l = (struct live *)c;

	if (pid == getpid())
		return -EINVAL;

	/* scope first: from here on its forks, execs and mappings are told */
	int err = bpf_scope_add(l->bpf, pid);

	if (!err)
		err = trace_add_process(l->trace, pid);
	if (!err)
		err = discover_scan_pid(l->discover, pid);
	if (err < 0) {
		bpf_scope_remove(l->bpf, pid);
		trace_on_exit(l->trace, pid);
		return err;
	}
	return 0;
}

static void on_prepared_file(void *arg, int fd, const char *path)
{
	trace_prepare_file(arg, fd, path);
}

static void live_prepare_command(struct capture *c, const char *const argv[], const char *path_env)
{
	struct live *l = (struct live *)c;

	prepare_command(argv, path_env, on_prepared_file, l->trace);
}

static size_t live_scope_count(const struct capture *c)
{
	const struct live *l = (const struct live *)c;

	return trace_process_count(l->trace);
}

/* --- running -------------------------------------------------------------------------------- */

static size_t drain(struct live *l)
{
	return ring_set_drain(l->rings, clock_boot_ns(), on_ring_event, l);
}

/* Connections of processes that ended without closing them. */
static void forget_conns(struct live *l)
{
	u64 now_ns = clock_boot_ns();

	if (!l->exit_cnt || now_ns - l->forgot_ns < FORGET_CONNS_NS)
		return;
	bpf_forget_conns(l->bpf, is_gone, l);
	l->exit_cnt = 0;
	l->forgot_ns = now_ns;
}

static int live_poll(struct capture *c, int timeout_ms)
{
	struct live *l = (struct live *)c;
	struct epoll_event ev[2];

	/* the kernel wakes us rarely on purpose */
	if (timeout_ms < 0 || timeout_ms > RING_POLL_MS)
		timeout_ms = RING_POLL_MS;
	if ((l->is_waiting || ring_set_is_blocked(l->rings)) && timeout_ms > SOON_MS)
		timeout_ms = SOON_MS;
	if (epoll_wait(l->epoll_fd, ev, ARRAY_LEN(ev), timeout_ms) < 0 && errno != EINTR)
		return -errno;

	/* mappings first: their processes are about to talk */
	discover_poll(l->discover);
	size_t cnt = drain(l);

	l->is_waiting = trace_tick(l->trace);
	forget_conns(l);
	return (int)cnt;
}

static void live_drain(struct capture *c)
{
	struct live *l = (struct live *)c;

	/* what was stamped before we began; a record that is not ready is waited for */
	do
		drain(l);
	while (ring_set_is_blocked(l->rings));
}

static void live_set_verdict(struct capture *c, const struct chunk *chunk,
			     enum verdict_state verdict)
{
	struct live *l = (struct live *)c;
	struct conn_key key = { .conn = chunk->conn, .tgid = chunk->ev.tgid };
	const struct conn_verdict value = {
		.generation = chunk->generation,
		.state = verdict,
		.written = chunk->position,
	};

	if (verdict != VERDICT_IGNORED)
		trace_prove(l->trace, chunk->ev.tgid, chunk->stack);
	if (verdict == VERDICT_UNKNOWN)
		return;
	if (!halves_set_verdict(l->halves, chunk, verdict))
		set_verdict(l, &key, &value);
}

/* --- what stayed dark ----------------------------------------------------------------------- */

struct dark_walk {
	struct live *live;
	dark_row_fn fn;
	void *arg;
	struct map *matched;		/* processes whose sends could be matched */
	u64 connections;
	u64 bytes;
};

static void note_matched(void *arg, const struct coverage_key *key, const struct coverage *c)
{
	struct dark_walk *walk = arg;

	if (c->matched)
		map_put(walk->matched, (struct map_key){ .a = key->tgid }, walk);
}

static void tell_if_dark(void *arg, const struct coverage_key *key, const struct coverage *c)
{
	struct dark_walk *walk = arg;
	struct live *l = walk->live;
	struct readable readable;
	struct dark_row row;
	const struct coverage_process p = {
		.hints = coverage_hints(l->notes, key->tgid) | trace_hints(l->trace, key->tgid),
		.is_readable = bpf_read_readable(l->bpf, key->tgid, &readable),
		.is_matched = map_get(walk->matched, (struct map_key){ .a = key->tgid }) != NULL,
	};

	if (!coverage_row(key, c, &p, &row))
		return;
	walk->connections += row.connections;
	walk->bytes += row.bytes_in + row.bytes_out;
	walk->fn(walk->arg, &row);
}

static void live_walk_dark(struct capture *c, dark_row_fn fn, void *arg)
{
	struct live *l = (struct live *)c;
	struct dark_walk walk = { .live = l, .fn = fn, .arg = arg };

	walk.matched = map_new(TRACE_PROCESSES_MAX);
	if (!walk.matched)
		return;
	bpf_walk_coverage(l->bpf, note_matched, &walk);
	bpf_walk_coverage(l->bpf, tell_if_dark, &walk);
	map_free(walk.matched);
	stats_set(STAT_DARK_CONNECTIONS, walk.connections);
	stats_set(STAT_DARK_BYTES, walk.bytes);
}

static void live_update_stats(struct capture *c)
{
	struct live *l = (struct live *)c;
	u64 kc[KC_MAX];

	bpf_read_counters(l->bpf, kc);
	stats_set(STAT_RING_LOST_EVENTS, kc[KC_RING_FULL_EVENTS]);
	stats_set(STAT_RING_LOST_BYTES, kc[KC_RING_FULL_BYTES]);
	stats_set(STAT_FAULT_BYTES, kc[KC_FAULT_BYTES]);
	stats_set(STAT_POLICY_BYTES, kc[KC_POLICY_BYTES]);
	stats_set(STAT_BYTES_SEEN, kc[KC_BYTES_SEEN]);
	stats_set(STAT_BYTES_IGNORED, kc[KC_BYTES_IGNORED]);
	stats_set(STAT_INFLIGHT_LOST, kc[KC_INFLIGHT_FULL] + kc[KC_STALE]);
	stats_set(STAT_AEAD_FOREIGN, kc[KC_AEAD_FOREIGN]);
	stats_set(STAT_CONN_MAP_FULL, kc[KC_CONN_FULL]);
	stats_set(STAT_PROCESS_LOST, kc[KC_PROCESS_LOST] + kc[KC_SCOPE_FULL]);
	/* an exit may have been among the lost notices */
	if (kc[KC_PROCESS_LOST] != l->process_lost) {
		l->process_lost = kc[KC_PROCESS_LOST];
		trace_forget_gone(l->trace, is_alive, l);
	}
}

static const char *live_describe(struct capture *c)
{
	struct live *l = (struct live *)c;
	int n = snprintf(l->description, sizeof(l->description), "%s: ",
			 capture_form_name(bpf_form(l->bpf)));

	trace_describe(l->trace, l->description + n, sizeof(l->description) - n);
	return l->description;
}

static const struct capture_source live_source = {
	.add_pid = live_add_pid,
	.prepare_command = live_prepare_command,
	.poll = live_poll,
	.drain = live_drain,
	.set_verdict = live_set_verdict,
	.scope_count = live_scope_count,
	.update_stats = live_update_stats,
	.walk_dark = live_walk_dark,
	.describe = live_describe,
	.close = live_close,
};
