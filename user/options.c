/* SPDX-License-Identifier: Apache-2.0 */
/* The option table, the parser that reads it and the help that prints it. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "base/log.h"

#define IN(command) (1u << (command))
#define TRACING (IN(COMMAND_RUN) | IN(COMMAND_WATCH) | IN(COMMAND_RECORD))
#define PRICING (IN(COMMAND_RUN) | IN(COMMAND_WATCH) | IN(COMMAND_REPLAY))
#define SHOWING (PRICING | IN(COMMAND_REPORT))

typedef int (*option_fn)(struct options *o, const char *value);

struct option_row {
	const char *name;
	const char *value;	/* NULL: a switch */
	unsigned int commands;
	option_fn set;
	const char *help;
};

static int set_format(struct options *o, const char *v)
{
	static const struct {
		const char *name;
		enum output_format format;
		unsigned int commands;
	} formats[] = {
		{"table", FORMAT_TABLE, SHOWING},
		{"ndjson", FORMAT_NDJSON, PRICING},
		{"json", FORMAT_JSON, IN(COMMAND_REPORT)},
		{"csv", FORMAT_CSV, IN(COMMAND_REPORT)},
	};

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (strcmp(v, formats[i].name) == 0 && formats[i].commands & IN(o->command)) {
			o->format = formats[i].format;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_json(struct options *o, const char *v)
{
	(void)v;
	o->format = FORMAT_JSON;
	return 0;
}

static int set_color(struct options *o, const char *v)
{
	static const char *const names[] = {"auto", "always", "never"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(v, names[i]) == 0) {
			o->color = (enum color_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_form(struct options *o, const char *v)
{
	static const char *const names[] = {"auto", "perf", "multi", "session"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(v, names[i]) == 0) {
			o->capture.form = (enum capture_form)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_output(struct options *o, const char *v)
{
	o->output = v;
	return *v ? 0 : -EINVAL;
}

static int set_ledger(struct options *o, const char *v)
{
	o->ledger = v;
	return *v ? 0 : -EINVAL;
}

static int set_no_ledger(struct options *o, const char *v)
{
	(void)v;
	o->has_no_ledger = true;
	return 0;
}

static int set_quiet(struct options *o, const char *v)
{
	(void)v;
	o->is_quiet = true;
	return 0;
}

static int set_verbose(struct options *o, const char *v)
{
	(void)v;
	o->is_verbose = true;
	return 0;
}

static int set_as_root(struct options *o, const char *v)
{
	(void)v;
	o->is_as_root = true;
	return 0;
}

static int set_exact(struct options *o, const char *v)
{
	(void)v;
	o->capture.is_exact = true;
	return 0;
}

static int set_no_plain(struct options *o, const char *v)
{
	(void)v;
	o->capture.has_no_plain = true;
	return 0;
}

static int set_ring_bytes(struct options *o, const char *v)
{
	u64 n;

	if (str_to_u64(str_of(v), &n) || n < 65536 || n > 1u << 30 || (n & (n - 1)))
		return -EINVAL;
	o->capture.ring_bytes = n;
	return 0;
}

static int list_add(const char *list[], size_t *cnt, const char *v)
{
	if (*cnt == OPTIONS_LIST_MAX)
		return -E2BIG;
	list[(*cnt)++] = v;
	return 0;
}

static int add_card(struct options *o, const char *v)
{
	return list_add(o->card, &o->card_cnt, v);
}

static int add_where(struct options *o, const char *v)
{
	return strchr(v, '=') ? list_add(o->where, &o->where_cnt, v) : -EINVAL;
}

static int add_tag(struct options *o, const char *v)
{
	const char *eq = strchr(v, '=');

	if (!eq || eq == v || !eq[1])
		return -EINVAL;
	if (o->tag_cnt == OWNER_TAGS_MAX)
		return -E2BIG;
	o->tag[o->tag_cnt++] = (struct owner_tag){
		.key = {v, (size_t)(eq - v)},
		.value = str_of(eq + 1),
		.source = STR("command_line"),
	};
	return 0;
}

static int add_pid(struct options *o, const char *v)
{
	u64 pid;

	if (str_to_u64(str_of(v), &pid) || pid == 0 || pid > 1u << 30)
		return -EINVAL;
	if (o->pid_cnt == OPTIONS_LIST_MAX)
		return -E2BIG;
	o->pid[o->pid_cnt++] = (pid_t)pid;
	return 0;
}

static int set_by(struct options *o, const char *v)
{
	o->by = v;
	return 0;
}

static int set_since(struct options *o, const char *v)
{
	o->since = v;
	return 0;
}

static int set_until(struct options *o, const char *v)
{
	o->until = v;
	return 0;
}

static const struct option_row option_rows[] = {
	{"pid", "PID", IN(COMMAND_WATCH) | IN(COMMAND_DOCTOR), add_pid,
	 "trace this process and what it starts (doctor: look at it); may be given again"},
	{"json", NULL, IN(COMMAND_DOCTOR), set_json, "one JSON object instead of lines"},
	{"by", "DIM[,DIM]", IN(COMMAND_REPORT), set_by,
	 "group by model, provider, process, user, session, day, tag:KEY ..."},
	{"since", "TIME", IN(COMMAND_REPORT), set_since, "24h, 7d, 30m, or a date"},
	{"until", "TIME", IN(COMMAND_REPORT), set_until, "the same; default: now"},
	{"where", "DIM=VALUE", IN(COMMAND_REPORT), add_where, "only these; may be given again"},
	{"format", "FORMAT", SHOWING, set_format,
	 "table or ndjson (report: table, json or csv)"},
	{"output", "FILE", SHOWING | IN(COMMAND_RECORD), set_output,
	 "write there; default: standard error under run, else standard output"},
	{"ledger", "FILE", SHOWING | IN(COMMAND_DOCTOR), set_ledger,
	 "default: $XDG_STATE_HOME/tolltap/ledger.db of the invoking user"},
	{"no-ledger", NULL, PRICING, set_no_ledger, "keep no ledger"},
	{"ratecard", "PATH", PRICING, add_card,
	 "a rate card, or a folder of them, over the built-in ones; may be given again"},
	{"tag", "KEY=VALUE", PRICING, add_tag,
	 "mark every call, e.g. team=payments; may be given again"},
	{"exact", NULL, TRACING, set_exact,
	 "no window at all for known files, at the price of a trap in other processes"},
	{"no-plain", NULL, TRACING, set_no_plain,
	 "do not look at HTTP without TLS (local models, sidecars)"},
	{"form", "FORM", TRACING, set_form,
	 "auto, session, multi or perf: how probes are attached"},
	{"ring-bytes", "N", TRACING, set_ring_bytes, "size of one ring buffer, a power of two"},
	{"as-root", NULL, IN(COMMAND_RUN) | IN(COMMAND_RECORD), set_as_root,
	 "run the command as root instead of the user who called sudo"},
	{"quiet", NULL, PRICING, set_quiet, "no line per call, no receipt"},
	{"color", "WHEN", PRICING, set_color, "auto, always or never"},
	{"verbose", NULL, SHOWING | TRACING | IN(COMMAND_DOCTOR), set_verbose,
	 "say what is being done, and every counter at the end"},
};

static const struct {
	const char *name;
	enum command command;
	bool is_dev;
	const char *arguments;
	const char *help;
} command_rows[] = {
	{"run", COMMAND_RUN, false, "[OPTION]... [--] COMMAND [ARG]...",
	 "trace a command and all it starts; a line per call, a receipt at the end"},
	{"watch", COMMAND_WATCH, false, "[OPTION]... --pid PID", "the same for what already runs"},
	{"report", COMMAND_REPORT, false, "[OPTION]...", "the ledger by any dimension"},
	{"ratecard", COMMAND_RATECARD, false, "lint FILE...", "check rate cards"},
	{"doctor", COMMAND_DOCTOR, false, "[OPTION]... [FILE]...",
	 "can this host, a process or a file be traced; if not, why and what to do"},
	{"replay", COMMAND_REPLAY, true, "[OPTION]... FILE", "feed a recording to the pipeline"},
	{"record", COMMAND_RECORD, true, "--output FILE [--] COMMAND [ARG]...",
	 "write what the probes copy to a file; it holds plaintext"},
	{"dump", COMMAND_DUMP, true, "FILE", "per connection and direction: bytes and SHA-256"},
};

static void print_usage(FILE *out, const char *program, bool is_dev)
{
	fprintf(out, "usage: %s COMMAND [OPTION]...\n\n", program);
	for (size_t i = 0; i < ARRAY_LEN(command_rows); i++)
		if (command_rows[i].is_dev == is_dev)
			fprintf(out, "  %-10s %s\n", command_rows[i].name, command_rows[i].help);
	fprintf(out, "\n`%s COMMAND --help` lists the options of one.\n", program);
	if (!is_dev)
		fputs("\nstart here:  sudo tolltap run -- python3 my_agent.py\n", out);
}

static void print_command_help(const char *program, size_t row)
{
	enum command command = command_rows[row].command;

	printf("usage: %s %s %s\n\n%s\n\n", program, command_rows[row].name,
	       command_rows[row].arguments, command_rows[row].help);
	for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
		const struct option_row *r = &option_rows[i];
		char left[64];

		if (!(r->commands & IN(command)))
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", r->name, r->value ? " " : "",
			 r->value ? r->value : "");
		printf("  %-22s %s\n", left, r->help);
	}
}

static int complain(const char *program, const char *command, int err, const char *option,
		    const char *value)
{
	if (err == -E2BIG)
		log_error("--%s is given too often; use a folder or a file instead", option);
	else
		log_error("--%s does not take '%s'; see `%s %s --help`", option, value, program,
			  command);
	return -EINVAL;
}

static int parse_rows(int argc, char **argv, const char *program, size_t row, struct options *o)
{
	struct option longs[ARRAY_LEN(option_rows) + 2] = {};
	const char *command = command_rows[row].name;
	size_t index[ARRAY_LEN(option_rows)];
	size_t n = 0;
	int got;

	for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
		if (!(option_rows[i].commands & IN(o->command)))
			continue;
		longs[n] = (struct option){option_rows[i].name,
					   option_rows[i].value ? required_argument : no_argument,
					   NULL, 1000 + (int)n};
		index[n++] = i;
	}
	longs[n] = (struct option){"help", no_argument, NULL, 'h'};

	opterr = 0;
	optind = 1;
	while ((got = getopt_long(argc, argv, "+:hvq", longs, NULL)) != -1) {
		if (got == 'h') {
			print_command_help(program, row);
			return 1;
		}
		if (got == 'v' || got == 'q') {
			*(got == 'v' ? &o->is_verbose : &o->is_quiet) = true;
			continue;
		}
		if (got < 1000) {
			log_error("%s: %s '%s'; see `%s %s --help`", command,
				  got == ':' ? "no value after" : "unknown option",
				  argv[optind - 1], program, command);
			return -EINVAL;
		}

		const struct option_row *r = &option_rows[index[got - 1000]];
		int err = r->set(o, optarg);

		if (err)
			return complain(program, command, err, r->name, optarg);
	}
	o->rest = argv + optind;
	o->rest_cnt = (size_t)(argc - optind);
	return 0;
}

/* What a command needs besides options. */
static int check_rest(const char *program, const char *command, const struct options *o)
{
	const char *missing = NULL;

	if ((o->command == COMMAND_RUN || o->command == COMMAND_RECORD) && !o->rest_cnt)
		missing = "a command to run, after --";
	else if (o->command == COMMAND_RECORD && !o->output)
		missing = "--output FILE";
	else if (o->command == COMMAND_WATCH && !o->pid_cnt)
		missing = "--pid PID";
	else if ((o->command == COMMAND_REPLAY || o->command == COMMAND_DUMP) && o->rest_cnt != 1)
		missing = "one FILE";
	else if (o->command == COMMAND_RATECARD &&
		 (o->rest_cnt < 2 || strcmp(o->rest[0], "lint") != 0))
		missing = "lint FILE...";
	else if ((o->command == COMMAND_WATCH || o->command == COMMAND_REPORT) && o->rest_cnt)
		missing = "no argument besides its options";
	if (missing) {
		log_error("%s needs %s; see `%s %s --help`", command, missing, program, command);
		return -EINVAL;
	}
	return 0;
}

int options_parse(int argc, char **argv, bool is_dev, struct options *ret)
{
	const char *program = is_dev ? "tolltap-dev" : "tolltap";
	struct options o = {};

	if (argc < 2) {
		print_usage(stderr, program, is_dev);
		return -EINVAL;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 ||
	    strcmp(argv[1], "-h") == 0) {
		print_usage(stdout, program, is_dev);
		return 1;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("tolltap %s\n", TOLLTAP_VERSION);
		return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(command_rows); i++) {
		if (command_rows[i].is_dev != is_dev || strcmp(argv[1], command_rows[i].name) != 0)
			continue;
		o.command = command_rows[i].command;

		int err = parse_rows(argc - 1, argv + 1, program, i, &o);

		if (!err)
			err = check_rest(program, argv[1], &o);
		if (!err)
			*ret = o;
		return err;
	}
	log_error("unknown command '%s'; `%s --help` lists them", argv[1], program);
	return -EINVAL;
}
