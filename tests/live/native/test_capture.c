/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What capture emits equals what the traced process says it moved, by SHA-256 per connection, life
 * and direction, for each form of attachment.
 *
 *	test_capture session|multi|perf|auto wide|each PREPARE MODE TLS-MAIN TLS-CASES-SO CERT KEY
 *
 * Traces the one process it starts. Exit 0, or 1 with a line for every difference.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/stats.h"
#include "capture/capture.h"

#define LIVES_MAX 256
#define TRUTH_FD 3
/* of one operation (bpf/core.bpf.c) */
#define HEAD_BYTES (512u << 10)
#define TAIL_BYTES (256u << 10)

struct life {
	u32 tgid;
	u64 conn;
	u32 generation;
	bool is_born;
	bool is_matched;
	u64 position[2];
	u64 hole_bytes[2];
	EVP_MD_CTX *hash[2];
	char sum[2][65];
};

struct test {
	struct life life[LIVES_MAX];
	size_t life_cnt;
	size_t bad;
};

static void fail(struct test *t, const char *what, const struct life *l)
{
	t->bad++;
	printf("  wrong: %s", what);
	if (l)
		printf(" (pid %u conn %" PRIx64 " generation %u)", l->tgid, l->conn, l->generation);
	printf("\n");
}

static struct life *life_of(struct test *t, const struct chunk *c)
{
	for (size_t i = 0; i < t->life_cnt; i++) {
		struct life *l = &t->life[i];

		if (l->tgid == c->ev.tgid && l->conn == c->conn && l->generation == c->generation)
			return l;
	}
	if (t->life_cnt == LIVES_MAX)
		return NULL;
	struct life *l = &t->life[t->life_cnt++];

	*l = (struct life){ .tgid = c->ev.tgid, .conn = c->conn, .generation = c->generation };
	l->is_born = c->ev.flags & CHUNK_F_BORN;
	for (int i = 0; i < 2; i++) {
		l->hash[i] = EVP_MD_CTX_new();
		EVP_DigestInit_ex(l->hash[i], EVP_sha256(), NULL);
	}
	if (!(c->ev.flags & CHUNK_F_FIRST))
		fail(t, "first record of a life without its mark", l);
	return l;
}

static void on_event(void *arg, const struct event *ev)
{
	struct test *t = arg;
	const struct chunk *c = (const void *)ev;

	if (ev->kind != EVENT_CHUNK)
		return;
	struct life *l = life_of(t, c);

	if (!l) {
		fail(t, "more lives than expected", NULL);
		return;
	}
	if (c->position != l->position[c->dir])
		fail(t, "a position was skipped or given twice", l);
	l->position[c->dir] = c->position + c->true_len;
	if (ev->flags & CHUNK_F_HOLE_POLICY)
		l->hole_bytes[c->dir] += c->true_len;
	else if (c->data_len != c->true_len)
		fail(t, "a hole without reason", l);
	EVP_DigestUpdate(l->hash[c->dir], c->data, c->data_len);
}

static void finish_hashes(struct test *t)
{
	for (size_t i = 0; i < t->life_cnt; i++)
		for (int dir = 0; dir < 2; dir++) {
			unsigned char sum[EVP_MAX_MD_SIZE];
			unsigned int len;

			EVP_DigestFinal_ex(t->life[i].hash[dir], sum, &len);
			for (unsigned int k = 0; k < len; k++)
				snprintf(t->life[i].sum[dir] + 2 * k, 3, "%02x", sum[k]);
			EVP_MD_CTX_free(t->life[i].hash[dir]);
		}
}

static void check_direction(struct test *t, const struct life *l, int dir, u64 bytes,
			    const char *sum)
{
	u64 hole = bytes > HEAD_BYTES + TAIL_BYTES && dir == CHUNK_WRITE
			   ? bytes - HEAD_BYTES - TAIL_BYTES : 0;

	if (l->position[dir] != bytes)
		fail(t, dir ? "bytes written" : "bytes read", l);
	if (l->hole_bytes[dir] != hole)
		fail(t, "length of the hole", l);
	if (!hole && strcmp(l->sum[dir], sum))
		fail(t, dir ? "hash of bytes written" : "hash of bytes read", l);
}

/* Lives of one address come in the order of the truth's lines. */
static void check_line(struct test *t, const char *line)
{
	u32 tgid;
	u64 conn, bytes[2];
	int is_born;
	char sum[2][65];

	if (sscanf(line, "%u %" SCNx64 " %d %" SCNu64 " %64s %" SCNu64 " %64s", &tgid, &conn,
		   &is_born, &bytes[0], sum[0], &bytes[1], sum[1]) != 7) {
		fail(t, "a line of the truth cannot be read", NULL);
		return;
	}
	for (size_t i = 0; i < t->life_cnt; i++) {
		struct life *l = &t->life[i];

		if (l->tgid != tgid || l->conn != conn || l->is_matched)
			continue;
		l->is_matched = true;
		if (l->is_born != is_born)
			fail(t, "birth", l);
		for (int dir = 0; dir < 2; dir++)
			check_direction(t, l, dir, bytes[dir], sum[dir]);
		return;
	}
	printf("  wrong: nothing captured of: %s", line);
	t->bad++;
}

static size_t check_truth(struct test *t, FILE *truth)
{
	char line[512];
	size_t n = 0;

	rewind(truth);
	while (fgets(line, sizeof(line), truth)) {
		check_line(t, line);
		n++;
	}
	for (size_t i = 0; i < t->life_cnt; i++)
		if (!t->life[i].is_matched)
			fail(t, "captured, but the process says nothing of it", &t->life[i]);
	if (!n)
		fail(t, "no truth", NULL);
	return n;
}

static pid_t start_stopped(char *const argv[], FILE *truth)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		dup2(fileno(truth), TRUTH_FD);
		fcntl(TRUTH_FD, F_SETFD, 0);
		raise(SIGSTOP);
		execv(argv[0], argv);
		_exit(127);
	}
	return waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) ? pid : -1;
}

static enum capture_form form_of(const char *name)
{
	return !strcmp(name, "session") ? CAPTURE_FORM_SESSION
	       : !strcmp(name, "multi") ? CAPTURE_FORM_MULTI
	       : !strcmp(name, "perf")	? CAPTURE_FORM_PERF : CAPTURE_FORM_AUTO;
}

static void check_losses(struct test *t, struct capture *c)
{
	capture_update_stats(c);
	for (int i = 0; i < STAT_MAX; i++) {
		const struct stat_info *info = stats_info(i);

		if (info->class != STAT_LOSS || !stats_get(i) || i == STAT_UNREADABLE_FILES)
			continue;
		printf("  wrong: %s is %" PRIu64 "\n", info->name, stats_get(i));
		t->bad++;
	}
}

static int run(struct test *t, char **argv, FILE *truth)
{
	struct capture_options options = { .form = form_of(argv[1]),
					   .is_exact = !strcmp(argv[2], "wide") };
	struct capture_ops ops = { .on_event = on_event };
	char *const child[] = { argv[5], argv[4], argv[6], argv[7], argv[8], NULL };
	struct capture *c;
	int err = capture_open_live(&options, &ops, t, &c);
	int status = -1;

	if (err)
		return err;
	if (!strcmp(argv[3], "prepare"))
		capture_prepare_command(c, (const char *const *)child, NULL);
	pid_t pid = start_stopped(child, truth);

	if (pid < 0)
		err = -ECHILD;
	else
		err = capture_add_pid(c, pid);
	if (err) {
		/* with the child still stopped: closing may not wait for it */
		capture_close(c);
		if (pid > 0)
			kill(pid, SIGKILL);
		return err;
	}
	kill(pid, SIGCONT);
	while (capture_scope_count(c))
		capture_poll(c, 50);
	waitpid(pid, &status, 0);
	capture_drain(c);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail(t, "the traced process failed", NULL);
	check_losses(t, c);
	printf("  %s\n", capture_describe(c));
	capture_close(c);
	return 0;
}

int main(int argc, char **argv)
{
	static struct test t;
	FILE *truth = tmpfile();

	if (argc != 9 || !truth)
		return 2;
	int err = run(&t, argv, truth);

	if (err) {
		printf("  not opened: %s\n", strerror(-err));
		return 1;
	}
	finish_hashes(&t);
	size_t n = check_truth(&t, truth);

	printf("%s %s %s %s %s: %zu lives, %zu differences\n", t.bad ? "FAIL" : "ok", argv[1],
	       argv[2], argv[3], argv[4], n, t.bad);
	return t.bad != 0;
}
