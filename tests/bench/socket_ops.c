/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP client and its server on loopback, to measure what the hooks add to an operation on a
 * socket.
 *
 *   socket_ops KIND OPS     KIND: llm (an LLM call per round trip) or other (not HTTP)
 *
 * Prints "ready PID", then for every line on standard input does OPS round trips (one write and one
 * read each) over a connection of its own and prints the CPU nanoseconds per operation of the
 * client. The server is the client's parent, out of the scope of whoever traces PID.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char llm_request[] =
	"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost:8080\r\n"
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

static void leave(int sig)
{
	_exit(sig == SIGTERM ? 0 : 1);
}

static int read_exactly(int fd, size_t n)
{
	char buf[4096];

	while (n > 0) {
		ssize_t got = read(fd, buf, n < sizeof(buf) ? n : sizeof(buf));

		if (got <= 0)
			return 0;
		n -= (size_t)got;
	}
	return 1;
}

static void set_nodelay(int fd)
{
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

static void serve(int listener, const struct payload *p)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			die("accept");
		set_nodelay(fd);
		while (read_exactly(fd, p->request_len))
			if (write(fd, p->response, p->response_len) < 0)
				break;
		close(fd);
	}
}

static unsigned long long cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (unsigned long long)ts.tv_sec * 1000000000ull + (unsigned long long)ts.tv_nsec;
}

static double measure(const struct sockaddr_in *at, const struct payload *p, long ops)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	unsigned long long from = 0;

	if (connect(fd, (const struct sockaddr *)at, sizeof(*at)))
		die("connect");
	set_nodelay(fd);
	for (long i = -100; i < ops; i++) {
		if (i == -50)
			usleep(200000);	/* time for a verdict */
		if (i == 0)
			from = cpu_ns();
		if (write(fd, p->request, p->request_len) < 0)
			die("write");
		if (!read_exactly(fd, p->response_len))
			die("read");
	}
	from = cpu_ns() - from;
	close(fd);
	return (double)from / (double)(2 * ops);
}

static void run_client(const struct sockaddr_in *at, const struct payload *p, long ops)
{
	char line[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("%.1f\n", measure(at, p, ops));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	const struct payload llm = {llm_request, sizeof(llm_request) - 1, llm_response,
				    sizeof(llm_response) - 1};
	const struct payload other = {other_bytes, sizeof(other_bytes) - 1, other_bytes,
				      sizeof(other_bytes) - 1};
	const struct payload *p = argc > 1 && strcmp(argv[1], "llm") == 0 ? &llm : &other;
	long ops = argc > 2 ? strtol(argv[2], NULL, 10) : 1000;
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pid_t server = getpid();

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 8) ||
	    getsockname(listener, (struct sockaddr *)&at, &len))
		die("listen");
	signal(SIGTERM, leave);
	/* the client is the child: its server is no descendant of it, so it is not traced */
	if (fork())
		serve(listener, p);
	run_client(&at, p, ops);
	kill(server, SIGTERM);	/* it ends quietly */
	return 0;
}
