/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the functions behind SSL_read and SSL_write of an OpenSSL 3 or 4 that was linked in and
 * stripped (Codex, Copilot's addon, what Rust's openssl crate is vendored into).
 *
 * Every error that OpenSSL raises loads the name of its source file and of its function, so each
 * function says its own name. Rust calls only the _ex forms, which raise nothing; all forms go
 * through ssl_read_internal and ssl_write_internal. Where a compiler has put these into their
 * callers, the callers raise their errors: a function with both names is the plain form. Where the
 * byte count will stand follows from how SSL_write calls ssl_write_internal, or from whether the
 * function takes a fifth argument at all. Not proven: refused. Bad at: arm64, builds without file
 * names, 1.1.1 (errors by number).
 */
#ifndef TOLLTAP_CAPTURE_OPENSSL3_H
#define TOLLTAP_CAPTURE_OPENSSL3_H

#include "base/types.h"
#include "bpf/event.h"
#include "capture/anchors.h"

#define OPENSSL3_FUNCTIONS_MAX 8

struct openssl3 {
	struct {
		enum probe_fn fn;
		u64 vaddr;
	} function[OPENSSL3_FUNCTIONS_MAX];
	size_t cnt;
};

/* -ENOENT: not in this file, or not beyond doubt. -E2BIG, -ENOMEM, -EIO, -errno. */
int openssl3_find(struct elf_file *e, struct anchors *a, struct openssl3 *ret);

#endif
