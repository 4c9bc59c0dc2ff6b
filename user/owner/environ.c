/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags stand in three places, the first that tells one wins:
 *
 *     BAGGAGE=project_code=PX-17,tenant.id=acme;p=1	what OpenTelemetry hands on
 *     PROJECT_CODE=PX-17			a variable of the tag's own name
 *     OTEL_RESOURCE_ATTRIBUTES=team=ops,...	what the program tells of itself
 *
 * USER and ENV are other things in every shell, so those two tags have no variable of their own.
 */
#include "owner/environ.h"

#include "base/limits.h"
#include "base/stats.h"
#include "base/util.h"

static const struct {
	const char *key;
	const char *variable;
} tags[ENVIRON_TAG_MAX] = {
	[ENVIRON_TEAM] = {"team", "TEAM"},
	[ENVIRON_PROJECT_CODE] = {"project_code", "PROJECT_CODE"},
	[ENVIRON_COST_CENTER] = {"cost_center", "COST_CENTER"},
	[ENVIRON_TENANT_ID] = {"tenant_id", "TENANT_ID"},
	[ENVIRON_CUSTOMER_ID] = {"customer_id", "CUSTOMER_ID"},
	[ENVIRON_WORKFLOW_ID] = {"workflow_id", "WORKFLOW_ID"},
	[ENVIRON_PIPELINE_ID] = {"pipeline_id", "PIPELINE_ID"},
	[ENVIRON_USER] = {"user", NULL},
	[ENVIRON_ENV] = {"env", NULL},
};

/* What others call them, after "app." or "finops.", with "_" for "." and "-". */
static const struct {
	const char *name;
	enum environ_tag tag;
} aliases[] = {
	{"team_id", ENVIRON_TEAM},
	{"team_name", ENVIRON_TEAM},
	{"project", ENVIRON_PROJECT_CODE},
	{"costcenter", ENVIRON_COST_CENTER},
	{"tenant", ENVIRON_TENANT_ID},
	{"customer", ENVIRON_CUSTOMER_ID},
	{"workflow", ENVIRON_WORKFLOW_ID},
	{"pipeline", ENVIRON_PIPELINE_ID},
	{"user_id", ENVIRON_USER},
	{"enduser_id", ENVIRON_USER},
	{"deployment_environment", ENVIRON_ENV},
	{"deployment_environment_name", ENVIRON_ENV},
};

enum source {
	SOURCE_BAGGAGE,
	SOURCE_VARIABLE,
	SOURCE_RESOURCE,
	SOURCE_MAX,
};

struct reading {
	struct arena *arena;
	struct str tag[SOURCE_MAX][ENVIRON_TAG_MAX];
	struct str session_id;
};

struct str environ_tag_key(enum environ_tag tag)
{
	return str_of(tags[tag].key);
}

static bool is_text(struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if ((u8)value.p[i] < ' ' || value.p[i] == 0x7f)
			return false;
	return value.n <= OWNER_TAG_BYTES_MAX;
}

/* The first telling stays; "" tells nothing. */
static void keep(struct reading *r, struct str *at, struct str value)
{
	if (at->n)
		return;
	if (is_text(value))
		*at = arena_dup(r->arena, value);
	if (value.n && !at->n)
		stats_add(STAT_OWNER_TAG_REFUSED, 1);
}

static void keep_unescaped(struct reading *r, struct str *at, struct str value)
{
	char plain[OWNER_TAG_BYTES_MAX];

	if (str_unescape(value, plain, sizeof(plain), &value))
		keep(r, at, value);
	else
		stats_add(STAT_OWNER_TAG_REFUSED, 1);
}

/* ENVIRON_TAG_MAX: none of ours. */
static enum environ_tag tag_of_key(struct str key)
{
	static const struct str prefixes[] = {STR("app."), STR("finops."), STR("tolltap.")};
	char plain[32];

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (str_starts_nocase(key, prefixes[i]))
			key = str_cut(key, prefixes[i].n, key.n);
	if (key.n >= sizeof(plain))
		return ENVIRON_TAG_MAX;
	for (size_t i = 0; i < key.n; i++)
		plain[i] = key.p[i] == '.' || key.p[i] == '-' ? '_' : key.p[i];
	key.p = plain;
	for (int t = 0; t < ENVIRON_TAG_MAX; t++)
		if (str_eq_nocase(key, str_of(tags[t].key)))
			return (enum environ_tag)t;
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (str_eq_nocase(key, str_of(aliases[i].name)))
			return aliases[i].tag;
	return ENVIRON_TAG_MAX;
}

/* "key=value;property,key=value": W3C baggage; resource attributes have no properties. */
static void take_list(struct reading *r, enum source source, struct str list)
{
	struct str member;

	while (str_next(&list, ',', &member)) {
		size_t eq = str_find_char(member, '=');
		enum environ_tag tag = tag_of_key(str_trim(str_cut(member, 0, eq)));
		struct str value = str_cut(member, eq + 1, member.n);

		if (eq == member.n || tag == ENVIRON_TAG_MAX)
			continue;
		if (source == SOURCE_BAGGAGE)
			value = str_cut(value, 0, str_find_char(value, ';'));
		keep_unescaped(r, &r->tag[source][tag], str_trim(value));
	}
}

static void take_variable(struct reading *r, struct str name, struct str value)
{
	if (str_eq(name, STR("BAGGAGE"))) {
		take_list(r, SOURCE_BAGGAGE, value);
		return;
	}
	if (str_eq(name, STR("OTEL_RESOURCE_ATTRIBUTES"))) {
		take_list(r, SOURCE_RESOURCE, value);
		return;
	}
	/* Claude Code gives it to every command that it runs */
	if (str_eq(name, STR("CLAUDE_CODE_SESSION_ID"))) {
		keep(r, &r->session_id, value);
		return;
	}
	for (int t = 0; t < ENVIRON_TAG_MAX; t++)
		if (tags[t].variable && str_eq(name, str_of(tags[t].variable)))
			keep(r, &r->tag[SOURCE_VARIABLE][t], str_trim(value));
}

void environ_parse(struct str block, struct arena *arena, struct environ_facts *ret)
{
	struct reading r = {.arena = arena};

	for (size_t end; (end = str_find_char(block, '\0')) < block.n;) {
		struct str line = str_cut(block, 0, end);
		size_t eq = str_find_char(line, '=');

		if (eq < line.n)
			take_variable(&r, str_cut(line, 0, eq), str_cut(line, eq + 1, line.n));
		block = str_cut(block, end + 1, block.n);
	}
	*ret = (struct environ_facts){.session_id = r.session_id};
	for (int s = SOURCE_MAX - 1; s >= 0; s--)
		for (int t = 0; t < ENVIRON_TAG_MAX; t++)
			if (r.tag[s][t].n)
				ret->tag[t] = r.tag[s][t];
}
