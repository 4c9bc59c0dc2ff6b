/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: one small file each; the result is the program's exit status. */
#ifndef TOLLTAP_CMD_H
#define TOLLTAP_CMD_H

#include "options.h"

#define EXIT_FAILED 1

int cmd_run(const struct options *o);
int cmd_watch(const struct options *o);
int cmd_report(const struct options *o);
int cmd_ratecard(const struct options *o);
int cmd_doctor(const struct options *o);

/* tolltap-dev */
int cmd_replay(const struct options *o);
int cmd_record(const struct options *o);
int cmd_dump(const struct options *o);

#endif
