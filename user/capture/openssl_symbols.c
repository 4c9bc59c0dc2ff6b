/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL and BoringSSL by their names. A file counts when it defines (not: imports) SSL_read or
 * SSL_write or one of their forms: a shared libssl, but also a program that carries its own (node).
 * Where all forms of one direction hand on to one internal function, that one is probed instead of
 * them. A probe on SSL_peek is a guard: what happens below it is not emitted.
 */
#include "capture/locate.h"

#include <elf.h>
#include <errno.h>

#include "base/limits.h"
#include "base/util.h"
#include "capture/site.h"

/* Names that are looked up; the order is that of the result's probes. */
enum name {
	N_READ,
	N_READ_EX,
	N_WRITE,
	N_WRITE_EX,
	N_WRITE_EX2,
	N_PEEK,
	N_PEEK_EX,
	N_NEW,
	N_FREE,
	N_CLEAR,
	N_FUNCTIONS,
	/* not probed: only BoringSSL has it */
	N_GREASE = N_FUNCTIONS,
	N_MAX,
};

static const struct {
	const char *name;
	enum probe_fn fn;
} table[N_MAX] = {
	[N_READ] = { "SSL_read", PROBE_SSL_READ },
	[N_READ_EX] = { "SSL_read_ex", PROBE_SSL_READ_EX },
	[N_WRITE] = { "SSL_write", PROBE_SSL_WRITE },
	[N_WRITE_EX] = { "SSL_write_ex", PROBE_SSL_WRITE_EX },
	[N_WRITE_EX2] = { "SSL_write_ex2", PROBE_SSL_WRITE_EX2 },
	[N_PEEK] = { "SSL_peek", PROBE_SSL_PEEK },
	[N_PEEK_EX] = { "SSL_peek_ex", PROBE_SSL_PEEK_EX },
	[N_NEW] = { "SSL_new", PROBE_SSL_NEW },
	[N_FREE] = { "SSL_free", PROBE_SSL_FREE },
	[N_CLEAR] = { "SSL_clear", PROBE_SSL_CLEAR },
	[N_GREASE] = { "SSL_CTX_set_grease_enabled", PROBE_NONE },
};

_Static_assert(N_MAX <= ELF_NAMES_MAX, "one pass");

struct scan {
	struct elf_file *elf;
	struct elf_symbol symbol[N_MAX];
	enum chunk_stack stack;
	struct target *target;
};

struct callee {
	bool is_found;
	bool is_certain;
	u64 vaddr;
	enum probe_fn fn;
};

/* --- symbols -------------------------------------------------------------------------------- */

static bool has_data_function(const struct scan *s)
{
	return s->symbol[N_READ].is_found || s->symbol[N_READ_EX].is_found ||
	       s->symbol[N_WRITE].is_found || s->symbol[N_WRITE_EX].is_found;
}

static int find_symbols(struct scan *s)
{
	const char *name[N_MAX];

	for (size_t i = 0; i < N_MAX; i++)
		name[i] = table[i].name;
	int err = elf_find_symbols(s->elf, ELF_DYNSYM, name, N_MAX, s->symbol);

	/* exported names decide; a program that keeps its own to itself may still list them */
	if (!err && !has_data_function(s))
		err = elf_find_symbols(s->elf, ELF_SYMTAB, name, N_MAX, s->symbol);
	if (err)
		return err;
	/* two copies under one name: which of them runs cannot be told */
	for (size_t i = 0; i < N_MAX; i++)
		s->symbol[i].is_found &= !s->symbol[i].is_ambiguous;
	return has_data_function(s) ? 0 : -ENOENT;
}

/* --- the function behind the exported ones -------------------------------------------------- */

/* A call to an exported function of the same library goes through its PLT. */
static void see_through_stub(struct scan *s, u64 *vaddr)
{
	u8 code[16];
	s64 delta;
	u64 behind;
	int n = elf_read_text(s->elf, *vaddr, code, sizeof(code));

	if (n > 0 && !site_find_slot(code, (size_t)n, &delta) &&
	    !elf_slot_target(s->elf, *vaddr + (u64)delta, &behind))
		*vaddr = behind;
}

static struct callee find_callee(struct scan *s, enum name name)
{
	const struct elf_symbol *symbol = &s->symbol[name];
	struct callee ret = { 0 };
	struct site_callee found;
	u8 code[SITE_BYTES_MAX];

	if (!symbol->is_found || elf_machine(s->elf) != EM_X86_64)
		return ret;
	int n = locate_read_code(s->elf, symbol->value, symbol->size, code);
	if (n <= 0 || site_find_callee(code, (size_t)n, table[name].fn, &found))
		return ret;
	ret = (struct callee){
		.is_found = true,
		.is_certain = found.is_certain,
		.vaddr = symbol->value + (u64)found.delta,
		.fn = found.fn,
	};
	see_through_stub(s, &ret.vaddr);
	return ret;
}

/*
 * The one function to which every form hands on. A form whose callee is another form takes that
 * one's (SSL_write_ex -> SSL_write_ex2 -> ssl_write_internal). One call that happens to find the
 * arguments in place proves nothing; two that agree, of which one passes a local out pointer, do.
 */
static struct callee common_callee(struct scan *s, const enum name form[], size_t cnt)
{
	struct callee one[3] = { { 0 } }, ret = { 0 };
	size_t agreed = 0;

	for (size_t i = 0; i < cnt; i++)
		one[i] = find_callee(s, form[i]);
	for (size_t i = 0; i < cnt; i++) {
		if (!s->symbol[form[i]].is_found)
			continue;
		for (size_t k = 0; k < cnt; k++) {
			if (k != i && one[i].is_found && s->symbol[form[k]].is_found &&
			    one[i].vaddr == s->symbol[form[k]].value)
				one[i] = one[k];
		}
		if (!one[i].is_found ||
		    (ret.is_found && (ret.vaddr != one[i].vaddr || ret.fn != one[i].fn)))
			return (struct callee){ 0 };
		one[i].is_certain |= ret.is_certain;
		ret = one[i];
		agreed++;
	}
	if (agreed < 2 || !ret.is_certain)
		ret.is_found = false;
	return ret;
}

/* --- probes --------------------------------------------------------------------------------- */

static bool add_probe(struct scan *s, enum probe_fn fn, u64 vaddr, u64 size, bool is_redirected)
{
	struct locate_function f = {
		.fn = fn,
		.stack = s->stack,
		.vaddr = vaddr,
		.size = size,
		.is_redirected = is_redirected,
	};

	return locate_add_function(s->elf, s->target, &f);
}

static void add_symbol(struct scan *s, enum name name)
{
	const struct elf_symbol *symbol = &s->symbol[name];

	if (symbol->is_found)
		add_probe(s, table[name].fn, symbol->value, symbol->size, false);
}

/* True: one probe behind all forms. */
static bool add_direction(struct scan *s, const enum name form[], size_t cnt,
			  const struct callee *avoid)
{
	struct callee c = common_callee(s, form, cnt);
	bool is_shared = avoid && avoid->is_found && avoid->vaddr == c.vaddr;

	if (c.is_found && !is_shared && add_probe(s, c.fn, c.vaddr, 0, true))
		return true;
	for (size_t i = 0; i < cnt; i++)
		add_symbol(s, form[i]);
	return false;
}

static int add_probes(struct scan *s)
{
	static const enum name reads[] = { N_READ, N_READ_EX };
	static const enum name writes[] = { N_WRITE, N_WRITE_EX, N_WRITE_EX2 };
	static const enum name peeks[] = { N_PEEK, N_PEEK_EX };
	struct callee peek = common_callee(s, peeks, ARRAY_LEN(peeks));
	bool is_behind = add_direction(s, reads, ARRAY_LEN(reads), &peek);

	/*
	 * A peek leaves the bytes for the next read. Where it is proven to go another way than the
	 * probed function, its own probe would only cost.
	 */
	if (!is_behind || !peek.is_found) {
		add_symbol(s, N_PEEK);
		add_symbol(s, N_PEEK_EX);
	}
	add_direction(s, writes, ARRAY_LEN(writes), NULL);
	if (!locate_has(s->target, s->stack))
		return -ENOENT;
	add_symbol(s, N_NEW);
	add_symbol(s, N_FREE);
	add_symbol(s, N_CLEAR);
	return 0;
}

int locate_openssl_symbols(struct elf_file *e, struct target *t)
{
	struct scan s = { .elf = e, .target = t };
	int err = find_symbols(&s);

	if (err)
		return err;
	s.stack = s.symbol[N_GREASE].is_found ? STACK_BORINGSSL : STACK_OPENSSL;
	return add_probes(&s);
}
