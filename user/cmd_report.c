/* SPDX-License-Identifier: Apache-2.0 */
/* tolltap report: the ledger by any dimension. */
#include "cmd.h"

#include "base/log.h"

int cmd_report(const struct options *o)
{
	(void)o;
	log_error("report: this build has no report yet");
	return EXIT_FAILED;
}
