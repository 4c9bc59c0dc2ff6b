/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who really called: the user behind sudo, else ourselves. What tolltap leaves behind belongs to
 * that user.
 */
#ifndef TOLLTAP_INVOKER_H
#define TOLLTAP_INVOKER_H

#include <sys/types.h>

uid_t invoker_uid(void);
gid_t invoker_gid(void);

/* Gives an open file to the invoking user, if it was just made by root for them. */
void invoker_own_fd(int fd);

/* $XDG_STATE_HOME/tolltap/NAME, or ~/.local/state/tolltap/NAME. -ENOENT: no home; -ENAMETOOLONG. */
int invoker_state_path(const char *name, char *ret_path, size_t size);

#endif
