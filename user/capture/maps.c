/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 7f3c1c01f000-7f3c1c07c000 r-xp 0001f000 fe:00 1187        /usr/lib/x86_64-linux-gnu/libssl.so.3
 */
#include "capture/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

static int read_number(char **p, int base, char stop, u64 *ret)
{
	char *end;

	/* strtoull would take signs and spaces */
	if (!((**p >= '0' && **p <= '9') || (base == 16 && **p >= 'a' && **p <= 'f')))
		return -EINVAL;
	errno = 0;
	*ret = strtoull(*p, &end, base);
	if (errno || end == *p || *end != stop)
		return -EINVAL;
	*p = end + 1;
	return 0;
}

int maps_parse(char *line, struct maps_line *ret)
{
	struct maps_line m = { 0 };
	u64 major, minor;
	char *p = line;

	line[strcspn(line, "\n")] = '\0';
	if (read_number(&p, 16, '-', &m.start) || read_number(&p, 16, ' ', &m.end) ||
	    strnlen(p, 5) < 5 || p[4] != ' ')
		return -EINVAL;
	m.is_executable = p[2] == 'x';
	p += 5;
	if (read_number(&p, 16, ' ', &m.offset) || read_number(&p, 16, ':', &major) ||
	    read_number(&p, 16, ' ', &minor))
		return -EINVAL;
	m.dev = makedev(major, minor);
	/* a mapping without a name ends after the inode, with or without a space */
	char *inode = p;
	p += strcspn(p, " ");
	bool is_last = !*p;
	*p = '\0';
	if (read_number(&inode, 10, '\0', &m.ino))
		return -EINVAL;
	p += is_last ? 0 : 1;
	m.path = p + strspn(p, " ");
	*ret = m;
	return 0;
}
