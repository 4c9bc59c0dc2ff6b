/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which functions of a file are worth a probe, and where exactly it goes.
 *
 * A file is a target when it defines (not: imports) SSL_read or SSL_write or one of their forms:
 * a shared libssl, but also a program that carries and exports its own (node). Where all forms of
 * one direction hand on to one internal function, that one is probed instead of them. A probe on
 * SSL_peek is a guard: what happens below it is not emitted. A file without these names may carry a
 * stripped BoringSSL (boringssl.h). Bad at: other stripped copies.
 */
#ifndef TOLLTAP_CAPTURE_TARGET_H
#define TOLLTAP_CAPTURE_TARGET_H

#include "base/types.h"
#include "bpf/event.h"
#include "capture/elf.h"
#include "capture/site.h"

#define TARGET_PROBES_MAX 16
#define TARGET_PATH_LEN 256

struct target_probe {
	enum probe_fn fn;
	enum site_class class;
	enum chunk_stack stack;		/* stands in the chunks */
	u64 offset;		/* in the file, of the instruction */
	/* in the file, of the function when the site is not in the one asked for; else 0 */
	u64 redirected;
};

struct target {
	u64 dev;		/* st_dev */
	u64 ino;
	char path[TARGET_PATH_LEN];	/* where the descriptor was opened; for people only */
	u8 build_id[ELF_BUILD_ID_MAX];
	size_t build_id_len;
	enum chunk_stack stack;
	/* copies its own text at start-up (node --use-largepages): per process, after it started */
	bool has_lpstub;
	struct target_probe probe[TARGET_PROBES_MAX];
	size_t probe_cnt;
};

/*
 * Borrows fd. -ENOENT: nothing of interest. -EINVAL, -E2BIG, -EIO, -errno: refused or unreadable
 * (the reason goes to the log at debug). *ret is written on success only.
 */
int target_classify(int fd, struct target *ret);

/* "SSL_write_internal@0x355e0 emulated": name of the function for people. */
const char *target_fn_name(enum probe_fn fn);

/* The dearest class among its probes on reads and writes; for a warning. */
enum site_class target_worst_class(const struct target *t);

/*
 * Answers of target_classify by (dev, ino, size, mtime), so that a file is read once however many
 * processes map it. Bounded by TARGET_CACHE_MAX: past it, an arbitrary entry makes room.
 */
struct target_cache;

struct target_cache *target_cache_new(void);		/* NULL when memory is out */
void target_cache_free(struct target_cache *c);		/* NULL is fine */
/* As target_classify. *ret is lent until the next call; refusals are remembered as well. */
int target_cache_classify(struct target_cache *c, int fd, const struct target **ret);

#endif
