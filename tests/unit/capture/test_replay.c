/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded comes back; what was damaged does not. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "capture/replay.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"

union any {
	struct event ev;
	struct chunk chunk;
	struct process_event process;
	u8 bytes[sizeof(struct chunk) + 70000];
};

static void make_chunk(union any *a, u32 len, u8 fill)
{
	memset(a, 0, sizeof(a->chunk));
	a->chunk.ev.size = (u32)sizeof(a->chunk) + len;
	a->chunk.ev.kind = EVENT_CHUNK;
	a->chunk.true_len = len;
	a->chunk.data_len = len;
	a->chunk.conn = 0x1000;
	memset(a->chunk.data, fill, len);
}

static void make_process(union any *a, enum event_kind kind)
{
	memset(a, 0, sizeof(a->process));
	a->process.ev.size = sizeof(a->process);
	a->process.ev.kind = kind;
	memset(a->process.comm, 'c', sizeof(a->process.comm));
}

static void make_path(char path[64])
{
	snprintf(path, 64, "/tmp/tolltap-replay-%d", (int)getpid());
	unlink(path);
}

/* Lengths around the reader's and the writer's buffers. */
static const u32 lens[] = { 0, 1, 7, 8, 9, 16384, 65000, 65536, 70000, 3 };

static void record(const char *path)
{
	static union any a;
	struct replay_writer *w = NULL;

	assert_int_equal(replay_writer_open(path, -12345, BOOT, &w), 0);
	make_process(&a, EVENT_PROCESS);
	assert_int_equal(replay_writer_put(w, &a.ev), 0);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
			make_chunk(&a, lens[i], (u8)(i + 1));
			assert_int_equal(replay_writer_put(w, &a.ev), 0);
		}
	}
	make_process(&a, EVENT_EXIT);
	assert_int_equal(replay_writer_put(w, &a.ev), 0);
	assert_int_equal(replay_writer_close(w), 0);
}

static void test_comes_back(void **state)
{
	char path[64];
	struct replay *r = NULL;
	const struct event *ev;
	const char *why;
	struct stat st;
	size_t cnt = 0;

	make_path(path);
	record(path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* plaintext is never written over */
	struct replay_writer *w = NULL;
	assert_int_equal(replay_writer_open(path, 0, BOOT, &w), -EEXIST);

	assert_int_equal(replay_open(path, &r, &why), 0);
	assert_int_equal(replay_header(r)->wall_offset_ns, -12345);
	assert_string_equal(replay_header(r)->boot_id, BOOT);
	assert_int_equal(replay_next(r, &ev), 1);
	assert_int_equal(ev->kind, EVENT_PROCESS);
	while (replay_next(r, &ev) == 1 && ev->kind == EVENT_CHUNK) {
		const struct chunk *c = (const struct chunk *)ev;
		size_t i = cnt++ % ARRAY_LEN(lens);

		assert_int_equal((uintptr_t)ev % 8, 0);
		assert_int_equal(c->data_len, lens[i]);
		for (u32 k = 0; k < c->data_len; k++)
			assert_int_equal(c->data[k], i + 1);
	}
	assert_int_equal(cnt, 20 * ARRAY_LEN(lens));
	assert_int_equal(ev->kind, EVENT_EXIT);
	assert_int_equal(replay_next(r, &ev), 0);
	assert_int_equal(replay_next(r, &ev), 0);
	replay_close(r);
	unlink(path);
}

static void count_event(void *arg, const struct event *ev)
{
	++*(size_t *)arg;
}

static void test_as_a_source(void **state)
{
	const struct capture_ops ops = { .on_event = count_event };
	struct capture *c = NULL;
	struct chunk chunk = { 0 };
	char path[64];
	size_t cnt = 0;
	int got, sum = 0;

	make_path(path);
	assert_int_equal(capture_open_replay(path, &ops, &cnt, &c), -ENOENT);
	record(path);
	assert_int_equal(capture_open_replay(path, &ops, &cnt, &c), 0);
	assert_int_equal(capture_replay_header(c)->wall_offset_ns, -12345);
	while ((got = capture_poll(c, 0)) > 0)
		sum += got;
	assert_int_equal(got, -EPIPE);
	assert_int_equal(cnt, 2 + 20 * ARRAY_LEN(lens));
	assert_int_equal(sum, cnt);
	capture_set_verdict(c, &chunk, VERDICT_IGNORED);
	capture_drain(c);
	assert_int_equal(capture_scope_count(c), 0);
	capture_close(c);
	unlink(path);
}

/* A file of a head and one record. */
struct file {
	size_t n;
	struct replay_header header;
	union {
		struct event ev;
		struct chunk chunk;
		u8 room[512];
	};
};

static struct file one_chunk(void)
{
	struct file f = {
		.header = { .magic = REPLAY_MAGIC, .version = REPLAY_VERSION, .abi = EVENT_ABI },
		.n = sizeof(struct replay_header) + sizeof(struct chunk) + 8,
	};

	f.chunk.ev.size = sizeof(struct chunk) + 8;
	f.chunk.ev.kind = EVENT_CHUNK;
	f.chunk.true_len = 8;
	f.chunk.data_len = 8;
	return f;
}

/* Result of the open, else of the first record. */
static int read_file(const struct file *f)
{
	const struct event *ev;
	struct replay *r = NULL;
	const char *why = NULL;
	int fd = memfd_create("recording", MFD_CLOEXEC);

	assert_int_equal(write(fd, &f->header, f->n), (ssize_t)f->n);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	int err = replay_open_fd(fd, &r, &why);
	if (err) {
		assert_non_null(why);
		return err;
	}
	err = replay_next(r, &ev);
	if (err < 0) {
		assert_true(replay_why(r)[0]);
		assert_int_equal(replay_next(r, &ev), err);	/* stays damaged */
	}
	replay_close(r);
	return err;
}

static void test_damaged_heads(void **state)
{
	struct file f = one_chunk();

	assert_int_equal(read_file(&f), 1);
	f.header.magic[0] = 'X';
	assert_int_equal(read_file(&f), -EINVAL);
	f = one_chunk();
	f.header.version++;
	assert_int_equal(read_file(&f), -EPROTONOSUPPORT);
	f = one_chunk();
	f.header.abi++;
	assert_int_equal(read_file(&f), -EPROTONOSUPPORT);
	f = one_chunk();
	memset(f.header.boot_id, 'a', sizeof(f.header.boot_id));
	assert_int_equal(read_file(&f), -EINVAL);
	f = one_chunk();
	f.header.reserved = 1;
	assert_int_equal(read_file(&f), -EINVAL);
	f = one_chunk();
	for (f.n = 0; f.n < sizeof(f.header); f.n++)
		assert_int_equal(read_file(&f), -EINVAL);
	assert_int_equal(read_file(&f), 0);		/* nothing recorded: fine */
}

static void test_damaged_records(void **state)
{
	struct file f = one_chunk();
	size_t all = f.n;

	for (f.n = sizeof(f.header) + 1; f.n < all; f.n++)
		assert_int_equal(read_file(&f), -ENODATA);
	static const u32 size[] = { 0, 1, 31, 32, 79, 80, 87, REPLAY_EVENT_MAX + 1, UINT32_MAX };
	for (size_t i = 0; i < ARRAY_LEN(size); i++) {
		f = one_chunk();
		f.ev.size = size[i];
		assert_int_equal(read_file(&f), -EBADMSG);
	}
	static const u16 kind[] = { 0, 7, 0xffff, EVENT_CLOSE, EVENT_PROCESS };
	for (size_t i = 0; i < ARRAY_LEN(kind); i++) {
		f = one_chunk();
		f.ev.kind = kind[i];
		assert_int_equal(read_file(&f), -EBADMSG);
	}
	f = one_chunk();
	f.chunk.data_len = 9;
	assert_int_equal(read_file(&f), -EBADMSG);
	f = one_chunk();
	f.chunk.data_len = UINT32_MAX;
	f.chunk.true_len = UINT32_MAX;
	assert_int_equal(read_file(&f), -EBADMSG);
	f = one_chunk();
	f.chunk.true_len = 7;
	assert_int_equal(read_file(&f), -EBADMSG);
	f = one_chunk();
	f.chunk.dir = CHUNK_DIR_MAX;
	assert_int_equal(read_file(&f), -EBADMSG);
	f = one_chunk();
	f.chunk.position = UINT64_MAX - 3;
	assert_int_equal(read_file(&f), -EBADMSG);
	/* a hole stands for more than it carries */
	f = one_chunk();
	f.chunk.ev.size = sizeof(struct chunk);
	f.chunk.data_len = 0;
	f.chunk.true_len = 1 << 30;
	f.n -= 8;
	assert_int_equal(read_file(&f), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_as_a_source),
		cmocka_unit_test(test_damaged_heads),
		cmocka_unit_test(test_damaged_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
