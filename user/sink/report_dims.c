/* SPDX-License-Identifier: Apache-2.0 */
/* What a report can be grouped by and filtered on. */
#include <errno.h>

#include "base/log.h"
#include "sink/report_private.h"

#define LOCAL_TIME(format) "strftime('" format "', ts / 1000000000, 'unixepoch', 'localtime')"

static const struct {
	const char *name;
	const char *sql;
} dims[] = {
	{"model", "coalesce(model_served, model_requested)"},
	{"model_requested", "model_requested"},
	{"model_served", "model_served"},
	{"provider", "provider"},
	{"process", "comm"},
	{"pid", "pid"},
	{"exe", "exe"},
	{"command", "root_comm"},
	{"parent", "parent_comm"},
	{"user", "uid"},
	{"workdir", "workdir"},
	{"repo", "git_repo"},
	{"branch", "git_branch"},
	{"commit", "git_commit"},
	{"endpoint", "endpoint"},
	{"operation", "operation"},
	{"host", "host"},
	{"node", "node_host"},
	{"container", "container_id"},
	{"pod", "coalesce(k8s_pod, k8s_pod_uid)"},
	{"namespace", "k8s_namespace"},
	{"session", "session_id"},
	{"trace", "trace_id"},
	{"credential", "credential_hash"},
	{"org", "credential_org"},
	{"project", "credential_project"},
	{"client", "user_agent"},
	{"tier", "service_tier"},
	{"billing", "billing"},
	{"status", "cost_status"},
	{"completeness", "completeness"},
	{"cache", "cache_status"},
	{"http_status", "http_status"},
	{"error", "coalesce(error_type, error_code)"},
	{"card", "card"},
	{"rate", "rate"},
	{"hour", LOCAL_TIME("%Y-%m-%d %H:00")},
	{"day", LOCAL_TIME("%Y-%m-%d")},
	{"month", LOCAL_TIME("%Y-%m")},
};

#define TAG_SQL "(SELECT json_extract(t.value, '$.value') FROM json_each(calls.tags) t " \
	"WHERE t.key = ?)"

static void report_dim_complain(struct str name)
{
	struct buf list;

	buf_init(&list, 4096);
	for (size_t i = 0; i < ARRAY_LEN(dims); i++)
		buf_printf(&list, "%s, ", dims[i].name);
	log_error("report has no dimension '" STR_FMT "'; there are " STR_FMT "tag:KEY",
		  STR_ARG(str_cut(name, 0, 64)), STR_ARG(buf_str(&list)));
	buf_fini(&list);
}

int report_dim_find(struct str name, struct report_dim *ret)
{
	static const char tag[] = "tag:";

	if (str_starts(name, STR(tag)) && name.n > sizeof(tag) - 1) {
		*ret = (struct report_dim){.name = name, .sql = TAG_SQL,
					   .tag = str_cut(name, sizeof(tag) - 1, name.n)};
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(dims); i++) {
		if (str_eq(name, str_of(dims[i].name))) {
			*ret = (struct report_dim){.name = name, .sql = dims[i].sql};
			return 0;
		}
	}
	report_dim_complain(name);
	return -EINVAL;
}
