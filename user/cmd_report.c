/* SPDX-License-Identifier: Apache-2.0 */
/* tolltap report: the ledger by any dimension. */
#include "cmd.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "invoker.h"
#include "sink/report.h"

static enum report_format report_format_of(enum output_format format)
{
	if (format == FORMAT_JSON)
		return REPORT_JSON;
	return format == FORMAT_CSV ? REPORT_CSV : REPORT_TABLE;
}

int cmd_report(const struct options *o)
{
	struct report_options report = {
		.ledger = o->ledger,
		.by = o->by,
		.since = o->since,
		.until = o->until,
		.where = o->where,
		.where_cnt = o->where_cnt,
		.format = report_format_of(o->format),
	};
	__cleanup_fclose FILE *file = o->output ? fopen(o->output, "we") : NULL;
	FILE *out = file ? file : stdout;
	char path[4096];
	int err;

	if (o->output && !file) {
		log_error("cannot write %s: %s; give --output a file that you may write", o->output,
			  strerror(errno));
		return EXIT_FAILED;
	}
	if (!report.ledger) {
		err = invoker_state_path("ledger.db", path, sizeof(path));
		if (err) {
			log_error("no place for the ledger: %s; name one with --ledger FILE",
				  strerror(-err));
			return EXIT_FAILED;
		}
		report.ledger = path;
	}
	err = report_run(&report, out);
	if (!err && fflush(out)) {
		log_error("cannot write the report: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (err)
		return err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	return 0;
}
