/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The far end of the wire inside a virtual machine: answers every request on 127.0.0.1:8443 (TLS)
 * and 8080 (plain HTTP) with one chat completion, streamed when the request asks for it. Writes its
 * certificate to argv[1] and then prints "ready". `llm_server plain PORT` serves plain HTTP there
 * and no more; `llm_server quic` sends three datagrams to port 443, where nobody is.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define PORT 8443
#define PLAIN_PORT 8080

/* One connection: with TLS, or ssl NULL. */
struct peer {
	int fd;
	SSL *ssl;
};

static const char answer[] =
	"{\"id\":\"chatcmpl-vm\",\"object\":\"chat.completion\",\"model\":\"gpt-4o-2024-08-06\","
	"\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},"
	"\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":2006,\"completion_tokens\":300,"
	"\"total_tokens\":2306,\"prompt_tokens_details\":{\"cached_tokens\":1920}}}";
static const char stream[] =
	"data: {\"id\":\"chatcmpl-vm2\",\"object\":\"chat.completion.chunk\",\"model\":"
	"\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},"
	"\"finish_reason\":\"stop\"}],\"usage\":null}\n\n"
	"data: {\"id\":\"chatcmpl-vm2\",\"object\":\"chat.completion.chunk\",\"model\":"
	"\"gpt-4o-2024-08-06\",\"choices\":[],\"usage\":{\"prompt_tokens\":2006,"
	"\"completion_tokens\":300,\"total_tokens\":2306,"
	"\"prompt_tokens_details\":{\"cached_tokens\":1920}}}\n\ndata: [DONE]\n\n";

static void add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
}

static SSL_CTX *make_context(const char *cert_path)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	FILE *f = fopen(cert_path, "w");

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost",
				   -1, -1, 0);
	X509_set_issuer_name(cert, name);
	add_extension(cert, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
	X509_sign(cert, key, EVP_sha256());
	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	if (!f || PEM_write_X509(f, cert) != 1)
		exit(1);
	fclose(f);
	return ctx;
}

static int peer_read(const struct peer *p, void *buf, size_t n)
{
	return p->ssl ? SSL_read(p->ssl, buf, (int)n) : (int)read(p->fd, buf, n);
}

/* head and body in one system call where there is no TLS, as a server with writev does */
static void peer_write(const struct peer *p, const char *head, const char *body)
{
	struct iovec part[] = {
		{.iov_base = (void *)(size_t)head, .iov_len = strlen(head)},
		{.iov_base = (void *)(size_t)body, .iov_len = strlen(body)},
	};

	if (!p->ssl) {
		if (writev(p->fd, part, 2) < 0)
			perror("writev");
		return;
	}
	SSL_write(p->ssl, head, (int)strlen(head));
	SSL_write(p->ssl, body, (int)strlen(body));
	SSL_shutdown(p->ssl);
}

/* Reads until head and body are whole; returns whether a stream was asked for. */
static int read_request(const struct peer *p, char *buf, size_t size)
{
	size_t n = 0;

	for (;;) {
		int got = peer_read(p, buf + n, size - 1 - n);
		const char *body, *length;

		if (got <= 0)
			return -1;
		n += (size_t)got;
		buf[n] = '\0';
		body = strstr(buf, "\r\n\r\n");
		length = strcasestr(buf, "content-length:");
		if (!body)
			continue;
		if (n - (size_t)(body + 4 - buf) >= (length ? strtoul(length + 15, NULL, 10) : 0))
			return strstr(body, "\"stream\":true") != NULL;
	}
}

static void serve(const struct peer *p)
{
	static char buf[1 << 16];
	char head[256];
	int is_stream = read_request(p, buf, sizeof(buf));
	const char *body = is_stream ? stream : answer;

	if (is_stream < 0)
		return;
	snprintf(head, sizeof(head),
		 "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		 "Connection: close\r\n\r\n",
		 is_stream ? "text/event-stream" : "application/json", strlen(body));
	peer_write(p, head, body);
}

static int listen_on(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 8)) {
		perror("listen");
		exit(1);
	}
	return listener;
}

static void serve_all(int listener, SSL_CTX *ctx)
{
	for (;;) {
		struct peer p = {.fd = accept(listener, NULL, NULL)};

		p.ssl = ctx ? SSL_new(ctx) : NULL;
		if (p.ssl)
			SSL_set_fd(p.ssl, p.fd);
		if (!p.ssl || SSL_accept(p.ssl) == 1)
			serve(&p);
		SSL_free(p.ssl);
		close(p.fd);
	}
}

/* To an address given with each, from a socket that is connected to nothing. */
static int send_datagrams(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(443)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	static const char data[1200];

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < 3; i++)
		if (sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&at, sizeof(at)) < 0)
			perror("sendto");
	return 0;
}

int main(int argc, char **argv)
{
	int tls, plain;
	SSL_CTX *ctx;

	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "quic") == 0)
		return send_datagrams();
	if (argc > 2)
		serve_all(listen_on((int)strtoul(argv[2], NULL, 10)), NULL);
	tls = listen_on(PORT);
	plain = listen_on(PLAIN_PORT);
	ctx = make_context(argv[1]);
	puts("ready");
	fflush(stdout);
	if (!fork())
		serve_all(plain, NULL);
	serve_all(tls, ctx);
}
