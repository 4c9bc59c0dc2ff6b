/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stripped code still says about itself: texts that a TLS library must carry (names of its
 * source files in its errors, names of its functions), the instructions that load them with the
 * constants around, and which places near those instructions are called.
 *
 * One reading of the file serves all locators: it is streamed through one buffer, and every count
 * and the sum of all bytes have a limit. x86-64 only. Private to capture/.
 */
#ifndef TOLLTAP_CAPTURE_ANCHORS_H
#define TOLLTAP_CAPTURE_ANCHORS_H

#include "base/limits.h"
#include "capture/elf.h"
#include "capture/x86.h"

enum anchor_text {
	/* ends of paths: what stands before them differs from build to build */
	TEXT_SSL_LIB_CC,	/* ssl/ssl_lib.cc, and ssl_lib.c of older BoringSSL */
	TEXT_SSL_LIB_C,		/* ssl/ssl_lib.c: OpenSSL as well */
	TEXT_AEAD,		/* fipsmodule/cipher/aead.c of AWS-LC and older BoringSSL */
	TEXT_PATHS,
	/* whole names of functions, looked for only beside TEXT_SSL_LIB_C */
	TEXT_READ_INTERNAL = TEXT_PATHS,
	TEXT_WRITE_INTERNAL,
	TEXT_READ,
	TEXT_WRITE,
	TEXT_NEW,
	TEXT_MAX,
};

struct anchor {
	u64 at;			/* of the instruction that loads the text's address */
	u8 text;		/* enum anchor_text */
	u8 copy;		/* which copy of the text */
	u8 reg;			/* enum x86_reg, into which */
	/* of BoringSSL's ERR_put_error(lib, unused, reason, file, line); 0: not seen */
	u32 reason;
	u32 line;
};

struct anchors;

/*
 * -ENOENT: another machine, none of the texts, or nobody loads them. -E2BIG: past a limit. -ENOMEM,
 * -EIO, -errno.
 */
int anchors_new(struct elf_file *e, struct anchors **ret);
void anchors_free(struct anchors *a);			/* NULL is fine */

/* In ascending order of their address; lent. */
size_t anchors_get(const struct anchors *a, const struct anchor **ret);

/*
 * Is this place, at most ANCHOR_BACK before an anchor and a little after it, called from another
 * function? By code within a megabyte of the anchors, or by any. Read when first asked.
 */
bool anchors_is_called_near(struct anchors *a, u64 vaddr);
bool anchors_is_called(struct anchors *a, u64 vaddr);
int anchors_error(const struct anchors *a);	/* of that: the answers were not to be trusted */

#define ANCHOR_BACK 4096

#endif
