/* SPDX-License-Identifier: Apache-2.0 */
/* Turns call + owner + charge into the flat record (base/record.h) that leaves the house. */
#ifndef TOLLTAP_RECORD_MAKE_H
#define TOLLTAP_RECORD_MAKE_H

#include "base/record.h"
#include "llm/call.h"
#include "owner/owner.h"
#include "owner/trace.h"
#include "price/price.h"

struct record_inputs {
	const struct call *call;
	const struct owner *owner;
	const struct charge *charge;
	const struct trace_link *trace;
	const char *node_host;
	const char *boot_id;
	const char *credential_hash;	/* hex, or NULL: no credential was seen */
	const char *tls_stack;		/* "openssl" ... */
	const char *tls_form;		/* "uprobe_multi" ... */
	s64 wall_offset_ns;		/* wall = boot + offset */
};

/* One malloc block, or NULL when memory is out. The builder is reused from call to call. */
struct record *record_make(struct record_builder *b, const struct record_inputs *in);

#endif
