/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who spent it: process, parent, cgroup, container, pod, tags, session.
 *
 * Identity is (tgid, start time), delivered by the kernel with the first plaintext, so nothing
 * depends on /proc being there later; /proc adds what the kernel does not send (exe path, working
 * directory). The secret of a credential is hashed here and goes no further. Pipeline thread only;
 * struct owner is counted, because calls outlive processes.
 */
#ifndef TOLLTAP_OWNER_H
#define TOLLTAP_OWNER_H

#include "base/str.h"
#include "base/types.h"
#include "bpf/event.h"

#define OWNER_TAGS_MAX 32		/* given with --tag */
#define OWNER_ENVIRON_TAGS 9		/* and those that environments tell */
#define OWNER_CREDENTIAL_HEX 16

struct owner_tag {
	struct str key;
	struct str value;
	struct str source;	/* command_line, environment */
};

/* All strings live as long as the owner. STR_NONE / 0: unknown. */
struct owner {
	u32 refs;
	u32 pid;
	u32 ppid;
	u32 uid;
	bool has_uid;
	u64 start_ns;			/* boot time */
	struct str comm;
	struct str exe;
	struct str workdir;		/* last component only */
	struct str parent_comm;
	struct str root_comm;		/* topmost ancestor in scope: the command that was run */
	u32 root_pid;
	u64 root_start_ns;
	u64 cgroup_id;
	/* full where /proc told it, else the last names the kernel sent */
	struct str cgroup_path;
	struct str container_id;
	struct str container_runtime;
	struct str container_parent_id;	/* kind, k3d: the outer container */
	struct str pod_uid;
	/* and the rest: known once an API server is asked (later) */
	struct str k8s_namespace;
	struct str git_repo;
	struct str git_branch;
	struct str git_commit;
	size_t tag_cnt;
	struct owner_tag tag[OWNER_TAGS_MAX + OWNER_ENVIRON_TAGS];
	/* of calls that name none themselves: one per tree of processes, or what it inherited */
	struct str session_id;
	struct str session_source;	/* environment | process_tree */
};

struct owners;

struct owners_options {
	const struct owner_tag *tags;	/* --tag; lives as long as the table */
	size_t tag_cnt;
	/* per-install HMAC secret, created 0600 when missing; NULL: ephemeral */
	const char *secret_path;
	/* "/proc"; tests point elsewhere; NULL: never read (replay) */
	const char *proc_root;
	bool keep_full_workdir;
};

int owners_new(const struct owners_options *options, struct owners **ret);
void owners_free(struct owners *o);
/* EVENT_PROCESS, FORK, EXEC, EXIT */
void owners_feed(struct owners *o, const struct process_event *ev);

/*
 * The owner of (tgid, start_ns), made from what is known; never NULL unless memory is out.
 * Borrowed; ref to keep.
 */
struct owner *owners_get(struct owners *o, u32 tgid, u64 start_ns);
struct owner *owner_ref(struct owner *w);
void owner_unref(struct owner *w);			/* NULL is fine */

/* HMAC-SHA256 of a credential under the install's secret, 16 hex digits and NUL. */
void owners_hash_credential(const struct owners *o, struct str secret,
			    char ret_hex[OWNER_CREDENTIAL_HEX + 1]);

const char *owners_node(const struct owners *o);	/* host name */
const char *owners_boot_id(const struct owners *o);

#endif
