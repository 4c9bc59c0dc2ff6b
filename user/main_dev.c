/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tolltap-dev: record, replay and dump. A recording holds plaintext, so this is a program of its
 * own that `make install` leaves out.
 */
#include "cmd.h"

int main(int argc, char **argv)
{
	static int (*const commands[COMMAND_MAX])(const struct options *o) = {
		[COMMAND_REPLAY] = cmd_replay,
		[COMMAND_RECORD] = cmd_record,
		[COMMAND_DUMP] = cmd_dump,
	};
	struct options o;
	int err = options_parse(argc, argv, true, &o);

	if (err)
		return err > 0 ? 0 : EXIT_USAGE;
	return commands[o.command](&o);
}
