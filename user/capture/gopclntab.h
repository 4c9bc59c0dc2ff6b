/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds functions of a Go program by name in the table that its runtime walks stacks with
 * (pclntab). It is in every Go program, stripped or not.
 *
 * Reads the layouts of Go 1.18-1.19 and of 1.20 and later (checked up to 1.26); older ones are
 * refused: before 1.17 (arm64: 1.18) arguments stand on the stack. The table is found by its
 * section, or by its first bytes in a file without section headers. Addresses in it are relative to
 * the start of the program's text, which since 1.26 stands in the runtime's module data only. Bad
 * at: programs whose names were obfuscated (garble), files packed as data.
 */
#ifndef TOLLTAP_CAPTURE_GOPCLNTAB_H
#define TOLLTAP_CAPTURE_GOPCLNTAB_H

#include "capture/elf.h"

struct go_function {
	bool is_found;
	bool is_ambiguous;	/* more than one has the name */
	u64 start;		/* virtual address */
	u64 end;		/* of the next function: padding is included */
};

/*
 * At most ELF_NAMES_MAX names. -ENOENT: no Go program, or none of the names. -EINVAL: malformed,
 * or too old. -E2BIG: past a limit. -ENOMEM, -EIO, -errno. ret is written on success only.
 */
int go_find_functions(struct elf_file *e, const char *const names[], size_t cnt,
		      struct go_function ret[]);

#endif
