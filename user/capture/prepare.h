/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that a command is going to map, found before it runs: the program, its interpreters
 * (#! lines, `env` resolved), and every libssl and libgnutls of the loader's cache.
 *
 * A guess that costs nothing when wrong: what is missed is found when it is mapped.
 */
#ifndef TOLLTAP_CAPTURE_PREPARE_H
#define TOLLTAP_CAPTURE_PREPARE_H

#include "base/types.h"

/* The descriptor is handed over. */
typedef void (*prepare_file_fn)(void *arg, int fd, const char *path);

/* path_env: the PATH the command will have; NULL: the system's. */
void prepare_command(const char *const argv[], const char *path_env, prepare_file_fn fn, void *arg);

/* The TLS libraries that the loader's cache holds. */
void prepare_cached_libraries(prepare_file_fn fn, void *arg);

/* The next entry of ld.so.cache (glibc 2.2 format) whose name begins so, or NULL; for tests too. */
const char *prepare_cache_next(const char *cache, size_t size, const char *name, u32 *at);

#endif
