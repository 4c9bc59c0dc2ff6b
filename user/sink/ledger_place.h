/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a ledger may stand: makes its folders and its file with the right owner and mode, and turns
 * network file systems down. Private to the room.
 */
#ifndef TOLLTAP_LEDGER_PLACE_H
#define TOLLTAP_LEDGER_PLACE_H

#include "sink/sink.h"

/* What the calling thread's file access is to be given back to. */
struct place_rights {
	uid_t uid;
	gid_t gid;
};

/*
 * Makes folders (0700) and file (0600) where they are missing. On success the calling thread goes
 * on with the file-system rights that could open the file, until place_leave. -errno, logged.
 */
int place_enter(const struct ledger_options *options, struct place_rights *ret_before);
void place_leave(const struct place_rights *before);

/* The name of a network file system on which SQLite's locks do not hold, or NULL. */
const char *place_network(u64 magic, struct str mount_type);

#endif
