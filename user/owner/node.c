/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of one process may come in any order, because every CPU has its own ring: facts carry the
 * time they were true at, and an older fact never replaces a newer one.
 */
#include "owner/node.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/stats.h"
#include "base/str.h"

#define NODE_DEPTH_MAX 64

static struct map_key node_key(u32 pid, u64 start_ns)
{
	return (struct map_key){pid, start_ns};
}

static void node_unlink(struct node_list *list, struct node *n)
{
	*(n->prev ? &n->prev->next : &list->head) = n->next;
	*(n->next ? &n->next->prev : &list->tail) = n->prev;
	n->prev = n->next = NULL;
}

static void node_append(struct node_list *list, struct node *n)
{
	n->prev = list->tail;
	*(list->tail ? &list->tail->next : &list->head) = n;
	list->tail = n;
}

static void nodes_drop(struct nodes *t, struct node *n)
{
	node_unlink(n->is_dead ? &t->dead : &t->live, n);
	map_remove(t->by_key, node_key(n->pid, n->start_ns));
	if (map_get(t->by_pid, node_key(n->pid, 0)) == n)
		map_remove(t->by_pid, node_key(n->pid, 0));
	t->on_drop(n);
	free(n->cgroup_names);
	free(n);
}

int nodes_init(struct nodes *t, void (*on_drop)(struct node *n))
{
	*t = (struct nodes){
		.by_key = map_new(OWNER_MAX),
		.by_pid = map_new(OWNER_MAX),
		.on_drop = on_drop,
	};
	return t->by_key && t->by_pid ? 0 : -ENOMEM;
}

void nodes_fini(struct nodes *t)
{
	while (t->live.head)
		nodes_drop(t, t->live.head);
	while (t->dead.head)
		nodes_drop(t, t->dead.head);
	map_free(t->by_key);
	map_free(t->by_pid);
}

static void nodes_make_room(struct nodes *t)
{
	if (map_count(t->by_key) < OWNER_MAX)
		return;
	stats_add(STAT_OWNER_EVICTED, 1);
	nodes_drop(t, t->dead.head ? t->dead.head : t->live.head);
}

static struct node *nodes_add(struct nodes *t, u32 pid, u64 start_ns)
{
	struct node *newest = map_get(t->by_pid, node_key(pid, 0));
	struct node *n;

	nodes_make_room(t);
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->pid = pid;
	n->start_ns = start_ns;
	if (map_put(t->by_key, node_key(pid, start_ns), n)) {
		free(n);
		return NULL;
	}
	node_append(&t->live, n);
	/* nodes_make_room may have freed the newest: ask again */
	if (newest)
		newest = map_get(t->by_pid, node_key(pid, 0));
	if (!newest || newest->start_ns < start_ns)
		/* without this entry children do not find their parent; nothing worse */
		(void)map_put(t->by_pid, node_key(pid, 0), n);
	return n;
}

struct node *nodes_get(struct nodes *t, u32 pid, u64 start_ns)
{
	struct node *n = map_get(t->by_key, node_key(pid, start_ns));

	if (!n)
		return nodes_add(t, pid, start_ns);
	if (!n->is_dead) {
		node_unlink(&t->live, n);
		node_append(&t->live, n);
	}
	return n;
}

static void nodes_expire(struct nodes *t, u64 now_ns)
{
	while (t->dead.head && t->dead.head->exit_ns + OWNER_LINGER_NS < now_ns)
		nodes_drop(t, t->dead.head);
}

static void node_take_cgroup(struct node *n, const struct process_event *ev)
{
	char names[EVENT_CGROUP_NAMES * (EVENT_CGROUP_NAME_LEN + 1) + 1];
	size_t used = 0;

	if (ev->cgroup_id)
		n->cgroup_id = ev->cgroup_id;
	if (ev->cgroup_v1_id)
		n->cgroup_v1_id = ev->cgroup_v1_id;
	for (int i = EVENT_CGROUP_NAMES - 1; i >= 0; i--) {
		size_t len = strnlen(ev->cgroup_name[i], EVENT_CGROUP_NAME_LEN);

		if (len == 0 || (len == 1 && ev->cgroup_name[i][0] == '/'))
			continue;
		if (used)
			names[used++] = '/';
		memcpy(names + used, ev->cgroup_name[i], len);
		used += len;
	}
	if (used) {
		free(n->cgroup_names);
		n->cgroup_names = strndup(names, used);
	}
}

static void node_take_facts(struct node *n, const struct process_event *ev)
{
	if (ev->ev.ts_ns < n->facts_ns)
		return;
	n->facts_ns = ev->ev.ts_ns;
	if (ev->comm[0]) {
		n->uid = ev->uid;
		n->has_uid = true;
		str_to_c((struct str){ev->comm, strnlen(ev->comm, EVENT_COMM_LEN)}, n->comm,
			 sizeof(n->comm));
	}
	/* a parent that exits first hands its children to init; the first one asked for them */
	if (ev->ppid && !n->ppid)
		n->ppid = ev->ppid;
	node_take_cgroup(n, ev);
	if (ev->ev.kind == EVENT_EXEC)
		n->exec_ns = ev->ev.ts_ns;
}

static void nodes_exit(struct nodes *t, struct node *n, u64 ts_ns)
{
	if (n->is_dead)
		return;
	node_unlink(&t->live, n);
	n->is_dead = true;
	n->exit_ns = ts_ns;
	node_append(&t->dead, n);
}

void nodes_feed(struct nodes *t, const struct process_event *ev)
{
	struct node *n;

	nodes_expire(t, ev->ev.ts_ns);
	n = nodes_get(t, ev->ev.tgid, ev->ev.start_ns);
	if (!n)
		return;
	if (ev->ev.kind == EVENT_EXIT) {
		nodes_exit(t, n, ev->ev.ts_ns);
		return;
	}
	node_take_facts(n, ev);
	n->is_stale = true;
	/* at once: the parent may be gone by the time somebody asks */
	nodes_resolve(t, n);
}

static void nodes_find_parent(struct nodes *t, struct node *n)
{
	struct node *parent;

	if (n->parent.a || !n->ppid)
		return;
	parent = map_get(t->by_pid, node_key(n->ppid, 0));
	/* a younger process of that pid is somebody else */
	if (parent && parent != n && parent->start_ns <= n->start_ns)
		n->parent = node_key(parent->pid, parent->start_ns);
}

void nodes_resolve(struct nodes *t, struct node *n)
{
	struct node *at = n;

	nodes_find_parent(t, n);
	for (int depth = 0; depth < NODE_DEPTH_MAX && at->parent.a; depth++) {
		struct node *parent = map_get(t->by_key, at->parent);

		if (!parent)
			break;
		if (at == n && parent->comm[0])
			memcpy(n->parent_comm, parent->comm, sizeof(n->parent_comm));
		at = parent;
	}
	if (at->parent.a && at->root_pid) {
		/* the chain breaks at somebody whose ancestors are gone: what was known then */
		n->root_pid = at->root_pid;
		n->root_start_ns = at->root_start_ns;
		memmove(n->root_comm, at->root_comm, sizeof(n->root_comm));
	} else {
		n->root_pid = at->pid;
		n->root_start_ns = at->start_ns;
		memmove(n->root_comm, at->comm, sizeof(n->root_comm));
	}
}
