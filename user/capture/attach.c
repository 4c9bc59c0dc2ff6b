/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpf 1.1 cannot make uprobe_multi links, so they are made with the system call and our own
 * picture of its attributes; perf events need no library. The file is always named by descriptor:
 * what was classified is what is probed.
 */
#include "capture/attach.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"

#define UPROBE_TYPE_PATH "/sys/bus/event_source/devices/uprobe/type"
#define UPROBE_RETURN_PATH "/sys/bus/event_source/devices/uprobe/format/retprobe"
#define MULTI_RETURN 1		/* BPF_F_UPROBE_MULTI_RETURN */
#define CLOSERS_MAX 32
#define LINK_FDS_MAX (2 * TARGET_PROBES_MAX)

/* union bpf_attr.link_create of Linux 6.6 and later, as far as uprobe_multi reads it */
struct link_create_attr {
	u32 prog_fd;
	u32 target_fd;
	u32 attach_type;
	u32 flags;
	u64 path;
	u64 offsets;
	u64 ref_ctr_offsets;
	u64 cookies;
	u32 cnt;
	u32 multi_flags;
	u32 pid;
	u32 pad;
};

struct attach_links {
	size_t cnt;
	int fd[LINK_FDS_MAX];
};

struct attach {
	const struct bpf *bpf;
	u32 perf_type;
	u64 perf_return_bit;
	int closing[2];			/* descriptors on their way to the closers */
	size_t queued;
	size_t closer_cnt;
	pthread_t closer[CLOSERS_MAX];
};

/* --- closing -------------------------------------------------------------------------------- */

static void *close_all(void *arg)
{
	const struct attach *a = arg;
	int fd;

	while (read(a->closing[0], &fd, sizeof(fd)) == sizeof(fd) && fd >= 0)
		close(fd);
	return NULL;
}

static void start_closer(struct attach *a)
{
	if (a->closer_cnt < CLOSERS_MAX &&
	    !pthread_create(&a->closer[a->closer_cnt], NULL, close_all, a))
		a->closer_cnt++;
}

void attach_drop(struct attach *a, struct attach_links *links)
{
	if (!links)
		return;
	if (!a->closer_cnt)
		start_closer(a);
	for (size_t i = 0; i < links->cnt; i++) {
		/* a full pipe would stop the pipeline as much as the close itself */
		if (!a->closer_cnt ||
		    write(a->closing[1], &links->fd[i], sizeof(int)) != sizeof(int))
			close(links->fd[i]);
		a->queued++;
	}
	free(links);
}

/* Grace periods of threads overlap: all at once costs about as much as one. */
static void start_closers(struct attach *a, size_t wanted)
{
	for (size_t i = a->closer_cnt; i < wanted && i < CLOSERS_MAX; i++)
		start_closer(a);
}

void attach_drop_at_once(struct attach *a, struct attach_links *links)
{
	start_closers(a, links ? links->cnt : 0);
	attach_drop(a, links);
}

void attach_free(struct attach *a)
{
	if (!a)
		return;
	start_closers(a, a->closer_cnt ? a->queued : 0);
	/* told by a word each: a child that has not exec-ed yet holds the pipe open as well */
	for (size_t i = 0; i < a->closer_cnt; i++)
		if (write(a->closing[1], &(int){ -1 }, sizeof(int)) != sizeof(int))
			log_debug("closers not told: %s", strerror(errno));
	for (size_t i = 0; i < a->closer_cnt; i++)
		pthread_join(a->closer[i], NULL);
	close(a->closing[1]);
	close(a->closing[0]);
	free(a);
}

/* --- making --------------------------------------------------------------------------------- */

/* First number in a file of sysfs ("8", "config:0"). */
static int read_number(const char *path, u64 *ret)
{
	__cleanup_fclose FILE *f = fopen(path, "re");
	if (!f)
		return -errno;

	int c = getc(f);

	while (c != EOF && (c < '0' || c > '9'))
		c = getc(f);
	if (c == EOF)
		return -EINVAL;
	for (*ret = 0; c >= '0' && c <= '9'; c = getc(f))
		*ret = *ret * 10 + (c - '0');
	return 0;
}

struct attach *attach_new(const struct bpf *b)
{
	struct attach *a = calloc(1, sizeof(*a));
	u64 type = 0, bit = 0;

	if (!a)
		return NULL;
	a->bpf = b;
	if (!read_number(UPROBE_TYPE_PATH, &type) && !read_number(UPROBE_RETURN_PATH, &bit)) {
		a->perf_type = type;
		a->perf_return_bit = 1ull << bit;
	}
	if (pipe2(a->closing, O_CLOEXEC)) {
		free(a);
		return NULL;
	}
	return a;
}

static int add_fd(struct attach_links *links, int fd)
{
	if (fd < 0)
		return -errno;
	links->fd[links->cnt++] = fd;
	return 0;
}

/* One leg of a file's probes, on its way into links. */
struct multi {
	const struct target_probe *probe;
	size_t cnt;
	struct bpf_leg leg[TARGET_PROBES_MAX];
	bool is_open[TARGET_PROBES_MAX];	/* not in a link yet */
};

static bool is_served_by(struct multi *m, size_t i, int prog_fd)
{
	bool is_served = m->is_open[i] && m->leg[i].prog_fd == prog_fd;

	m->is_open[i] &= !is_served;
	return is_served;
}

/* One link with all functions that the program of the first one serves. */
static int attach_program(const char *path, struct multi *m, size_t first, pid_t pid,
			  bool is_return, struct attach_links *links)
{
	u64 offset[TARGET_PROBES_MAX], cookie[TARGET_PROBES_MAX];
	struct link_create_attr attr = {
		.prog_fd = m->leg[first].prog_fd,
		.attach_type = m->leg[first].attach_type,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)offset,
		.cookies = (uintptr_t)cookie,
		.multi_flags = is_return ? MULTI_RETURN : 0,
		.pid = pid,
	};

	for (size_t i = first; i < m->cnt; i++) {
		const struct target_probe *p = &m->probe[i];

		if (!is_served_by(m, i, (int)attr.prog_fd))
			continue;
		offset[attr.cnt] = p->offset;
		cookie[attr.cnt++] = PROBE_COOKIE((u64)p->fn, (u64)p->stack) |
				     (pid ? 0 : COOKIE_WIDE);
	}
	return add_fd(links, syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)));
}

static int attach_multi(struct attach *a, const char *path, const struct target_probe *probe,
			size_t probe_cnt, pid_t pid, bool is_return, struct attach_links *links)
{
	struct multi m = { .probe = probe, .cnt = probe_cnt };
	int err = 0;

	for (size_t i = 0; i < m.cnt; i++)
		m.is_open[i] = bpf_leg_for(a->bpf, probe[i].fn, is_return, &m.leg[i]);
	for (size_t i = 0; i < m.cnt && !err; i++) {
		if (m.is_open[i])
			err = attach_program(path, &m, i, pid, is_return, links);
	}
	return err;
}

static int attach_perf_one(struct attach *a, const char *path, const struct target_probe *probe,
			   pid_t pid, bool is_return, struct attach_links *links)
{
	struct bpf_leg leg;
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = a->perf_type,
		.config = is_return ? a->perf_return_bit : 0,
		.uprobe_path = (uintptr_t)path,
		.probe_offset = probe->offset,
		.sample_period = 1,
		.wakeup_events = 1,
	};

	if (!bpf_leg_for(a->bpf, probe->fn, is_return, &leg))
		return 0;
	if (!a->perf_type)
		return -EOPNOTSUPP;

	int err = add_fd(links, syscall(SYS_perf_event_open, &attr, pid ? pid : -1, pid ? -1 : 0,
					-1, PERF_FLAG_FD_CLOEXEC));
	if (err)
		return err;

	int fd = links->fd[links->cnt - 1];

	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, leg.prog_fd) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		return -errno;
	return 0;
}

static int attach_perf(struct attach *a, const char *path, const struct target_probe *probe,
		       size_t probe_cnt, pid_t pid, struct attach_links *links)
{
	int err = 0;

	/* returns first: a call whose entry is seen must have its return seen */
	for (size_t i = 0; i < probe_cnt && !err; i++)
		err = attach_perf_one(a, path, &probe[i], pid, true, links);
	for (size_t i = 0; i < probe_cnt && !err; i++)
		err = attach_perf_one(a, path, &probe[i], pid, false, links);
	return err;
}

int attach_file(struct attach *a, int fd, const struct target_probe *probe, size_t probe_cnt,
		pid_t pid, struct attach_links **ret)
{
	char path[64];
	struct attach_links *links = calloc(1, sizeof(*links));
	int err = 0;

	if (!links)
		return -ENOMEM;
	assert(probe_cnt <= TARGET_PROBES_MAX);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	switch (bpf_form(a->bpf)) {
	case FORM_PERF:
		err = attach_perf(a, path, probe, probe_cnt, pid, links);
		break;
	case FORM_MULTI:
		err = attach_multi(a, path, probe, probe_cnt, pid, true, links);
		/* fall through */
	default:
		if (!err)
			err = attach_multi(a, path, probe, probe_cnt, pid, false, links);
	}
	if (err) {
		attach_drop(a, links);
		return err;
	}
	*ret = links;
	return 0;
}
