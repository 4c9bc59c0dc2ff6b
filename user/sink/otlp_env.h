/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the OTEL_* environment asks of tolltap itself (never of a traced process).
 *
 * As the specification says: an empty value is an unset one; a value that makes no sense is
 * reported in one line and ignored.
 */
#ifndef TOLLTAP_OTLP_ENV_H
#define TOLLTAP_OTLP_ENV_H

#include "base/str.h"

#define OTLP_PAIRS_MAX 64

struct otlp_pair {
	char *key;
	char *value;
};

struct otlp_pairs {
	struct otlp_pair pair[OTLP_PAIRS_MAX];
	size_t n;
};

enum otlp_exporter {
	OTLP_EXPORT_NONE,
	OTLP_EXPORT_OTLP,
	OTLP_EXPORT_CONSOLE,
};

struct otlp_config {
	enum otlp_exporter exporter;
	char *url;
	char *shown_url;		/* without user, password and query: for messages */
	bool is_gzip;
	u64 timeout_ms;
	u64 delay_ms;			/* longest wait of a span for company */
	u64 batch_max;
	u64 queue_max;
	struct otlp_pairs headers;
	struct otlp_pairs resource;	/* OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME */
	char *ca_file;
	char *client_cert;
	char *client_key;
};

typedef const char *(*otlp_getenv_fn)(const char *name);

/* 0; -EINVAL after an error line: what is asked for cannot be done. fini in either case. */
int otlp_config_read(otlp_getenv_fn get, struct otlp_config *ret);
void otlp_config_fini(struct otlp_config *c);

/* NULL: not there. */
const char *otlp_pairs_get(const struct otlp_pairs *pairs, const char *key);

#endif
