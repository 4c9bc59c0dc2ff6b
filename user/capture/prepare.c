/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what execve and ld.so will read, as far as it takes to name files. */
#include "capture/prepare.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

#define CACHE_PATH "/etc/ld.so.cache"
#define CACHE_MAGIC "glibc-ld.so.cache1.1"
#define CACHE_MAX (16u << 20)
#define SHEBANG_MAX 256
#define SHEBANG_DEPTH 4
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* glibc 2.2's format: header, entries, strings; offsets count from the header */
struct cache_header {
	char magic[20];
	u32 entry_cnt;
	u32 string_bytes;
	u32 unused[5];
};

struct cache_entry {
	s32 flags;
	u32 name;
	u32 path;
	u32 os_version;
	u64 hwcap;
};

static int open_regular(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* As execvp looks for it. */
static int open_in_path(const char *name, const char *path_env, char path[PATH_MAX])
{
	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		return open_regular(path);
	}
	for (const char *p = path_env; *p;) {
		size_t n = strcspn(p, ":");

		snprintf(path, PATH_MAX, "%.*s/%s", n ? (int)n : 1, n ? p : ".", name);
		if (!access(path, X_OK)) {
			int fd = open_regular(path);

			if (fd >= 0)
				return fd;
		}
		p += n + (p[n] == ':');
	}
	return -1;
}

/* Next word of a line that ends with NUL; cuts it there. NULL: no more. */
static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " \t");

	if (!*word)
		return NULL;
	*at = word + strcspn(word, " \t");
	if (**at)
		*(*at)++ = 0;
	return word;
}

/* "#!/usr/bin/env -S python3 -u" names python3, "#!/bin/sh -e" names /bin/sh. */
static bool shebang_program(int fd, char ret[SHEBANG_MAX])
{
	char line[SHEBANG_MAX] = "";
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);

	if (n < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[strcspn(line, "\n")] = 0;

	char *at = line + 2;
	char *word = next_word(&at);
	if (!word)
		return false;
	const char *base = strrchr(word, '/');

	if (base && !strcmp(base, "/env")) {
		do
			word = next_word(&at);
		while (word && (*word == '-' || strchr(word, '=')));
		if (!word)
			return false;
	}
	snprintf(ret, SHEBANG_MAX, "%s", word);
	return true;
}

static bool is_string(const char *cache, size_t size, u32 at)
{
	return at < size && memchr(cache + at, 0, size - at);
}

const char *prepare_cache_next(const char *cache, size_t size, const char *name, u32 *at)
{
	struct cache_header h;

	if (size < sizeof(h) || memcmp(cache, CACHE_MAGIC, sizeof(h.magic)))
		return NULL;
	memcpy(&h, cache, sizeof(h));
	size_t room = (size - sizeof(h)) / sizeof(struct cache_entry);

	while (*at < h.entry_cnt && *at < room) {
		struct cache_entry e;

		memcpy(&e, cache + sizeof(h) + *at * sizeof(e), sizeof(e));
		++*at;
		if (is_string(cache, size, e.name) && is_string(cache, size, e.path) &&
		    !strncmp(cache + e.name, name, strlen(name)))
			return cache + e.path;
	}
	return NULL;
}

void prepare_cached_libraries(prepare_file_fn fn, void *arg)
{
	static const char *const name[] = { "libssl.so", "libgnutls.so" };
	__cleanup_close int fd = open_regular(CACHE_PATH);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || st.st_size <= 0 || st.st_size > CACHE_MAX)
		return;
	/* read, not mapped: ldconfig may cut the file while we look */
	__cleanup_free char *cache = malloc(st.st_size);
	if (!cache || pread(fd, cache, st.st_size, 0) != st.st_size)
		return;

	for (size_t i = 0; i < ARRAY_LEN(name); i++) {
		u32 at = 0;

		for (const char *path;
		     (path = prepare_cache_next(cache, st.st_size, name[i], &at));) {
			int lib = open_regular(path);

			if (lib >= 0)
				fn(arg, lib, path);
		}
	}
}

void prepare_command(const char *const argv[], const char *path_env, prepare_file_fn fn, void *arg)
{
	char path[PATH_MAX], program[SHEBANG_MAX];
	const char *name = argv[0];

	if (!path_env)
		path_env = DEFAULT_PATH;
	for (int depth = 0; name && depth < SHEBANG_DEPTH; depth++) {
		int fd = open_in_path(name, path_env, path);
		if (fd < 0)
			break;
		name = shebang_program(fd, program) ? program : NULL;
		fn(arg, fd, path);
	}
	prepare_cached_libraries(fn, arg);
}
