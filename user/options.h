/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, parsed once into a const struct options that is handed to whoever needs a part
 * of it. One table holds every option: parsing, `--help` and the manual's check read the same rows.
 *
 * Strings point into argv and live as long as the process.
 */
#ifndef TOLLTAP_OPTIONS_H
#define TOLLTAP_OPTIONS_H

#include <stdio.h>
#include <sys/types.h>

#include "capture/capture.h"
#include "owner/owner.h"

enum command {
	COMMAND_NONE,
	COMMAND_RUN,
	COMMAND_WATCH,
	COMMAND_REPORT,
	COMMAND_RATECARD,
	COMMAND_DOCTOR,
	COMMAND_REPLAY,		/* tolltap-dev from here on */
	COMMAND_RECORD,
	COMMAND_DUMP,
	COMMAND_MAX,
};

enum output_format {
	FORMAT_TABLE,
	FORMAT_NDJSON,
	FORMAT_JSON,
	FORMAT_CSV,
};

enum color_mode {
	COLOR_AUTO,
	COLOR_ALWAYS,
	COLOR_NEVER,
};

#define OPTIONS_LIST_MAX 64

struct options {
	enum command command;
	enum output_format format;
	enum color_mode color;
	/* NULL: standard error under run, standard output elsewhere */
	const char *output;
	const char *ledger;		/* NULL: the default place */
	bool has_no_ledger;
	bool is_quiet;
	bool is_verbose;
	bool is_as_root;
	const char *card[OPTIONS_LIST_MAX];
	size_t card_cnt;
	struct owner_tag tag[OPTIONS_LIST_MAX];
	size_t tag_cnt;
	struct capture_options capture;
	pid_t pid[OPTIONS_LIST_MAX];
	size_t pid_cnt;
	const char *by;			/* report */
	const char *since;
	const char *until;
	const char *where[OPTIONS_LIST_MAX];
	size_t where_cnt;
	/* what follows the options, NULL-terminated: the command, files */
	char *const *rest;
	size_t rest_cnt;
};

#define EXIT_USAGE 2

/*
 * 0: *ret is filled. 1: help or version was printed, exit 0. -EINVAL: one line was printed that
 * names the option and the remedy, exit EXIT_USAGE. is_dev: the commands of tolltap-dev.
 */
int options_parse(int argc, char **argv, bool is_dev, struct options *ret);

#endif
