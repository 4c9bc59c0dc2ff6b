/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is in scope and who a process is: the table of processes, kept by the fork, exec and exit
 * hooks themselves so that user space is never behind, and the identity that each notice carries
 * because /proc may be gone by the time it is read.
 */
#include "common.bpf.h"

#include <bpf/bpf_core_read.h>

#define MEMORY_CGROUP_MAX 16

/* made by user space and on_fork, deleted by on_exit */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct scope);
} scopes SEC(".maps");

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* --- who a process is ----------------------------------------------------------------------- */

/* 6.15 made the parent pointer RCU-managed and renamed it */
struct kernfs_node___new {
	struct kernfs_node *__parent;
} __attribute__((preserve_access_index));

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *kn)
{
	struct kernfs_node___new *n = (void *)kn;

	if (bpf_core_field_exists(n->__parent))
		return BPF_CORE_READ(n, __parent);
	return BPF_CORE_READ(kn, parent);
}

/* The process's cgroup in the memory (else pids) hierarchy, where that is not the v2 one. */
static __noinline struct cgroup *cgroup_v1(struct css_set *set)
{
	u64 id = MEMORY_CGROUP_MAX;

	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		id = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	else if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		id = bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
	if (id >= MEMORY_CGROUP_MAX)
		return 0;

	struct cgroup_subsys_state *css = 0;
	u64 offset = bpf_core_field_offset(struct css_set, subsys) + id * sizeof(css);

	bpf_probe_read_kernel(&css, sizeof(css), (void *)set + offset);
	struct cgroup *cg = BPF_CORE_READ(css, cgroup);
	if (BPF_CORE_READ(cg, root) == BPF_CORE_READ(set, dfl_cgrp, root))
		return 0;
	return cg;
}

static __always_inline u64 cgroup_kernfs_id(struct cgroup *cg)
{
	return cg ? BPF_CORE_READ(cg, kn, id) : 0;
}

/* Both ids, read again only when the process was moved to another cgroup. */
__hidden int scope_refresh(struct scope *s)
{
	struct task_struct *task = current_task();
	struct css_set *set = BPF_CORE_READ(task, cgroups);

	if (!s->start_ns)
		s->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	if (s->css_set == (u64)set)
		return 0;
	s->cgroup_id = cgroup_kernfs_id(BPF_CORE_READ(set, dfl_cgrp));
	s->cgroup_v1_id = cgroup_kernfs_id(cgroup_v1(set));
	s->css_set = (u64)set;
	return 0;
}

/* The last names of the cgroup path; of the v1 path where the v2 one is only the root. */
static __noinline int process_cgroup(struct process_event *p, struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup *v2 = BPF_CORE_READ(set, dfl_cgrp);
	struct cgroup *v1 = cgroup_v1(set);
	struct kernfs_node *kn;

	p->cgroup_id = cgroup_kernfs_id(v2);
	p->cgroup_v1_id = cgroup_kernfs_id(v1);
	kn = v1 && !BPF_CORE_READ(v2, level) ? BPF_CORE_READ(v1, kn) : BPF_CORE_READ(v2, kn);
	for (int i = 0; i < EVENT_CGROUP_NAMES; i++) {
		p->cgroup_name[i][0] = 0;
		if (!kn)
			continue;
		bpf_probe_read_kernel_str(p->cgroup_name[i], EVENT_CGROUP_NAME_LEN,
					  BPF_CORE_READ(kn, name));
		kn = kernfs_parent(kn);
	}
	return 0;
}

static __noinline int emit_process(struct task_struct *task, u32 kind)
{
	void *ring = ring_current();
	if (!ring)
		return -1;
	struct process_event *p = bpf_ringbuf_reserve(ring, sizeof(*p), 0);
	if (!p) {
		count(KC_PROCESS_LOST, 1);
		return -1;
	}

	struct file *exe = BPF_CORE_READ(task, mm, exe_file);

	p->ev.size = sizeof(*p);
	p->ev.kind = kind;
	p->ev.flags = 0;
	p->ev.ts_ns = bpf_ktime_get_boot_ns();
	p->ev.tgid = BPF_CORE_READ(task, tgid);
	p->ev.tid = BPF_CORE_READ(task, pid);
	p->ev.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	p->ppid = BPF_CORE_READ(task, real_parent, tgid);
	p->uid = BPF_CORE_READ(task, cred, uid.val);
	p->exe_inode = BPF_CORE_READ(exe, f_inode, i_ino);
	p->exe_dev = BPF_CORE_READ(exe, f_inode, i_sb, s_dev);
	p->pad = 0;
	process_cgroup(p, task);
	BPF_CORE_READ_STR_INTO(&p->comm, task, group_leader, comm);
	/* rare and urgent: a child must get its probes before it talks */
	bpf_ringbuf_submit(p, kind == EVENT_PROCESS ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP);
	return 0;
}

/* --- scope ---------------------------------------------------------------------------------- */

__hidden struct scope *scope_find(u32 tgid)
{
	return bpf_map_lookup_elem(&scopes, &tgid);
}

__hidden int process_emit(u32 kind)
{
	return emit_process(current_task(), kind);
}

__hidden struct scope *scope_enter(void)
{
	u32 tgid = current_tgid();

	count(KC_HITS, 1);
	struct scope *s = bpf_map_lookup_elem(&scopes, &tgid);
	if (!s)
		count(KC_REJECTED, 1);
	return s;
}

/*
 * More bytes than there was room for, or a count that stands nowhere: not the function we think.
 * Global as core.bpf.c's pieces are: verified once.
 */
__noinline int doubt_emit(u32 stack)
{
	void *ring = ring_current();
	struct doubt_event *d = ring ? bpf_ringbuf_reserve(ring, sizeof(*d), 0) : 0;

	if (!d)
		return 0;
	*d = (struct doubt_event){
		.ev = { .size = sizeof(*d), .kind = EVENT_DOUBT },
		.stack = stack,
	};
	d->ev.ts_ns = bpf_ktime_get_boot_ns();
	d->ev.tgid = current_tgid();
	bpf_ringbuf_submit(d, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *parent = (void *)ctx->args[0];
	struct task_struct *child = (void *)ctx->args[1];
	u32 parent_tgid = BPF_CORE_READ(parent, tgid);
	u32 tgid = BPF_CORE_READ(child, tgid);
	struct scope s = {};

	if ((u32)BPF_CORE_READ(child, pid) != tgid)
		return 0;	/* a thread */
	if (!bpf_map_lookup_elem(&scopes, &parent_tgid))
		return 0;
	s.start_ns = BPF_CORE_READ(child, start_boottime);
	s.parent = parent_tgid;
	if (bpf_map_update_elem(&scopes, &tgid, &s, BPF_ANY)) {
		count(KC_SCOPE_FULL, 1);
		return 0;
	}
	emit_process(child, EVENT_FORK);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	u32 tgid = current_tgid();
	struct scope *s = bpf_map_lookup_elem(&scopes, &tgid);

	if (!s)
		return 0;
	s->image++;
	s->parent = 0;
	s->is_identified = 0;
	emit_process(current_task(), EVENT_EXEC);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = current_task();
	u32 tgid = current_tgid();

	if (!bpf_map_lookup_elem(&scopes, &tgid))
		return 0;
	calls_forget_thread();
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	/* the two last threads may both see zero: the one that deletes tells */
	if (!bpf_map_delete_elem(&scopes, &tgid))
		emit_process(task, EVENT_EXIT);
	return 0;
}
