/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few lines of a git checkout that tolltap reads, as pure text: HEAD, `.git` files,
 * packed-refs; and the mount table that says which paths may be touched at all. Files of other
 * people: everything is checked, nothing is trusted.
 */
#ifndef TOLLTAP_GIT_TEXT_H
#define TOLLTAP_GIT_TEXT_H

#include "base/str.h"

/* 40 (SHA-1) or 64 (SHA-256) lower-case hex digits after trimming, else STR_NONE. */
struct str git_text_commit(struct str text);

/*
 * HEAD: `ref: refs/heads/<branch>` sets *ret_ref (safe as a relative path), a bare commit sets
 * *ret_commit. False: neither.
 */
bool git_text_head(struct str text, struct str *ret_ref, struct str *ret_commit);

/* `gitdir: <path>` of a worktree's or submodule's .git file, or STR_NONE. */
struct str git_text_gitdir(struct str text);

/* The commit of ref in packed-refs, or STR_NONE. */
struct str git_text_packed(struct str text, struct str ref);

/*
 * Whether path lies on a file system of this machine: asking one behind a network or a user's
 * daemon may wait for ever. Mount table as in /proc/PID/mountinfo. Unknown: false.
 */
bool git_text_is_local(struct str mountinfo, struct str path);

#endif
