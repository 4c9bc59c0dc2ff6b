/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which functions of a file are worth a probe, and where exactly it goes.
 *
 * A file is a target when one of the locators (locate.h) finds a TLS library in it; all that find
 * one count. Bad at: libraries without a locator.
 */
#ifndef TOLLTAP_CAPTURE_TARGET_H
#define TOLLTAP_CAPTURE_TARGET_H

#include "base/types.h"
#include "bpf/event.h"
#include "capture/elf.h"
#include "capture/site.h"

/* a Go program has one probe per return instruction of two functions: 15 in those seen */
#define TARGET_PROBES_MAX 96
#define TARGET_PATH_LEN 256
#define TARGET_CODE_BYTES 16

struct target_probe {
	enum probe_fn fn;
	enum site_class class;
	enum chunk_stack stack;		/* stands in the chunks */
	bool is_located;	/* by what the code says, not by a name: on probation */
	u64 offset;		/* in the file, of the instruction */
	/* in the file, of the function when the site is not in the one asked for; else 0 */
	u64 redirected;
	u8 code[TARGET_CODE_BYTES];	/* what stands there */
};

struct target {
	u64 dev;		/* st_dev */
	u64 ino;
	char path[TARGET_PATH_LEN];	/* where the descriptor was opened; for people only */
	u8 build_id[ELF_BUILD_ID_MAX];
	size_t build_id_len;
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
/* The same; *ret_why says in a few static words why a file was refused. */
int target_classify_why(int fd, struct target *ret, const char **ret_why);

/*
 * Is this file the same build as one that is known, with the same code at all of its probes? Then
 * it need not be searched: *ret is the known target under this file's name.
 */
bool target_is_same_build(int fd, const struct target *known, struct target *ret);

/* The dearest class among its probes on reads and writes; for a warning. */
enum site_class target_worst_class(const struct target *t);

/*
 * Answers of target_classify by (dev, ino, size, mtime), so that a file is read once however many
 * processes map it; a copy with the same build-id, size and code takes over what was found. Bounded
 * by TARGET_CACHE_MAX: past it, an arbitrary entry makes room.
 */
struct target_cache;

struct target_cache *target_cache_new(void);		/* NULL when memory is out */
void target_cache_free(struct target_cache *c);		/* NULL is fine */
/* From now on nothing of interest is in a file of the same build; up to TARGET_BAD_MAX builds. */
void target_cache_condemn(struct target_cache *c, const struct target *t);
/* As target_classify. *ret is lent until the next call; refusals are remembered as well. */
int target_cache_classify(struct target_cache *c, int fd, const struct target **ret);

#endif
