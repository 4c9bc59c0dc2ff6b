/* SPDX-License-Identifier: Apache-2.0 */
/* OTEL_* variables: the signal's own name wins over the general one. */
#include "sink/otlp_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

#define OTLP_TIMEOUT_MS 10000
#define OTLP_DELAY_MS 5000
/*
 * 512 spans with everything in them take 25 ms to build and pack, which keeps the worker from the
 * other sinks for too long; 256 take half of that. The environment may ask for 512.
 */
#define OTLP_BATCH_DEFAULT 256
#define OTLP_BATCH_MAX 512
#define OTLP_QUEUE_MAX 2048
#define OTLP_QUEUE_LIMIT 65536

static const char *otlp_get(otlp_getenv_fn get, const char *name)
{
	const char *value = get(name);

	return value && value[0] ? value : NULL;
}

/* OTEL_EXPORTER_OTLP_TRACES_<what>, else OTEL_EXPORTER_OTLP_<what>. */
static const char *otlp_get_traces(otlp_getenv_fn get, const char *what)
{
	char name[96];
	const char *value;

	snprintf(name, sizeof(name), "OTEL_EXPORTER_OTLP_TRACES_%s", what);
	value = otlp_get(get, name);
	if (value)
		return value;
	snprintf(name, sizeof(name), "OTEL_EXPORTER_OTLP_%s", what);
	return otlp_get(get, name);
}

static u64 otlp_number(const char *name, const char *value, u64 least, u64 most, u64 otherwise)
{
	u64 number;

	if (!value)
		return otherwise;
	if (str_to_u64(str_trim(str_of(value)), &number) || number < least || number > most) {
		log_warn("%s=%s is not a number from %llu to %llu; %llu is used", name, value,
			 (unsigned long long)least, (unsigned long long)most,
			 (unsigned long long)otherwise);
		return otherwise;
	}
	return number;
}

static int otlp_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoded copy; NULL when it cannot be decoded, or memory is out. */
static char *otlp_decode(struct str s)
{
	char *out = malloc(s.n + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			int high = i + 2 < s.n ? otlp_hex(s.p[i + 1]) : -1;
			int low = i + 2 < s.n ? otlp_hex(s.p[i + 2]) : -1;

			if (high < 0 || low < 0 || !(high | low)) {
				free(out);
				return NULL;
			}
			c = (char)(high << 4 | low);
			i += 2;
		}
		out[n++] = c;
	}
	if (out)
		out[n] = '\0';
	return out;
}

static void otlp_pairs_fini(struct otlp_pairs *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		free(pairs->pair[i].key);
		free(pairs->pair[i].value);
	}
	pairs->n = 0;
}

const char *otlp_pairs_get(const struct otlp_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (strcmp(pairs->pair[i].key, key) == 0)
			return pairs->pair[i].value;
	return NULL;
}

static bool otlp_pairs_add(struct otlp_pairs *pairs, struct str key, struct str value)
{
	struct otlp_pair pair = {otlp_decode(key), otlp_decode(value)};
	const char *known = pair.key ? otlp_pairs_get(pairs, pair.key) : NULL;

	if (!pair.key || !pair.value || !pair.key[0] || known || pairs->n == OTLP_PAIRS_MAX) {
		free(pair.key);
		free(pair.value);
		return known != NULL;	/* the first of two wins */
	}
	pairs->pair[pairs->n++] = pair;
	return true;
}

/* k=v,k=v with percent escapes; any error discards the whole value. */
static void otlp_pairs_read(const char *name, const char *text, struct otlp_pairs *ret)
{
	struct str rest = str_of(text);
	struct str member;

	while (str_next(&rest, ',', &member)) {
		member = str_trim(member);
		if (!member.n)
			continue;

		size_t at = str_find_char(member, '=');

		if (at == 0 || at == member.n ||
		    !otlp_pairs_add(ret, str_trim(str_cut(member, 0, at)),
				    str_trim(str_cut(member, at + 1, member.n)))) {
			log_warn("%s is not a list of key=value with percent escapes; "
				 "all of it is ignored", name);
			otlp_pairs_fini(ret);
			return;
		}
	}
}

static int otlp_read_exporter(otlp_getenv_fn get, struct otlp_config *ret)
{
	const char *disabled = otlp_get(get, "OTEL_SDK_DISABLED");
	const char *asked = otlp_get(get, "OTEL_TRACES_EXPORTER");

	ret->exporter = OTLP_EXPORT_NONE;
	if (disabled && str_eq_nocase(str_of(disabled), STR("true")))
		return 0;
	if (asked && strcmp(asked, "none") == 0)
		return 0;
	if (asked && strcmp(asked, "console") == 0) {
		ret->exporter = OTLP_EXPORT_CONSOLE;
		return 0;
	}
	if (asked && strcmp(asked, "otlp") != 0)
		log_warn("OTEL_TRACES_EXPORTER=%s is not otlp, console or none; it is ignored",
			 asked);
	/* without an endpoint nothing is sent unless the exporter is asked for by name */
	if ((asked && strcmp(asked, "otlp") == 0) || otlp_get_traces(get, "ENDPOINT"))
		ret->exporter = OTLP_EXPORT_OTLP;
	return 0;
}

/* A key may stand in the URL: it is not for the log. */
static char *otlp_shown(const char *url)
{
	struct str rest = str_of(url);
	size_t scheme = (size_t)(strstr(url, "://") - url) + 3;
	struct str host = str_cut(rest, scheme, rest.n);
	const char *at;
	char *shown;

	host.n = str_find_char(host, '?');
	at = host.n ? memrchr(host.p, '@', str_find_char(host, '/')) : NULL;
	if (at)
		host = str_cut(host, (size_t)(at - host.p) + 1, host.n);
	if (asprintf(&shown, STR_FMT STR_FMT, (int)scheme, url, STR_ARG(host)) < 0)
		return NULL;
	return shown;
}

static int otlp_read_url(otlp_getenv_fn get, struct otlp_config *ret)
{
	const char *own = otlp_get(get, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
	const char *base = otlp_get(get, "OTEL_EXPORTER_OTLP_ENDPOINT");
	struct str url = str_trim(str_of(own ? own : base ? base : "http://localhost:4318"));

	if (!str_starts_nocase(url, STR("http://")) &&
	    !str_starts_nocase(url, STR("https://"))) {
		log_error("the OTLP endpoint does not begin with http:// or https://; "
			  "set OTEL_EXPORTER_OTLP_ENDPOINT=http://HOST:4318");
		return -EINVAL;
	}
	while (!own && str_ends(url, STR("/")))
		url.n--;
	if (asprintf(&ret->url, STR_FMT "%s", STR_ARG(url), own ? "" : "/v1/traces") < 0) {
		ret->url = NULL;
		return -ENOMEM;
	}
	ret->shown_url = otlp_shown(ret->url);
	return ret->shown_url ? 0 : -ENOMEM;
}

static int otlp_read_transport(otlp_getenv_fn get, struct otlp_config *ret)
{
	const char *protocol = otlp_get_traces(get, "PROTOCOL");
	const char *compression = otlp_get_traces(get, "COMPRESSION");

	if (protocol && strcmp(protocol, "http/protobuf") != 0) {
		log_error("OTEL_EXPORTER_OTLP_PROTOCOL=%s is not supported; "
			  "set it to http/protobuf (port 4318)", protocol);
		return -EINVAL;
	}
	if (compression && strcmp(compression, "gzip") == 0)
		ret->is_gzip = true;
	else if (compression && strcmp(compression, "none") != 0)
		log_warn("OTEL_EXPORTER_OTLP_COMPRESSION=%s is not gzip or none; "
			 "nothing is compressed", compression);
	ret->timeout_ms = otlp_number("OTEL_EXPORTER_OTLP_TIMEOUT", otlp_get_traces(get, "TIMEOUT"),
				      1, 3600000, OTLP_TIMEOUT_MS);
	return otlp_read_url(get, ret);
}

static char *otlp_dup(const char *z)
{
	return z ? strdup(z) : NULL;
}

int otlp_config_read(otlp_getenv_fn get, struct otlp_config *ret)
{
	const char *service = otlp_get(get, "OTEL_SERVICE_NAME");
	const char *headers = otlp_get_traces(get, "HEADERS");
	const char *resource = otlp_get(get, "OTEL_RESOURCE_ATTRIBUTES");
	int err;

	*ret = (struct otlp_config){0};
	err = otlp_read_exporter(get, ret);
	if (err || ret->exporter == OTLP_EXPORT_NONE)
		return err;
	if (ret->exporter == OTLP_EXPORT_OTLP)
		err = otlp_read_transport(get, ret);
	if (err)
		return err;
	if (service && (ret->resource.pair[0].key = strdup("service.name"))) {
		ret->resource.pair[0].value = otlp_dup(service);
		ret->resource.n = ret->resource.pair[0].value ? 1 : 0;
	}
	if (resource)
		otlp_pairs_read("OTEL_RESOURCE_ATTRIBUTES", resource, &ret->resource);
	if (headers)
		otlp_pairs_read("OTEL_EXPORTER_OTLP_HEADERS", headers, &ret->headers);
	ret->delay_ms = otlp_number("OTEL_BSP_SCHEDULE_DELAY",
				    otlp_get(get, "OTEL_BSP_SCHEDULE_DELAY"), 0, 3600000,
				    OTLP_DELAY_MS);
	ret->batch_max = otlp_number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
				     otlp_get(get, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"), 1,
				     OTLP_BATCH_MAX, OTLP_BATCH_DEFAULT);
	ret->queue_max = otlp_number("OTEL_BSP_MAX_QUEUE_SIZE",
				     otlp_get(get, "OTEL_BSP_MAX_QUEUE_SIZE"), 1,
				     OTLP_QUEUE_LIMIT, OTLP_QUEUE_MAX);
	ret->ca_file = otlp_dup(otlp_get_traces(get, "CERTIFICATE"));
	ret->client_cert = otlp_dup(otlp_get_traces(get, "CLIENT_CERTIFICATE"));
	ret->client_key = otlp_dup(otlp_get_traces(get, "CLIENT_KEY"));
	return 0;
}

void otlp_config_fini(struct otlp_config *c)
{
	otlp_pairs_fini(&c->headers);
	otlp_pairs_fini(&c->resource);
	free(c->url);
	free(c->shown_url);
	free(c->ca_file);
	free(c->client_cert);
	free(c->client_key);
	*c = (struct otlp_config){0};
}
