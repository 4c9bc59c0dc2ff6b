/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping notices from one software event per CPU, and a look at what is mapped already. */
#include "capture/discover.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stats.h"
#include "base/util.h"
#include "capture/maps.h"
#include "capture/notices.h"

struct cpu {
	int fd;
	void *map;
	struct notices ring;
};

struct discover {
	struct discover_ops ops;
	void *arg;
	int epoll_fd;
	size_t page;
	/* added to the kernel's stamps to get CLOCK_BOOTTIME */
	u64 clock_offset_ns;
	struct cpu *cpu;
	size_t cpu_cnt;
};

static size_t ring_bytes(const struct discover *d)
{
	return DISCOVER_RING_PAGES * d->page;
}

static int open_event(int cpu, clockid_t clock)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.mmap = 1,		/* executable ones only: mmap_data is off */
		.mmap2 = 1,
		.use_clockid = 1,
		.clockid = clock,
		.watermark = 1,
		.wakeup_watermark = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_best_event(struct discover *d, int cpu)
{
	int fd = open_event(cpu, CLOCK_BOOTTIME);

	if (fd != -EINVAL)
		return fd;
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	d->clock_offset_ns = clock_boot_ns() - ((u64)ts.tv_sec * NS_PER_S + (u64)ts.tv_nsec);
	return open_event(cpu, CLOCK_MONOTONIC);
}

static int add_cpu(struct discover *d, int number)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = open_best_event(d, number);

	if (fd == -ENODEV)		/* offline */
		return 0;
	if (fd < 0)
		return fd;
	size_t all = d->page + ring_bytes(d);
	void *map = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		int err = -errno;

		close(fd);
		return err;
	}
	struct perf_event_mmap_page *page = map;
	struct cpu *cpu = &d->cpu[d->cpu_cnt++];

	*cpu = (struct cpu){ .fd = fd, .map = map };
	notices_init(&cpu->ring, &page->data_head, &page->data_tail, (u8 *)map + d->page,
		     ring_bytes(d));
	return epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int open_all(struct discover *d)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	if (cpus < 1 || cpus > DISCOVER_CPUS_MAX)
		return -E2BIG;
	d->cpu = calloc((size_t)cpus, sizeof(*d->cpu));
	d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!d->cpu || d->epoll_fd < 0)
		return -ENOMEM;
	for (int i = 0; i < (int)cpus; i++) {
		int err = add_cpu(d, i);
		if (err)
			return err;
	}
	return d->cpu_cnt ? 0 : -ENODEV;
}

static void log_refusal(int err)
{
	switch (err) {
	case -EACCES:
	case -EPERM:
		log_error("cannot watch for mapped libraries: perf events are refused; run as root,"
			  " or with CAP_PERFMON and kernel.perf_event_paranoid at 2 or below");
		break;
	case -ENOMEM:
		log_error("cannot watch for mapped libraries: %s; raise"
			  " kernel.perf_event_mlock_kb or run with CAP_IPC_LOCK", strerror(-err));
		break;
	default:
		log_error("cannot watch for mapped libraries: perf events: %s; a kernel with"
			  " CONFIG_PERF_EVENTS is needed", strerror(-err));
	}
}

int discover_new(const struct discover_ops *ops, void *arg, struct discover **ret)
{
	struct discover *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->ops = *ops;
	d->arg = arg;
	d->epoll_fd = -1;
	d->page = (size_t)sysconf(_SC_PAGESIZE);

	int err = open_all(d);

	if (err) {
		log_refusal(err);
		discover_free(d);
		return err;
	}
	*ret = d;
	return 0;
}

void discover_free(struct discover *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->cpu_cnt; i++) {
		munmap(d->cpu[i].map, d->page + ring_bytes(d));
		close(d->cpu[i].fd);
	}
	if (d->epoll_fd >= 0)
		close(d->epoll_fd);
	free(d->cpu);
	free(d);
}

int discover_fd(const struct discover *d)
{
	return d->epoll_fd;
}

/* --- notices -------------------------------------------------------------------------------- */

static bool is_wanted(void *arg, u32 pid)
{
	const struct discover *d = arg;

	return d->ops.in_scope(d->arg, (pid_t)pid);
}

static void on_notice(void *arg, const struct notice *n)
{
	const struct discover *d = arg;

	d->ops.on_mapping(d->arg, (pid_t)n->pid, makedev(n->major, n->minor), n->ino, n->path,
			  n->ts_ns + d->clock_offset_ns);
}

int discover_poll(struct discover *d)
{
	static const struct notices_ops ops = { .is_wanted = is_wanted, .on_notice = on_notice };
	u64 lost = 0;
	int cnt = 0;

	for (size_t i = 0; i < d->cpu_cnt; i++)
		cnt += (int)notices_drain(&d->cpu[i].ring, &ops, d, &lost);
	if (lost) {
		stats_add(STAT_MAPPING_LOST, lost);
		if (d->ops.on_lost)
			d->ops.on_lost(d->arg);
	}
	return cnt;
}

/* --- what is there already ------------------------------------------------------------------ */

int discover_scan_pid(struct discover *d, pid_t pid)
{
	char path[32];
	__cleanup_free char *line = malloc(DISCOVER_LINE_MAX);
	int cnt = 0;

	if (!line)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	__cleanup_fclose FILE *f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while (fgets(line, DISCOVER_LINE_MAX, f)) {
		struct maps_line m;

		if (maps_parse(line, &m) || !m.is_executable || !m.ino)
			continue;
		d->ops.on_mapping(d->arg, pid, m.dev, m.ino, m.path, 0);
		cnt++;
	}
	return cnt;
}
