/* SPDX-License-Identifier: Apache-2.0 */
/* One connection at a time, HTTP/1.1 with Content-Length, kept alive. */
#include "sink/collector.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"

#define REQUEST_MAX (8u << 20)
#define REQUEST \
	(&opentelemetry__proto__collector__trace__v1__export_trace_service_request__descriptor)

struct collector {
	const struct collector_answer *answers;
	size_t answer_cnt;
	int fd, port;
	int stop[2];
	pthread_t thread;
	bool is_stopped;
	size_t seen_cnt;
	struct collector_seen seen[COLLECTOR_SEEN_MAX];
	u8 *request, *plain;
};

static bool is_readable(struct collector *c, int fd)
{
	struct pollfd fds[2] = {{fd, POLLIN, 0}, {c->stop[0], POLLIN, 0}};

	return poll(fds, 2, -1) > 0 && !fds[1].revents;
}

static size_t count_spans(const u8 *p, size_t n)
{
	Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *request;
	size_t cnt = 0;

	request = (void *)protobuf_c_message_unpack(REQUEST, NULL, n, p);
	if (!request)
		return SIZE_MAX;
	for (size_t i = 0; i < request->n_resource_spans; i++)
		for (size_t k = 0; k < request->resource_spans[i]->n_scope_spans; k++)
			cnt += request->resource_spans[i]->scope_spans[k]->n_spans;
	protobuf_c_message_free_unpacked(&request->base, NULL);
	return cnt;
}

static size_t unzip(struct collector *c, const u8 *p, size_t n)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n,
		      .next_out = c->plain, .avail_out = REQUEST_MAX};
	int code = inflateInit2(&z, 31) == Z_OK ? inflate(&z, Z_FINISH) : Z_STREAM_ERROR;
	size_t out = z.total_out;

	inflateEnd(&z);
	return code == Z_STREAM_END ? out : 0;
}

static void note(struct collector *c, struct str head, const u8 *body, size_t n)
{
	struct collector_seen *seen = &c->seen[c->seen_cnt % COLLECTOR_SEEN_MAX];

	str_to_c(head, seen->head, sizeof(seen->head));
	seen->at_ns = clock_boot_ns();
	seen->is_gzip = strcasestr(seen->head, "content-encoding: gzip") != NULL;
	if (seen->is_gzip) {
		n = unzip(c, body, n);
		body = c->plain;
	}
	seen->span_cnt = count_spans(body, n);
	__atomic_fetch_add(&c->seen_cnt, 1, __ATOMIC_SEQ_CST);
}

/* Reads one request; false: the peer or the test is done. */
static bool read_request(struct collector *c, int fd, struct str *ret_head, size_t *ret_body_n)
{
	size_t n = 0, want = SIZE_MAX;

	while (n < want) {
		if (!is_readable(c, fd))
			return false;

		ssize_t got = read(fd, c->request + n, REQUEST_MAX - n);

		if (got <= 0)
			return false;
		n += (size_t)got;

		u8 *end = memmem(c->request, n, "\r\n\r\n", 4);

		if (!end || want != SIZE_MAX)
			continue;
		*ret_head = (struct str){(char *)c->request, (size_t)(end - c->request) + 4};

		const char *field = memmem(c->request, ret_head->n, "Content-Length: ", 16);

		*ret_body_n = field ? strtoull(field + 16, NULL, 10) : 0;
		want = ret_head->n + *ret_body_n;
	}
	return true;
}

static bool answer(struct collector *c, int fd)
{
	size_t i = c->seen_cnt - 1 < c->answer_cnt ? c->seen_cnt - 1 : c->answer_cnt - 1;
	const struct collector_answer *a = &c->answers[i];
	char head[512];
	int n;

	if (a->status == -1)
		return false;
	if (a->status == 0) {
		(void)is_readable(c, fd);
		return false;
	}
	n = snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n",
		     a->status, a->body.n, a->headers ? a->headers : "");
	return write(fd, head, (size_t)n) == n &&
	       (!a->body.n || write(fd, a->body.p, a->body.n) == (ssize_t)a->body.n);
}

static void *serve(void *arg)
{
	struct collector *c = arg;

	while (is_readable(c, c->fd)) {
		int fd = accept(c->fd, NULL, NULL);
		struct str head;
		size_t body_n;

		do {
			if (!read_request(c, fd, &head, &body_n))
				break;
			note(c, head, c->request + head.n, body_n);
		} while (answer(c, fd));
		close(fd);
	}
	return NULL;
}

struct collector *collector_start(const struct collector_answer *answers, size_t n)
{
	struct collector *c = calloc(1, sizeof(*c));
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	c->answers = answers;
	c->answer_cnt = n;
	c->request = malloc(REQUEST_MAX);
	c->plain = malloc(REQUEST_MAX);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(c->fd, (struct sockaddr *)&at, len) || listen(c->fd, 8) || pipe(c->stop) ||
	    getsockname(c->fd, (struct sockaddr *)&at, &len) ||
	    pthread_create(&c->thread, NULL, serve, c))
		abort();
	c->port = ntohs(at.sin_port);
	return c;
}

int collector_port(const struct collector *c)
{
	return c->port;
}

void collector_stop(struct collector *c)
{
	if (c->is_stopped)
		return;
	if (write(c->stop[1], "x", 1) != 1)
		abort();
	pthread_join(c->thread, NULL);
	c->is_stopped = true;
}

size_t collector_seen_cnt(struct collector *c)
{
	return __atomic_load_n(&c->seen_cnt, __ATOMIC_SEQ_CST);
}

const struct collector_seen *collector_seen(const struct collector *c, size_t i)
{
	return &c->seen[i];
}

void collector_free(struct collector *c)
{
	collector_stop(c);
	close(c->fd);
	close(c->stop[0]);
	close(c->stop[1]);
	free(c->request);
	free(c->plain);
	free(c);
}
