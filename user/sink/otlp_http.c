/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's multi interface. Debian's libcurl resolves names on a thread of its own, so nothing
 * here waits for DNS either. HTTP/1.1 only: 7.88 fails every second request on a reused h2c
 * connection.
 */
#include "sink/otlp_http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sink/otlp_text.h"

#define OTLP_ANSWER_MAX (64u << 10)

struct otlp_http {
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *headers_gzip;
	struct buf body;
	u64 retry_after_ms;
	char error[CURL_ERROR_SIZE];
};

static size_t otlp_on_header(char *p, size_t size, size_t n, void *arg)
{
	static const struct str name = STR("retry-after:");
	struct otlp_http *h = arg;
	struct str line = {p, size * n};

	while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
		line.n--;
	if (str_starts_nocase(line, name))
		h->retry_after_ms = otlp_retry_after(str_cut(line, name.n, line.n),
							  clock_wall_ns());
	return size * n;
}

static size_t otlp_on_body(char *p, size_t size, size_t n, void *arg)
{
	struct otlp_http *h = arg;
	size_t room = h->body.max - h->body.n;

	/* what is cut off is of no use, but the answer's status is */
	(void)buf_append(&h->body, p, n < room ? n : room);
	return size * n;
}

static bool otlp_add_header(struct curl_slist **list, const char *name, const char *value)
{
	char *line;
	struct curl_slist *longer;

	if (asprintf(&line, "%s: %s", name, value) < 0)
		return false;
	longer = curl_slist_append(*list, line);
	free(line);
	if (longer)
		*list = longer;
	return longer != NULL;
}

static bool otlp_is_clean(const char *z)
{
	for (; *z; z++)
		if ((unsigned char)*z < ' ' && *z != '\t')
			return false;
	return true;
}

static bool otlp_make_headers(const struct otlp_config *config, bool is_gzip,
			      struct curl_slist **ret)
{
	bool is_fine = otlp_add_header(ret, "Content-Type", "application/x-protobuf") &&
		       otlp_add_header(ret, "Expect", "");

	if (is_gzip)
		is_fine = is_fine && otlp_add_header(ret, "Content-Encoding", "gzip");
	for (size_t i = 0; i < config->headers.n && is_fine; i++) {
		const struct otlp_pair *pair = &config->headers.pair[i];

		/* a line end in a value would be another header */
		if (otlp_is_clean(pair->key) && otlp_is_clean(pair->value))
			is_fine = otlp_add_header(ret, pair->key, pair->value);
	}
	return is_fine;
}

static void otlp_set_options(struct otlp_http *h, const struct otlp_config *config,
			     const char *agent)
{
	CURL *e = h->easy;

	curl_easy_setopt(e, CURLOPT_URL, config->url);
	curl_easy_setopt(e, CURLOPT_USERAGENT, agent);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)config->timeout_ms);
	curl_easy_setopt(e, CURLOPT_POST, 1L);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, otlp_on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, otlp_on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, h->error);
	if (config->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, config->ca_file);
	if (config->client_cert)
		curl_easy_setopt(e, CURLOPT_SSLCERT, config->client_cert);
	if (config->client_key)
		curl_easy_setopt(e, CURLOPT_SSLKEY, config->client_key);
}

int otlp_http_new(const struct otlp_config *config, const char *version, struct otlp_http **ret)
{
	struct otlp_http *h = calloc(1, sizeof(*h));
	char agent[128];

	if (!h)
		return -ENOMEM;
	buf_init(&h->body, OTLP_ANSWER_MAX);
	h->multi = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_multi_init();
	h->easy = curl_easy_init();
	if (!h->multi || !h->easy || !otlp_make_headers(config, false, &h->headers) ||
	    !otlp_make_headers(config, true, &h->headers_gzip)) {
		otlp_http_free(h);
		return -ENOMEM;
	}
	snprintf(agent, sizeof(agent), "tolltap/%s OTel-OTLP-Exporter-C/%s", version, version);
	otlp_set_options(h, config, agent);
	*ret = h;
	return 0;
}

void otlp_http_free(struct otlp_http *h)
{
	if (!h)
		return;
	if (h->multi && h->easy)
		curl_multi_remove_handle(h->multi, h->easy);
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
	curl_slist_free_all(h->headers);
	curl_slist_free_all(h->headers_gzip);
	buf_fini(&h->body);
	free(h);
}

int otlp_http_post(struct otlp_http *h, struct str body, bool is_gzip)
{
	buf_clear(&h->body);
	h->retry_after_ms = 0;
	h->error[0] = '\0';
	curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, is_gzip ? h->headers_gzip : h->headers);
	curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS, body.p);
	curl_easy_setopt(h->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	return curl_multi_add_handle(h->multi, h->easy) ? -EIO : 0;
}

static void otlp_take_answer(struct otlp_http *h, CURLcode code, struct otlp_answer *ret)
{
	long status = 0;

	*ret = (struct otlp_answer){.retry_after_ms = h->retry_after_ms, .body = buf_str(&h->body)};
	if (!code) {
		curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
		ret->status = (int)status;
	}
	if (!ret->status)
		ret->error = h->error[0] ? h->error : curl_easy_strerror(code);
	curl_multi_remove_handle(h->multi, h->easy);
}

bool otlp_http_poll(struct otlp_http *h, int wait_ms, struct otlp_answer *ret)
{
	int running, left;
	CURLMsg *message;

	if (wait_ms)
		curl_multi_poll(h->multi, NULL, 0, wait_ms, NULL);
	if (curl_multi_perform(h->multi, &running)) {
		otlp_take_answer(h, CURLE_SEND_ERROR, ret);
		return true;
	}
	while ((message = curl_multi_info_read(h->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		otlp_take_answer(h, message->data.result, ret);
		return true;
	}
	return false;
}
