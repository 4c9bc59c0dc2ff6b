/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer's side of a perf event ring. */
#include "capture/notices.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>

/* As in perf_event.h, where it is only a comment. The time of sample_id_all is the last word. */
struct record_mmap2 {
	struct perf_event_header header;
	u32 pid;
	u32 tid;
	u64 addr;
	u64 len;
	u64 pgoff;
	u32 major;
	u32 minor;
	u64 ino;
	u64 ino_generation;
	u32 prot;
	u32 flags;
	char path[];
};

struct record_lost {
	struct perf_event_header header;
	u64 id;
	u64 lost;
};

void notices_init(struct notices *r, __u64 *head, __u64 *tail, const u8 *data, size_t size)
{
	*r = (struct notices){ .head = head, .tail = tail, .data = data, .size = size };
}

static void copy(const struct notices *r, u64 at, void *dst, size_t n)
{
	size_t from = at & (r->size - 1), first = r->size - from;

	if (first > n)
		first = n;
	memcpy(dst, r->data + from, first);
	memcpy((u8 *)dst + first, r->data, n - first);
}

static bool read_mmap2(struct notices *r, u64 at, size_t size, struct notice *ret)
{
	const struct record_mmap2 *m = (const struct record_mmap2 *)r->record;
	const size_t head = offsetof(struct record_mmap2, path);

	if (size > sizeof(r->record) || size < head + 2 * sizeof(u64))
		return false;
	copy(r, at, r->record, size);
	/* the file's name is padded with at least one NUL; the time follows it */
	if (!memchr(m->path, 0, size - head - sizeof(u64)))
		return false;
	/* that bit turns device and inode into a build-id; we never set it */
	if (m->header.misc & PERF_RECORD_MISC_MMAP_BUILD_ID || !(m->prot & PROT_EXEC) || !m->ino)
		return false;
	*ret = (struct notice){
		.pid = m->pid,
		.major = m->major,
		.minor = m->minor,
		.ino = m->ino,
		.path = m->path,
	};
	memcpy(&ret->ts_ns, (const u8 *)r->record + size - sizeof(u64), sizeof(u64));
	return true;
}

static size_t take(struct notices *r, u64 at, const struct perf_event_header *h,
		   const struct notices_ops *ops, void *arg, u64 *lost)
{
	struct record_lost l;
	struct notice n;
	u32 pid;

	if (h->type == PERF_RECORD_LOST && h->size >= sizeof(l)) {
		copy(r, at, &l, sizeof(l));
		*lost += l.lost;
		return 0;
	}
	if (h->type != PERF_RECORD_MMAP2 || h->size < sizeof(*h) + sizeof(pid))
		return 0;
	copy(r, at + sizeof(*h), &pid, sizeof(pid));
	if (!ops->is_wanted(arg, pid) || !read_mmap2(r, at, h->size, &n))
		return 0;
	ops->on_notice(arg, &n);
	return 1;
}

size_t notices_drain(struct notices *r, const struct notices_ops *ops, void *arg, u64 *lost)
{
	u64 head = __atomic_load_n(r->head, __ATOMIC_ACQUIRE), at = *r->tail;
	size_t cnt = 0;

	while (head - at >= sizeof(struct perf_event_header)) {
		struct perf_event_header h;

		copy(r, at, &h, sizeof(h));
		if (h.size < sizeof(h) || h.size > head - at) {
			/* cannot happen; better to lose the rest than to turn in circles */
			*lost += 1;
			at = head;
			break;
		}
		cnt += take(r, at, &h, ops, arg, lost);
		at += h.size;
	}
	__atomic_store_n(r->tail, at, __ATOMIC_RELEASE);
	return cnt;
}
