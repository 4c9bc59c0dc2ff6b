/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what a probe needs from an ELF64 file (little endian; x86-64, aarch64) of somebody else.
 *
 * The file is hostile: it may shrink while it is read, lie about every count, or be 8 KiB of disk
 * that claim a hundred million symbols. So: pread only, never mmap; tables are streamed through one
 * window; every count has a limit in base/limits.h; every refusal has a static reason. Bad at:
 * files without section headers (no symbols are found in them).
 *
 * Owns nothing of the caller: the descriptor is borrowed and has to stay open. One thread.
 */
#ifndef TOLLTAP_CAPTURE_ELF_H
#define TOLLTAP_CAPTURE_ELF_H

#include "base/types.h"

#define ELF_BUILD_ID_MAX 64

struct elf_file;

struct elf_symbol {
	u64 value;		/* virtual address */
	u64 size;		/* as the file says; 0: it does not */
	bool is_found;
	/* defined more than once with different addresses: value is one of them */
	bool is_ambiguous;
};

/* Which symbol table. */
enum elf_table {
	ELF_DYNSYM,
	ELF_SYMTAB,
};

/*
 * -ENOENT: no ELF file for a machine we know (no reason to worry). -EINVAL: not a regular file, or
 * malformed. -E2BIG: past a limit. -ENOMEM, -errno. *ret_why is set on every failure.
 */
int elf_open(int fd, struct elf_file **ret, const char **ret_why);
void elf_free(struct elf_file *e);			/* NULL is fine */

/* A loadable segment, as far as it stands in the file. */
struct elf_segment {
	u64 vaddr;
	u64 offset;
	u64 size;
	bool is_text;
	bool is_writable;
};

/* The i-th that is inside the file and does not wrap; false: there are no more. */
bool elf_segment(const struct elf_file *e, size_t i, struct elf_segment *ret);
/* Where the table of frames stands (.eh_frame_hdr); false: there is none. */
bool elf_frame_header(const struct elf_file *e, u64 *ret_vaddr, u64 *ret_offset, u64 *ret_size);
bool elf_is_fixed(const struct elf_file *e);	/* ET_EXEC: addresses are what they will be */
/* Exactly n bytes of the file, or -EINVAL, -EIO, -errno. */
int elf_read(struct elf_file *e, u64 offset, void *dst, size_t n);

u16 elf_machine(const struct elf_file *e);		/* EM_X86_64 or EM_AARCH64 */
const char *elf_why(const struct elf_file *e);		/* why the last call failed */
/* For who reads further than this does: sets the reason (a static string), returns err. */
int elf_refuse(struct elf_file *e, int err, const char *why);

/* Address to file offset, inside what an executable segment has in the file. -ENOENT. */
int elf_text_offset(const struct elf_file *e, u64 vaddr, u64 *ret_offset);
/* The other way round. -ENOENT. */
int elf_text_vaddr(const struct elf_file *e, u64 offset, u64 *ret_vaddr);

struct elf_section {
	u32 type;
	u64 vaddr;
	u64 offset;
	u64 size;
	u64 entry_size;
};

/* The i-th that is inside the file; false: there are no more. */
bool elf_section(const struct elf_file *e, size_t i, struct elf_section *ret);
bool elf_find_section(struct elf_file *e, const char *name, struct elf_section *ret);
bool elf_has_section(struct elf_file *e, const char *name);

/* Length of the build-id, 0 when there is none. */
size_t elf_build_id(struct elf_file *e, u8 ret_id[ELF_BUILD_ID_MAX]);

/*
 * Looks up several names (at most ELF_NAMES_MAX) in one pass over one table. Only functions that
 * the file defines count, imports do not. 0 also when the table is absent; -EINVAL, -E2BIG, -EIO.
 */
int elf_find_symbols(struct elf_file *e, enum elf_table table, const char *const names[],
		     size_t cnt, struct elf_symbol ret[]);

/*
 * What the loader will put into a pointer slot (of a PLT stub): the address of the function of this
 * file that its relocation names. -ENOENT: no such slot, or an import.
 */
int elf_slot_target(struct elf_file *e, u64 slot, u64 *ret_vaddr);

/*
 * Addresses of this file that the loader writes into its data (R_*_RELATIVE): slot and value.
 * Packed tables (RELR) have none to tell: there the data holds the value. 0, -EINVAL, -EIO, -E2BIG.
 */
int elf_walk_relative(struct elf_file *e, void (*fn)(void *arg, u64 slot, u64 value), void *arg);

/* Bytes of an executable segment from vaddr on: how many were read (<= n), or -errno. */
int elf_read_text(struct elf_file *e, u64 vaddr, u8 *dst, size_t n);

#endif
