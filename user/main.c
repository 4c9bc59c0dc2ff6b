/* SPDX-License-Identifier: Apache-2.0 */
/* tolltap: parses the command line and runs one command. */
#include "base/log.h"
#include "cmd.h"

int main(int argc, char **argv)
{
	static int (*const commands[COMMAND_MAX])(const struct options *o) = {
		[COMMAND_RUN] = cmd_run,
		[COMMAND_WATCH] = cmd_watch,
		[COMMAND_REPORT] = cmd_report,
		[COMMAND_RATECARD] = cmd_ratecard,
		[COMMAND_DOCTOR] = cmd_doctor,
	};
	struct options o;
	int err = options_parse(argc, argv, false, &o);

	if (err)
		return err > 0 ? 0 : EXIT_USAGE;
	return commands[o.command](&o);
}
