/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the environment of a process says about who pays for it: tags, and its session.
 *
 * Only the variables that are named here are looked at, everything else in the block (keys,
 * passwords) is passed over. Pure text of other people: a value that is too long, or holds control
 * characters, is left out whole, because half a project code is somebody else's, and counted.
 */
#ifndef TOLLTAP_ENVIRON_H
#define TOLLTAP_ENVIRON_H

#include "base/arena.h"

enum environ_tag {
	ENVIRON_TEAM,
	ENVIRON_PROJECT_CODE,
	ENVIRON_COST_CENTER,
	ENVIRON_TENANT_ID,
	ENVIRON_CUSTOMER_ID,
	ENVIRON_WORKFLOW_ID,
	ENVIRON_PIPELINE_ID,
	ENVIRON_USER,
	ENVIRON_ENV,
	ENVIRON_TAG_MAX,
};

struct environ_facts {
	struct str tag[ENVIRON_TAG_MAX];	/* STR_NONE: not told */
	struct str session_id;
};

/* The key under which a tag is kept: "project_code". */
struct str environ_tag_key(enum environ_tag tag);

/*
 * block: NAME=VALUE, each ended by NUL, as in /proc/PID/environ; a last one without NUL was cut and
 * is passed over. Values are copied into the arena, as far as it has room.
 */
void environ_parse(struct str block, struct arena *arena, struct environ_facts *ret);

#endif
