/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tolltap doctor: can this host be traced, what would become of a file or a process, what is dark
 * and why. Only looks, and only at what was named.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_write.h"
#include "base/log.h"
#include "cmd.h"
#include "invoker.h"

#define DOCTOR_TEXT_MAX (16u << 20)

struct doctor {
	struct buf out;
	struct json_write json;
	bool is_json;
	bool is_capable;		/* of all that was asked about */
};

static const char *const state_names[] = {
	[HOST_OK] = "ok",
	[HOST_WARN] = "warn",
	[HOST_FAIL] = "fail",
	[HOST_UNKNOWN] = "unknown",
};

/* Paths and names come from other processes: no terminal may obey them. */
static void doctor_print_clean(struct doctor *d, const char *text)
{
	for (const char *p = text; *p; p++)
		buf_append_char(&d->out, *p >= ' ' && *p < 0x7f ? *p : '?');
}

static void doctor_member(struct doctor *d, const char *key, const char *value)
{
	json_write_key(&d->json, str_of(key));
	json_write_str(&d->json, str_of(value));
}

static void doctor_number(struct doctor *d, const char *key, u64 value)
{
	json_write_key(&d->json, str_of(key));
	json_write_u64(&d->json, value);
}

static void doctor_flag(struct doctor *d, const char *key, bool value)
{
	json_write_key(&d->json, str_of(key));
	json_write_bool(&d->json, value);
}

static void doctor_list(struct doctor *d, const char *key)
{
	if (!d->is_json)
		return;
	json_write_key(&d->json, str_of(key));
	json_write_open(&d->json, '[');
}

static void doctor_list_end(struct doctor *d)
{
	if (d->is_json)
		json_write_close(&d->json, ']');
}

/* --- the host ------------------------------------------------------------------------------- */

static void on_fact(void *arg, const struct host_fact *fact)
{
	struct doctor *d = arg;

	if (d->is_json) {
		json_write_open(&d->json, '{');
		doctor_member(d, "check", fact->name);
		doctor_member(d, "state", state_names[fact->state]);
		doctor_member(d, "value", fact->value);
		if (fact->remedy[0])
			doctor_member(d, "remedy", fact->remedy);
		json_write_close(&d->json, '}');
		return;
	}
	buf_printf(&d->out, "  %-7s  %-17s ", state_names[fact->state], fact->name);
	doctor_print_clean(d, fact->value);
	if (fact->remedy[0])
		buf_printf(&d->out, "\n%29s%s", "-> ", fact->remedy);
	buf_append_char(&d->out, '\n');
}

/* The folder that is there and would hold what is missing. */
static void nearest_folder(char *path)
{
	struct stat st;

	while (stat(path, &st)) {
		char *slash = strrchr(path, '/');

		if (!slash || slash == path) {
			str_to_c(slash ? STR("/") : STR("."), path, 2);
			return;
		}
		*slash = 0;
	}
}

static void doctor_ledger(struct doctor *d, const struct options *o)
{
	struct host_fact fact = {.name = "ledger", .state = HOST_OK, .remedy = ""};
	char path[4096], folder[4096], text[4200];

	fact.value = text;
	if (o->ledger) {
		str_to_c(str_of(o->ledger), path, sizeof(path));
	} else if (invoker_state_path("ledger.db", path, sizeof(path))) {
		fact.state = HOST_WARN;
		fact.value = "no home folder to keep it in";
		fact.remedy = "name one with --ledger FILE, or use --no-ledger";
		on_fact(d, &fact);
		return;
	}
	str_to_c(str_of(path), folder, sizeof(folder));
	nearest_folder(folder);
	if (access(folder, W_OK)) {
		fact.state = HOST_WARN;
		fact.remedy = "name a place that you may write with --ledger FILE";
		snprintf(text, sizeof(text), "%s: %s", path, strerror(errno));
	} else {
		snprintf(text, sizeof(text), "%s", path);
	}
	on_fact(d, &fact);
}

static void doctor_host(struct doctor *d, const struct options *o)
{
	doctor_list(d, "host");
	if (!capture_examine_host(on_fact, d))
		d->is_capable = false;
	doctor_ledger(d, o);
	doctor_list_end(d);
	if (!d->is_json)
		buf_printf(&d->out, "\n%s\n",
			   d->is_capable ? "processes on this host can be traced"
					 : "this host cannot be traced as it is: mend what failed");
}

/* --- files ---------------------------------------------------------------------------------- */

static void file_json(struct doctor *d, const struct file_report *r)
{
	json_write_open(&d->json, '{');
	doctor_member(d, "path", r->path);
	doctor_flag(d, "traced", !r->why);
	if (r->why)
		doctor_member(d, "why", r->why);
	if (r->build_id[0])
		doctor_member(d, "build_id", r->build_id);
	if (r->has_lpstub)
		doctor_flag(d, "after_start_up", true);
	doctor_list(d, "sites");
	for (size_t i = 0; i < r->site_cnt; i++) {
		json_write_open(&d->json, '{');
		doctor_member(d, "function", r->site[i].function);
		doctor_member(d, "stack", r->site[i].stack);
		doctor_number(d, "offset", r->site[i].offset);
		doctor_member(d, "class", r->site[i].class);
		json_write_close(&d->json, '}');
	}
	doctor_list_end(d);
	json_write_close(&d->json, '}');
}

static void file_text(struct doctor *d, const struct file_report *r)
{
	buf_append_str(&d->out, r->why ? STR("not traced  ") : STR("traced      "));
	doctor_print_clean(d, r->path);
	buf_append_char(&d->out, '\n');
	if (r->why)
		buf_printf(&d->out, "            %s\n", r->why);
	if (r->build_id[0])
		buf_printf(&d->out, "            build-id %s\n", r->build_id);
	if (r->has_lpstub)
		buf_append_str(&d->out, STR("            probed per process and after start-up"
					    " only: it may copy its code over itself\n"));
	for (size_t i = 0; i < r->site_cnt; i++)
		buf_printf(&d->out, "            %-10s %-22s %#-10llx %s\n", r->site[i].stack,
			   r->site[i].function, (unsigned long long)r->site[i].offset,
			   r->site[i].class);
}

static void on_file(void *arg, const struct file_report *r)
{
	struct doctor *d = arg;

	if (d->is_json)
		file_json(d, r);
	else
		file_text(d, r);
}

/* One that was named, not one that a process maps. */
static void on_named_file(void *arg, const struct file_report *r)
{
	struct doctor *d = arg;

	if (r->why)
		d->is_capable = false;
	on_file(d, r);
}

static void doctor_files(struct doctor *d, const struct options *o)
{
	doctor_list(d, "files");
	for (size_t i = 0; i < o->rest_cnt; i++)
		capture_examine_file(o->rest[i], on_named_file, d);
	doctor_list_end(d);
}

/* --- processes ------------------------------------------------------------------------------ */

static void process_json(struct doctor *d, const struct process_report *r)
{
	doctor_number(d, "pid", (u64)r->pid);
	doctor_member(d, "comm", r->comm);
	doctor_number(d, "executable_files", r->file_cnt);
	doctor_number(d, "traced_files", r->probed_cnt);
	doctor_number(d, "unreadable_files", r->refused_cnt);
	if (!r->is_unread) {
		doctor_number(d, "tls_connections", r->tls_cnt);
		doctor_number(d, "quic_sockets", r->quic_cnt);
	}
	if (r->dark) {
		doctor_member(d, "dark", r->dark);
		doctor_member(d, "dark_why", r->dark_why);
	}
}

static void process_text(struct doctor *d, const struct process_report *r)
{
	buf_printf(&d->out, "process %d ", (int)r->pid);
	doctor_print_clean(d, r->comm);
	buf_printf(&d->out, ": %zu executable files mapped, %zu with probes", r->file_cnt,
		   r->probed_cnt);
	if (r->refused_cnt)
		buf_printf(&d->out, ", %zu that could not be looked at", r->refused_cnt);
	if (r->is_unread)
		buf_append_str(&d->out, STR("\n            its sockets could not be looked at\n"));
	else
		buf_printf(&d->out,
			   "\n            %zu connections to ports 443 and 8443 open, "
			   "%zu QUIC sockets\n", r->tls_cnt, r->quic_cnt);
	if (r->dark)
		buf_printf(&d->out, "            %s (%s): %s\n",
			   r->tls_cnt || r->quic_cnt ? "dark" : "what it sends will be dark",
			   r->dark, r->dark_why);
}

static void doctor_process(struct doctor *d, pid_t pid)
{
	struct process_report r = {.pid = pid};
	int err;

	if (d->is_json)
		json_write_open(&d->json, '{');
	doctor_list(d, "files");
	err = capture_examine_process(pid, on_file, d, &r);
	doctor_list_end(d);
	if (err || !r.probed_cnt)
		d->is_capable = false;
	if (err)
		log_error("cannot look at process %d: %s; is it running, and yours or are you "
			  "root?", (int)pid, strerror(-err));
	if (!d->is_json) {
		if (!err)
			process_text(d, &r);
		return;
	}
	if (err) {
		doctor_number(d, "pid", (u64)pid);
		doctor_member(d, "error", strerror(-err));
	} else {
		process_json(d, &r);
	}
	json_write_close(&d->json, '}');
}

static void doctor_processes(struct doctor *d, const struct options *o)
{
	doctor_list(d, "processes");
	for (size_t i = 0; i < o->pid_cnt; i++)
		doctor_process(d, o->pid[i]);
	doctor_list_end(d);
}

int cmd_doctor(const struct options *o)
{
	struct doctor d = {.is_json = o->format == FORMAT_JSON, .is_capable = true};
	int status;

	if (o->is_verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	buf_init(&d.out, DOCTOR_TEXT_MAX);
	json_write_init(&d.json, &d.out);
	if (d.is_json) {
		json_write_open(&d.json, '{');
		doctor_number(&d, "v", 1);
	}
	if (!o->rest_cnt && !o->pid_cnt)
		doctor_host(&d, o);
	if (o->rest_cnt)
		doctor_files(&d, o);
	if (o->pid_cnt)
		doctor_processes(&d, o);
	if (d.is_json) {
		doctor_flag(&d, "can_trace", d.is_capable);
		json_write_close(&d.json, '}');
		buf_append_char(&d.out, '\n');
	}
	status = d.is_capable ? 0 : EXIT_FAILED;
	if (d.out.failed || fwrite(d.out.p, 1, d.out.n, stdout) != d.out.n || fflush(stdout)) {
		log_error("cannot write the report: %s",
			  strerror(d.out.failed ? -d.out.failed : errno));
		status = EXIT_FAILED;
	}
	buf_fini(&d.out);
	return status;
}
