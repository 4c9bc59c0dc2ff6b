/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON object per line and call (docs/RECORD.md), written whole. */
#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "sink/out.h"
#include "sink/record_json.h"
#include "sink/sink.h"

struct ndjson {
	struct sink sink;
	struct out out;
	struct buf line;
};

static void ndjson_write(struct sink *s, const struct record *r)
{
	struct ndjson *j = (struct ndjson *)s;

	buf_clear(&j->line);
	record_json_line(r, &j->line);
	buf_append_char(&j->line, '\n');
	if (j->line.failed)
		stats_add(STAT_NDJSON_LOST, 1);
	else
		out_write(&j->out, buf_str(&j->line));
}

static void ndjson_free(struct sink *s)
{
	struct ndjson *j = (struct ndjson *)s;

	buf_fini(&j->line);
	free(j);
}

static const struct sink_ops ndjson_ops = {
	.name = "ndjson",
	.write = ndjson_write,
	.free = ndjson_free,
};

int sink_ndjson_new(int fd, struct sink **ret)
{
	struct ndjson *j = calloc(1, sizeof(*j));

	if (!j) {
		log_error("no memory for the NDJSON output");
		return -ENOMEM;
	}
	j->sink.ops = &ndjson_ops;
	out_init(&j->out, fd, "the NDJSON output",
		 "free space or keep its reader running; the calls are still in the ledger",
		 STAT_NDJSON_LOST);
	buf_init(&j->line, SINK_LINE_MAX);
	*ret = &j->sink;
	return 0;
}
