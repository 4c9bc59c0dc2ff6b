/* SPDX-License-Identifier: Apache-2.0 */
/* Copies that end at a page nobody may read. */
#include "guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t guard_room(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) / page * page;
}

u8 *guard_dup(const void *p, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room = guard_room(n);
	u8 *map = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	if (map == MAP_FAILED || mprotect(map + room, page, PROT_NONE))
		abort();
	if (n)
		memcpy(map + room - n, p, n);
	return map + room - n;
}

void guard_free(u8 *p, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room = guard_room(n);

	if (p && munmap(p + n - room, room + page))
		abort();
}
