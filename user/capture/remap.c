/* SPDX-License-Identifier: Apache-2.0 */
/* Looks into /proc/PID; see the header. */
#include "capture/remap.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/util.h"
#include "capture/maps.h"

bool remap_is_over(pid_t pid)
{
	char path[64];
	size_t threads = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	if (!dir)
		return false;
	for (struct dirent *e = readdir(dir); e && threads < 2; e = readdir(dir))
		threads += e->d_name[0] != '.';
	closedir(dir);
	return threads >= 2;
}

bool remap_is_backed(pid_t pid, u64 ino, const u64 offset[], size_t cnt)
{
	char path[64];
	struct maps_line m;
	size_t found = 0;
	__cleanup_free char *line = malloc(DISCOVER_LINE_MAX);

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	__cleanup_fclose FILE *maps = fopen(path, "re");
	while (maps && line && fgets(line, DISCOVER_LINE_MAX, maps)) {
		if (maps_parse(line, &m) || !m.is_executable || m.ino != ino)
			continue;
		for (size_t i = 0; i < cnt; i++)
			found += offset[i] >= m.offset && offset[i] - m.offset < m.end - m.start;
	}
	return found >= cnt;
}
