/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where functions begin, from the table that C++, Rust and most C compilers leave for unwinding,
 * also in stripped files (.eh_frame_hdr). A part of a function that the compiler has moved away has
 * an entry of its own: the start of that is no function's. Bad at: files without the sorted table,
 * tables with absolute or 8-byte addresses (no linker makes them).
 */
#ifndef TOLLTAP_CAPTURE_ELF_FRAMES_H
#define TOLLTAP_CAPTURE_ELF_FRAMES_H

#include "capture/elf.h"

/* -ENOENT: no table, or nothing in it covers the address. -EINVAL, -EIO: malformed. */
int elf_frame_of(struct elf_file *e, u64 vaddr, u64 *ret_start, u64 *ret_size);

#endif
