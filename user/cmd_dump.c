/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tolltap-dev dump: what a recording holds, connection by connection: bytes, missing bytes and the
 * SHA-256 of each direction, so that a test can compare them with what the server saw. No plaintext
 * is printed.
 */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "base/log.h"
#include "capture/replay.h"
#include "conn/conn.h"

struct dump {
	EVP_MD_CTX *sha[CHUNK_DIR_MAX];
};

static void *dump_on_open(void *arg, struct conn *conn)
{
	struct dump *d = calloc(1, sizeof(*d));

	(void)arg;
	(void)conn;
	for (int dir = 0; d && dir < CHUNK_DIR_MAX; dir++) {
		d->sha[dir] = EVP_MD_CTX_new();
		EVP_DigestInit_ex(d->sha[dir], EVP_sha256(), NULL);
	}
	return d;
}

static void dump_on_bytes(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, const u8 *p,
			  size_t n)
{
	struct dump *d = conn->user;

	(void)arg;
	(void)ts_ns;
	if (d)
		EVP_DigestUpdate(d->sha[dir], p, n);
}

static void dump_on_gap(void *arg, struct conn *conn, enum chunk_dir dir, u64 ts_ns, u64 n,
			enum gap_kind kind)
{
	static const char *const names[] = {"lost", "fault", "policy", "late"};

	(void)arg;
	(void)ts_ns;
	printf("gap pid=%u conn=%llx gen=%u dir=%s kind=%s bytes=%llu\n", conn->tgid,
	       (unsigned long long)conn->key, conn->generation,
	       dir == CHUNK_WRITE ? "write" : "read", names[kind], (unsigned long long)n);
}

static void dump_on_close(void *arg, struct conn *conn, u64 ts_ns)
{
	struct dump *d = conn->user;

	(void)arg;
	(void)ts_ns;
	for (int dir = 0; d && dir < CHUNK_DIR_MAX; dir++) {
		unsigned char digest[EVP_MAX_MD_SIZE];
		unsigned int n = 0;

		EVP_DigestFinal_ex(d->sha[dir], digest, &n);
		EVP_MD_CTX_free(d->sha[dir]);
		printf("conn pid=%u conn=%llx gen=%u born=%d dir=%s bytes=%llu missing=%llu",
		       conn->tgid, (unsigned long long)conn->key, conn->generation, conn->is_born,
		       dir == CHUNK_WRITE ? "write" : "read", (unsigned long long)conn->bytes[dir],
		       (unsigned long long)conn->gap_bytes[dir]);
		fputs(" sha256=", stdout);
		for (unsigned int i = 0; i < n; i++)
			printf("%02x", digest[i]);
		putchar('\n');
	}
	free(d);
}

static void dump_feed(struct conn_table *t, const struct event *ev)
{
	if (ev->kind == EVENT_CHUNK || ev->kind == EVENT_CLOSE)
		conn_table_feed(t, (const struct chunk *)ev);
	else if (ev->kind == EVENT_EXEC || ev->kind == EVENT_EXIT)
		conn_table_exit(t, ev->tgid, ev->start_ns, ev->ts_ns);
	conn_table_tick(t, ev->ts_ns);
}

int cmd_dump(const struct options *o)
{
	static const struct conn_ops ops = {
		.on_open = dump_on_open,
		.on_bytes = dump_on_bytes,
		.on_gap = dump_on_gap,
		.on_close = dump_on_close,
	};
	const struct event *ev;
	struct conn_table *t;
	struct replay *r;
	const char *why;
	int got;

	if (replay_open(o->rest[0], &r, &why)) {
		log_error("cannot read %s: %s", o->rest[0], why);
		return EXIT_FAILED;
	}
	t = conn_table_new(&ops, NULL);
	if (!t) {
		replay_close(r);
		return EXIT_FAILED;
	}
	while ((got = replay_next(r, &ev)) > 0)
		dump_feed(t, ev);
	conn_table_free(t);
	if (got)
		log_error("%s ends early: %s", o->rest[0], replay_why(r));
	replay_close(r);
	return got ? EXIT_FAILED : 0;
}
