/* SPDX-License-Identifier: Apache-2.0 */
/* The table of files and processes behind trace.h; who attaches when is decided here only. */
#include "capture/trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/map.h"
#include "base/stats.h"
#include "base/util.h"
#include "capture/dark.h"
#include "capture/discover.h"
#include "capture/locate.h"
#include "capture/names.h"
#include "capture/remap.h"
#include "capture/target.h"

struct file {
	struct target target;
	int fd;				/* what was classified is what is probed */
	size_t name_cnt;		/* keys it stands under: overlay files have two devices */
	bool is_prepared;
	size_t user_cnt;		/* processes with links of their own */
	/* functions that were located are on probation until their plaintext is HTTP */
	u32 proven;			/* bit per enum chunk_stack */
	u32 doubt_cnt;
	bool is_bad;			/* not what was looked for: probed no longer */
	struct attach_links *wide;
};

/* Stands in the table for files without anything of interest. */
static struct file plain_file;

struct use {
	struct file *file;
	/* NULL: waits for start-up, or the file's wide link serves */
	struct attach_links *links;
	u64 mapped_ns;
	bool is_waiting;
	bool is_remapped;
};

struct process {
	pid_t pid;
	size_t use_cnt;
	struct use use[TRACE_FILES_PER_PROCESS];
};

struct trace {
	struct attach *attach;
	struct map *files;		/* (dev, ino) */
	struct target_cache *targets;
	u64 plain_since_ns;		/* when the table was last rid of plain files */
	struct map *processes;		/* (pid, 0) */
	bool is_wide;
	size_t waiting_cnt;
};

static struct map_key process_key(pid_t pid)
{
	return (struct map_key){ .a = (u32)pid };
}

struct trace *trace_new(struct attach *attach, bool is_wide)
{
	struct trace *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;

	t->attach = attach;
	t->is_wide = is_wide;
	t->plain_since_ns = clock_boot_ns();
	t->targets = target_cache_new();
	t->files = map_new(TRACE_FILES_MAX);
	t->processes = map_new(TRACE_PROCESSES_MAX);
	if (!t->targets || !t->files || !t->processes) {
		trace_free(t);
		return NULL;
	}
	return t;
}

static void drop_process(struct trace *t, struct process *p)
{
	for (size_t i = 0; i < p->use_cnt; i++) {
		struct use *u = &p->use[i];

		if (u->is_waiting)
			t->waiting_cnt--;
		if (u->links)
			u->file->user_cnt--;
		attach_drop(t->attach, u->links);
	}
	free(p);
}

static bool free_process(void *arg, struct map_key key, void *value)
{
	drop_process(arg, value);
	return true;
}

static bool free_file(void *arg, struct map_key key, void *value)
{
	struct trace *t = arg;
	struct file *f = value;

	if (f == &plain_file || --f->name_cnt)
		return true;
	attach_drop(t->attach, f->wide);
	close(f->fd);
	free(f);
	return true;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	if (t->processes)
		map_walk(t->processes, free_process, t);
	if (t->files)
		map_walk(t->files, free_file, t);
	map_free(t->processes);
	map_free(t->files);
	target_cache_free(t->targets);
	free(t);
}

/* --- files ---------------------------------------------------------------------------------- */

/* Takes fd. NULL: out of memory. */
static struct file *classify(struct trace *t, int fd, const char *path)
{
	const struct target *target;
	struct file *f = calloc(1, sizeof(*f));
	if (!f) {
		close(fd);
		return NULL;
	}
	int err = target_cache_classify(t->targets, fd, &target);

	if (err) {
		if (err != -ENOENT) {
			log_debug("%s is not traced: %s", path, strerror(-err));
			stats_add(STAT_UNREADABLE_FILES, 1);
		}
		free(f);
		close(fd);
		return &plain_file;
	}
	f->target = *target;
	f->fd = fd;
	log_debug("%s: %zu functions to probe", path, f->target.probe_cnt);
	return f;
}

static int add_name(struct trace *t, u64 dev, u64 ino, struct file *f)
{
	struct map_key key = { .a = dev, .b = ino };

	if (map_get(t->files, key))
		return 0;
	int err = map_put(t->files, key, f);

	if (!err)
		f->name_cnt++;
	return err;
}

/* Takes fd. The file itself says which one it is; NULL: no room. */
static struct file *file_of_fd(struct trace *t, int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st)) {
		close(fd);
		return NULL;
	}
	struct file *f = map_get(t->files, (struct map_key){ .a = st.st_dev, .b = st.st_ino });

	if (f) {
		close(fd);
		return f;
	}
	f = classify(t, fd, path);
	if (f && add_name(t, st.st_dev, st.st_ino, f)) {
		f->name_cnt = 1;
		free_file(t, (struct map_key){ 0 }, f);
		return NULL;
	}
	return f;
}

static bool is_plain(void *arg, struct map_key key, void *value)
{
	return value == &plain_file;
}

/*
 * A file with probes is held open, so its inode stays its own. A plain one is not: deleted, its
 * number goes to another file, perhaps the next libssl. So plain entries do not live for long; to
 * look again costs an open, the answer itself is cached by size and time.
 */
static void forget_plain_files(struct trace *t)
{
	u64 now = clock_boot_ns();

	if (now - t->plain_since_ns < TRACE_PLAIN_NS && map_count(t->files) < TRACE_FILES_MAX / 2)
		return;
	t->plain_since_ns = now;
	map_walk(t->files, is_plain, NULL);
}

static struct file *file_of_mapping(struct trace *t, pid_t pid, u64 dev, u64 ino, const char *path)
{
	forget_plain_files(t);
	struct file *f = map_get(t->files, (struct map_key){ .a = dev, .b = ino });
	if (f)
		return f;

	int fd = discover_open_file(pid, dev, ino, path);
	if (fd < 0) {
		/* a process that is gone again is no loss */
		if (fd != -ESRCH && fd != -ENOENT) {
			log_debug("cannot open %s of process %d: %s", path, pid, strerror(-fd));
			stats_add(STAT_UNREADABLE_FILES, 1);
		}
		return NULL;
	}
	f = file_of_fd(t, fd, path);
	if (f)
		add_name(t, dev, ino, f);
	return f;
}

static void attach_wide(struct trace *t, struct file *f)
{
	if (f->wide)
		return;
	int err = attach_file(t->attach, f->fd, f->target.probe, f->target.probe_cnt, 0,
			      &f->wide);
	if (err)
		log_warn("cannot probe %s: %s", f->target.path, strerror(-err));
}

void trace_prepare_file(struct trace *t, int fd, const char *path)
{
	struct file *f = file_of_fd(t, fd, path);

	if (!f || f == &plain_file || f->target.has_lpstub || f->is_bad)
		return;
	f->is_prepared = true;
	if (t->is_wide)
		attach_wide(t, f);
}

/* --- processes ------------------------------------------------------------------------------ */

static struct use *find_use(struct process *p, const struct file *f)
{
	for (size_t i = 0; i < p->use_cnt; i++)
		if (p->use[i].file == f)
			return &p->use[i];
	return NULL;
}

/* A breakpoint for all processes is forbidden on a file that processes remap over themselves. */
static bool wants_wide(const struct trace *t, const struct file *f)
{
	if (f->target.has_lpstub)
		return false;
	return t->is_wide || f->wide || f->user_cnt >= TRACE_WIDE_USERS;
}

static int use_attach(struct trace *t, struct process *p, struct use *u)
{
	struct file *f = u->file;

	if (wants_wide(t, f)) {
		attach_wide(t, f);
		return f->wide ? 0 : -EIO;
	}
	int err = attach_file(t->attach, f->fd, f->target.probe, f->target.probe_cnt, p->pid,
			      &u->links);
	if (!err)
		f->user_cnt++;
	else if (err != -ESRCH)
		log_warn("cannot probe %s in process %d: %s", f->target.path, p->pid,
			 strerror(-err));
	return err;
}

static struct use *add_use(struct trace *t, struct process *p, struct file *f, u64 mapped_ns)
{
	if (f->is_bad)
		return NULL;
	if (p->use_cnt == TRACE_FILES_PER_PROCESS) {
		stats_add(STAT_UNREADABLE_FILES, 1);
		return NULL;
	}
	struct use *u = &p->use[p->use_cnt++];

	*u = (struct use){ .file = f, .mapped_ns = mapped_ns };
	if (f->target.has_lpstub) {
		u->is_waiting = true;
		t->waiting_cnt++;
	} else if (use_attach(t, p, u)) {
		p->use_cnt--;
		return NULL;
	}
	return u;
}

static struct process *process_get(struct trace *t, pid_t pid)
{
	struct process *p = map_get(t->processes, process_key(pid));
	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->pid = pid;
	if (map_put(t->processes, process_key(pid), p)) {
		free(p);
		return NULL;
	}
	return p;
}

struct prepared_arg {
	struct trace *t;
	struct process *p;
};

static bool use_prepared(void *arg, struct map_key key, void *value)
{
	struct prepared_arg *a = arg;
	struct file *f = value;

	if (f->is_prepared && !find_use(a->p, f))
		add_use(a->t, a->p, f, 0);
	return false;
}

int trace_add_process(struct trace *t, pid_t pid)
{
	struct process *p = process_get(t, pid);
	if (!p)
		return -ENOMEM;

	struct prepared_arg arg = { .t = t, .p = p };

	map_walk(t->files, use_prepared, &arg);
	return 0;
}

bool trace_has_process(const struct trace *t, pid_t pid)
{
	return map_get(t->processes, process_key(pid)) != NULL;
}

size_t trace_process_count(const struct trace *t)
{
	return map_count(t->processes);
}

void trace_on_fork(struct trace *t, pid_t parent, pid_t child)
{
	struct process *p = process_get(t, child);
	const struct process *from = map_get(t->processes, process_key(parent));

	if (!p || !from)
		return;
	for (size_t i = 0; i < from->use_cnt; i++)
		if (!find_use(p, from->use[i].file))
			add_use(t, p, from->use[i].file, 0);
}

static bool is_image_of(pid_t pid, const struct file *f)
{
	char path[32];
	struct stat image, file;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return !stat(path, &image) && !fstat(f->fd, &file) && image.st_dev == file.st_dev &&
	       image.st_ino == file.st_ino;
}

/*
 * Links outlive an exec and stand in the new image as it is mapped. Where that may copy its code
 * they have to be gone by then: this notice comes at once, the copying once it has started up.
 */
static void wait_anew(struct trace *t, struct process *p, struct use *u)
{
	if (u->links)
		u->file->user_cnt--;
	attach_drop_at_once(t->attach, u->links);
	t->waiting_cnt -= u->is_waiting;
	if (!is_image_of(p->pid, u->file)) {
		*u = p->use[--p->use_cnt];
		return;
	}
	*u = (struct use){ .file = u->file, .mapped_ns = clock_boot_ns(), .is_waiting = true };
	t->waiting_cnt++;
}

void trace_on_exec(struct trace *t, pid_t pid)
{
	struct process *p = process_get(t, pid);

	for (size_t i = p ? p->use_cnt : 0; i-- > 0;)
		if (p->use[i].file->target.has_lpstub)
			wait_anew(t, p, &p->use[i]);
}

void trace_on_exit(struct trace *t, pid_t pid)
{
	struct process *p = map_remove(t->processes, process_key(pid));

	if (p)
		drop_process(t, p);
}

struct walk_arg {
	void (*fn)(void *arg, pid_t pid);
	void *arg;
};

static bool walk_one(void *arg, struct map_key key, void *value)
{
	const struct walk_arg *w = arg;

	w->fn(w->arg, (pid_t)key.a);
	return false;
}

void trace_walk_processes(const struct trace *t, void (*fn)(void *arg, pid_t pid), void *arg)
{
	struct walk_arg w = { .fn = fn, .arg = arg };

	map_walk(t->processes, walk_one, &w);
}

u32 trace_on_mapping(struct trace *t, pid_t pid, u64 dev, u64 ino, const char *path, u64 ts_ns)
{
	struct file *f = file_of_mapping(t, pid, dev, ino, path);
	if (!f || f == &plain_file)
		return f ? 0 : DARK_HAS_REFUSED;
	struct process *p = process_get(t, pid);
	if (!p || find_use(p, f))
		return DARK_HAS_PROBED;
	const struct use *u = add_use(t, p, f, ts_ns);

	if (u && ts_ns && !u->is_waiting)
		stats_add(STAT_WINDOW_NS, clock_boot_ns() - ts_ns);
	return u ? DARK_HAS_PROBED : DARK_HAS_REFUSED;
}

/* --- probation ------------------------------------------------------------------------------ */

static bool has_located(const struct file *f, u32 stack)
{
	for (size_t i = 0; i < f->target.probe_cnt; i++) {
		if (f->target.probe[i].is_located && f->target.probe[i].stack == stack)
			return true;
	}
	return false;
}

struct withdraw_arg {
	struct trace *t;
	const struct file *file;
};

static bool withdraw_use(void *arg, struct map_key key, void *value)
{
	const struct withdraw_arg *a = arg;
	struct process *p = value;

	for (size_t i = 0; i < p->use_cnt; i++) {
		struct use *u = &p->use[i];

		if (u->file != a->file)
			continue;
		if (u->is_waiting)
			a->t->waiting_cnt--;
		attach_drop(a->t->attach, u->links);
		*u = p->use[--p->use_cnt];
		break;
	}
	return false;
}

/* Takes every probe out of a file, for as long as it is known. */
static void withdraw(struct trace *t, struct file *f)
{
	struct withdraw_arg arg = { .t = t, .file = f };

	map_walk(t->processes, withdraw_use, &arg);
	attach_drop(t->attach, f->wide);
	f->wide = NULL;
	f->user_cnt = 0;
	f->is_bad = true;
	target_cache_condemn(t->targets, &f->target);
	stats_add(STAT_LOCATED_BAD, 1);
	log_warn("%s is probed no longer: what was found in it is something else",
		 f->target.path);
}

void trace_prove(struct trace *t, pid_t pid, enum chunk_stack stack)
{
	const struct process *p = map_get(t->processes, process_key(pid));

	for (size_t i = 0; p && i < p->use_cnt; i++)
		p->use[i].file->proven |= 1u << stack;
}

void trace_doubt(struct trace *t, pid_t pid, enum chunk_stack stack)
{
	const struct process *p = map_get(t->processes, process_key(pid));

	for (size_t i = 0; p && i < p->use_cnt; i++) {
		struct file *f = p->use[i].file;

		if (!has_located(f, stack) || f->proven >> stack & 1)
			continue;
		if (++f->doubt_cnt < TRACE_DOUBTS_MAX)
			continue;
		withdraw(t, f);
		return;
	}
}

/* --- files that are remapped at start-up ----------------------------------------------------- */

static bool is_file_backed(pid_t pid, const struct target *t)
{
	u64 offset[TARGET_PROBES_MAX];

	for (size_t i = 0; i < t->probe_cnt; i++)
		offset[i] = t->probe[i].offset;
	return remap_is_backed(pid, t->ino, offset, t->probe_cnt);
}

static bool tick_process(void *arg, struct map_key key, void *value)
{
	struct trace *t = arg;
	struct process *p = value;

	for (size_t i = 0; i < p->use_cnt; i++) {
		struct use *u = &p->use[i];

		if (!u->is_waiting || !remap_is_over(p->pid))
			continue;
		u->is_waiting = false;
		t->waiting_cnt--;
		if (!is_file_backed(p->pid, &u->file->target)) {
			log_warn("process %d has copied the code of %s into huge pages:"
				 " it cannot be probed", p->pid, u->file->target.path);
			u->is_remapped = true;
			stats_add(STAT_REMAPPED_PROCESSES, 1);
			continue;
		}
		if (!use_attach(t, p, u) && u->mapped_ns)
			stats_add(STAT_WINDOW_NS, clock_boot_ns() - u->mapped_ns);
	}
	return false;
}

bool trace_tick(struct trace *t)
{
	if (t->waiting_cnt)
		map_walk(t->processes, tick_process, t);
	return t->waiting_cnt != 0;
}

/* --- the rest ------------------------------------------------------------------------------- */

struct alive_arg {
	struct trace *t;
	bool (*is_alive)(void *arg, pid_t pid);
	void *arg;
};

static bool forget_if_gone(void *arg, struct map_key key, void *value)
{
	struct alive_arg *a = arg;
	struct process *p = value;

	if (a->is_alive(a->arg, p->pid))
		return false;
	drop_process(a->t, p);
	return true;
}

void trace_forget_gone(struct trace *t, bool (*is_alive)(void *arg, pid_t pid), void *arg)
{
	struct alive_arg a = { .t = t, .is_alive = is_alive, .arg = arg };

	map_walk(t->processes, forget_if_gone, &a);
}

u32 trace_hints(const struct trace *t, pid_t pid)
{
	const struct process *p = map_get(t->processes, process_key(pid));
	u32 hints = 0;

	for (size_t i = 0; p && i < p->use_cnt; i++)
		hints |= (p->use[i].is_waiting ? DARK_HAS_WAITING : 0) |
			 (p->use[i].is_remapped ? DARK_HAS_REMAPPED : 0);
	return hints;
}

struct describe_arg {
	char *dst;
	size_t size;
	size_t used;
};

__attribute__((format(printf, 2, 3)))
static void append(struct describe_arg *a, const char *fmt, ...)
{
	va_list args;

	if (a->used >= a->size)
		return;
	va_start(args, fmt);
	int n = vsnprintf(a->dst + a->used, a->size - a->used, fmt, args);

	va_end(args);
	if (n > 0)
		a->used += n;
}

static bool describe_file(void *arg, struct map_key key, void *value)
{
	struct describe_arg *a = arg;
	const struct file *f = value;

	if (f == &plain_file || a->used >= a->size)
		return false;
	append(a, "%s%s (", a->used ? ", " : "", f->target.path);
	for (u32 stack = 0; stack < 32; stack++)
		if (locate_has(&f->target, stack))
			append(a, "%s, ", capture_stack_name(stack));
	append(a, "%zu sites, %s)", f->target.probe_cnt,
	       site_class_name(target_worst_class(&f->target)));
	return false;
}

void trace_describe(const struct trace *t, char *dst, size_t size)
{
	struct describe_arg a = { .dst = dst, .size = size };

	dst[0] = 0;
	map_walk(t->files, describe_file, &a);
}
