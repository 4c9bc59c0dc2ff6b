/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads mapping notices (PERF_RECORD_MMAP2) from the ring of one perf event.
 *
 * Records of processes that are not wanted are dropped after one comparison, unread. The kernel
 * writes the ring; still, no length in it is believed. Private to the discovery, apart from it so
 * that it can be tested on plain memory.
 */
#ifndef TOLLTAP_CAPTURE_NOTICES_H
#define TOLLTAP_CAPTURE_NOTICES_H

#include <linux/types.h>

#include "base/types.h"

#define NOTICE_BYTES_MAX 8192		/* a record with a path of 4096 bytes */

struct notice {
	u32 pid;
	u32 major;
	u32 minor;
	u64 ino;
	u64 ts_ns;
	const char *path;
};

struct notices {
	__u64 *head;
	__u64 *tail;
	const u8 *data;
	size_t size;			/* a power of two */
	u64 record[NOTICE_BYTES_MAX / sizeof(u64)];
};

struct notices_ops {
	bool (*is_wanted)(void *arg, u32 pid);
	void (*on_notice)(void *arg, const struct notice *n);
};

/* Memory is lent; head is the kernel's, tail ours. */
void notices_init(struct notices *r, __u64 *head, __u64 *tail, const u8 *data, size_t size);

/* Number of notices told. What the kernel says it lost is added to *lost. */
size_t notices_drain(struct notices *r, const struct notices_ops *ops, void *arg, u64 *lost);

#endif
