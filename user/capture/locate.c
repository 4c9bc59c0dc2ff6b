/* SPDX-License-Identifier: Apache-2.0 */
/* From a function's address to a probe; see the header. */
#include "capture/locate.h"

#include <elf.h>

#include "base/util.h"

bool locate_has(const struct target *t, enum chunk_stack stack)
{
	for (size_t i = 0; i < t->probe_cnt; i++) {
		if (t->probe[i].stack == stack)
			return true;
	}
	return false;
}

int locate_read_code(struct elf_file *e, u64 vaddr, u64 size, u8 code[SITE_BYTES_MAX])
{
	size_t n = size && size < SITE_BYTES_MAX ? (size_t)size : SITE_BYTES_MAX;

	return elf_read_text(e, vaddr, code, n);
}

static bool add(struct target *t, const struct target_probe *p)
{
	if (t->probe_cnt == TARGET_PROBES_MAX)
		return false;
	for (size_t i = 0; i < t->probe_cnt; i++) {
		/* two names of one function (BoringSSL's linker folds equal ones): one probe */
		if (t->probe[i].offset == p->offset)
			return false;
	}
	t->probe[t->probe_cnt++] = *p;
	return true;
}

bool locate_add_function(struct elf_file *e, struct target *t, const struct locate_function *f)
{
	struct target_probe p = { .fn = f->fn, .class = SITE_UNMEASURED, .stack = f->stack,
				  .is_located = f->is_located };
	struct site site = { 0 };
	u8 code[SITE_BYTES_MAX];
	u64 start;

	if (elf_text_offset(e, f->vaddr, &start))
		return false;
	if (elf_machine(e) == EM_X86_64) {
		int n = locate_read_code(e, f->vaddr, f->size, code);

		if (n <= 0 || site_choose(code, (size_t)n, f->fn, &site))
			return false;
		p.class = site.class;
	}
	p.offset = start + site.delta;
	p.redirected = f->is_redirected ? start : 0;
	return add(t, &p);
}

bool locate_add_instruction(struct elf_file *e, struct target *t, const struct locate_function *f)
{
	bool is_x86 = elf_machine(e) == EM_X86_64;
	struct target_probe p = {
		.fn = f->fn,
		.class = is_x86 ? SITE_STEPPED : SITE_UNMEASURED,
		.stack = f->stack,
	};

	return !elf_text_offset(e, f->vaddr, &p.offset) && add(t, &p);
}
