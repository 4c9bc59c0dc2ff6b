/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process table behind owner.h: one small node per process in scope, whether it ever talks to a
 * model or not. A struct owner is made from a node only when somebody asks.
 *
 * Identity is (tgid, start time); a second index finds the newest process of a pid, which is how
 * parents are found. Dead nodes linger OWNER_LINGER_NS (late chunks name them); past OWNER_MAX the
 * longest dead goes first, then the one not heard of for longest (STAT_OWNER_EVICTED).
 */
#ifndef TOLLTAP_NODE_H
#define TOLLTAP_NODE_H

#include "base/map.h"
#include "bpf/event.h"

struct owner;

struct node_list {
	struct node *head;	/* oldest */
	struct node *tail;
};

struct node {
	u32 pid;
	u64 start_ns;
	u32 ppid;
	u32 uid;
	bool has_uid;
	bool is_dead;
	u64 exit_ns;
	u64 facts_ns;		/* time of the event that comm and uid came from */
	u64 exec_ns;		/* time of the last exec: what /proc told before it is void */
	struct map_key parent;	/* a == 0: unknown */
	u64 root_start_ns;
	u32 root_pid;		/* as last seen, for when the ancestors are gone */
	char comm[EVENT_COMM_LEN + 1];
	char parent_comm[EVENT_COMM_LEN + 1];
	char root_comm[EVENT_COMM_LEN + 1];
	u64 cgroup_id;
	u64 cgroup_v1_id;
	char *cgroup_names;	/* "outer/inner/leaf" as the kernel sent them, or NULL */
	struct owner *owner;	/* one reference, or NULL: not asked for yet */
	u64 owner_exec_ns;	/* exec_ns when it was made */
	bool is_stale;		/* owner was made before the last event */
	struct node *prev, *next;
};

struct nodes {
	struct map *by_key;
	struct map *by_pid;
	struct node_list live;	/* by when they were last heard of */
	struct node_list dead;	/* by exit */
	void (*on_drop)(struct node *n);	/* n is about to be freed */
};

int nodes_init(struct nodes *t, void (*on_drop)(struct node *n));
void nodes_fini(struct nodes *t);

void nodes_feed(struct nodes *t, const struct process_event *ev);

/* Found or made; NULL when memory is out. */
struct node *nodes_get(struct nodes *t, u32 pid, u64 start_ns);

/* Fills in parent and root of n from what the table knows now. */
void nodes_resolve(struct nodes *t, struct node *n);

#endif
