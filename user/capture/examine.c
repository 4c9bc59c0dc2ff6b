/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file or a process would be to a trace: the same classification, looked at without one.
 */
#include "capture/examine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/util.h"
#include "capture/capture.h"
#include "capture/dark.h"
#include "capture/discover.h"
#include "capture/maps.h"
#include "capture/names.h"
#include "capture/remap.h"
#include "capture/target.h"

/* --- files ---------------------------------------------------------------------------------- */

/* Why the answer was no; NULL when the file itself has nothing to say. */
static const char *examine_elf(int fd, char build_id[2 * ELF_BUILD_ID_MAX + 1])
{
	u8 id[ELF_BUILD_ID_MAX];
	struct elf_file *e = NULL;
	const char *why = NULL;

	build_id[0] = 0;
	if (elf_open(fd, &e, &why))
		return why;
	size_t n = elf_build_id(e, id);

	for (size_t i = 0; i < n; i++)
		snprintf(build_id + 2 * i, 3, "%02x", id[i]);
	elf_free(e);
	return NULL;
}

static const char *no_target_because(int err, const char *elf_says, const char *target_says)
{
	if (elf_says)
		return elf_says;
	if (err == -ENOENT)
		return "it defines no TLS function that tolltap knows; a library that it maps may";
	return target_says[0] ? target_says : strerror(-err);
}

static void examine_sites(const struct target *t, struct file_site site[TARGET_PROBES_MAX])
{
	for (size_t i = 0; i < t->probe_cnt; i++)
		site[i] = (struct file_site){
			.function = capture_fn_name(t->probe[i].fn),
			.stack = capture_stack_name(t->probe[i].stack),
			.class = site_class_name(t->probe[i].class),
			.offset = t->probe[i].offset,
		};
}

void capture_examine_fd(int fd, const char *path, file_report_fn fn, void *arg)
{
	char build_id[2 * ELF_BUILD_ID_MAX + 1];
	struct file_site site[TARGET_PROBES_MAX];
	struct file_report r = { .path = path, .build_id = build_id, .site = site };
	const char *elf_says = examine_elf(fd, build_id);
	struct target t = { 0 };
	const char *target_says;
	int err = target_classify_why(fd, &t, &target_says);

	if (err) {
		r.why = no_target_because(err, elf_says, target_says);
		r.is_refused = err != -ENOENT;
	} else {
		examine_sites(&t, site);
		r.site_cnt = t.probe_cnt;
		r.has_lpstub = t.has_lpstub;
		r.worst_class = site_class_name(target_worst_class(&t));
	}
	fn(arg, &r);
}

void capture_examine_file(const char *path, file_report_fn fn, void *arg)
{
	__cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		const struct file_report r = {
			.path = path, .why = strerror(errno), .is_refused = true, .build_id = "",
		};

		fn(arg, &r);
		return;
	}
	capture_examine_fd(fd, path, fn, arg);
}

/* --- processes ------------------------------------------------------------------------------ */

struct examination {
	struct process_report *report;
	file_report_fn on_file;
	void *arg;
	struct map *seen;		/* files, by device and inode */
	u64 ino;			/* of the file that is looked at */
	u32 hints;
};

static bool has_copied(const struct examination *x, const struct file_report *r)
{
	u64 offset[TARGET_PROBES_MAX];

	if (!r->has_lpstub)
		return false;
	for (size_t i = 0; i < r->site_cnt; i++)
		offset[i] = r->site[i].offset;
	return !remap_is_backed(x->report->pid, x->ino, offset, r->site_cnt);
}

static void on_mapped_file(void *arg, const struct file_report *r)
{
	struct examination *x = arg;
	struct file_report copied = *r;

	if (!r->why && has_copied(x, r)) {
		copied.why = "the process has copied this code into huge pages";
		x->hints |= DARK_HAS_REMAPPED;
	} else if (!r->why) {
		x->report->probed_cnt++;
		x->hints |= DARK_HAS_PROBED;
	} else if (r->is_refused) {
		x->report->refused_cnt++;
		x->hints |= DARK_HAS_REFUSED;
	} else {
		return;
	}
	x->on_file(x->arg, &copied);
}

static void examine_mapping(struct examination *x, const struct maps_line *m)
{
	struct map_key key = { .a = m->dev, .b = m->ino };

	if (map_get(x->seen, key) || map_put(x->seen, key, x))
		return;
	x->report->file_cnt++;
	x->ino = m->ino;
	x->hints |= dark_hint_of_path(m->path);
	__cleanup_close int fd = discover_open_file(x->report->pid, m->dev, m->ino, m->path);

	if (fd >= 0) {
		capture_examine_fd(fd, m->path, on_mapped_file, x);
	} else {
		const struct file_report r = {
			.path = m->path, .why = strerror(-fd), .is_refused = true, .build_id = "",
		};

		on_mapped_file(x, &r);
	}
}

static int examine_mappings(struct examination *x)
{
	char path[32];
	__cleanup_free char *line = malloc(DISCOVER_LINE_MAX);

	if (!line)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%d/maps", x->report->pid);
	__cleanup_fclose FILE *f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while (fgets(line, DISCOVER_LINE_MAX, f)) {
		struct maps_line m;

		if (!maps_parse(line, &m) && m.is_executable && m.ino)
			examine_mapping(x, &m);
	}
	return 0;
}

/* --- its sockets ---------------------------------------------------------------------------- */

int examine_net_line(const char *line, struct net_line *ret)
{
	unsigned int port;
	unsigned long long ino;

	/* sl local remote st queues timer retransmits uid timeout inode */
	if (sscanf(line,
		   " %*u: %*[0-9A-Fa-f]:%*x %*[0-9A-Fa-f]:%x %*x %*x:%*x %*x:%*x %*x %*u %*u %llu",
		   &port, &ino) != 2 || port > 0xffff)
		return -EINVAL;
	*ret = (struct net_line){ .remote_port = (u16)port, .ino = ino };
	return 0;
}

/* The inodes of the process's sockets. */
static int find_sockets(pid_t pid, struct map *sockets)
{
	char path[64], link[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	if (!dir)
		return -errno;
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		unsigned long long ino;
		ssize_t n = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);

		link[n > 0 ? n : 0] = 0;
		if (sscanf(link, "socket:[%llu]", &ino) == 1)
			map_put(sockets, (struct map_key){ .a = ino }, sockets);
	}
	closedir(dir);
	return 0;
}

static size_t count_remote(pid_t pid, const char *table, const struct map *sockets, bool is_tcp)
{
	char path[64], line[512];
	size_t cnt = 0;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, table);
	__cleanup_fclose FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		struct net_line n;

		if (examine_net_line(line, &n) || !map_get(sockets, (struct map_key){ .a = n.ino }))
			continue;
		cnt += n.remote_port == 443 || (is_tcp && n.remote_port == 8443);
	}
	return cnt;
}

static void examine_sockets(struct process_report *r)
{
	struct map *sockets = map_new(EXAMINE_SOCKETS_MAX);

	if (!sockets || find_sockets(r->pid, sockets)) {
		r->is_unread = true;
	} else {
		r->tls_cnt = count_remote(r->pid, "tcp", sockets, true) +
			     count_remote(r->pid, "tcp6", sockets, true);
		r->quic_cnt = count_remote(r->pid, "udp", sockets, false) +
			      count_remote(r->pid, "udp6", sockets, false);
	}
	map_free(sockets);
}

static void read_comm(pid_t pid, char comm[EVENT_COMM_LEN + 1])
{
	char path[32];

	comm[0] = 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	__cleanup_fclose FILE *f = fopen(path, "re");
	if (f && fgets(comm, EVENT_COMM_LEN + 1, f))
		comm[strcspn(comm, "\n")] = 0;
}

int capture_examine_process(pid_t pid, file_report_fn on_file, void *arg,
			    struct process_report *ret)
{
	struct process_report r = { .pid = pid };
	struct examination x = { .report = &r, .on_file = on_file, .arg = arg };
	int err;

	read_comm(pid, r.comm);
	x.seen = map_new(EXAMINE_FILES_MAX);
	err = x.seen ? examine_mappings(&x) : -ENOMEM;
	map_free(x.seen);
	if (err)
		return err;
	examine_sockets(&r);
	/* a class that some connection may be of, whether or not one is open now */
	const struct dark_class *class = r.quic_cnt ? dark_class_quic() : dark_class_of(x.hints);

	if (r.quic_cnt || !r.probed_cnt || (x.hints & DARK_HAS_JVM)) {
		r.dark = class->name;
		r.dark_why = class->why;
	}
	*ret = r;
	return 0;
}
