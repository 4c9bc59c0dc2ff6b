/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS client and its server on a socketpair, to measure what a probe adds to one TLS operation.
 *
 *   tls_ops KIND OPS     KIND: llm (an LLM call per round trip) or other (bytes that are not HTTP)
 *
 * Prints "ready PID", then for every line on standard input does OPS round trips (one SSL_write and
 * one SSL_read each) and prints the CPU nanoseconds per TLS operation of the client thread. The
 * server is the client's parent, out of the scope of whoever traces PID.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static const char llm_request[] =
	"POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\n"
	"Content-Type: application/json\r\nContent-Length: 67\r\n\r\n"
	"{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
static const char llm_response[] =
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 173\r\n\r\n"
	"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"model\":\"gpt-4o-mini\","
	"\"choices\":"
	"[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":2,"
	"\"total_tokens\":10}}";
static const char other_bytes[] =
	"\x01\x02\x03 this is not HTTP at all, and it never will be \x04\x05\x06";

#define ROUNDS_MAX 128

struct payload {
	const char *request;
	size_t request_len;
	const char *response;
	size_t response_len;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void use_own_certificate(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"bench", -1, -1,
				   0);
	X509_set_issuer_name(cert, name);
	X509_sign(cert, key, EVP_sha256());
	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static bool read_exactly(SSL *ssl, size_t n)
{
	char buf[16384];

	while (n > 0) {
		int got = SSL_read(ssl, buf, n < sizeof(buf) ? (int)n : (int)sizeof(buf));

		if (got <= 0)
			return false;
		n -= (size_t)got;
	}
	return true;
}

static void serve(int fd, const struct payload *p)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *ssl;

	use_own_certificate(ctx);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) != 1)
		exit(0);	/* no more rounds */
	while (read_exactly(ssl, p->request_len))
		if (SSL_write(ssl, p->response, (int)p->response_len) <= 0)
			break;
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

static unsigned long long cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (unsigned long long)ts.tv_sec * 1000000000ull + (unsigned long long)ts.tv_nsec;
}

/* CPU ns per TLS operation over a connection of its own, so that probes see it from its birth. */
static double measure(int fd, const struct payload *p, long ops)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	unsigned long long from = 0;

	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		die("SSL_connect");
	for (long i = -100; i < ops; i++) {
		if (i == -50)
			usleep(200000);	/* time for a verdict */
		if (i == 0)
			from = cpu_ns();
		if (SSL_write(ssl, p->request, (int)p->request_len) <= 0)
			die("SSL_write");
		read_exactly(ssl, p->response_len);
	}
	from = cpu_ns() - from;
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	return (double)from / (double)(2 * ops);
}

static void run_client(int fds[ROUNDS_MAX][2], const struct payload *p, long ops)
{
	char line[16];

	for (int i = 0; i < ROUNDS_MAX; i++)
		close(fds[i][1]);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	for (int i = 0; i < ROUNDS_MAX && fgets(line, sizeof(line), stdin); i++) {
		printf("%.1f\n", measure(fds[i][0], p, ops));
		fflush(stdout);
	}
	exit(0);
}

int main(int argc, char **argv)
{
	const struct payload llm = {llm_request, sizeof(llm_request) - 1, llm_response,
				    sizeof(llm_response) - 1};
	const struct payload other = {other_bytes, sizeof(other_bytes) - 1, other_bytes,
				      sizeof(other_bytes) - 1};
	const struct payload *p = argc > 1 && strcmp(argv[1], "llm") == 0 ? &llm : &other;
	long ops = argc > 2 ? strtol(argv[2], NULL, 10) : 1000;
	int fds[ROUNDS_MAX][2];

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < ROUNDS_MAX; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]) != 0)
			die("socketpair");
	/* the client is the child: its server is no descendant of it, so it is not traced */
	if (fork() == 0)
		run_client(fds, p, ops);
	for (int i = 0; i < ROUNDS_MAX; i++)
		close(fds[i][0]);
	for (int i = 0; i < ROUNDS_MAX; i++) {
		serve(fds[i][1], p);
		close(fds[i][1]);
	}
	wait(NULL);
	return 0;
}
