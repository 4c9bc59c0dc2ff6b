/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probed function has the shape of a guard (SSL_peek), which is remembered and forgotten and
 * emits nothing; the hit counter tells. Our own pid is in no scope, so every hit is also a rejected
 * one: nothing of ours is ever copied.
 */
#include "capture/selftest.h"

#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"

__attribute__((noinline)) void tolltap_selftest_target(void);

__attribute__((noinline)) void tolltap_selftest_target(void)
{
	__asm__ volatile("" ::: "memory");
}

/* dl_iterate_phdr calls it with the main program first: the one that holds this file. */
static int find_offset(struct dl_phdr_info *info, size_t size, void *arg)
{
	u64 address = (uintptr_t)tolltap_selftest_target - info->dlpi_addr;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && address >= p->p_vaddr &&
		    address - p->p_vaddr < p->p_filesz) {
			*(u64 *)arg = address - p->p_vaddr + p->p_offset;
			return 1;
		}
	}
	return 0;
}

static void *call_target(void *arg)
{
	tolltap_selftest_target();
	return NULL;
}

static u64 hits(const struct bpf *b)
{
	u64 kc[KC_MAX];

	bpf_read_counters(b, kc);
	return kc[KC_HITS];
}

/* Does a call from another thread count while the probe stands for `pid`? */
static bool sees_second_thread(struct bpf *b, struct attach *a, int fd, u64 offset, pid_t pid)
{
	struct target_probe probe = { .fn = PROBE_SSL_PEEK, .offset = offset };
	struct attach_links *links = NULL;
	pthread_t thread;
	int err = attach_file(a, fd, &probe, 1, pid, &links);

	if (err) {
		log_debug("self-test: attach for pid %d: %s", pid, strerror(-err));
		return false;
	}
	u64 before = hits(b);

	if (!pthread_create(&thread, NULL, call_target, NULL))
		pthread_join(thread, NULL);
	u64 after = hits(b);

	attach_drop(a, links);
	return after > before;
}

enum selftest_result selftest_run(struct bpf *b, struct attach *a)
{
	__cleanup_close int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	u64 offset = 0;

	if (fd < 0 || !dl_iterate_phdr(find_offset, &offset))
		return SELFTEST_FAILED;
	/* always wide (capture.c) */
	if (bpf_form(b) == FORM_PERF)
		return sees_second_thread(b, a, fd, offset, 0) ? SELFTEST_PASSED : SELFTEST_FAILED;
	if (sees_second_thread(b, a, fd, offset, getpid()))
		return SELFTEST_PASSED;
	return sees_second_thread(b, a, fd, offset, 0) ? SELFTEST_WIDE_ONLY : SELFTEST_FAILED;
}
