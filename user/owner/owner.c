/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a struct owner out of a node of the process table, /proc and the options, once per process
 * and image: after an exec the next asker gets a fresh one, and calls that hold the old one keep
 * what was true for them.
 */
#include "owner/owner.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/stats.h"
#include "base/util.h"
#include "owner/cgroup.h"
#include "owner/credential.h"
#include "owner/environ.h"
#include "owner/git.h"
#include "owner/node.h"
#include "owner/proc.h"

#define OWNER_ARENA_MAX (64u << 10)
#define OWNER_SMALL_MAX 4096
#define OWNER_CGROUP_MAX (32u << 10)

_Static_assert(OWNER_CREDENTIAL_HEX == CREDENTIAL_HEX_LEN, "one length");
_Static_assert(OWNER_ENVIRON_TAGS == ENVIRON_TAG_MAX, "room for every one");

/* struct owner first: what the caller holds. */
struct owner_made {
	struct owner w;
	struct arena *arena;
	struct str cwd;		/* in full */
	struct environ_facts environ;
	bool has_proc;		/* /proc was there */
	bool has_looked_at_git;
};

struct owners {
	struct owners_options options;
	struct nodes nodes;
	struct credential_secret secret;
	char host[HOST_NAME_MAX + 1];
	char boot_id[64];
};

static void owner_forget(struct node *n)
{
	owner_unref(n->owner);
	n->owner = NULL;
}

static void owners_read_host(struct owners *o)
{
	char path[PATH_MAX];
	struct buf text;

	if (!o->options.proc_root)
		return;
	if (gethostname(o->host, sizeof(o->host) - 1))
		o->host[0] = '\0';
	buf_init(&text, OWNER_SMALL_MAX);
	snprintf(path, sizeof(path), "%s/sys/kernel/random/boot_id", o->options.proc_root);
	if (!proc_read(-1, path, &text))
		str_to_c(str_cut(buf_str(&text), 0, str_find_char(buf_str(&text), '\n')),
			 o->boot_id, sizeof(o->boot_id));
	buf_fini(&text);
}

int owners_new(const struct owners_options *options, struct owners **ret)
{
	struct owners *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return -ENOMEM;
	o->options = *options;
	err = nodes_init(&o->nodes, owner_forget);
	if (!err)
		err = credential_secret_load(options->secret_path, &o->secret);
	if (err) {
		owners_free(o);
		return err;
	}
	owners_read_host(o);
	*ret = o;
	return 0;
}

void owners_free(struct owners *o)
{
	if (!o)
		return;
	nodes_fini(&o->nodes);
	explicit_bzero(&o->secret, sizeof(o->secret));
	free(o);
}

struct owner *owner_ref(struct owner *w)
{
	w->refs++;
	return w;
}

void owner_unref(struct owner *w)
{
	struct owner_made *made = (struct owner_made *)w;

	if (!w || --w->refs)
		return;
	arena_free(made->arena);
	free(made);
}

/* Empty is unknown here: no process has an empty name. */
static struct str owner_keep(struct owner_made *made, struct str s)
{
	return s.n ? arena_dup(made->arena, s) : STR_NONE;
}

static void owner_add_cgroup(struct owner_made *made, struct str path)
{
	struct owner *w = &made->w;
	struct cgroup_info info;

	w->cgroup_path = owner_keep(made, path);
	cgroup_parse(w->cgroup_path, &info);
	w->container_id = info.container_id;
	w->container_parent_id = info.parent_id;
	w->container_runtime = info.runtime;
	w->pod_uid = owner_keep(made, str_of(info.pod_uid));
}

static void owner_add_parent(struct owners *o, struct owner_made *made, int proc_fd)
{
	struct owner *w = &made->w;
	struct proc_stat stat;
	struct buf text;
	char path[PATH_MAX];

	buf_init(&text, OWNER_SMALL_MAX);
	if (!w->ppid && !proc_read(proc_fd, "stat", &text) &&
	    proc_parse_stat(buf_str(&text), &stat))
		w->ppid = stat.ppid;
	buf_clear(&text);
	snprintf(path, sizeof(path), "%s/%u/comm", o->options.proc_root, w->ppid);
	if (w->ppid && !w->parent_comm.n && !proc_read(-1, path, &text))
		w->parent_comm = owner_keep(made, str_cut(buf_str(&text), 0,
							  str_find_char(buf_str(&text), '\n')));
	buf_fini(&text);
}

static void owner_add_workdir(struct owners *o, struct owner_made *made, int proc_fd)
{
	char link[PATH_MAX];
	struct str cwd = proc_link(proc_fd, "cwd", link, sizeof(link));
	const char *slash = cwd.n ? memrchr(cwd.p, '/', cwd.n) : NULL;

	/* "(unreachable)/..." and the like are no paths */
	if (!slash || cwd.p[0] != '/')
		return;
	made->cwd = owner_keep(made, cwd);
	made->w.workdir = owner_keep(made, o->options.keep_full_workdir || cwd.n == 1
				     ? cwd : str_cut(cwd, (size_t)(slash - cwd.p) + 1, cwd.n));
}

/* Dearer than the rest, so only for a process that has talked to somebody. */
static void owner_add_git(struct owners *o, struct owner_made *made)
{
	struct owner *w = &made->w;
	struct git_facts git;

	if (made->has_looked_at_git || !made->cwd.n || !o->options.proc_root)
		return;
	made->has_looked_at_git = true;

	__cleanup_close int fd = proc_open(o->options.proc_root, w->pid, w->start_ns);

	if (fd < 0 || git_read(fd, made->cwd, &git))
		return;
	w->git_repo = owner_keep(made, str_of(git.repo));
	w->git_branch = owner_keep(made, str_of(git.branch));
	w->git_commit = owner_keep(made, str_of(git.commit));
}

static void owner_add_environ(struct owner_made *made, int proc_fd)
{
	struct buf text;

	buf_init(&text, OWNER_ENVIRON_MAX);
	if (!proc_read(proc_fd, "environ", &text))
		environ_parse(buf_str(&text), made->arena, &made->environ);
	if (text.n == OWNER_ENVIRON_MAX)
		stats_add(STAT_OWNER_ENVIRON_CUT, 1);
	buf_fini(&text);
}

/* What the kernel did not send, while the process is there. */
static void owner_add_proc(struct owners *o, struct owner_made *made)
{
	struct owner *w = &made->w;
	char link[PATH_MAX];
	struct stat st;
	struct buf text;
	__cleanup_close int fd = proc_open(o->options.proc_root, w->pid, w->start_ns);

	if (fd < 0)
		return;
	made->has_proc = true;
	w->exe = owner_keep(made, proc_link(fd, "exe", link, sizeof(link)));
	if (!w->has_uid && !fstat(fd, &st)) {
		w->uid = st.st_uid;
		w->has_uid = true;
	}
	buf_init(&text, OWNER_CGROUP_MAX);
	if (!w->comm.n && !proc_read(fd, "comm", &text))
		w->comm = owner_keep(made, str_cut(buf_str(&text), 0,
						   str_find_char(buf_str(&text), '\n')));
	buf_clear(&text);
	if (!proc_read(fd, "cgroup", &text)) {
		struct str path = cgroup_pick(buf_str(&text));

		if (path.n)
			owner_add_cgroup(made, path);
	}
	buf_fini(&text);
	owner_add_parent(o, made, fd);
	owner_add_workdir(o, made, fd);
	owner_add_environ(made, fd);
}

/* The process is gone, but it had been looked at since its last exec. */
static void owner_carry(struct owner_made *made, const struct owner_made *before)
{
	struct owner *w = &made->w;
	const struct owner *old = &before->w;

	w->exe = owner_keep(made, old->exe);
	if (!w->parent_comm.n)
		w->parent_comm = owner_keep(made, old->parent_comm);
	if (old->cgroup_path.n)
		owner_add_cgroup(made, old->cgroup_path);
	w->workdir = owner_keep(made, old->workdir);
	made->cwd = owner_keep(made, before->cwd);
	w->git_repo = owner_keep(made, old->git_repo);
	w->git_branch = owner_keep(made, old->git_branch);
	w->git_commit = owner_keep(made, old->git_commit);
	made->has_looked_at_git = before->has_looked_at_git;
	for (int t = 0; t < ENVIRON_TAG_MAX; t++)
		made->environ.tag[t] = owner_keep(made, before->environ.tag[t]);
	made->environ.session_id = owner_keep(made, before->environ.session_id);
}

static bool owner_has_tag(const struct owner *w, struct str key)
{
	for (size_t i = 0; i < w->tag_cnt; i++)
		if (str_eq(w->tag[i].key, key))
			return true;
	return false;
}

/* The command line knows better than what a program may have set for itself. */
static void owner_add_tags(struct owners *o, struct owner_made *made)
{
	struct owner *w = &made->w;

	w->tag_cnt = o->options.tag_cnt < OWNER_TAGS_MAX ? o->options.tag_cnt : OWNER_TAGS_MAX;
	for (size_t i = 0; i < w->tag_cnt; i++) {
		w->tag[i] = o->options.tags[i];
		if (!w->tag[i].source.n)
			w->tag[i].source = STR("command_line");
	}
	for (int t = 0; t < ENVIRON_TAG_MAX; t++) {
		struct str key = environ_tag_key((enum environ_tag)t);

		if (!made->environ.tag[t].n || owner_has_tag(w, key))
			continue;
		w->tag[w->tag_cnt++] = (struct owner_tag){
			.key = key, .value = made->environ.tag[t], .source = STR("environment"),
		};
	}
}

/*
 * Everything below one topmost process is one session; a boot, a pid and a start name that process
 * for good.
 */
static void owner_add_session(const struct owners *o, struct owner_made *made)
{
	struct owner *w = &made->w;
	char id[64];

	w->session_id = made->environ.session_id;
	w->session_source = STR("environment");
	if (w->session_id.n)
		return;
	snprintf(id, sizeof(id), "%.8s-%u-%llx", o->boot_id[0] ? o->boot_id : "0", w->root_pid,
		 (unsigned long long)w->root_start_ns);
	w->session_id = owner_keep(made, str_of(id));
	w->session_source = w->session_id.n ? STR("process_tree") : STR_NONE;
}

static void owner_add_node(struct owner_made *made, const struct node *n)
{
	struct owner *w = &made->w;

	w->pid = n->pid;
	w->start_ns = n->start_ns;
	w->ppid = n->ppid;
	w->uid = n->uid;
	w->has_uid = n->has_uid;
	w->comm = owner_keep(made, str_of(n->comm));
	w->parent_comm = owner_keep(made, str_of(n->parent_comm));
	w->root_pid = n->root_pid;
	w->root_start_ns = n->root_start_ns;
	w->root_comm = owner_keep(made, str_of(n->root_comm));
	/* on a hybrid host every ordinary process stands in the v2 root, id 1 */
	w->cgroup_id = n->cgroup_id <= 1 && n->cgroup_v1_id ? n->cgroup_v1_id : n->cgroup_id;
	if (n->cgroup_names)
		owner_add_cgroup(made, str_of(n->cgroup_names));
}

static struct owner *owner_make(struct owners *o, struct node *n)
{
	struct owner_made *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->w.refs = 1;
	made->arena = arena_new(OWNER_ARENA_MAX);
	if (!made->arena) {
		free(made);
		return NULL;
	}
	nodes_resolve(&o->nodes, n);
	owner_add_node(made, n);
	if (o->options.proc_root)
		owner_add_proc(o, made);
	if (!made->has_proc && n->owner && n->owner_exec_ns == n->exec_ns)
		owner_carry(made, (struct owner_made *)n->owner);
	owner_add_tags(o, made);
	owner_add_session(o, made);
	if (!made->w.root_comm.n && made->w.root_pid == made->w.pid)
		made->w.root_comm = made->w.comm;
	return &made->w;
}

static struct owner_made *owners_refresh(struct owners *o, struct node *n)
{
	struct owner *fresh;

	if (n && (!n->owner || n->is_stale)) {
		fresh = owner_make(o, n);
		/* out of memory: what was true before is better than nothing */
		if (fresh) {
			owner_unref(n->owner);
			n->owner = fresh;
			n->owner_exec_ns = n->exec_ns;
			n->is_stale = false;
		}
	}
	return n ? (struct owner_made *)n->owner : NULL;
}

struct owner *owners_get(struct owners *o, u32 tgid, u64 start_ns)
{
	struct owner_made *made = owners_refresh(o, nodes_get(&o->nodes, tgid, start_ns));

	if (!made)
		return NULL;
	owner_add_git(o, made);
	return &made->w;
}

void owners_feed(struct owners *o, const struct process_event *ev)
{
	nodes_feed(&o->nodes, ev);
	/* a short-lived client may be gone when its first chunk is read */
	if (ev->ev.kind == EVENT_PROCESS)
		(void)owners_get(o, ev->ev.tgid, ev->ev.start_ns);
	else if (ev->ev.kind == EVENT_EXEC)
		(void)owners_refresh(o, nodes_get(&o->nodes, ev->ev.tgid, ev->ev.start_ns));
}

void owners_hash_credential(const struct owners *o, struct str secret,
			    char ret_hex[OWNER_CREDENTIAL_HEX + 1])
{
	credential_hash(&o->secret, secret, ret_hex);
}

const char *owners_node(const struct owners *o)
{
	return o->host;
}

const char *owners_boot_id(const struct owners *o)
{
	return o->boot_id;
}
