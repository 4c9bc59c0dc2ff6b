/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traced side of the capture test: TLS connections between two ends in one process, made hard
 * on purpose, and the truth about them.
 *
 * For each connection end and each life of its SSL object one line goes to descriptor 3:
 *
 *	PID SSL BORN READ-BYTES READ-SHA256 WRITTEN-BYTES WRITTEN-SHA256
 *
 * hashed from what the library said it moved. A shared object: one program is linked with it,
 * another opens it late.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tls_cases.h"

#define TRUTH_FD 3
#define BIG (2u << 20)
#define SETTLE_MS 300		/* for a tracer to follow a fork; generous, machines are shared */

struct end {
	SSL *ssl;
	int is_born;
	size_t bytes[2];	/* read, written */
	EVP_MD_CTX *hash[2];
};

struct link {
	int fd[2];
	struct end end[2];	/* client, server */
};

static unsigned long seed = 42;
static SSL_CTX *ctx_client, *ctx_server;
static unsigned char pattern[BIG];

static void die(const char *what)
{
	fprintf(stderr, "tls_cases: %s (%s)\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	_exit(3);
}

static size_t random_below(size_t n)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (seed >> 33) % n;
}

static void truth_begin(struct end *e, int is_born)
{
	e->is_born = is_born;
	for (int i = 0; i < 2; i++) {
		e->bytes[i] = 0;
		if (!e->hash[i])
			e->hash[i] = EVP_MD_CTX_new();
		EVP_DigestInit_ex(e->hash[i], EVP_sha256(), NULL);
	}
}

static void truth_add(struct end *e, int dir, const void *p, size_t n)
{
	e->bytes[dir] += n;
	EVP_DigestUpdate(e->hash[dir], p, n);
}

static void truth_end(struct end *e)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "%d %lx %d", getpid(), (unsigned long)e->ssl,
			 e->is_born);

	for (int i = 0; i < 2; i++) {
		unsigned char sum[EVP_MAX_MD_SIZE];
		unsigned int len;

		EVP_DigestFinal_ex(e->hash[i], sum, &len);
		n += snprintf(line + n, sizeof(line) - n, " %zu ", e->bytes[i]);
		for (unsigned int k = 0; k < len; k++)
			n += snprintf(line + n, sizeof(line) - n, "%02x", sum[k]);
	}
	line[n++] = '\n';
	if (write(TRUTH_FD, line, n) != n)
		die("truth");
}

static int is_retry(SSL *ssl, int ret)
{
	int err = SSL_get_error(ssl, ret);

	return err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE;
}

/* One write of either form; what it took. */
static size_t put(struct end *e, const unsigned char *p, size_t n)
{
	size_t done = 0;
	int ret;

	if (random_below(2)) {
		ret = SSL_write_ex(e->ssl, p, n, &done);
	} else {
		ret = SSL_write(e->ssl, p, (int)n);
		done = ret > 0 ? (size_t)ret : 0;
	}
	if (ret <= 0 && !is_retry(e->ssl, ret))
		die("write");
	if (done)
		truth_add(e, 1, p, done);
	return done;
}

/* Peeks now and then (what it shows is not read yet), then one read of either form. */
static size_t get(struct end *e)
{
	unsigned char buf[24000];
	size_t want = 1 + random_below(sizeof(buf)), done = 0;
	int ret;

	if (!random_below(3))
		SSL_peek(e->ssl, buf, (int)want);
	if (!random_below(3))
		SSL_peek_ex(e->ssl, buf, want, &done);
	ERR_clear_error();
	done = 0;
	if (random_below(2)) {
		ret = SSL_read_ex(e->ssl, buf, want, &done);
	} else {
		ret = SSL_read(e->ssl, buf, (int)want);
		done = ret > 0 ? (size_t)ret : 0;
	}
	if (ret <= 0 && !is_retry(e->ssl, ret))
		die("read");
	if (done)
		truth_add(e, 0, buf, done);
	return done;
}

/* total bytes from one end to the other, with partial writes and retries on the way. */
static void move(struct end *from, struct end *to, size_t total, size_t most)
{
	size_t sent = 0, got = 0, retry = 0;

	while (got < total) {
		if (sent < total) {
			size_t n = retry ? retry : 1 + random_below(most);
			size_t done;

			if (n > total - sent)
				n = total - sent;
			done = put(from, pattern + sent % 4096, n);
			retry = done ? 0 : n;
			sent += done;
		}
		got += get(to);
	}
}

static void link_socket(struct link *l)
{
	int size = 4096;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, l->fd))
		die("socketpair");
	for (int i = 0; i < 2; i++) {
		setsockopt(l->fd[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		fcntl(l->fd[i], F_SETFL, O_NONBLOCK);
		fcntl(l->fd[i], F_SETFD, FD_CLOEXEC);
	}
}

static void handshake(struct link *l)
{
	int done[2] = { 0, 0 };

	while (!done[0] || !done[1])
		for (int i = 0; i < 2; i++) {
			int ret = SSL_do_handshake(l->end[i].ssl);

			done[i] = ret == 1;
			if (ret != 1 && !is_retry(l->end[i].ssl, ret))
				die("handshake");
		}
}

static void link_open(struct link *l)
{
	memset(l, 0, sizeof(*l));
	link_socket(l);
	for (int i = 0; i < 2; i++) {
		l->end[i].ssl = SSL_new(i ? ctx_server : ctx_client);
		SSL_set_fd(l->end[i].ssl, l->fd[i]);
		if (i)
			SSL_set_accept_state(l->end[i].ssl);
		else
			SSL_set_connect_state(l->end[i].ssl);
		truth_begin(&l->end[i], 1);
	}
	handshake(l);
}

static void link_close(struct link *l)
{
	for (int i = 0; i < 2; i++) {
		truth_end(&l->end[i]);
		SSL_free(l->end[i].ssl);
		close(l->fd[i]);
		EVP_MD_CTX_free(l->end[i].hash[0]);
		EVP_MD_CTX_free(l->end[i].hash[1]);
	}
}

/* Many lives at the same addresses, with partial writes, retries and peeks. */
static void case_reuse(void)
{
	for (int i = 0; i < 8; i++) {
		struct link l;

		link_open(&l);
		move(&l.end[0], &l.end[1], 60000 + random_below(60000), 40000);
		move(&l.end[1], &l.end[0], 90000, 30000);
		move(&l.end[0], &l.end[1], 1, 1);
		link_close(&l);
	}
}

/* The same objects, cleared: a new connection without SSL_new. */
static void case_clear(void)
{
	struct link l;

	link_open(&l);
	move(&l.end[0], &l.end[1], 5000, 3000);
	for (int i = 0; i < 2; i++) {
		truth_end(&l.end[i]);
		SSL_shutdown(l.end[i].ssl);
	}
	close(l.fd[0]);
	close(l.fd[1]);
	link_socket(&l);
	for (int i = 0; i < 2; i++) {
		SSL_clear(l.end[i].ssl);
		SSL_set_fd(l.end[i].ssl, l.fd[i]);
		truth_begin(&l.end[i], 1);
	}
	handshake(&l);
	move(&l.end[1], &l.end[0], 7000, 3000);
	link_close(&l);
}

/* A child goes on with a connection that its parent opened. */
static void case_fork(void)
{
	struct link l;
	struct timespec settle = { .tv_nsec = SETTLE_MS * 1000000l };

	link_open(&l);
	move(&l.end[0], &l.end[1], 3000, 2000);
	pid_t pid = fork();

	if (!pid) {
		nanosleep(&settle, NULL);
		for (int i = 0; i < 2; i++)
			truth_begin(&l.end[i], 0);
		move(&l.end[0], &l.end[1], 20000, 9000);
		move(&l.end[1], &l.end[0], 20000, 9000);
		link_close(&l);
		/* and one of its own */
		link_open(&l);
		move(&l.end[0], &l.end[1], 10000, 9000);
		link_close(&l);
		_exit(0);
	}
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		die("child");
	link_close(&l);
}

/* One write far larger than what is copied of it. */
static void case_large(void)
{
	struct link l;
	size_t got = 0, done = 0;

	link_open(&l);
	SSL_clear_mode(l.end[0].ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
	while (!done || got < BIG) {
		if (!done && SSL_write(l.end[0].ssl, pattern, BIG) == (int)BIG) {
			truth_add(&l.end[0], 1, pattern, BIG);
			done = 1;
		}
		got += get(&l.end[1]);
	}
	link_close(&l);
}

static SSL_CTX *make_ctx(int is_server, const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());

	if (!ctx || (is_server && (SSL_CTX_use_certificate_file(ctx, cert, SSL_FILETYPE_PEM) != 1 ||
				   SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)))
		die("context");
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return ctx;
}

void tls_cases_run(const char *cert, const char *key)
{
	for (size_t i = 0; i < BIG; i++)
		pattern[i] = random_below(256);
	ctx_client = make_ctx(0, cert, key);
	ctx_server = make_ctx(1, cert, key);
	case_reuse();
	case_clear();
	case_fork();
	case_large();
	SSL_CTX_free(ctx_client);
	SSL_CTX_free(ctx_server);
}
