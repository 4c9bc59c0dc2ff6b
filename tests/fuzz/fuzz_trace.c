/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/owner/trace.c */
/* First line: traceparent; the rest: tracestate. Ids are always whole, lower-case and not zero. */
#include <stdlib.h>

#include "owner/trace.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check_id(const char *id, size_t n)
{
	if (strlen(id) != n || strspn(id, "0123456789abcdef") != n || strspn(id, "0") == n)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct trace_seed seed = {.boot_id = "b", .pid = 1};
	struct str rest = {(const char *)data, size};
	struct str parent = STR_NONE;
	struct trace_link link;

	str_next(&rest, '\n', &parent);
	trace_link_make(parent, rest, &seed, &link);
	check_id(link.trace_id, 32);
	check_id(link.span_id, 16);
	if (link.parent_span_id[0])
		check_id(link.parent_span_id, 16);
	else if (link.state.p)
		abort();
	return 0;
}
