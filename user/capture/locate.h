/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a locator is, and what locators share.
 *
 * A locator knows one way to find one TLS library in a file: by symbols, by tables that stay in a
 * stripped file, by constants that its code must contain. It adds probes to the target and says 0,
 * or -ENOENT when the file has nothing of the kind or nothing beyond doubt. Another -errno: the
 * file is malformed or past a limit. target.c runs all of them, in the order of its table; what a
 * locator that failed has added is taken back. A later one may look at what earlier ones found.
 */
#ifndef TOLLTAP_CAPTURE_LOCATE_H
#define TOLLTAP_CAPTURE_LOCATE_H

#include "capture/elf.h"
#include "capture/site.h"
#include "capture/target.h"

int locate_openssl_symbols(struct elf_file *e, struct target *t);
int locate_gnutls(struct elf_file *e, struct target *t);
int locate_go(struct elf_file *e, struct target *t);
/* Whatever is stripped and raises errors: BoringSSL, OpenSSL 3, AWS-LC. */
int locate_by_anchors(struct elf_file *e, struct target *t);
int locate_ringcrypto(struct elf_file *e, struct target *t);

/* Did a locator before this one find that library here? */
bool locate_has(const struct target *t, enum chunk_stack stack);

struct locate_function {
	enum probe_fn fn;
	enum chunk_stack stack;
	u64 vaddr;
	u64 size;		/* 0: not known */
	bool is_located;	/* by what the code says, not by a name */
	bool is_redirected;	/* not the function that was asked for, but one behind it */
};

/*
 * Puts a probe at the cheapest site of a function. False: it cannot stand there, one stands there
 * already (two names of one function), or there is no room.
 */
bool locate_add_function(struct elf_file *e, struct target *t, const struct locate_function *f);

/* Puts a probe at exactly this instruction. */
bool locate_add_instruction(struct elf_file *e, struct target *t, const struct locate_function *f);

/* The first bytes of a function: how many were read, or -errno. */
int locate_read_code(struct elf_file *e, u64 vaddr, u64 size, u8 code[SITE_BYTES_MAX]);

#endif
